"""The form in which a post is written: what it starts with, who would get it, what was typed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from node.boundary import Member, is_guest
from node.errors import Invalid
from node.i18n import Message, msg
from node.media.actions import draw_upload
from node.media.images import Picture
from node.objects import COMPANY, PUBLIC
from node.people.queries import has_face
from node.posts.actions import LONGEST_SOURCE, LONGEST_TITLE, LONGEST_WARNING, Draft
from node.posts.shown import audience_choice, audience_view, ring_names
from node.rings.queries import open_rings
from node.rooms.queries import own_rooms
from node.topics.queries import list_topics
from node.web.forms import Form, Upload, blank_form
from node.web.views import AudienceChoice, AudienceView

PICTURES = 4
SAY_WHAT = msg("Say what this picture shows, for who cannot see it. Then choose the picture again.")
LANGUAGES = (
    ("nl", msg("Dutch")),
    ("en", msg("English")),
    ("de", msg("German")),
    ("fr", msg("French")),
    ("pl", msg("Polish")),
    ("tr", msg("Turkish")),
)


@dataclass(frozen=True, kw_only=True)
class TopicChoice:
    """A topic to post in; its audience is said with it, because a topic has one audience."""

    id: str
    name: str
    audience: AudienceView


@dataclass(frozen=True, kw_only=True)
class Compose:
    """Everything the form needs. With `fixed` the audience is settled by the place it stands in."""

    form: Form
    choices: Sequence[AudienceChoice] = ()
    topics: Sequence[TopicChoice] = ()
    fixed: AudienceChoice | None = None
    reply_to: str = ""
    topic_id: str = ""
    draft_key: str = "new"
    wants_face: bool = False
    languages: Sequence[tuple[str, Message]] = LANGUAGES
    pictures: int = PICTURES
    is_open: bool = False


def compose(db: Connection, member: Member, language: str, form: Form | None = None) -> Compose:
    """Anywhere: the writer picks the audience, their own company unless they choose otherwise."""
    rings = ring_names(db, member)
    inside = [room.audience for room in own_rooms(db, member)]
    audiences = [COMPANY, *(ring.audience for ring in open_rings(db)), *inside, PUBLIC]
    if is_guest(db, member.actor_id):
        audiences = inside
    return Compose(
        form=form or blank_form({"audience": COMPANY, "language": language}),
        choices=[audience_choice(db, audience, rings) for audience in audiences],
        topics=_topics(db, member, audiences, rings),
        wants_face=_wants_face(db, member, form),
        is_open=form is not None,
    )


def _topics(
    db: Connection, member: Member, audiences: Sequence[str], rings: dict[str, str]
) -> list[TopicChoice]:
    found = [row for row in list_topics(db, member) if row.audience in audiences and not row.archived]
    found.sort(key=lambda row: audiences.index(row.audience))
    return [
        TopicChoice(id=str(row.object_id), name=row.name, audience=audience_view(row.audience, rings))
        for row in found
    ]


def _wants_face(db: Connection, member: Member, form: Form | None) -> bool:
    """After a first try to post openly: the form then also asks to become visible outside (rule 12)."""
    return form is not None and bool(form.error("face")) and not has_face(db, member.actor_id)


def compose_in(
    db: Connection,
    member: Member,
    language: str,
    audience: str,
    *,
    topic_id: str = "",
    reply_to: str = "",
    form: Form | None = None,
) -> Compose:
    """In a timeline, a topic or a thread: the place says who gets it."""
    rings = ring_names(db, member)
    return Compose(
        form=form or blank_form({"language": language}),
        fixed=audience_choice(db, audience, rings),
        reply_to=reply_to,
        topic_id=topic_id,
        draft_key=f"reply-{reply_to}" if reply_to else f"in-{topic_id or audience}",
        wants_face=_wants_face(db, member, form),
        is_open=form is not None,
    )


def read_draft(form: Form) -> Draft:
    """What was typed and sent along; `form.errors` says what is wrong. Slow: it draws the pictures anew."""
    pictures, alts = read_pictures(form)
    topic, parent = form.value("topic"), form.value("parent")
    return Draft(
        audience=form.value("audience"),
        source=form.text("source", longest=LONGEST_SOURCE),
        title=form.line("title", required=False, longest=LONGEST_TITLE),
        warning=form.line("warning", required=False, longest=LONGEST_WARNING),
        language=form.choice("language", {code for code, _ in LANGUAGES}),
        topic_id=read_id(topic) if topic else None,
        parent_id=read_id(parent) if parent else None,
        pictures=pictures,
        alts=alts,
    )


def read_id(text: str) -> int:
    """A number of ours; 0, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def read_pictures(form: Form) -> tuple[list[Picture], list[str]]:
    """Each picture with its own words; a picture without words is asked for them."""
    pictures: list[Picture] = []
    alts: list[str] = []
    for place in range(1, PICTURES + 1):
        alt = form.line(f"alt_{place}", required=False, longest=1500)
        for upload in form.files(f"file_{place}", most=1):
            if not alt:
                form.fail(f"alt_{place}", SAY_WHAT)
            picture = _draw(form, f"file_{place}", upload)
            if picture is not None:
                pictures.append(picture)
                alts.append(alt)
    return pictures, alts


def _draw(form: Form, name: str, upload: Upload) -> Picture | None:
    try:
        return draw_upload(upload)
    except Invalid as error:
        form.fail(name, error.fields["files"])
        return None
