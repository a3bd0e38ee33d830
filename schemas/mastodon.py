"""Entities of the Mastodon client API as apps decode them: ids are strings, times are UTC with a Z."""

from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

Visibility = Literal["public", "unlisted", "private", "direct"]


def timestamp(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z: some apps read nothing else."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Field(TypedDict):
    name: str
    value: str
    verified_at: str | None


class Account(TypedDict):
    id: str
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    discoverable: bool | None
    indexable: bool
    group: bool
    created_at: str
    note: str
    url: str
    uri: str
    avatar: str
    avatar_static: str
    header: str
    header_static: str
    followers_count: int
    following_count: int
    statuses_count: int
    last_status_at: str | None
    hide_collections: bool
    noindex: bool
    emojis: list[Any]
    roles: list[Any]
    fields: list[Field]


class Source(TypedDict):
    privacy: Visibility
    sensitive: bool
    language: str | None
    note: str
    fields: list[Field]
    follow_requests_count: int
    discoverable: bool | None
    indexable: bool
    hide_collections: bool


class Role(TypedDict):
    id: str
    name: str
    permissions: str
    color: str
    highlighted: bool


class CredentialAccount(Account):
    source: Source
    role: Role


class MediaAttachment(TypedDict):
    id: str
    type: Literal["image", "gifv", "video", "audio", "unknown"]
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: str | None
    meta: dict[str, Any]
    description: str | None
    blurhash: str | None


class Mention(TypedDict):
    id: str
    username: str
    url: str
    acct: str


class Tag(TypedDict):
    name: str
    url: str


class StatusBody(TypedDict):
    """What is the same for every reader of a status."""

    id: str
    created_at: str
    sensitive: bool
    spoiler_text: str
    visibility: Visibility
    language: str | None
    uri: str
    url: str
    edited_at: str | None
    content: str
    reblog: None
    account: Account
    media_attachments: list[MediaAttachment]
    mentions: list[Mention]
    tags: list[Tag]
    emojis: list[Any]
    card: None
    poll: None
    quote: None
    quotes_count: int
    application: None


class StatusTail(TypedDict, total=False):
    """What is each reader's own; the last five only for a member."""

    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    replies_count: int
    reblogs_count: int
    favourites_count: int
    favourited: bool
    reblogged: bool
    muted: bool
    bookmarked: bool
    pinned: bool
    filtered: list[Any]


class Relationship(TypedDict):
    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str]
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str
