"""uploadMedia: a picture and its shell object; it waits for a post, or is one if addressed."""

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from federation.documents import Document, as_list, as_text, parse_json
from node import identity
from node.activitypub.clients.bearers import need_caller, need_scope
from node.activitypub.clients.posts import created, read_draft
from node.activitypub.clients.problems import VARY, unusable, with_problems
from node.activitypub.clients.wishes import ADDRESSES, BLIND, Wish, check_whose
from node.actors import get_actor
from node.boundary import Member
from node.db import writing
from node.media.actions import draw_upload, keep_upload
from node.media.activities import upload_document
from node.media.images import MAX_BYTES, Picture
from node.media.queries import own_file
from node.posts.actions import publish_post
from node.web.forms import Upload, capped
from node.web.visits import Services, services_of
from schemas.activitystreams import CONTENT_TYPE, OBJECT_CONTEXT

ROOM_FOR_SHELL = 64 * 1024
SHELLS = ("Image", "Document", "Note")


async def take_upload(request: Request) -> Response:
    caller, member = await need_caller(request)
    need_scope(caller, "write:media")
    upload, shell = await _read(request)
    if any(as_list(shell.get(name)) for name in ADDRESSES):
        need_scope(caller, "write:statuses")
    picture = await run_in_threadpool(draw_upload, upload)
    services = services_of(request)
    made = await run_in_threadpool(_keep, services, member, picture, shell)
    services.wake()
    headers = {"location": made["id"], "vary": VARY, "cache-control": "private, no-store"}
    return JSONResponse({"@context": OBJECT_CONTEXT, **made}, 201, headers, media_type=CONTENT_TYPE)


async def _read(request: Request) -> tuple[Upload, Document]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise unusable("Send a form of the type multipart/form-data with file and object.")
    async with capped(request, MAX_BYTES + ROOM_FOR_SHELL).form(max_files=2, max_fields=5) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise unusable("The file is missing.")
        upload = Upload(file.filename or "", file.content_type or "", await file.read())
        return upload, _checked(parse_json(await _shell(form)))


async def _shell(form: FormData) -> bytes:
    """Some clients send it as a field, others as a part with a type of its own, which looks like a file."""
    sent = form.get("object") or "{}"
    return await sent.read() if isinstance(sent, UploadFile) else sent.encode()


def _checked(shell: Document) -> Document:
    if shell and shell.get("type") not in SHELLS:
        raise unusable(f"The object has one of these types: {', '.join(SHELLS)}.")
    return shell


def _keep(services: Services, member: Member, picture: Picture, shell: Document) -> Document:
    with writing(services.engine) as db:
        node = identity.load(db, services.settings.scheme)
        wish = Wish(
            db,
            node,
            services.settings,
            member,
            get_actor(db, member.actor_id),
            {"type": "Create", "object": shell},
        )
        check_whose(wish)
        alt = as_text(shell.get("name")) or as_text(shell.get("summary"))
        file_id = keep_upload(db, services.settings, member.actor_id, picture, alt)
        if any(as_list(shell.get(name)) for name in (*ADDRESSES, *BLIND)):
            return _posted(wish, file_id)
        row = own_file(db, member.actor_id, file_id)
        return upload_document(node, row) | {"attributedTo": wish.actor}


def _posted(wish: Wish, file_id: int) -> Document:
    """A post whose words are the shell's content, and whose one picture this is."""
    note = {
        name: value for name, value in wish.object.items() if name not in ("attachment", "name", "summary")
    }
    note["attachment"] = [f"{wish.node.base}/media/{file_id}"]
    made = publish_post(wish.db, wish.node, wish.settings, wish.member.actor_id, read_draft(wish, note))
    document: Document = created(wish, made)["object"]
    return document


ROUTES: list[BaseRoute] = [Route("/client/upload", with_problems(take_upload), methods=["POST"])]
