"""The demo's rooms: one of both firms that somebody asks to come into, and one with a guest, by a link."""

import re
from datetime import UTC, datetime, timedelta

from node.demo import homes
from node.demo.canaries import ASKING_CANARY, ROOM_CANARIES
from node.demo.errors import DemoFailed
from node.demo.firms import GUEST, KRING, MAATJES, MEESTERS, Circle
from node.demo.telling import Story
from node.demo.visitors import Visitor
from node.demo.waiting import wait_for
from node.rooms.queries import ASKED, IN, INVITED

ENTRY = re.compile(r"/guest/[\w-]+")
STAY = timedelta(days=90)


def make_rooms(story: Story) -> None:
    bakker, smit = story.places["bakker"], story.places["smit"]
    host = story.visitor("fatima@bakker")
    room = make(host, MAATJES, homes.ring_audience_at(bakker, KRING.handle))
    invite(story, room, "daan@bakker", "joris@bakker", "youssef@smit")
    for who, answer in (
        ("emily@smit", "Commissioning, and how you teach it."),
        ("tess@smit", "Leren solderen."),
    ):
        ask(story, who, f"{answer} {ASKING_CANARY}" if who == "tess@smit" else answer)
    approve(story, room, "emily@smit")
    wait_for("the request of Tess", homes.place_in, bakker, MAATJES, f"tess@{smit.domain}")

    room = make(host, MEESTERS, "company")
    invite(story, room, "joris@bakker", circle=MEESTERS)
    story.visitors[f"{GUEST.handle}@bakker"] = let_guest_in(host, room)


def make(host: Visitor, circle: Circle, within: str) -> str:
    """The number of the new room at its host's node."""
    fields = {
        "name": circle.name,
        "purpose": f"{circle.purpose} Kenmerk: {ROOM_CANARIES[circle.handle]}",
        "question": circle.question,
        "within": within,
        "found": "hidden" if circle.confined else "listed",
        "confined": "on" if circle.confined else "",
    }
    return host.post("/rooms/new", fields).location.split("/")[2]


def invite(story: Story, room: str, *guests: str, circle: Circle = MAATJES) -> None:
    """The host's node asks them; each says yes at their own."""
    bakker = story.places["bakker"]
    names = [_name_of(story, who) for who in guests]
    people = [wait_for(f"{name} among the people", homes.person_at, bakker, name) for name in names]
    story.visitor("fatima@bakker").post(f"/rooms/{room}/invite", {"people": people})
    for who in guests:
        wait_for(f"the invitation of {who}", _has_place, story, circle, who, INVITED)
        _visit_room(story, circle, who, "join", {})
    for who in guests:
        wait_for(f"{who} in the room", _has_place, story, circle, who, IN)


def ask(story: Story, who: str, answer: str) -> None:
    """Somebody of the ring sees the room and asks to come in."""
    _, _, firm = who.partition("@")
    wait_for("the card of the room", homes.room_at, story.places[firm], MAATJES)
    _visit_room(story, MAATJES, who, "join", {"answer": answer})


def approve(story: Story, room: str, who: str) -> None:
    bakker, name = story.places["bakker"], _name_of(story, who)
    wait_for(f"the request of {who}", lambda: homes.place_in(bakker, MAATJES, name) == ASKED)
    person = homes.person_at(bakker, name)
    story.visitor("fatima@bakker").post(f"/rooms/{room}/people/{person}/approve", {})
    wait_for(f"{who} in the room", _has_place, story, MAATJES, who, IN)


def _visit_room(story: Story, circle: Circle, who: str, act: str, fields: dict[str, str]) -> None:
    number = homes.room_at(story.places[who.partition("@")[2]], circle)
    story.visitor(who).post(f"/rooms/{number}/{act}", fields)


def _has_place(story: Story, circle: Circle, who: str, state: str) -> bool:
    """At their own node."""
    handle, _, firm = who.partition("@")
    return homes.place_in(story.places[firm], circle, handle) == state


def _name_of(story: Story, who: str) -> str:
    handle, _, firm = who.partition("@")
    return handle if firm == "bakker" else f"{handle}@{story.places[firm].domain}"


# --- the guest -------------------------------------------------------------------------------------


def let_guest_in(host: Visitor, room: str) -> Visitor:
    """The host makes a link; whoever opens it fills in a name and is in that one room."""
    until = (datetime.now(UTC) + STAY).date().isoformat()
    path = _link(host, "/guests", {"name": GUEST.name, "room": room, "until": until})
    guest = Visitor(host.place)
    guest.post(path, {"name": GUEST.name, "language": GUEST.language, "rules": "on"})
    return guest


def guest_again(host: Visitor) -> Visitor:
    """As each time later: a new link, which lets the guest in once."""
    number = homes.person_at(host.place, homes.guest_handle(host.place))
    guest = Visitor(host.place)
    guest.post(_link(host, f"/guests/{number}/link", {}), {})
    return guest


def _link(host: Visitor, path: str, fields: dict[str, str]) -> str:
    """It stands on the page that answers the form, and nowhere else."""
    found = ENTRY.search(host.ask(path, fields).text)
    if found is None:
        raise DemoFailed(f"{host.place.url}{path} shows no link for a guest.")
    return found.group()
