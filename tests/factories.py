"""Plain functions that put people, pairings, rings, topics and posts into nodes, by real actions."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
from PIL import Image
from sqlalchemy import Connection, Row

from node.access.logins import find_member
from node.access.members import add_member, members_with_role
from node.access.oauth.actions import Issued, allow_app, exchange_code, register_app
from node.ids import now
from node.media.images import Picture, read_picture
from node.people.actions import show_face
from node.posts.actions import Draft, publish_post
from node.rings import agreements, leaving, pairing, pairing_talks
from node.rings.agreements import Share, Terms
from node.rings.queries import RingRow, find_ring
from node.topics.actions import create_topic
from tests.network import RunningNode, settle

PASSWORD = "een lang wachtwoord"


def make_member(
    node: RunningNode,
    handle: str,
    *,
    name: str = "",
    roles: tuple[str, ...] = (),
    mail: str | None = None,
    has_face: bool = False,
) -> int:
    """A member with PASSWORD; with `has_face` already confirmed towards the outside."""
    member_id = node.write(
        lambda db: add_member(
            db, handle=handle, name=name or handle.title(), password=PASSWORD, mail=mail, roles=roles
        )
    )
    if has_face:
        node.write(lambda db: show_face(db, member_id))
    return member_id


def member_row(node: RunningNode, handle: str) -> Row[Any]:
    row = node.read(lambda db: find_member(db, handle))
    assert row is not None, f"no member {handle} at {node.domain}"
    return row


async def log_in(node: RunningNode, handle: str, *, device: str = "test") -> httpx.AsyncClient:
    """A browser with this member's cookie, got through the log-in page."""
    client = node.client()
    client.headers["user-agent"] = device
    form = {"handle": handle, "password": PASSWORD}
    answer = await client.post("/login", data=form)
    assert answer.status_code == 303, answer.text
    return client


def director_of(node: RunningNode) -> int:
    """A director of the node; one is made if there is none."""
    found = node.read(lambda db: members_with_role(db, "director"))
    return found[0] if found else make_member(node, "directeur", roles=("admin", "director", "editor"))


# --- pairing and rings ---------------------------------------------------------------------------


async def pair(one: RunningNode, other: RunningNode, *, names: tuple[str, str] | None = None) -> None:
    """Pair two nodes with code and words; `names` is what they call each other."""
    called, calls = names or (other.domain.partition(".")[0].title(), one.domain.partition(".")[0].title())
    inviter, invited = director_of(one), director_of(other)
    invitation = one.write(lambda db: pairing.invite(db, one.identity, inviter, other.domain, called))
    accepted = other.write(
        lambda db: pairing.accept(db, other.identity, invited, one.domain, calls, invitation.code)
    )
    await pairing_talks.advance(other.work.network, accepted)
    words = _words_of(one, invitation.id), _words_of(other, accepted)
    _confirm(one, invitation.id, inviter, words[1])
    _confirm(other, accepted, invited, words[0])
    await pairing_talks.advance(one.work.network, invitation.id)
    await pairing_talks.advance(other.work.network, accepted)
    for node, pairing_id in ((one, invitation.id), (other, accepted)):
        _check_paired(node, pairing_id)


def _check_paired(node: RunningNode, pairing_id: int) -> None:
    row = node.read(lambda db: pairing.get_pairing(db, pairing_id))
    assert row.state == pairing.PAIRED, (node.domain, row.state, row.error)


def _words_of(node: RunningNode, pairing_id: int) -> tuple[str, ...]:
    """What this node's screen shows."""
    return node.read(lambda db: pairing.our_words(node.identity, pairing.get_pairing(db, pairing_id)))


def _confirm(node: RunningNode, pairing_id: int, director: int, heard: tuple[str, ...]) -> None:
    row = node.read(lambda db: pairing.get_pairing(db, pairing_id))
    first, second = (heard[int(place) - 1] for place in row.asked_places.split())
    assert node.write(
        lambda db: pairing.confirm(db, node.identity, director, PASSWORD, pairing_id, (first, second))
    )


def make_terms(*nodes: RunningNode, name: str = "Monteurs", **changes: Any) -> Terms:
    """What a director fills in for a ring of these nodes; `changes` replaces fields."""
    fields: dict[str, Any] = {
        "name": name,
        "purpose": "Samen leren van storingen.",
        "confidentiality": "Wat hier staat blijft hier.",
        "no_poaching": True,
        "retention_days": 30,
        "titles_in_mail": False,
        "gate": "none",
        "gate_minutes": 0,
        "ends_at": now() + timedelta(days=400),
        "deadline": now() + timedelta(days=14),
        "shares": {node.domain: Share("Beter worden", 4, f"dir@{node.domain}") for node in nodes},
    }
    return Terms(**{**fields, **changes})


async def make_ring(
    first: RunningNode,
    *others: RunningNode,
    name: str = "Monteurs",
    handle: str = "monteurs",
    handles: Mapping[str, str] | None = None,
    **changes: Any,
) -> str:
    """A ring of paired nodes, proposed by the first and signed by all; returns its audience.

    `handle` is the name that every node gives it, unless `handles` has another one for its domain; `changes`
    are of the terms.
    """
    handles = {node.domain: handle for node in (first, *others)} | dict(handles or {})
    terms = make_terms(first, *others, name=name, **changes)
    director = director_of(first)
    agreement = first.write(
        lambda db: agreements.propose(
            db, first.identity, director, PASSWORD, terms, handle=handles[first.domain]
        )
    )
    await settle(first, *others)
    for node in others:
        sign_agreement(node, agreement, handles[node.domain])
        await settle(first, *others)
    return ring_of(first, handles[first.domain]).audience


def sign_agreement(node: RunningNode, agreement: str, handle: str) -> None:
    """The node's director signs what another firm proposed."""
    signer = director_of(node)
    node.write(lambda db: agreements.sign(db, node.identity, signer, PASSWORD, agreement, handle=handle))


def ring_of(node: RunningNode, handle: str) -> RingRow:
    return node.read(lambda db: find_ring(db, handle))


async def leave_ring(node: RunningNode, handle: str) -> None:
    """The node's director leaves; nobody has been told yet."""
    director, ring = director_of(node), ring_of(node, handle)
    node.write(lambda db: leaving.leave(db, node.identity, director, PASSWORD, ring.id))


# --- apps ------------------------------------------------------------------------------------------

APP_HOME = "https://app.example/back"
APP_SCOPES = ("read", "write", "follow", "push", "profile")


def app_token(node: RunningNode, handle: str, *scopes: str) -> str:
    """A token that a member allowed an app, without the pages; all scopes unless some are named."""
    member_id = member_row(node, handle).actor_id
    return node.write(lambda db: issue_token(db, member_id, *scopes))


def issue_token(db: Connection, member_id: int, *scopes: str) -> str:
    app = register_app(db, name="Proef", redirect_uris=[APP_HOME], scopes=list(APP_SCOPES)).row
    wanted = list(scopes or APP_SCOPES)
    code = allow_app(db, member_id, app, redirect_uri=APP_HOME, scopes=wanted, challenge="")
    issued = exchange_code(db, app, code=code, redirect_uri=APP_HOME, verifier="")
    assert isinstance(issued, Issued)
    return issued.token


def open_app(node: RunningNode, handle: str, *scopes: str) -> httpx.AsyncClient:
    """A member's app: a client that sends their token with everything."""
    app = node.client()
    app.headers["authorization"] = f"Bearer {app_token(node, handle, *scopes)}"
    return app


# --- content ---------------------------------------------------------------------------------------


def make_topic(
    node: RunningNode, maker: str, audience: str, handle: str, *, name: str = "", summary: str = ""
) -> int:
    made_by = member_row(node, maker).actor_id
    return node.write(
        lambda db: create_topic(db, node.identity, made_by, audience, handle, name or handle.title(), summary)
    )


def post(node: RunningNode, handle: str, audience: str, source: str, **draft: Any) -> int:
    """A post by a member of this node; `draft` are further fields of Draft. Returns the object's id."""
    author = member_row(node, handle).actor_id
    wanted = Draft(audience, source, **draft)
    return node.write(lambda db: publish_post(db, node.identity, node.settings, author, wanted))


def picture(colour: tuple[int, int, int] = (200, 30, 30), *, side: int = 16) -> Picture:
    """As a page has read it from an upload."""
    made = BytesIO()
    Image.new("RGB", (side, side), colour).save(made, "PNG")
    return read_picture(made.getvalue())
