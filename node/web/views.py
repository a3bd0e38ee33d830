"""What the templates of posts and audiences expect: plain values, already allowed for their reader."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AudienceKind = Literal["company", "ring", "room", "people", "open"]


@dataclass(frozen=True, kw_only=True)
class AudienceView:
    """Kind gives colour, icon and word; the label names the ring or room."""

    kind: AudienceKind
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class AudienceChoice:
    """One card of the audience picker; `reach` says in words who will get it.

    `firms` are their names when they are too many for the sentence.
    """

    value: str
    audience: AudienceView
    reach: str = ""
    firms: tuple[str, ...] = ()
    gate: str = ""  # what it passes first, empty when it goes at once


@dataclass(frozen=True, kw_only=True)
class AuthorView:
    """`name` is already safe to show (node.text.display_name); `firm` is empty for our own people.

    `guest_until` is the end of the stay of somebody who is a guest, here or at their firm.
    """

    name: str
    handle: str
    url: str
    firm: str = ""
    guest_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FileView:
    """A picture; one of another node may still be on its way, or could not be had."""

    url: str
    thumb_url: str
    alt: str
    width: int
    height: int
    state: Literal["here", "waiting", "lost"] = "here"


@dataclass(frozen=True, kw_only=True)
class PostView:
    """`html` is sanitised; `id` is the object's number as text; empty urls mean: not for this reader."""

    id: str
    url: str
    author: AuthorView
    audience: AudienceView
    html: str
    published: datetime
    title: str = ""
    warning: str = ""
    language: str = "nl"
    edited: datetime | None = None
    replies: int = 0
    likes: int = 0
    liked: bool = False
    mine: bool = False
    may_reply: bool = True
    files: tuple[FileView, ...] = ()
    topic_name: str = ""
    topic_url: str = ""
    held: bool = False
    waits: str = ""  # for what, or what became of it
    waits_until: datetime | None = None
    waiting_url: str = ""
    share_url: str = ""
    receipts: str = ""
    is_on_its_way: bool = False  # not every partner has said that it has it
    begin_not_shared: bool = False
    depth: int = 0
    like_url: str = ""
    reply_url: str = ""
    edit_url: str = ""
    delete_url: str = ""


@dataclass(frozen=True, kw_only=True)
class PageLinks:
    """Where older and newer entries are; empty when there are none."""

    newer_url: str = ""
    older_url: str = ""
