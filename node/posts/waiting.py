"""What waits at the gate: offered, let go, sent back, taken back; a post or new words of one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from node.access.members import members_with_role
from node.boundary import Member, get_readable, is_inside, person_is_inside
from node.changes import NEW, note_change
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.gates.rules import note_gate_act, rules_of, terms_of
from node.gates.tables import waits
from node.i18n import Message, msg
from node.identity import Identity
from node.ids import now
from node.notices import forget_notices, notify
from node.objects import DRAFT, HELD, PUBLIC, is_closed, is_room, objects
from node.people.queries import has_face, is_active
from node.posts.going_out import go_out, put_words
from node.posts.storing import get_post, lock_object, own_post

AT_HOME, AT_GATE = "draft", "waiting"  # with its author; before the gate
LONGEST_REASON = 500

STUCK = {
    "closed": msg("It cannot go out: we are not in this ring or room now. It stays here."),
    "author": msg("It cannot go out: whoever wrote it is not active here any more."),
    "face": msg("It cannot go out: whoever wrote it is not visible outside."),
}
AGREEMENT_CHANGED = msg("The questions of this gate have changed while it waited. Answer them again.")


def find_wait(db: Connection, object_id: int) -> Row[Any] | None:
    return db.execute(select(waits).where(waits.c.object_id == object_id)).one_or_none()


def keep_at_home(db: Connection, object_id: int, words: dict[str, str] | None = None) -> None:
    """A post of ours, or with `words` its next words, stays with its author until offered."""
    known = find_wait(db, object_id)
    forget_wait(db, object_id)
    row = {"object_id": object_id, "state": AT_HOME, "is_edit": words is not None, **(words or {})}
    db.execute(insert(waits).values(**row, version=known.version + 1 if known else 1, since_at=now()))
    if words is None:
        _set_state(db, object_id, DRAFT)


def forget_wait(db: Connection, object_id: int) -> None:
    db.execute(delete(waits).where(waits.c.object_id == object_id))


def _set_state(db: Connection, object_id: int, state: str) -> None:
    db.execute(update(objects).where(objects.c.id == object_id).values(state=state))


def _change(db: Connection, object_id: int, **values: object) -> None:
    db.execute(update(waits).where(waits.c.object_id == object_id).values(**values))


# --- the author ------------------------------------------------------------------------------------


def offer(db: Connection, node: Identity, author_id: int, object_id: int, *, doubts: str = "") -> bool:
    """The author wants it out: it goes at once (True), or waits as the gate says.

    With `doubts`, questions not answered by "no", it needs a gate with an editor.
    """
    lock_object(db, object_id)
    post, wait = own_post(db, author_id, object_id), find_wait(db, object_id)
    if wait is None or wait.state != AT_HOME:
        raise Conflict(msg("It waits already, or has gone out."))
    rules = rules_of(db, post.audience)
    if doubts and not rules.four_eyes:
        raise Conflict(msg("No editor looks at this gate. Change the text."))
    note_gate_act(db, object_id, "offered", author_id)
    if not rules.waits:
        _check_ready(db, post)
        _go(db, node, post, wait, None)
        return True
    _put_before_gate(db, post, wait, rules.minutes, doubts, needs_eyes=rules.four_eyes)
    return False


def _put_before_gate(
    db: Connection, post: Row[Any], wait: Row[Any], minutes: int, doubts: str, *, needs_eyes: bool
) -> None:
    _change(
        db,
        post.id,
        state=AT_GATE,
        version=wait.version + 1,
        terms=terms_of(db, post.audience),
        needs_eyes=needs_eyes,
        until_at=None if needs_eyes else now() + timedelta(minutes=minutes),
        doubts=doubts,
        stuck="",
        reason="",
        returned_by=None,
        since_at=now(),
    )
    if not wait.is_edit:
        _set_state(db, post.id, HELD)
        note_change(db, NEW, post.id)  # its author and its editors see it in its place
    if needs_eyes:
        _ask_editors(db, post)


def _ask_editors(db: Connection, post: Row[Any]) -> None:
    """Each editor but the author hears of it; without one, the author and the admins do."""
    link = f"/o/{post.id}/waiting"
    for kind in ("gate_waits", "gate_no_editor"):
        forget_notices(db, kind, post.id)
    editors = editors_for(db, post)
    for editor in editors:
        notify(db, editor, "gate_waits", from_id=post.author_id, object_id=post.id, link=link)
    if not editors:
        notify(db, post.author_id, "gate_no_editor", object_id=post.id, link=link)
        for admin in members_with_role(db, "admin"):
            if admin != post.author_id:
                notify(db, admin, "gate_needs_editor", link="/gates")


def editors_for(db: Connection, post: Row[Any]) -> list[int]:
    """Who can let it go: editors who may read it and did not write it."""
    others = [one for one in members_with_role(db, "editor") if one != post.author_id]
    seen = {one for one in others if _is_readable(db, Member(one, frozenset({"editor"})), post.uri)}
    return [one for one in others if one in seen and is_active(db, one)]


def take_back(db: Connection, author_id: int, object_id: int) -> None:
    """The author thinks again: nothing left this node, and nothing of it is lost."""
    lock_object(db, object_id)
    post, wait = own_post(db, author_id, object_id), find_wait(db, object_id)
    if wait is None or wait.state != AT_GATE:
        raise Conflict(msg("It does not wait any more. What has gone out you can delete."))
    _bring_home(db, post, wait)
    note_gate_act(db, object_id, "taken_back", author_id)


def _bring_home(db: Connection, post: Row[Any], wait: Row[Any], **values: object) -> None:
    home = {"state": AT_HOME, "until_at": None, "needs_eyes": False, "stuck": "", "version": wait.version + 1}
    _change(db, post.id, **{**home, **values})
    if not wait.is_edit:
        _set_state(db, post.id, DRAFT)


def drop_edit(db: Connection, author_id: int, object_id: int) -> None:
    """The author keeps the words that are out."""
    lock_object(db, object_id)
    own_post(db, author_id, object_id)
    gone = delete(waits).where(waits.c.object_id == object_id, waits.c.is_edit)
    if not db.execute(gone).rowcount:
        raise Conflict(msg("There is no change that waits."))
    note_gate_act(db, object_id, "edit_dropped", author_id)


# --- an editor -------------------------------------------------------------------------------------


def let_go(db: Connection, node: Identity, editor: Member, object_id: int, version: int) -> None:
    """A second person read these very words and lets them go out."""
    post, wait = _reviewed(db, editor, object_id, version)
    _check_ready(db, post)
    note_gate_act(db, object_id, "let_go", editor.actor_id)
    _go(db, node, post, wait, editor.actor_id)
    notify(db, post.author_id, "gate_let_go", from_id=editor.actor_id, link=f"/o/{object_id}")


def send_back(db: Connection, editor: Member, object_id: int, version: int, reason: str) -> None:
    """A second person wants it otherwise; only the author sees it again, with the reason."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(
            reason=msg("Say in at most %(longest)s characters what should change.", longest=LONGEST_REASON)
        )
    post, wait = _reviewed(db, editor, object_id, version)
    _bring_home(db, post, wait, reason=reason, returned_by=editor.actor_id)
    note_gate_act(db, object_id, "sent_back", editor.actor_id)
    link = f"/o/{object_id}/waiting"
    notify(db, post.author_id, "gate_sent_back", from_id=editor.actor_id, link=link)


def _reviewed(db: Connection, editor: Member, object_id: int, version: int) -> tuple[Row[Any], Row[Any]]:
    lock_object(db, object_id)
    post, wait = get_waiting(db, editor, object_id)
    if "editor" not in editor.roles or post.author_id == editor.actor_id:
        raise Forbidden(msg("Another editor than the author decides about this."))
    if wait.state != AT_GATE:
        raise Conflict(msg("It does not wait any more."))
    if wait.version != version:
        raise Conflict(msg("The text was changed meanwhile. Read it again."))
    return post, wait


def get_waiting(db: Connection, member: Member, object_id: int) -> tuple[Row[Any], Row[Any]]:
    """Something at the gate, for its author and for editors who may read it; NotFound for all others."""
    uri = db.scalar(select(objects.c.uri).where(objects.c.id == object_id, objects.c.kind == "post"))
    row = get_readable(db, member, uri or "")
    wait = find_wait(db, object_id)
    is_mine = row.author_id == member.actor_id
    if wait is None or not (is_mine or ("editor" in member.roles and wait.state == AT_GATE)):
        raise NotFound
    return get_post(db, object_id), wait


def list_waiting(db: Connection, member: Member) -> list[int]:
    """What waits for this editor, the longest waiting first."""
    if "editor" not in member.roles:
        return []
    query = select(waits.c.object_id, objects.c.uri).join(objects, objects.c.id == waits.c.object_id)
    others = objects.c.author_id != member.actor_id, waits.c.state == AT_GATE
    rows = db.execute(query.where(*others).order_by(waits.c.since_at)).all()
    return [row.object_id for row in rows if _is_readable(db, member, row.uri)]


def list_own(db: Connection, author_id: int) -> list[int]:
    """What a member has at the gate or took back, newest first."""
    query = select(waits.c.object_id).join(objects, objects.c.id == waits.c.object_id)
    return list(db.scalars(query.where(objects.c.author_id == author_id).order_by(waits.c.since_at.desc())))


def _is_readable(db: Connection, member: Member, uri: str) -> bool:
    try:
        get_readable(db, member, uri)
    except NotFound:
        return False
    return True


# --- the clock -------------------------------------------------------------------------------------


def due_waits(db: Connection, limit: int = 50) -> Sequence[int]:
    """Whose hold is over."""
    over = waits.c.state == AT_GATE, waits.c.until_at <= now(), waits.c.stuck == ""
    return db.scalars(select(waits.c.object_id).where(*over).order_by(waits.c.until_at).limit(limit)).all()


def let_go_due(db: Connection, node: Identity, object_id: int) -> None:
    """Its time has come: out it goes if everything still allows that; never wider than it was meant."""
    lock_object(db, object_id)
    wait = find_wait(db, object_id)
    if wait is None or wait.state != AT_GATE or not _is_over(wait.until_at) or wait.stuck:
        return
    post = get_post(db, object_id)
    rules, why = rules_of(db, post.audience), _obstacle(db, post)
    if why:
        _change(db, object_id, stuck=why)
        notify(db, post.author_id, "gate_stuck", object_id=object_id, link=f"/o/{object_id}/waiting")
    elif rules.four_eyes:
        _put_before_gate(db, post, wait, 0, wait.doubts, needs_eyes=True)
    elif rules.checklist and wait.terms != terms_of(db, post.audience):
        _bring_home(db, post, wait, stuck="terms")
        notify(db, post.author_id, "gate_stuck", object_id=object_id, link=f"/o/{object_id}/waiting")
    else:
        _go(db, node, post, wait, None)


def _is_over(until: datetime | None) -> bool:
    return until is not None and until <= now()


def _obstacle(db: Connection, post: Row[Any]) -> str:
    """Why it cannot go out now; empty when it can."""
    if is_closed(post.audience) and not is_inside(db, post.audience):
        return "closed"
    if is_room(post.audience) and not person_is_inside(db, post.audience, post.author_id):
        return "closed"
    if not is_active(db, post.author_id):
        return "author"
    if post.audience == PUBLIC and not has_face(db, post.author_id):
        return "face"
    return ""


def _check_ready(db: Connection, post: Row[Any]) -> None:
    why = _obstacle(db, post)
    if why:
        raise Conflict(STUCK[why])


def _go(db: Connection, node: Identity, post: Row[Any], wait: Row[Any], actor_id: int | None) -> None:
    forget_wait(db, post.id)
    if wait.is_edit:
        words = {name: getattr(wait, name) for name in ("source", "title", "warning", "language")}
        put_words(db, node, post, **words)
    else:
        go_out(db, node, post)
    note_gate_act(db, post.id, "gone_out", actor_id)


# --- in words --------------------------------------------------------------------------------------


def wait_words(wait: Row[Any]) -> Message:
    """What it waits for."""
    if wait.stuck in STUCK:
        return STUCK[wait.stuck]
    if wait.state == AT_HOME:
        return _home_words(wait)
    if wait.needs_eyes:
        return msg("Waits for an editor to read it. Only its author and the editors see this.")
    return msg("Waits before it goes out. Only its author and the editors see this.")


def _home_words(wait: Row[Any]) -> Message:
    if wait.stuck == "terms":
        return AGREEMENT_CHANGED
    if wait.reason:
        return msg("An editor sent it back: %(reason)s", reason=wait.reason)
    return msg("Not sent yet. Only you see this.")
