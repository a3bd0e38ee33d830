"""FEDERATION.md lists exactly what the handler table takes, and no two subjects claim the same."""

import re
from collections import Counter
from pathlib import Path

from node.app import handlers
from node.people import activities as people
from node.posts import activities as posts
from node.posts import relays
from node.rings import activities as rings
from node.topics import activities as topics

ROW = re.compile(r"\| `(\w+)` \| ([^|]+) \|")


def documented() -> set[tuple[str, str]]:
    text = Path("FEDERATION.md").read_text("utf-8")
    table = text.partition("### Activities in")[2].partition("### Activities out")[0]
    return {
        (activity, "*" if kind.strip() == "any" else kind.strip().strip("`"))
        for activity, kinds in ROW.findall(table)
        for kind in kinds.split(",")
    }


def test_federation_md_lists_the_handler_table() -> None:
    assert documented() == set(handlers())


def test_no_two_subjects_claim_the_same_activity() -> None:
    claims = Counter(key for subject in (people, posts, relays, rings, topics) for key in subject.HANDLERS)
    assert [key for key, count in claims.items() if count > 1] == []
