"""What a finding of check-rings means and what to do, in words for an admin who knows no addresses."""

from collections.abc import Sequence

from node.admin.check_rings import Difference
from node.i18n import Message, msg

SOMEBODY = {
    "anonymous": msg("Somebody who is not logged in"),
    "a stranger who signs": msg("A server that we do not know"),
}
# The first that an address begins with says what is there.
THINGS = (
    ("/o/", msg("a post")),
    ("/media/", msg("a picture")),
    ("/a/", msg("a message between servers")),
    ("/p/", msg("the page of a person or topic")),
    ("/node/rings/", msg("what only the firms of a ring read")),
    ("/node/rooms/", msg("what only the firms of a room read")),
    ("/.well-known/", msg("whether a name is known here")),
    ("/nodeinfo/", msg("the figures of this node")),
)
TOO_MUCH = msg(
    "Somebody outside may see more than is meant for them. Share nothing in your rings until this is solved. "
    "Save this page, and send it to whoever looks after your node."
)
TOO_LITTLE = msg(
    "Nothing is seen by others because of this, but a partner misses something. "
    "Save this page, and send it to whoever looks after your node."
)


def shows_too_much(found: Difference) -> bool:
    """Did somebody get, or count, what is not theirs?"""
    return found.got.startswith("served") and not (
        found.expected.startswith("served") and "counts" not in found.got
    )


def plain_words(found: Difference) -> Message:
    who = SOMEBODY.get(found.asker, msg("The partner %(name)s", name=found.asker))
    what = next((words for start, words in THINGS if found.path.startswith(start)), msg("a page"))
    if "status" in found.got:
        return msg("%(who)s asked for %(what)s, and our node failed.", who=who, what=what)
    if not shows_too_much(found):
        return msg("%(who)s does not get %(what)s, and should.", who=who, what=what)
    if found.expected.startswith("served"):
        return msg("%(who)s sees another number than there is for them, at %(what)s.", who=who, what=what)
    return msg("%(who)s gets %(what)s, which is not for them.", who=who, what=what)


def advice_on(found: Sequence[Difference]) -> Message:
    return TOO_MUCH if any(map(shows_too_much, found)) or not found else TOO_LITTLE
