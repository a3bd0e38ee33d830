"""What a guest can reach: a list of routes, and behind it only what the boundary gives them (rule 14)."""

import re
from collections.abc import Iterator

import httpx
from starlette.routing import Mount, Route, WebSocketRoute

from node.access.logins import list_guests, list_members
from node.objects import COMPANY, PUBLIC
from node.people.queries import list_people
from node.rings.people import our_people
from node.rings.queries import count_own_people
from tests.factories import log_in, make_member, make_topic, post
from tests.federation.routes import GUESSED, NOBODYS, PLAIN_FORMS, READ, filled, fillings
from tests.network import RunningNode
from tests.node.guests.test_links import FORM, guest_of

# For a guest everything else is not there. Behind these the boundary, or the guest's own account, decides.
FOR_GUESTS = {
    "/",
    "/guest/{token}",
    "/help",
    "/help/limits",
    "/help/running",
    "/language",
    "/login",
    "/logout",
    "/notices",
    "/notices/read",
    "/o/{id:id}",
    "/o/{id:id}/delete",
    "/o/{id:id}/edit",
    "/o/{id:id}/like",
    "/o/{id:id}/reply",
    "/o/{id:id}/unlike",
    "/posts",
    "/rooms/{id:id}",
    "/rooms/{id:id}/about",
    "/rooms/{id:id}/leave",
    "/settings",
    "/settings/logins/end",
    "/settings/logins/{id:id}/end",
    "/static",
    "/@{handle}",
}
# They know no log-in: everybody gets the same, or the answer is by signature.
KNOW_NO_COOKIE = ("/.well-known/", "/nodeinfo/", "/node/", "/a/", "/actor", "/inbox", "/media/", "/p/")
# They ask for a token, which no guest gets, or are the same for the whole world.
BY_TOKEN_OR_OPEN = re.compile(r"/(api|client|oauth|feeds|health)\b|.*/feed\.")


def routes_of(node: RunningNode) -> Iterator[tuple[str, str]]:
    """Path and method of everything that answers."""
    for route in node.app.routes:
        assert isinstance(route, Route | Mount | WebSocketRoute)
        if BY_TOKEN_OR_OPEN.match(route.path):
            continue
        for method in sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"}):
            yield route.path, method


async def seeded(node: RunningNode) -> httpx.AsyncClient:
    """A node with things for a company and for everyone, and the browser of a guest."""
    host = make_member(node, "anna", roles=("admin", "director", "editor"), has_face=True)
    make_member(node, "bram")
    for audience in (COMPANY, PUBLIC):
        post(node, "anna", audience, f"Een woord voor {audience}")
        make_topic(node, "anna", audience, f"t_{audience}")
    return await guest_of(node, host)


def requests_for(node: RunningNode, path: str, method: str) -> list[tuple[str, dict[str, str]]]:
    words = fillings(node)
    name = path.replace(":id}", "}")
    templates, form = (READ[name], {}) if method == "GET" else _form(name)
    chosen = {word: values[:2] for word, values in words.items()}
    return [(one, form) for one in filled(list(templates), chosen)] or [
        (re.sub(r"\{[^}]+\}", str(NOBODYS), path), form)
    ]


def _form(name: str) -> tuple[list[str], dict[str, str]]:
    if name in PLAIN_FORMS:
        return [name], PLAIN_FORMS[name]
    template, form = GUESSED[name]
    return [template], {key: "1" if "{" in value else value for key, value in form.items()}


async def test_every_route_that_is_not_for_guests_is_not_there_for_them(node: RunningNode) -> None:
    client = await seeded(node)
    await client.get("/settings")  # shows what waits for the next page
    nothing = {method: await client.request(method, "/topics/new") for method in ("GET", "POST")}
    for path, method in routes_of(node):
        if path in FOR_GUESTS or path.startswith(KNOW_NO_COOKIE):
            continue
        for url, form in requests_for(node, path, method):
            answer = await client.request(method, url, data=form or None)
            assert answer.status_code == 404, f"{method} {url}"
            assert same(answer) == same(nothing[method]), f"{method} {url}"


def same(answer: httpx.Response) -> str:
    """What the page says."""
    return answer.text.partition("<main")[2].partition("</main>")[0]


async def test_where_no_log_in_counts_a_guest_gets_what_everyone_gets(node: RunningNode) -> None:
    client, stranger = await seeded(node), node.client()
    for path, method in routes_of(node):
        if path in FOR_GUESTS or not path.startswith(KNOW_NO_COOKIE) or method != "GET":
            continue
        for url, _ in requests_for(node, path, method):
            mine, theirs = await client.get(url), await stranger.get(url)
            assert mine.status_code == theirs.status_code, url
            assert mine.headers.get("location") == theirs.headers.get("location"), url
            if "json" in theirs.headers.get("content-type", ""):
                assert mine.content == theirs.content, url


async def test_a_guest_reads_what_is_open_and_acts_on_none_of_it(node: RunningNode) -> None:
    client = await seeded(node)
    words = fillings(node)
    for known in words["object"]:
        shown = await client.get(f"/o/{known}")
        assert "Een woord voor company" not in shown.text
    made = post(node, "anna", PUBLIC, "Voor iedereen")
    shown = await client.get(f"/o/{made}")
    assert "Voor iedereen" in shown.text
    assert "/reply" not in shown.text
    assert "/like" not in shown.text
    for path, form in (
        (f"/o/{made}/like", {}),
        ("/posts", {"source": "Hoi", "language": "nl", "parent": str(made), "audience": ""}),
        ("/posts", {"source": "Hoi", "language": "nl", "audience": "company"}),
        ("/posts", {"source": "Hoi", "language": "nl", "audience": "public", "face": "on"}),
    ):
        answer = await client.post(path, data=form)
        assert answer.status_code in (403, 404, 422), path
        assert 'value="company"' not in answer.text, "the form offers the room alone"
        assert "Hoi" not in (await (await log_in(node, "bram")).get("/company")).text


async def test_a_guest_is_in_no_list_and_no_number_and_is_found_by_nobody(node: RunningNode) -> None:
    client = await seeded(node)
    guest = node.read(list_guests)[0]
    assert node.read(count_own_people) == 2
    assert {row.handle for row in node.read(list_people)} == {"anna", "bram"}
    assert {row.handle for row in node.read(list_members)} == {"anna", "bram"}
    assert "gast_" not in str(node.read(lambda db: our_people(db, node.identity, "0" * 64)))
    bram = await log_in(node, "bram")
    for path in ("/people", f"/@{guest.handle}", f"/p/{guest.actor_id}"):
        answer = await bram.get(path, follow_redirects=True)
        assert FORM["name"] not in answer.text, path
    named = {"source": f"Dag @{guest.handle}!", "language": "nl", "audience": "company"}
    await bram.post("/posts", data=named)
    assert "noemt" not in (await client.get("/notices")).text
    for follow in (("/follow", {"handle": guest.handle}), (f"/follow/{guest.actor_id}", {})):
        assert (await bram.post(follow[0], data=follow[1])).status_code in (404, 422)
    found = f"/.well-known/webfinger?resource=acct:{guest.handle}@{node.domain}"
    assert (await node.client().get(found)).status_code == 404


async def test_a_guest_gets_no_role_no_face_and_no_reset(node: RunningNode) -> None:
    await seeded(node)
    guest, admin = node.read(list_guests)[0], await log_in(node, "anna")
    for act in ("roles", "reset", "until"):
        answer = await admin.post(f"/members/{guest.actor_id}/{act}", data={"roles": "admin"})
        assert answer.status_code == 404, act
    assert node.read(list_guests)[0].roles == ""
