"""A backup made while members post is one commit point, and comes back closed towards every partner."""

import io
import json
import tarfile
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from PIL import Image
from sqlalchemy import Engine, select

from node import identity
from node.access.logins import find_login, find_member, start_login
from node.access.members import INVITE, get_link, make_link
from node.access.oauth.queries import find_caller
from node.admin.archives import Manifest, check_archive
from node.admin.backup import last_backup, make_backup
from node.admin.restore import restore_backup
from node.app import open_home
from node.boundary import Member, Receiver
from node.db import reading, writing
from node.errors import Conflict, Invalid, NotFound
from node.ids import now
from node.media.actions import draw_upload
from node.media.tables import files
from node.objects import COMPANY, PUBLIC
from node.outbox import publish
from node.peers import PAIRED, change_peer, find_peer, keep_peer
from node.posts.actions import Draft, publish_post
from node.posts.from_apps import AppPost
from node.posts.planned import due_planned, list_planned, plan_post
from node.posts.tables import posts
from node.queue import count_queue
from node.rings.restore_rows import is_closed_towards
from node.settings import Settings, load
from node.web.forms import Upload
from tests.factories import issue_token

PARTNER = "smit.localhost:8002"


def post(engine: Engine, settings: Settings, text: str, *pictures: Upload) -> None:
    with writing(engine) as db:
        anna = find_member(db, "anna")
        assert anna is not None
        draft = Draft(
            COMPANY, text, pictures=[draw_upload(one) for one in pictures], alts=["foto"] * len(pictures)
        )
        publish_post(db, identity.load(db, settings.scheme), settings, anna.actor_id, draft)


def picture(number: int) -> Upload:
    made = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, number // 256, 7)).save(made, "PNG")
    return Upload("foto.png", "image/png", made.getvalue())


class Poster(threading.Thread):
    """Posts numbered messages with a picture each, until the block ends."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        super().__init__()
        self.engine, self.settings, self.committed = engine, settings, 0
        self.is_posting, self.is_over = threading.Event(), threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            post(self.engine, self.settings, str(self.committed), picture(self.committed))
            self.committed += 1
            if self.committed == 3:
                self.is_posting.set()

    def __enter__(self) -> "Poster":
        self.start()
        assert self.is_posting.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.join()


def restored(backup: Path, home: Path, database: str | None = "") -> tuple[Manifest, Settings, Engine]:
    manifest = restore_backup(backup, home, open_home, database=database)
    settings = load(home) if database is None else load(home, database=database)
    return manifest, settings, open_home(settings)


def texts_of(engine: Engine) -> list[str]:
    with reading(engine) as db:
        return list(db.scalars(select(posts.c.source).order_by(posts.c.object_id)))


def media_of(engine: Engine) -> list[str]:
    with reading(engine) as db:
        return list(db.scalars(select(files.c.name).order_by(files.c.id)))


@pytest.mark.each_database
def test_a_backup_under_posting_is_one_commit_point_with_its_media(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    with Poster(engine, settings) as poster:
        made = []
        for number in range(3):
            before = poster.committed
            backup = make_backup(engine, settings, tmp_path / f"{number}.tar")
            made.append((backup, before, poster.committed + 1))
    for backup, at_least, at_most in made:
        home = tmp_path / backup.path.stem
        _, _, copy = restored(backup.path, home)
        texts, names = texts_of(copy), media_of(copy)
        assert at_least <= len(texts) <= at_most
        assert texts == [str(number) for number in range(len(texts))]
        assert len(names) == len(texts)
        assert sorted(path.name for path in home.glob("media/*/*")) == sorted(
            Path(name).name for name in names
        )
        for name in names:
            assert (home / "media" / name).read_bytes() == (settings.media_folder / name).read_bytes()
        copy.dispose()


@pytest.mark.each_database
def test_a_backup_returns_to_the_kind_of_database_it_came_from(
    engine: Engine, settings: Settings, tmp_path: Path, empty_database_url: str, database_kind: str
) -> None:
    post(engine, settings, "hallo", picture(1))
    backup = make_backup(engine, settings, tmp_path / "backup.tar")
    database = empty_database_url if database_kind == "postgresql" else ""
    _, _, copy = restored(backup.path, tmp_path / "new", database)
    assert copy.dialect.name == database_kind
    assert texts_of(copy) == ["hallo"]
    copy.dispose()


@pytest.mark.each_database
def test_a_restored_node_is_closed_towards_everybody(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    with writing(engine) as db:
        partner = keep_peer(db, PARTNER)
        change_peer(db, partner, state=PAIRED, node_key="z6Mk", inbox=f"http://{PARTNER}/inbox")
        node = identity.load(db, "http")
        to = [Receiver(partner, f"http://{PARTNER}/inbox")]
        publish(db, node, {"type": "Create", "object": {"type": "Note"}}, audience=PUBLIC, receivers=to)
        anna = find_member(db, "anna")
        assert anna is not None
        login, invitation = start_login(db, anna.actor_id, "test"), make_link(db, INVITE, made_by=None)
    backup = make_backup(engine, settings, tmp_path / "backup.tar")
    _, _, copy = restored(backup.path, tmp_path / "new")
    with reading(copy) as db:
        peer = find_peer(db, PARTNER)
        assert peer is not None
        assert (peer.state, peer.node_key) == (PAIRED, "z6Mk")
        assert is_closed_towards(db, peer.id)
        assert count_queue(db)["deliveries"] == 0
        assert find_login(db, login) is None
        with pytest.raises(NotFound):
            get_link(db, INVITE, invitation)
    copy.dispose()


def test_a_copy_put_back_knows_no_app_and_sends_nothing_planned_a_second_time(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    with writing(engine) as db:
        anna = find_member(db, "anna")
        assert anna is not None
        token, here = issue_token(db, anna.actor_id), identity.load(db, settings.scheme)
        for words in ("Gaat vandaag", "Gaat later"):
            at = now() + (timedelta(hours=1) if words == "Gaat vandaag" else timedelta(days=9))
            plan_post(db, here, settings, Member(anna.actor_id), AppPost(words), at)
    backup = make_backup(engine, settings, tmp_path / "backup.tar")
    with time_machine.travel(now() + timedelta(hours=2)):
        _, _, copy = restored(backup.path, tmp_path / "new")
        with reading(copy) as db:
            assert find_caller(db, token) is None
            due, later = list_planned(db, anna.actor_id)
            assert ("kopie" in due.stuck, later.stuck) == (True, "")
            assert due_planned(db) == []
    copy.dispose()


def test_a_restore_never_touches_what_is_there(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    backup = make_backup(engine, settings, tmp_path / "backup.tar")
    before = sorted(settings.home.rglob("*"))
    with pytest.raises(Conflict):
        restore_backup(backup.path, settings.home, open_home)
    assert sorted(settings.home.rglob("*")) == before


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_restore_refuses_a_database_with_rows(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    backup = make_backup(engine, settings, tmp_path / "backup.tar")
    with pytest.raises(Conflict):
        restore_backup(backup.path, tmp_path / "new", open_home)
    assert not list((tmp_path / "new").iterdir())


def test_a_damaged_backup_is_refused_and_leaves_nothing(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    post(engine, settings, "hallo", picture(1))
    backup = make_backup(engine, settings, tmp_path / "backup.tar").path
    whole = backup.read_bytes()
    backup.write_bytes(whole[: len(whole) // 2] + b"!" + whole[len(whole) // 2 + 1 :])
    with pytest.raises(Invalid):
        restore_backup(backup, tmp_path / "new", open_home)
    assert not (tmp_path / "new").exists()


def test_something_else_than_a_backup_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    other.write_text("geen backup")
    with pytest.raises(Invalid):
        check_archive(other)
    with tarfile.open(other, "w") as archive:
        archive.add(__file__, "manifest.json")
    with pytest.raises(Invalid):
        check_archive(other)
    with pytest.raises(Invalid):
        check_archive(tmp_path / "missing.tar")


@pytest.mark.parametrize("name", ["../evil", "media/../../evil", "/etc/evil", "media", "other.txt"])
def test_names_in_a_backup_stay_in_its_folder(name: str, tmp_path: Path) -> None:
    about = {"format": 1, "domain": "x", "taken_at": "", "revision": None, "files": {name: ""}, "missing": []}
    (tmp_path / "about").write_text(json.dumps(about))
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        archive.add(tmp_path / "about", "manifest.json")
        archive.add(tmp_path / "about", name)
    with pytest.raises(Invalid):
        check_archive(tmp_path / "evil.tar")


def test_a_backup_is_for_its_owner_alone_and_never_overwrites(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    assert last_backup(settings.home) is None
    made = make_backup(engine, settings, tmp_path)
    assert made.path.parent == tmp_path
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert last_backup(settings.home) is not None
    with pytest.raises(Invalid):
        make_backup(engine, settings, made.path)
    assert not list(settings.home.glob(".backup-*"))


def test_a_lost_picture_is_named_and_does_not_stop_the_backup(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    post(engine, settings, "hallo", picture(1))
    [name] = media_of(engine)
    (settings.media_folder / name).unlink()
    assert make_backup(engine, settings, tmp_path / "backup.tar").missing == [name]
