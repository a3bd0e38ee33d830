"""`demo.json`: what is in the demo and who may see it, for programs that check it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.demo import homes
from node.demo.firms import CIRCLES, Circle, Place
from node.demo.posts import Post
from node.demo.telling import Story

NAME = "demo.json"


def write_listing(path: Path, story: Story) -> None:
    """Whole or not at all; it is there exactly when everything has arrived."""
    draft = path.with_suffix(".new")
    nodes = [_node(place) for place in story.places.values()]
    arrived = [post for post in story.posts if not post.is_deleted and not post.waits]
    waiting = [post for post in story.posts if post.waits]
    found = {"nodes": nodes, "objects": _objects(story, arrived), "waiting": _objects(story, waiting)}
    found["rooms"] = [_room(circle) for circle in CIRCLES]
    draft.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    draft.replace(path)


def _node(place: Place) -> dict[str, Any]:
    return {
        "name": place.firm.key,
        "url": place.url,
        "home": str(place.home),
        "members": [
            {"handle": one.handle, "password": one.password, "roles": ["member", *one.roles]}
            for one in place.firm.people
        ],
    }


def _room(circle: Circle) -> dict[str, Any]:
    """Who is in it; `audience` is as in the list of objects."""
    return {
        "audience": f"room:{circle.handle}",
        "name": circle.name,
        "confined": circle.confined,
        "people": list(circle.people),
    }


def _objects(story: Story, posts: Sequence[Post]) -> list[dict[str, Any]]:
    return [
        {
            "url": story.urls[post.key],
            "audience": post.audience,
            "canary": post.canary,
            "files": homes.file_urls(story.places[post.firm], story.urls[post.key]),
        }
        for post in posts
    ]
