"""A node with many members and a hundred thousand posts, put in by SQL: only reading it is measured."""

from dataclasses import dataclass
from random import Random

from sqlalchemy import Connection, insert

from federation import keys
from node.access.members import add_account
from node.ids import new_id, now
from node.notices import notices
from node.objects import COMPANY, LIVE, objects
from node.posts.reactions import LIKE
from node.posts.tables import posts, reactions
from tests.conftest import cycle_of_new
from tests.factories import issue_token

POSTS, READERS, REPLIES, NOTICES = 100_000, 200, 200, 100
STEP = 5_000
WORDS = ["storing", "pomp", "klant", "monteur", "vraag", "antwoord", "foto", "meting", "rapport", "les"]


@dataclass(frozen=True)
class Crowd:
    """`thread` is a post with REPLIES answers, `ids` all posts, oldest first."""

    tokens: list[str]
    ids: list[int]
    thread: int


def fill(db: Connection, *, count: int = POSTS) -> Crowd:
    keys.new_rsa = cycle_of_new(keys.new_rsa, count=4)
    random = Random(1)
    members = [
        add_account(db, f"lid_{number}", f"Lid {number}", roles="", password_hash="")
        for number in range(READERS)
    ]
    tokens = [issue_token(db, one) for one in members]
    ids = sorted(new_id() for _ in range(count))
    for at in range(0, count, STEP):
        _write(db, ids[at : at + STEP], members, random)
    thread, replies = ids[count // 2], ids[-REPLIES:]
    answered = posts.update().where(posts.c.object_id.in_(replies))
    db.execute(answered.values(parent_id=thread, root_id=thread))
    _like(db, members, ids[-REPLIES - NOTICES : -REPLIES], random)
    return Crowd(tokens, ids, thread)


def _write(db: Connection, ids: list[int], members: list[int], random: Random) -> None:
    moment = now()
    rows = [
        {
            "id": one,
            "uri": f"/o/{one}",
            "kind": "post",
            "audience": COMPANY,
            "origin": 0,
            "author_id": random.choice(members),
            "state": LIVE,
            "published": moment,
        }
        for one in ids
    ]
    db.execute(insert(objects), rows)
    texts = [" ".join(random.choices(WORDS, k=30)) for _ in ids]
    db.execute(
        insert(posts),
        [
            {
                "object_id": one,
                "type": "Note",
                "source": text,
                "html": f"<p>{text}</p>",
                "language": "nl",
                "root_id": one,
            }
            for one, text in zip(ids, texts, strict=True)
        ],
    )


def _like(db: Connection, members: list[int], ids: list[int], random: Random) -> None:
    """The first member hears of each."""
    for one in ids:
        number, actor = new_id(), random.choice(members[1:])
        row = {"id": number, "uri": f"/o/{number}", "kind": "reaction", "audience": COMPANY, "origin": 0}
        db.execute(insert(objects).values(**row, author_id=actor, state=LIVE, published=now()))
        db.execute(insert(reactions).values(object_id=number, target_id=one, actor_id=actor, type=LIKE))
        told = {"id": new_id(), "member_id": members[0], "kind": "like", "from_id": actor, "object_id": one}
        db.execute(insert(notices).values(**told, created_at=now()))
