"""What is looked for: posts, topics, agreements and hidden members, by the words that only they have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from node.demo.canaries import (
    AGREEMENT_CANARIES,
    ASKING_CANARY,
    EARLIER_TEXT,
    ROOM_CANARIES,
    TOPIC_CANARIES,
)
from node.demo.firms import GUEST
from node.demo.posts import Post
from node.demo.script import make_posts

HIDDEN = {"bakker": "Daan Verhoeven", "smit": "Emily Carter", "branche": "Roos Timmer"}
RING_NAMES = ("Installatiekring", "Materieelkring", "Veiligheidskring")
_PLAIN = re.compile(r"[\w ,.:;?!()-]+")
FIRST_WORDS = 32


@dataclass(frozen=True)
class Thing:
    """`marks` are texts that stand nowhere else; `files` are addresses of its pictures."""

    name: str
    kind: str
    marks: tuple[str, ...]
    files: tuple[str, ...] = ()


def all_things(demo: Mapping[str, Any]) -> list[Thing]:
    domains = {node["name"]: urlsplit(node["url"]).netloc for node in demo["nodes"]}
    posts = {post.canary: post for post in make_posts(domains)}
    return [
        *(_listed(found, posts.pop(found["canary"]), domains) for found in demo["objects"]),
        *(
            Thing(post.key, "waiting for an editor, at bakker", _marks(post))
            for post in (posts.pop(found["canary"]) for found in demo["waiting"])
        ),
        *(Thing(f"{post.key} (deleted)", "deleted", _marks(post)) for post in posts.values()),
        Thing("checklist, first text", "earlier text of a ring post", (EARLIER_TEXT,)),
        *(
            Thing(f"agreement {handle}", f"agreement of the {handle}", (mark,))
            for handle, mark in AGREEMENT_CANARIES.items()
        ),
        Thing("room leermaatjes", "card of a room of a ring", (ROOM_CANARIES["leermaatjes"],)),
        Thing("room leermeesters", "card of a hidden room", (ROOM_CANARIES["leermeesters"],)),
        Thing("what Tess answered", "question of a room, answered", (ASKING_CANARY,)),
        Thing(GUEST.name, "name of a guest", (GUEST.name,)),
        *(Thing(f"ring {name}", "names of the rings", (name,)) for name in RING_NAMES),
        Thing("Smit Techniek", "name of a partner", ("Smit Techniek",)),
        Thing("topic warmtepompen", "topic that is open", (TOPIC_CANARIES["warmtepompen"],)),
        Thing("topic storingen", "topic of a ring", (TOPIC_CANARIES["storingen"],)),
        Thing("topic leerlingen", "topic of a company", (TOPIC_CANARIES["leerlingen"],)),
        *(Thing(name, f"hidden member, at {firm}", (name,)) for firm, name in HIDDEN.items()),
    ]


def _listed(found: Mapping[str, Any], post: Post, domains: Mapping[str, str]) -> Thing:
    at = next(name for name, domain in domains.items() if urlsplit(found["url"]).netloc == domain)
    return Thing(post.key, f"{found['audience']}, at {at}", _marks(post), tuple(found["files"]))


def _marks(post: Post) -> tuple[str, ...]:
    """The canary at its end and in its pictures' words, the title, the warning, and how the text begins."""
    begin = _PLAIN.match(post.text)
    first = begin.group()[:FIRST_WORDS] if begin else ""
    return tuple(filter(None, (post.canary, post.title, post.warning, first if len(first) > 12 else "")))
