"""Leaks planted on purpose: each patch, applied to a copy of the product, turns its own test red."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("node", "federation", "schemas", "tests", "pyproject.toml", "README.md")

LEAKS = "tests/federation/test_leaks.py::"
SAME_404 = "tests/federation/test_same_404.py::"
CAUGHT_BY = {
    "condition": f"{LEAKS}test_a_reader_finds_what_is_theirs_and_nothing_else[sqlite-node smit]",
    "total": f"{LEAKS}test_no_total_moves_when_something_closed_is_added[sqlite-anonymous]",
    "media": f"{SAME_404}test_a_file_of_such_an_object_is_as_none[sqlite-anonymous]",
    "header": f"{SAME_404}test_a_person_without_a_face_is_as_none[sqlite-anonymous]",
    "log": f"{LEAKS}test_nothing_of_what_people_write_is_logged[sqlite]",
}

pytestmark = pytest.mark.timeout(600)


def test_there_is_a_patch_for_each_kind_of_leak_and_a_test_of_its_own() -> None:
    assert {path.stem for path in Path(__file__).parent.glob("*.patch")} == set(CAUGHT_BY)
    assert len(set(CAUGHT_BY.values())) == len(CAUGHT_BY)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[str]]]:
    """The named test of each patch over a copy with that patch, and all of them over one without."""
    with ThreadPoolExecutor(2) as pool:
        yield {
            "": pool.submit(_run, tmp_path_factory.mktemp("sound"), "", list(CAUGHT_BY.values())),
            **{
                name: pool.submit(_run, tmp_path_factory.mktemp(name), name, [test])
                for name, test in CAUGHT_BY.items()
            },
        }


def _run(folder: Path, patch: str, tests: list[str]) -> str:
    """What pytest says of these tests in a copy of the product."""
    _copy(folder)
    if patch:
        path = Path(__file__).parent / f"{patch}.patch"
        _call(folder, "git", "apply", "--unsafe-paths", "--recount", str(path), check=True)
    said = _call(
        folder,
        sys.executable,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--tb=short"),
        *("--timeout=500", "--show-capture=no", *tests),
    )
    shutil.rmtree(folder)
    return said.stdout + said.stderr


def _copy(folder: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


def _call(folder: Path, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """The copy's own packages come first, before those that are installed."""
    outside = {"PYTHONPATH": str(folder), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        command, cwd=folder, env=environment | outside, capture_output=True, text=True, check=check
    )


def test_without_a_patch_they_are_all_green(runs: dict[str, Future[str]]) -> None:
    said = runs[""].result()
    assert f"{len(CAUGHT_BY)} passed" in said, said
    assert "failed" not in said, said


@pytest.mark.parametrize("leak", sorted(CAUGHT_BY))
def test_a_planted_leak_is_found(runs: dict[str, Future[str]], leak: str) -> None:
    said = runs[leak].result()
    assert f"FAILED {CAUGHT_BY[leak]}" in said, said
    assert "1 failed" in said, said
