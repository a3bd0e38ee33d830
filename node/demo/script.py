"""All posts of the demo in the order in which they are written, each with a word of its own."""

from collections.abc import Mapping
from dataclasses import replace

from node.demo.canaries import CANARIES
from node.demo.company_posts import COMPANY_POSTS
from node.demo.open_posts import OPEN_POSTS
from node.demo.posts import Post
from node.demo.ring_posts import RING_POSTS
from node.demo.room_posts import GATE_POSTS, ROOM_POSTS


def make_posts(domains: Mapping[str, str]) -> tuple[Post, ...]:
    """With the domains of mentioned people filled in."""
    written = (*COMPANY_POSTS, *OPEN_POSTS, *RING_POSTS, *GATE_POSTS, *ROOM_POSTS)
    return tuple(
        replace(
            post,
            canary=canary,
            text=_filled(post.text, domains),
            edited_to=_filled(post.edited_to, domains),
        )
        for post, canary in zip(written, CANARIES, strict=False)
    )


def _filled(text: str, domains: Mapping[str, str]) -> str:
    for firm, domain in domains.items():
        text = text.replace(f"{{{firm}}}", domain)
    return text
