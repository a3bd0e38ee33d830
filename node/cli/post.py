"""`leerkring post`: write in a member's name, which that member is told."""

import mimetypes
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from node.access.logins import is_out
from node.boundary import Member
from node.cli.acts import note_act
from node.cli.options import Home, Json
from node.cli.site import as_reader, audience_named, member_named, opened
from node.errors import Conflict, Invalid, NotFound
from node.i18n import msg
from node.identity import Identity
from node.media.actions import draw_upload
from node.media.images import Picture
from node.notices import notify
from node.posts.actions import Draft, publish_post
from node.settings import Settings
from node.topics.queries import topics_of_audience
from node.web.forms import Upload

POSTED_FOR_YOU = "posted_for_you"


def post(
    text: Annotated[str, typer.Argument(help="The text, in Markdown; - reads it from standard input.")],
    by: Annotated[str, typer.Option("--as", help="Handle of the member in whose name it is.")],
    audience: Annotated[
        str, typer.Option(help="company, public, ring:NAME, or room:NAME of one the member is in.")
    ],
    topic: Annotated[str | None, typer.Option(help="Handle of a topic with that audience.")] = None,
    title: Annotated[str, typer.Option(help="A title.")] = "",
    file: Annotated[list[Path] | None, typer.Option(help="A picture; may be given more than once.")] = None,
    alt: Annotated[list[str] | None, typer.Option(help="What the picture shows, one for each.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write a post and print its address. The member gets a notice, and the log a line without the text."""
    pictures, alts = _read_pictures(file or [], alt or [])
    source = typer.get_text_stream("stdin").read() if text == "-" else text
    with opened(home) as site, site.writing() as db:
        member = member_named(db, by)
        if is_out(member):
            raise Conflict(msg("%(handle)s is disabled, or their time here has ended.", handle=by))
        seen_by = audience_named(db, audience, as_reader(member))
        draft = Draft(
            audience=seen_by,
            source=source,
            title=title,
            language=site.settings.language,
            topic_id=_topic_id(db, as_reader(member), seen_by, topic),
            pictures=pictures,
            alts=alts,
        )
        node = site.node(db)
        made = _publish(db, node, site.settings, member.actor_id, draft)
        url = f"{node.base}/o/{made}"
    note_act(site.settings.home, "post", by=by, object=str(made), audience=_logged(audience))
    site.answer(as_json, {"id": str(made), "url": url, "audience": audience}, url)


def _logged(audience: str) -> str:
    """The log names no room: who reads it need not be in it (rule 16)."""
    return audience.partition(":")[0] if audience.startswith("room:") else audience


def _read_pictures(files: list[Path], alts: list[str]) -> tuple[list[Picture], list[str]]:
    if len(files) != len(alts):
        raise Invalid(alt=msg("Give an --alt for each --file: what the picture shows."))
    return [_read_picture(path) for path in files], alts


def _read_picture(path: Path) -> Picture:
    if not path.is_file():
        raise Invalid(file=msg("There is no file %(path)s.", path=path))
    return draw_upload(Upload(path.name, mimetypes.guess_type(path.name)[0] or "", path.read_bytes()))


def _topic_id(db: Connection, reader: Member, audience: str, handle: str | None) -> int | None:
    if handle is None:
        return None
    for row in topics_of_audience(db, reader, audience):
        if row.handle == handle.removeprefix("@"):
            return int(row.object_id)
    raise NotFound(
        msg("There is no topic %(handle)s for this audience. See `leerkring topic list`.", handle=handle)
    )


def _publish(db: Connection, node: Identity, settings: Settings, author_id: int, draft: Draft) -> int:
    """Nobody posts for another without their notice (rule 16)."""
    made = publish_post(db, node, settings, author_id, draft)
    notify(db, author_id, POSTED_FOR_YOU, object_id=made, link=f"/o/{made}")
    return made
