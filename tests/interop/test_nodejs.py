"""Fedify installs from its lock file and loads on the wheel's Node.js."""

import subprocess
from pathlib import Path

from tests import nodejs

FEDIFY = Path(__file__).parent / "fedify"
SCRIPT = """
import { createFederation, MemoryKvStore } from "@fedify/fedify";
import { Note } from "@fedify/vocab";
const federation = createFederation({ kv: new MemoryKvStore() });
const note = new Note({ content: "hallo" });
console.log(process.versions.node.split(".")[0], typeof federation.fetch, String(note.content));
"""


def test_fedify_loads_on_the_wheels_node() -> None:
    command = [nodejs.NODE, "--input-type=module", "--eval", SCRIPT]
    folder = nodejs.installed(FEDIFY)
    done = subprocess.run(
        command, cwd=folder, env=nodejs.environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["24", "function", "hallo"]


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (FEDIFY / "package-lock.json").read_text()
