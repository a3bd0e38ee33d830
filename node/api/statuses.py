"""Statuses: write, read, change, delete, like; what stands around them and stood there before."""

import re
from typing import Any

from sqlalchemy import Row

from node.api.accounts_shown import accounts_by_id
from node.api.calls import ANYONE, Call, Refused, Reply, delete, get, post, put
from node.api.queries import files_of, versions_of
from node.api.scheduled import schedule
from node.api.statuses_shown import attachment_for, audience_lines, content_of, render_list, render_status
from node.boundary import Member
from node.errors import NotFound
from node.identity import SELF
from node.objects import HELD, LIVE
from node.posts.actions import delete_post, edit_post
from node.posts.from_apps import AppPost, publish_from_app
from node.posts.queries import get_readable_post, list_thread
from node.posts.reactions import like, unlike
from node.posts.repeats import first_of, remember_first
from schemas.mastodon import timestamp

DEFAULT_LANGUAGE = "nl"
LONGEST_KEY = 255


def publish(call: Call) -> Any:
    """A status; the same Idempotency-Key within an hour gets the first one again."""
    key = call.header(b"idempotency-key")[:LONGEST_KEY]
    known = first_of(call.db, call.member_id, key) if key else None
    if known is not None:
        return show_one(call, known)
    params = call.params
    if params.part("poll").values:
        raise Refused(422, "Validation failed: Polls cannot be asked here")
    wish = AppPost(
        text=(params.text("status") or "").replace("\r\n", "\n"),
        visibility=params.line("visibility"),
        parent_id=params.id("in_reply_to_id"),
        warning=params.line("spoiler_text"),
        language=language_of(call),
        uploads=params.ids("media_ids"),
    )
    if params.line("scheduled_at"):
        return schedule(call, wish, key)
    object_id = publish_from_app(call.db, call.node, call.services.settings, call.member, wish)
    if key:
        remember_first(call.db, call.member_id, key, object_id)
    return show_one(call, object_id)


def language_of(call: Call) -> str:
    """What the app says, else the member's own, else Dutch."""
    found = call.params.line("language").partition("-")[0].lower()
    return found if re.fullmatch("[a-z]{2,3}", found) else call.language or DEFAULT_LANGUAGE


def show(call: Call) -> Any:
    return show_one(call, call.id())


def show_one(call: Call, object_id: int) -> Reply:
    return Reply(render_status(call, get_status(call, object_id)))


def get_status(call: Call, object_id: int) -> Row[Any]:
    """A post that this reader may read and that is out, or waits."""
    row = get_readable_post(call.db, call.reader, object_id)
    if row.state not in (LIVE, HELD) and not _is_own(call, row):
        raise NotFound
    return row


def _is_own(call: Call, row: Row[Any]) -> bool:
    return isinstance(call.reader, Member) and row.author_id == call.reader.actor_id and row.origin == SELF


def own_status(call: Call) -> Row[Any]:
    """NotFound for what one cannot read; 403 for what is somebody else's."""
    row = get_status(call, call.id())
    if not _is_own(call, row):
        raise Refused(403, "This action is not allowed")
    return row


def show_many(call: Call) -> Any:
    """Several at once; those that are not for this reader are left out."""
    found = []
    for object_id in list(dict.fromkeys(call.params.ids("id")))[:20]:
        try:
            found.append(get_status(call, object_id))
        except NotFound:
            continue
    return Reply(render_list(call, found))


def change(call: Call) -> Any:
    """New words for the same readers (rule 3); pictures stay as they are."""
    row, params = own_status(call), call.params
    here = [one.id for one in files_of(call.db, [row.id]).get(row.id, ())]
    if "media_ids[]" in params and sorted(params.ids("media_ids")) != sorted(here):
        raise Refused(422, "Validation failed: Pictures of a post cannot be changed here")
    edit_post(
        call.db,
        call.node,
        call.member_id,
        row.id,
        source=(params.text("status") or row.source).replace("\r\n", "\n"),
        title=row.title,
        warning=params.line("spoiler_text") if "spoiler_text" in params else row.warning,
        language=language_of(call) if "language" in params else row.language or DEFAULT_LANGUAGE,
    )
    return show_one(call, row.id)


def remove(call: Call) -> Any:
    """Gone; the answer holds what was typed, so that an app can write it anew."""
    row = own_status(call)
    shown = render_status(call, row)
    delete_post(call.db, call.node, call.member_id, row.id)
    return Reply(shown[:-1] + b"," + Reply({"text": row.source}).body[1:])


def show_source(call: Call) -> Any:
    row = own_status(call)
    return {"id": str(row.id), "text": row.source, "spoiler_text": row.warning}


def show_history(call: Call) -> Any:
    """Each version, oldest first, the present one last."""
    row = get_status(call, call.id())
    account = accounts_by_id(
        call.db, call.node, {row.author_id}, for_members=isinstance(call.reader, Member)
    ).get(row.author_id)
    words = audience_lines(call, [row])[row.id]
    pictures = [
        attachment_for(call, one, row.audience) for one in files_of(call.db, [row.id]).get(row.id, ())
    ]
    versions = [*versions_of(call.db, row.id), row]
    began = [row.published, *(one.until_at for one in versions[:-1])]
    return [
        {
            "content": content_of(call.node, one.title, one.html, words),
            "spoiler_text": one.warning,
            "sensitive": bool(one.warning),
            "created_at": timestamp(moment),
            "account": account,
            "media_attachments": pictures,
            "poll": None,
            "emojis": [],
        }
        for one, moment in zip(versions, began, strict=True)
    ]


def show_context(call: Call) -> Any:
    """What it answers, upwards, and what answers it, in reading order."""
    row = get_status(call, call.id())
    thread = [
        one for one, _ in list_thread(call.db, call.reader, row.id) if one.state == LIVE or one.id == row.id
    ]
    by_id = {one.id: one for one in thread}
    above: list[Row[Any]] = []
    at = by_id.get(row.parent_id)
    while at is not None:
        above.insert(0, at)
        at = by_id.get(at.parent_id)
    below, inside = [], {row.id}
    for one in thread:
        if one.parent_id in inside:
            inside.add(one.id)
            below.append(one)
    lists = render_list(call, above, "thread"), render_list(call, below, "thread")
    return Reply(b'{"ancestors":' + lists[0] + b',"descendants":' + lists[1] + b"}")


def favourite(call: Call) -> Any:
    like(call.db, call.node, call.member_id, call.id())
    return show(call)


def unfavourite(call: Call) -> Any:
    unlike(call.db, call.node, call.member_id, call.id())
    return show(call)


PATH = "/api/v1/statuses"
ENDPOINTS = [
    get(PATH, show_many, "read:statuses", who=ANYONE),
    post(PATH, publish, "write:statuses"),
    get(f"{PATH}/{{id}}", show, "read:statuses", who=ANYONE),
    put(f"{PATH}/{{id}}", change, "write:statuses"),
    delete(f"{PATH}/{{id}}", remove, "write:statuses", most=120),
    get(f"{PATH}/{{id}}/context", show_context, "read:statuses", who=ANYONE),
    get(f"{PATH}/{{id}}/source", show_source, "read:statuses"),
    get(f"{PATH}/{{id}}/history", show_history, "read:statuses", who=ANYONE),
    post(f"{PATH}/{{id}}/favourite", favourite, "write:favourites"),
    post(f"{PATH}/{{id}}/unfavourite", unfavourite, "write:favourites"),
]
