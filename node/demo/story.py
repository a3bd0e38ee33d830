"""All that happens in the demo, from empty homes to the last like, through the doors that members use."""

import re
import shutil
from collections import Counter
from html import escape

from node.demo import agreeing, homes, rooms
from node.demo.canaries import TOPIC_CANARIES
from node.demo.commands import leerkring
from node.demo.firms import CIRCLES, COMPANY_TOPIC, MATERIEEL, OPEN_TOPIC, RING_TOPIC, Place
from node.demo.pictures import draw
from node.demo.posts import COMPANY, KRING, PUBLIC, Post
from node.demo.telling import Story
from node.demo.visitors import Attached
from node.demo.waiting import wait_for

QUESTION = re.compile(r'name="(\w+)"\s+value="no"')
VERSION = re.compile(r'name="version" value="(\d+)"')


# --- before the nodes run ----------------------------------------------------------------------


def make_home(place: Place) -> None:
    """A fresh home with its members; what was there is gone."""
    shutil.rmtree(place.home, ignore_errors=True)
    words = ["--domain", place.domain, "--name", place.firm.name, "--kind", place.firm.kind, "--local"]
    leerkring(place.home, "init", *words)
    for one in place.firm.people:
        roles = [word for role in one.roles for word in ("--role", role)]
        words = [one.handle, "--name", one.name, *roles, "--password-stdin"]
        leerkring(place.home, "member", "add", *words, typed=one.password + "\n")


# --- when they run -----------------------------------------------------------------------------


def tell_story(story: Story) -> None:
    """All of it, in order."""
    story.tell("People fill in who they are …")
    for place in story.places.values():
        introduce(story, place)
    story.tell("The firms pair their nodes and sign three agreements …")
    agreeing.pair(story.places["bakker"], story.places["smit"])
    agreeing.make_rings(story.places["bakker"], story.places["smit"])
    agreeing.ask_an_editor(story.places["bakker"])
    story.tell("Topics, and who follows what …")
    make_topics(story)
    follow(story)
    story.tell("Two rooms, and a guest in one of them …")
    rooms.make_rooms(story)
    story.tell(f"{len(story.posts)} posts, their answers and their likes …")
    write_all(story)
    change_some(story)
    like_some(story)
    agreeing.leave(story.places["smit"], story.places["bakker"], MATERIEEL)


def introduce(story: Story, place: Place) -> None:
    """Each member's own settings; some choose to be visible outside."""
    for one in place.firm.people:
        visitor = story.visitor(f"{one.handle}@{place.firm.key}")
        language = one.language if one.language != "nl" else ""
        fields = {"name": one.name, "summary": one.about, "language": language, "mail": ""}
        visitor.post("/settings", fields)
        if one.face:
            visitor.post("/settings/face", {"next": "/"})


def make_topics(story: Story) -> None:
    kinds = (
        ("branche", "carla", PUBLIC, OPEN_TOPIC, "Vragen en antwoorden voor iedereen in het vak."),
        ("bakker", "fatima", KRING, RING_TOPIC, "Elke storing is een les. Wat deed je, en hielp het?"),
        ("bakker", "fatima", COMPANY, COMPANY_TOPIC, "Voor en door onze leerlingen."),
    )
    for firm, by, audience, (handle, name), about in kinds:
        words = [handle, "--name", name, "--audience", audience, "--as", by]
        words += ["--summary", f"{about} Kenmerk: {TOPIC_CANARIES[handle]}"]
        made = leerkring(story.places[firm].home, "topic", "create", *words)
        path = f"/p/{made['id']}" if audience == PUBLIC else f"/o/{made['id']}"
        story.topics[handle] = story.places[firm].url + path


FOLLOWS = (
    ("fatima@bakker", ("warmtepompen@branche", "sanne@smit", "wouter@branche", "carla@branche")),
    ("joris@bakker", ("warmtepompen@branche", "youssef@smit")),
    ("sanne@smit", ("warmtepompen@branche", "fatima@bakker", "wouter@branche")),
    ("youssef@smit", ("warmtepompen@branche", "joris@bakker", "carla@branche")),
    ("carla@branche", ("warmtepompen@branche", "fatima@bakker", "sanne@smit")),
    ("wouter@branche", ("warmtepompen@branche", "fatima@bakker")),
)


def follow(story: Story) -> None:
    """Each asks by the handle and server, as anybody on the fediverse does."""
    wanted: Counter[tuple[str, str]] = Counter()
    for who, others in FOLLOWS:
        for other in others:
            handle, _, firm = other.partition("@")
            name = f"{handle}@{story.places[firm].domain}"
            story.visitor(who).post("/follow", {"handle": name})
            if firm != who.partition("@")[2]:  # at home the answer comes at once
                wanted[who.partition("@")[2], name] += 1
    for (firm, name), count in wanted.items():
        what = f"the answer of {name} to its followers"
        wait_for(what, homes.has_followers_here, story.places[firm], name, count)


# --- posts -------------------------------------------------------------------------------------


def write_all(story: Story) -> None:
    """First what begins a conversation, then the answers to it, and so on; each after the one before."""
    for topic in (OPEN_TOPIC[0], RING_TOPIC[0]):
        readers = story.places if topic == OPEN_TOPIC[0] else ("bakker", "smit")
        for key in readers:
            wait_for(f"topic {topic}", homes.local_id, story.places[key], story.topics[topic])
    todo = list(story.posts)
    while todo:
        ready = [post for post in todo if not post.parent or post.parent in story.urls]
        for post in ready:
            story.urls[post.key] = write(story, post)
        for post in ready:
            wait_until_everywhere(story, post)
        todo = [post for post in todo if post.key not in story.urls]


def wait_until_everywhere(story: Story, post: Post) -> None:
    if post.waits:
        return
    for place in story.readers(post):
        wait_for(f"{post.key} at {place.firm.name}", homes.local_id, place, story.urls[post.key])


def write(story: Story, post: Post) -> str:
    """Publish it as its writer would; returns its URL."""
    place = story.places[post.firm]
    if post.by_command:
        words = [post.source, "--as", post.handle, "--audience", post.audience]
        return str(leerkring(place.home, "post", *words)["url"])
    fields = {
        "source": post.source,
        "title": post.title,
        "warning": post.warning,
        "language": post.language,
        "audience": _audience_at(place, post.audience),
    }
    if post.topic:
        fields["topic"] = str(homes.local_id(place, story.topics[post.topic]))
    if post.parent:
        fields["parent"] = str(homes.local_id(place, story.urls[post.parent]))
    fields |= {f"alt_{n}": alt_text(post, n - 1) for n in range(1, len(post.pictures) + 1)}
    files = [
        Attached(f"file_{number}", f"{picture.name}.png", draw(picture.name))
        for number, picture in enumerate(post.pictures, 1)
    ]
    taken = story.visitor(post.by).post("/posts", fields, files).location
    if taken.endswith("/check"):
        taken = pass_gate(story, post, taken.split("/")[2])
    made = taken.partition("#post-")[2] or taken.rpartition("/")[2]
    return f"{place.url}/o/{made}"


def pass_gate(story: Story, post: Post, made: str) -> str:
    """Its writer answers every question by no; an editor lets it go, unless it is to be seen waiting."""
    writer = story.visitor(post.by)
    page = writer.get(f"/o/{made}/check").text
    taken = writer.post(f"/o/{made}/check", {**dict.fromkeys(QUESTION.findall(page), "no"), **_version(page)})
    if post.let_go_by:
        editor = story.visitor(post.let_go_by)
        editor.post(f"/o/{made}/let-go", _version(editor.get(f"/o/{made}/waiting").text))
    return taken.location


def _version(page: str) -> dict[str, str]:
    """Which text it is that somebody sends or lets go."""
    return {"version": "".join(VERSION.findall(page)[:1])}


def alt_text(post: Post, number: int) -> str:
    return f"{post.pictures[number].alt}. {post.canary}"


def _audience_at(place: Place, audience: str) -> str:
    kind, _, handle = audience.partition(":")
    if kind == "room":
        return homes.room_audience_at(place, next(one for one in CIRCLES if one.handle == handle))
    return homes.ring_audience_at(place, handle) if kind == "ring" else audience


def change_some(story: Story) -> None:
    """One post gets a better text, two are taken back."""
    for post in story.posts:
        visitor = story.visitor(post.by)
        path = f"/o/{story.urls[post.key].rpartition('/')[2]}"
        if post.edited_to:
            fields = {"title": post.title, "warning": post.warning, "language": post.language}
            visitor.post(f"{path}/edit", {"source": post.edited_source, **fields})
            for place in story.readers(post):
                wait_for("a changed text", _has_new_text, story, place, post)
        if post.is_deleted:
            visitor.post(f"{path}/delete", {})
            for place in story.readers(post):
                wait_for("a deletion", homes.is_gone, place, story.urls[post.key])


def _has_new_text(story: Story, place: Place, post: Post) -> bool:
    someone = place.firm.people[-1]
    page = story.visitor(f"{someone.handle}@{place.firm.key}").get(
        f"/o/{homes.local_id(place, story.urls[post.key])}"
    )
    return escape(post.edited_to.splitlines()[0]) in page.text


def like_some(story: Story) -> None:
    for post in story.posts:
        for who in post.likes:
            place = story.places[who.partition("@")[2]]
            story.visitor(who).post(f"/o/{homes.local_id(place, story.urls[post.key])}/like", {})
