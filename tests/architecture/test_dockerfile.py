"""What can be held about the image without a container engine; whether it builds is not tested here."""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
IGNORE = ROOT / "docker" / "Dockerfile.dockerignore"


def instructions() -> list[tuple[str, str]]:
    """The (word, arguments) of every instruction, continued lines joined."""
    text = "\n".join(
        line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")
    )
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def arguments_of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def final_stage() -> list[tuple[str, str]]:
    whole = instructions()
    start = max(index for index, (word, _) in enumerate(whole) if word == "FROM")
    return whole[start:]


def copied_from_the_checkout() -> list[str]:
    copies = [rest.split() for rest in arguments_of("COPY") if not rest.startswith("--from")]
    return [source for words in copies for source in words[:-1]]


@pytest.mark.parametrize("source", copied_from_the_checkout())
def test_what_is_copied_exists_and_reaches_the_engine(source: str) -> None:
    assert (ROOT / source).exists()
    admitted = [line[1:] for line in IGNORE.read_text().splitlines() if line.startswith("!")]
    assert any(fnmatch.fnmatch(source.split("/")[0], pattern) for pattern in admitted)


def test_what_is_installed_holds_every_file_of_the_code(tmp_path: Path) -> None:
    for source in copied_from_the_checkout():
        copy_into(tmp_path / source, ROOT / source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", "wheels", "."], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {path for folder in ("node", "federation", "schemas") for path in code_in(ROOT / folder)}
    assert wanted - packed == set()


def code_in(folder: Path) -> set[str]:
    files = (path.relative_to(ROOT) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in files if not {"__pycache__", "screenshots"}.intersection(path.parts)}


def copy_into(target: Path, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def test_the_image_does_not_run_as_root() -> None:
    users = [rest for word, rest in final_stage() if word == "USER"]
    assert users
    assert all(int(part) >= 1000 for part in users[-1].split(":"))
    after = [word for word, _ in final_stage()]
    assert "RUN" not in after[after.index("USER") :]


def test_every_installed_package_is_pinned_by_its_hash() -> None:
    installs = [step for rest in arguments_of("RUN") for step in rest.split("&&") if "pip install" in step]
    assert installs
    assert all("--require-hashes" in step or "--no-deps --no-build-isolation ." in step for step in installs)


def test_base_images_have_a_version() -> None:
    images = [rest.split()[0] for rest in arguments_of("FROM")]
    assert all(image.rpartition(":")[2][:1].isdigit() for image in images)


def test_data_lives_in_a_volume_that_is_the_home() -> None:
    assert arguments_of("VOLUME") == ["/data"]
    assert "LEERKRING_HOME=/data" in " ".join(arguments_of("ENV"))


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_is_green_on_an_answering_node_only(status: int, healthy: bool) -> None:
    (check,) = arguments_of("HEALTHCHECK")
    program, *arguments = json.loads(check.partition("CMD ")[2])
    assert program == "python"
    with answering(status) as port:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | {"LEERKRING_PORT": str(port)},
            capture_output=True,
            check=False,
        )
    assert (done.returncode == 0) is healthy


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that gives `status` to NodeInfo and 404 to anything else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/nodeinfo/2.1" else 404)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing is printed between the test results."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
