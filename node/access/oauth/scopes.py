"""What an app may be allowed, in Mastodon's words: `read` holds each `read:…`, `follow` is an old word."""

from collections.abc import Iterable

from node.i18n import Message, msg

_READS = (
    "accounts", "blocks", "bookmarks", "favourites", "filters", "follows", "lists", "mutes", "notifications",
    "search", "statuses",
)  # fmt: skip
_WRITES = (
    "accounts", "blocks", "bookmarks", "conversations", "favourites", "filters", "follows", "lists", "media",
    "mutes", "notifications", "reports", "statuses",
)  # fmt: skip
_FOLLOW = frozenset(f"{kind}:{part}" for kind in ("read", "write") for part in ("blocks", "follows", "mutes"))

KNOWN = (
    "profile",
    "read",
    *(f"read:{part}" for part in _READS),
    "write",
    *(f"write:{part}" for part in _WRITES),
    "follow",
    "push",
)
DEFAULT = "read"

_WORDS = {
    "profile": msg("Know your name and your short name here."),
    "read": msg("Read everything that you can read: of your company, your rings and your rooms too."),
    "write": msg("Write, change and delete in your name."),
    "follow": msg("Follow people and topics, and stop following them."),
    "push": msg("Send you notices on your device."),
}


def read_scopes(text: str) -> list[str]:
    """The scopes in a request, each once; none asked means `read`."""
    return list(dict.fromkeys(text.split())) or [DEFAULT]


def are_known(scopes: Iterable[str]) -> bool:
    return set(scopes) <= set(KNOWN)


def covers(granted: Iterable[str], wanted: str) -> bool:
    """Whether one of the granted scopes holds the wanted one."""
    held = set(granted)
    if wanted in held or wanted.partition(":")[0] in held:
        return True
    return wanted in _FOLLOW and "follow" in held


def cover_all(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    held = list(granted)
    return all(covers(held, one) for one in wanted)


def scope_words(scopes: Iterable[str]) -> list[Message]:
    """What a member reads before they allow it."""
    return [_words_of(scope) for scope in scopes]


def _words_of(scope: str) -> Message:
    kind, _, part = scope.partition(":")
    if not part:
        return _WORDS[kind]
    if kind == "read":
        return msg("Read a part of what you can read: %(part)s.", part=part)
    return msg("Write and change a part in your name: %(part)s.", part=part)
