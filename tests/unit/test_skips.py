"""Skipped tests are named at the end, by reason, and fail the run where nothing may be skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPING = """
import pytest
@pytest.mark.parametrize("turn", [1, 2])
def test_page(turn): pytest.skip("Chromium is not installed")
def test_sum(): assert 1 + 1 == 2
"""


def run_skipping(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(tmp_path / "pytest.ini")]
    return subprocess.run(
        [*command, str(tmp_path)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "LEERKRING_NO_SKIP"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_reason_is_one_plain_line_before_the_summary(tmp_path: Path) -> None:
    done = run_skipping(tmp_path)
    *_, line, summary = (line for line in done.stdout.splitlines() if line)
    assert line == "2 skipped: Chromium is not installed"
    assert "1 passed, 2 skipped" in summary
    assert done.returncode == pytest.ExitCode.OK


def test_a_skip_fails_the_run_where_nothing_may_be_skipped(tmp_path: Path) -> None:
    assert run_skipping(tmp_path, LEERKRING_NO_SKIP="1").returncode == pytest.ExitCode.TESTS_FAILED
