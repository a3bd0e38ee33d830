"""`demo.json`: what is in the demo and who may see it, for programs that check it."""

import json
from pathlib import Path
from typing import Any

from node.demo import homes
from node.demo.firms import Place
from node.demo.story import Story

NAME = "demo.json"


def write_listing(path: Path, story: Story) -> None:
    """Whole or not at all; it is there exactly when everything has arrived."""
    draft = path.with_suffix(".new")
    nodes = [_node(place) for place in story.places.values()]
    found = {"nodes": nodes, "objects": _objects(story)}
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


def _objects(story: Story) -> list[dict[str, Any]]:
    """Every post that is still there."""
    return [
        {
            "url": story.urls[post.key],
            "audience": post.audience,
            "canary": post.canary,
            "files": homes.file_urls(story.places[post.firm], story.urls[post.key]),
        }
        for post in story.posts
        if not post.is_deleted
    ]
