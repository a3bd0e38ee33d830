"""The first minutes of a node: before its set-up, and how soon it is there again."""

import subprocess
import sys
import time
from pathlib import Path

from node.settings import CONFIG_NAME
from tests.processes.nodes import Node, free_port, leerkring, try_leerkring


def test_before_the_set_up_only_the_token_page_is_there(tmp_path: Path) -> None:
    node = fresh(tmp_path)
    node.start_and_wait_for("/setup")
    try:
        with node.browser() as browser:
            start = browser.get("/")
            assert start.status_code == 303
            assert "/setup" in start.headers["location"]
            assert browser.get("/nodeinfo/2.1").status_code == 200
            assert browser.get("/.well-known/nodeinfo").status_code == 200
            assert browser.post("/inbox", content=b"{}").status_code == 401
            assert browser.get("/login").status_code == 303
        assert f"http://localhost:{node.port}/setup?token=" in node.log.read_text("utf-8")
    finally:
        node.kill()


def fresh(folder: Path) -> Node:
    """A home that nobody set up."""
    node = Node(f"bakker.localhost:{free_port()}", folder / "bakker")
    leerkring(node.home, "init", "--domain", node.domain, "--name", "Bakker", "--local")
    return node


def test_a_second_start_of_the_whole_program_answers(tmp_path: Path) -> None:
    node = fresh(tmp_path)
    started = time.monotonic()
    command = [sys.executable, "-m", "node", "serve", "--home", str(node.home)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            node.wait_for("/setup")
            print(f"started in {time.monotonic() - started:.1f} s")
        finally:
            process.terminate()
            process.wait(20)
    assert process.returncode == 0


def test_a_wrong_port_and_a_second_serve_are_errors_in_words(tmp_path: Path) -> None:
    node = fresh(tmp_path)
    code, said = try_leerkring(node.home, "serve", "--port", str(node.port + 1))
    assert code == 2
    assert f"poort {node.port}" in said
    assert str(node.port) in (node.home / CONFIG_NAME).read_text("utf-8")
    node.start_and_wait_for("/setup")
    try:
        code, said = try_leerkring(node.home, "serve")
        assert code == 2
        assert str(node.home) in said
        assert node.stop() == 0
    finally:
        node.kill()
