"""What was done in somebody else's name: a line for each in the home, without content (rule 16)."""

import getpass
import json
from pathlib import Path

from node.ids import now

LOG = "commands.log"


def note_act(home: Path, command: str, **what: str) -> None:
    """Append who did what and when; `who` is the user of this computer."""
    line = {"at": now().isoformat(), "command": command, "who": _user(), **what}
    path = home / LOG
    path.touch(mode=0o600)
    with path.open("a") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "?"
