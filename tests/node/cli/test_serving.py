"""`leerkring serve`: a real process on a real port."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.node.cli.command import Command, call, free_port, serving


def get(port: int, path: str) -> httpx.Response:
    headers = {"host": f"localhost:{port}"}
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=20)


def computing_seconds(pid: int) -> float:
    """What a process used of a processor: the same on a machine that does other things too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loading_seconds() -> float:
    """What loading the whole program costs on this machine at this moment."""
    before = os.times().children_user
    subprocess.run([sys.executable, "-m", "node", "--help"], check=True, capture_output=True)
    return os.times().children_user - before


def test_a_first_start_makes_a_trial_and_leads_to_its_set_up(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--trial", "--port", str(port)) as (_, announced):
        assert announced["url"] == f"http://localhost:{port}"
        link = urlsplit(announced["setup_url"])
        assert get(port, "/").status_code in (200, 303)
        assert get(port, f"{link.path}?{link.query}").status_code == 200
        assert get(port, f"{link.path}?token=wrong").status_code == 422
        assert get(port, "/nodeinfo/2.1").status_code == 200
        unsigned = httpx.post(f"http://127.0.0.1:{port}/inbox", content=b"{}")
        assert unsigned.status_code == 401


def test_each_start_before_the_set_up_has_a_new_link(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--trial", "--port", str(port)) as (_, first):
        pass
    with serving(tmp_path, "--trial", "--port", str(port)) as (_, second):
        old, new = (urlsplit(one["setup_url"]) for one in (first, second))
        assert get(port, f"{old.path}?{old.query}").status_code == 422
        assert get(port, f"{new.path}?{new.query}").status_code == 200


def test_after_the_set_up_there_is_no_link_and_a_start_is_little_more_than_loading_the_program(
    bakker: Command,
) -> None:
    port = free_port()
    bakker("domain", f"bakker.localhost:{port}")
    with serving(bakker.home) as (process, announced):
        assert computing_seconds(process.pid) < 2 * loading_seconds()
        assert announced == {"url": f"http://bakker.localhost:{port}"}


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path, "--trial", "--port", str(free_port())) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0


def test_a_trial_listens_on_this_computer_only(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "leerkring.toml").write_text('listen = "0.0.0.0"\n')
    with serving(tmp_path, "--trial", "--port", str(port)):
        listening = Path("/proc/net/tcp").read_text()
        assert f" 0100007F:{port:04X} " in listening
        assert f" 00000000:{port:04X} " not in listening


def test_another_port_than_the_homes_own_is_an_error_in_words(bakker: Command) -> None:
    assert bakker("serve", "--port", "8009") == 2
    assert "bakker.localhost:8001" in bakker.err
    assert "8009" in bakker.err


def test_a_port_in_use_is_an_error_in_words(bakker: Command) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        bakker("domain", f"bakker.localhost:{port}")
        assert bakker("serve") == 2
        assert str(port) in bakker.err


def test_one_home_is_served_once(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--trial", "--port", str(port)):
        words = [sys.executable, "-m", "node", "serve", "--home", str(tmp_path)]
        second = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == 2
        assert str(tmp_path) in second.stderr
        assert call(tmp_path, "member", "list") == []


def test_log_lines_are_json_without_content(bakker: Command) -> None:
    port = free_port()
    bakker("domain", f"bakker.localhost:{port}")
    posted = call(bakker.home, "post", "kanariewoord", "--as", "anna", "--audience", "company")
    with serving(bakker.home) as (process, _):
        get(port, urlsplit(posted["url"]).path)
        get(port, "/search?q=kanariewoord")
        process.terminate()
        _, errors = process.communicate(timeout=20)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert all("event" in line for line in lines)
    assert "kanariewoord" not in errors


def test_serve_without_a_home_says_how_to_make_one(leerkring: Command) -> None:
    assert leerkring("serve") == 2
    assert "leerkring init" in leerkring.err


def test_work_ends_on_sigterm(bakker: Command) -> None:
    words = [sys.executable, "-m", "node", "work", "--home", str(bakker.home)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert str(bakker.home) in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=15) in (0, -signal.SIGTERM)
