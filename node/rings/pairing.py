"""Pairing as its directors see it: invite, accept, compare words, confirm. Nodes talk in pairing_talks."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, Select, insert, select, update

from node.access.logins import confirm_password, get_member, is_out
from node.access.members import members_with_role
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.i18n import msg
from node.identity import Identity, tie_domain
from node.ids import new_id, now
from node.notices import notify
from node.peers import BLOCKED, BY_PAIRING, change_peer, find_peer, get_peer, is_blocked, keep_peer
from node.peers import PAIRED as PEER_PAIRED
from node.rings.keys import keep_former
from node.rings.rosters import reopen_rings
from node.rings.tables import pairings
from node.rings.words import Party, are_right, make_words, pick_places
from node.text import clean_name

INVITER, INVITED_SIDE = "inviter", "invited"
INVITED, ASKED, WORDS, CONFIRMED = "invited", "asked", "words", "confirmed"
PAIRED, FAILED, EXPIRED, WITHDRAWN = "paired", "failed", "expired", "withdrawn"
GOING_ON = (INVITED, ASKED, WORDS, CONFIRMED)

CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, none that looks or sounds like another
CODE_LENGTH = 8
LIFE = timedelta(hours=24)
CONFIRMED_LIFE = timedelta(days=7)  # how long our word waits for theirs
MOST_WRONG_CODES = 5
MOST_WRONG_WORDS = 3

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Invitation:
    """What the director reads to the other one over the phone."""

    id: int
    domain: str
    code: str
    expires_at: datetime


def need_director(db: Connection, member_id: int) -> Row[Any]:
    """The member's row; raises Forbidden for whoever may not sign for the firm."""
    member = get_member(db, member_id)
    if "director" not in member.roles.split() or is_out(member):
        raise Forbidden(msg("Only a director can do this."))
    return member


def clean_domain(text: str) -> str:
    """A domain as typed or pasted, in the one form it is compared in; raises Invalid."""
    typed = text.strip().lower()
    host = urlsplit(typed if "://" in typed else f"//{typed}").netloc
    try:
        domain = ":".join(part.encode("idna").decode("ascii") for part in host.split(":"))
    except UnicodeError:
        domain = ""
    if not _DOMAIN.fullmatch(domain) or "@" in host:
        raise Invalid(domain=msg("Fill in the address of the other server, such as leren.voorbeeld.nl."))
    return domain


def _checked(node: Identity, domain: str, name: str) -> tuple[str, str]:
    domain, name = clean_domain(domain), clean_name(name)
    if domain == node.domain:
        raise Invalid(domain=msg("This is your own node. Fill in the address of the other firm."))
    if not name:
        raise Invalid(name=msg("Fill in what you call this firm."))
    return domain, name


def invite(db: Connection, node: Identity, director_id: int, domain: str, name: str) -> Invitation:
    """Invite the node at `domain`, which we will call `name`; an invitation still open for it ends."""
    need_director(db, director_id)
    domain, name = _checked(node, domain, name)
    _refuse_blocked(db, domain)
    _end_others(db, domain, INVITER)
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    pairing_id = _add(db, node, director_id, side=INVITER, domain=domain, name=name, state=INVITED, code=code)
    return Invitation(pairing_id, domain, code, get_pairing(db, pairing_id).expires_at)


def accept(db: Connection, node: Identity, director_id: int, domain: str, name: str, code: str) -> int:
    """Take an invitation: who invited, what we call them, and their code; returns the pairing's id.

    Their node is asked afterwards, by pairing_talks.advance.
    """
    need_director(db, director_id)
    domain, name = _checked(node, domain, name)
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    if len(plain) != CODE_LENGTH or not set(plain) <= set(CODE_SIGNS):
        raise Invalid(code=msg("The code has 8 letters and digits. Ask the other director to read it again."))
    _refuse_blocked(db, domain)
    _end_others(db, domain, INVITED_SIDE)
    return _add(db, node, director_id, side=INVITED_SIDE, domain=domain, name=name, state=ASKED, code=plain)


def _add(db: Connection, node: Identity, director_id: int, **values: object) -> int:
    pairing_id, moment = new_id(), now()
    db.execute(
        insert(pairings).values(
            id=pairing_id,
            made_by=director_id,
            created_at=moment,
            expires_at=moment + LIFE,
            our_nonce=secrets.token_hex(32),
            our_key=node.multikey,
            **values,
        )
    )
    return pairing_id


def _refuse_blocked(db: Connection, domain: str) -> None:
    """An admin's rule holds; a partner that two keys were signed for comes back by pairing alone."""
    known = find_peer(db, domain)
    is_in_doubt = known is not None and known.state == BLOCKED and known.ruled_at is None
    if is_blocked(db, domain) and not is_in_doubt:
        raise Invalid(domain=msg("Your node has blocked that server. An admin can end that first."))


def _end_others(db: Connection, domain: str, side: str) -> None:
    going_on = pairings.c.domain == domain, pairings.c.side == side, pairings.c.state.in_(GOING_ON)
    db.execute(update(pairings).where(*going_on).values(state=WITHDRAWN, code=None, ended_at=now()))


def get_pairing(db: Connection, pairing_id: int) -> Row[Any]:
    return _one(db, select(pairings).where(pairings.c.id == pairing_id))


def lock_pairing(db: Connection, pairing_id: int) -> Row[Any]:
    """Ours until the transaction ends: no two wrong tries count as one, no end is overwritten."""
    return _one(db, select(pairings).where(pairings.c.id == pairing_id).with_for_update())


def _one(db: Connection, query: Select[Any]) -> Row[Any]:
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row


def change_pairing(db: Connection, pairing_id: int, **values: object) -> None:
    db.execute(update(pairings).where(pairings.c.id == pairing_id).values(**values))


def list_pairings(db: Connection) -> list[Row[Any]]:
    """Newest first."""
    return list(db.execute(select(pairings).order_by(pairings.c.id.desc()).limit(100)))


def is_going_on(row: Row[Any]) -> bool:
    return row.state in GOING_ON and row.expires_at > now()


def state_of(row: Row[Any]) -> str:
    """The state as it is now: nobody need come by to make an invitation expire."""
    return EXPIRED if row.state in GOING_ON and row.expires_at <= now() else str(row.state)


def has_expired_pairings(db: Connection) -> bool:
    over = pairings.c.state.in_(GOING_ON), pairings.c.expires_at <= now()
    return db.execute(select(pairings.c.id).where(*over).limit(1)).first() is not None


def expire_pairings(db: Connection) -> int:
    """Write down what the clock ended."""
    over = pairings.c.state.in_(GOING_ON), pairings.c.expires_at <= now()
    ended = update(pairings).where(*over).values(state=EXPIRED, code=None, ended_at=now())
    return db.execute(ended).rowcount


def our_words(node: Identity, row: Row[Any]) -> tuple[str, ...]:
    """The six words on our screen, once both nonces are known."""
    return _words(node, row, str(row.side))


def _words(node: Identity, row: Row[Any], side: str) -> tuple[str, ...]:
    if not row.their_nonce or row.state not in (WORDS, CONFIRMED):
        raise Conflict(msg("There are no words yet. First the other firm must answer."))
    ours = Party(node.domain, row.our_key, row.our_nonce)
    theirs = Party(row.domain, row.their_key, row.their_nonce)
    return make_words(ours, theirs, side) if row.side == INVITER else make_words(theirs, ours, side)


def show_words(db: Connection, pairing_id: int, **values: object) -> None:
    """Both nonces are known: the words can be read out; the places asked for are picked once."""
    change_pairing(db, pairing_id, state=WORDS, asked_places=pick_places(), code=None, error=None, **values)


def confirm(
    db: Connection, node: Identity, director_id: int, password: str, pairing_id: int, typed: tuple[str, str]
) -> bool:
    """Check the two words that the other director read out; False when wrong (the third time ends it).

    Raises Forbidden for a wrong password, Conflict when the pairing is not at its words. The other node is
    told afterwards, by pairing_talks.advance.
    """
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    row = lock_pairing(db, pairing_id)
    if state_of(row) != WORDS:
        raise Conflict(msg("These words cannot be confirmed any more. Start the pairing again."))
    other_side = INVITED_SIDE if row.side == INVITER else INVITER
    if not are_right(_words(node, row, other_side), row.asked_places, typed):
        _count_wrong_words(db, row)
        return False
    moment = now()
    change_pairing(
        db, row.id, state=CONFIRMED, we_confirmed_at=moment, expires_at=moment + CONFIRMED_LIFE, error=None
    )
    finish_if_both(db, row.id)
    return True


def _count_wrong_words(db: Connection, row: Row[Any]) -> None:
    wrong = row.wrong_words + 1
    change_pairing(db, row.id, wrong_words=wrong)
    if wrong >= MOST_WRONG_WORDS:
        end(db, row.id, FAILED, msg("The words were wrong three times. Call each other and start again."))


def withdraw(db: Connection, director_id: int, pairing_id: int) -> None:
    """Stop a pairing before it is done."""
    need_director(db, director_id)
    row = lock_pairing(db, pairing_id)
    if row.state not in GOING_ON:
        raise Conflict(msg("This pairing is already over."))
    end(db, row.id, WITHDRAWN)


def end(db: Connection, pairing_id: int, state: str, error: str | None = None) -> None:
    """The pairing is over without a partner; whoever began it is told why."""
    row = get_pairing(db, pairing_id)
    change_pairing(db, pairing_id, state=state, code=None, error=error, ended_at=now(), told_at=None)
    if error is not None:
        notify(db, row.made_by, "pairing_ended", text=row.name, link=f"/pairings/{pairing_id}")


def finish_if_both(db: Connection, pairing_id: int) -> None:
    """Both directors confirmed: their key is pinned, and rings that waited for it open again."""
    row = get_pairing(db, pairing_id)
    if row.state != CONFIRMED or row.they_confirmed_at is None:
        return
    peer_id, moment = keep_peer(db, row.domain), now()
    before = get_peer(db, peer_id).node_key
    if before is not None and before != row.their_key:
        keep_former(db, peer_id, before)
    change_peer(
        db,
        peer_id,
        state=PEER_PAIRED,
        name=row.name,
        node_key=row.their_key,
        actor_uri=row.their_actor,
        inbox=row.their_inbox,
        pinned_at=moment,
        told_key=row.our_key,
        pinned_by=BY_PAIRING,
        failures=0,
        retry_at=None,
    )
    tie_domain(db)
    change_pairing(db, row.id, state=PAIRED, ended_at=moment)
    reopen_rings(db, peer_id)
    for director_id in members_with_role(db, "director"):
        notify(db, director_id, "pairing_done", text=row.name, link="/rings")
