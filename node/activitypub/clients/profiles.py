"""A member's own name and words, changed by their client: nothing else of an actor can be written."""

from typing import Any

from federation.documents import Document, as_text
from node.access.logins import get_member
from node.activitypub.clients.problems import unusable
from node.activitypub.clients.wishes import Wish
from node.actors import get_actor
from node.people.actions import change_profile
from node.people.activities import as_html, person_document
from node.posts.rendering import source_of_html

CHANGEABLE = ("name", "summary", "manuallyApprovesFollowers")
# What a client sends back unchanged with the rest; `published` and its like are passed over.
PASSED_OVER = (
    "@context",
    "type",
    "id",
    "updated",
    "published",
    "liked",
    "pendingFollowers",
    "pendingFollowing",
)


def update_profile(wish: Wish) -> Document:
    """Raises Problem for keys, inbox, endpoints and whatever else is not theirs to write."""
    sent, stands = wish.object, person_document(wish.db, wish.node, wish.own, for_ring_node=True)
    changed = [
        name for name in sent if name not in (*CHANGEABLE, *PASSED_OVER) and sent[name] != stands.get(name)
    ]
    if changed:
        words = ", ".join(CHANGEABLE)
        raise unusable(f"{changed[0][:40]} cannot be written. Of an actor these can: {words}.")
    member = get_member(wish.db, wish.member.actor_id)
    change_profile(
        wish.db,
        wish.node,
        wish.member.actor_id,
        name=as_text(sent["name"]) if "name" in sent else wish.own.name,
        summary=_summary(sent, wish.own.summary),
        language=member.language,
        mail=member.mail,
        approves_follows=_flag(sent.get("manuallyApprovesFollowers", wish.own.approves_follows)),
    )
    own = get_actor(wish.db, wish.member.actor_id)
    document = person_document(wish.db, wish.node, own, for_ring_node=True)
    return {"id": f"{wish.actor}#update", "type": "Update", "actor": wish.actor, "object": document}


def _summary(sent: Document, stands: str) -> str:
    """As words; what comes back as it was sent stays as it was typed."""
    is_kept = "summary" not in sent or sent["summary"] == as_html(stands)
    return stands if is_kept else source_of_html(as_text(sent["summary"]))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise unusable("manuallyApprovesFollowers is true or false.")
    return value
