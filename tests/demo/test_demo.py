"""`make demo` and `make demo-check` as their users run them: processes, ports, signals."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import pytest

ADDRESS = re.compile(r"(http://\S+)\t\(process (\d+)\)")
SECONDS = 90.0


def free_ports(count: int) -> list[str]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [str(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def is_there(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def lines_of(output: IO[str], last: str) -> list[str]:
    """What it says, up to a line that begins so."""
    found: list[str] = []
    for line in output:
        found.append(line)
        if line.startswith(last):
            return found
    raise AssertionError("".join(found))


@pytest.fixture
def empty_demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A demo without content, and the processes of its nodes; with nothing in its environment."""
    command = [sys.executable, "-m", "node.demo", "--no-content", "--data", str(tmp_path)]
    command += ["--ports", *free_ports(3)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={}) as process:
        assert process.stdout is not None
        said = "".join(lines_of(process.stdout, "Stop with Ctrl-C"))
        nodes = [int(number) for _, number in ADDRESS.findall(said)]
        try:
            yield process, nodes
        finally:
            process.kill()
            for node in nodes:
                with suppress(ProcessLookupError):
                    os.kill(node, signal.SIGKILL)


@pytest.mark.timeout(300)
def test_a_node_that_is_killed_is_started_again(empty_demo: tuple[subprocess.Popen[str], list[int]]) -> None:
    process, nodes = empty_demo
    os.kill(nodes[1], signal.SIGKILL)
    assert process.stdout is not None
    said = lines_of(process.stdout, "Smit Techniek runs at")
    assert "SIGKILL" in said[-2]
    assert is_there(nodes[0])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_nodes_end_with_the_demo(
    empty_demo: tuple[subprocess.Popen[str], list[int]], how: signal.Signals
) -> None:
    process, nodes = empty_demo
    assert all(is_there(node) for node in nodes)
    process.send_signal(how)
    until(lambda: not any(is_there(node) for node in nodes))
    assert process.wait(SECONDS) == (-signal.SIGKILL if how == signal.SIGKILL else 0)


def test_a_port_in_use_is_said_in_words_and_nothing_is_removed(tmp_path: Path) -> None:
    kept = tmp_path / "demo" / "bakker" / "kept"
    kept.parent.mkdir(parents=True)
    kept.touch()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "node.demo", "--data", str(tmp_path), "--ports", port]
        ended = subprocess.run([*command, *free_ports(2)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"Port {port} on this computer is in use" in ended.stderr
    assert kept.exists()


@pytest.mark.timeout(600)
def test_everybody_sees_what_the_table_says(tmp_path: Path) -> None:
    ports = free_ports(4)
    command = [sys.executable, "-m", "tests.demo_check", "--data", str(tmp_path)]
    command += ["--ports", *ports[:3], "--stranger-port", ports[3]]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=580)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "As written." in ended.stdout
    assert not (tmp_path / "demo.json.new").exists()
