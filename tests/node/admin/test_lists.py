"""Lists of servers as CSV: what goes out comes back, and whatever comes in is looked at first."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from node import identity
from node.admin.lists import ALLOWS, BLOCKS, apply_import, export_list, plan_import, read_list
from node.admin.servers import clean_reason, server_named, set_standing, standing
from node.db import open_engine, reading
from node.errors import Invalid
from node.identity import Identity
from node.peers import ALLOWED, BLOCKED, LIMITED, NORMAL, PAIRED, RINGS_ONLY, change_peer, find_peer, peers

HEADER = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
names = st.from_regex(r"[a-z]{1,6}(\.[a-z]{1,6}){0,2}\.(example|test)", fullmatch=True)
rules = st.dictionaries(
    names, st.tuples(st.sampled_from((ALLOWED, LIMITED, BLOCKED)), st.text(max_size=40)), max_size=6
)


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    engine = open_engine(database_url)
    with reading(engine) as connection:
        identity.create(connection, name="Bakker", domain="bakker.example", kind="firm")
        yield connection
    engine.dispose()


@pytest.fixture
def node(db: Connection) -> Identity:
    return identity.load(db, "https")


def rule(db: Connection, node: Identity, domain: str, choice: str, reason: str = "") -> None:
    set_standing(db, node, server_named(db, node, domain), choice, reason=reason)


def own_rules(db: Connection) -> dict[str, tuple[str, str]]:
    rows = db.execute(select(peers).where(peers.c.ruled_by.is_(None)))
    return {row.domain: (standing(row), row.reason) for row in rows if standing(row) != NORMAL}


def standing_of(db: Connection, domain: str) -> str:
    row = find_peer(db, domain)
    return "" if row is None else standing(row)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=rules)
def test_what_is_exported_comes_back_whole(
    db: Connection, node: Identity, made: dict[str, tuple[str, str]]
) -> None:
    db.execute(delete(peers))
    for domain, (choice, reason) in made.items():
        rule(db, node, domain, choice, reason)
    before = own_rules(db)
    files = {kind: export_list(db, kind) for kind in (BLOCKS, ALLOWS)}
    db.execute(delete(peers))
    for kind in (ALLOWS, BLOCKS):  # as whoever sets up a node anew: first whom to let through
        plan = apply_import(db, node, kind, files[kind].encode())
        assert plan.bad == ()
    after = own_rules(db)
    assert {name: found[0] for name, found in after.items()} == {
        name: found[0] for name, found in before.items()
    }
    assert {n: f for n, f in after.items() if f[0] != ALLOWED} == {
        n: f for n, f in before.items() if f[0] != ALLOWED
    }


@given(st.text())
def test_no_cell_that_goes_out_is_a_formula(text: str) -> None:
    cleaned = clean_reason(text)
    assert not cleaned.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "\n" not in cleaned


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused_in_words(data: bytes) -> None:
    for kind in (BLOCKS, ALLOWS):
        try:
            lines, bad = read_list(data, kind)
        except Invalid:
            continue
        assert all(line.domain == line.domain.lower() for line in lines)
        assert all(one.why for one in bad)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\ufeff" + HEADER + "kwaad.example,suspend,,,,\r\n", {"kwaad.example": BLOCKED}),
        ("kwaad.example\r\n\r\n  druk.example  \r\n", {"kwaad.example": BLOCKED, "druk.example": BLOCKED}),
        (HEADER + "Kwaad.Example,SILENCE,true,true,x,true\n", {"kwaad.example": LIMITED}),
        (HEADER + "bücher.example,suspend\n", {"xn--bcher-kva.example": BLOCKED}),
        ("#severity,#domain\nsilence,kwaad.example.\n", {"kwaad.example": LIMITED}),
    ],
)
def test_lists_are_read_as_they_come(text: str, found: dict[str, str]) -> None:
    lines, bad = read_list(text.encode(), BLOCKS)
    assert {line.domain: line.choice for line in lines} == found
    assert bad == []


@pytest.mark.parametrize(
    "line",
    [
        "*.kwaad.example",
        "http://kwaad.example/x",
        "kwaad example",
        "-",
        "a@b.example",
        "kwaad.example,ban",
        "..",
        "=1+1",
    ],
)
def test_a_wrong_line_is_named_with_its_number(line: str) -> None:
    lines, bad = read_list(f"{HEADER}goed.example,suspend\n{line}\n".encode(), BLOCKS)
    assert [one.domain for one in lines] == ["goed.example"]
    assert [one.number for one in bad] == [3]


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"x" * (2 * 1024 * 1024 + 1), BLOCKS, "2 MB"),
        (b"\xff\xfe#\x00", BLOCKS, "UTF-8"),
        (b"a.example\n" * 20_001, BLOCKS, "20000"),
        (f"{HEADER}a.example,suspend\n".encode(), ALLOWS, "list of blocks"),
        (b'#domain\n"never closed', BLOCKS, "CSV"),
    ],
)
def test_what_is_no_list_is_refused_whole(data: bytes, kind: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_list(data, kind)
    assert said in str(caught.value.fields["list"])


def test_a_list_never_makes_a_rule_weaker(db: Connection, node: Identity) -> None:
    rule(db, node, "kwaad.example", BLOCKED)
    rule(db, node, "ring.example", RINGS_ONLY)
    text = (
        f"{HEADER}kwaad.example,silence\nsub.kwaad.example,silence\nring.example,silence\nweg.example,noop\n"
    )
    plan = apply_import(db, node, BLOCKS, text.encode())
    assert [line.domain for line in plan.kept] == ["kwaad.example", "sub.kwaad.example", "ring.example"]
    assert [line.domain for line in plan.idle] == ["weg.example"]
    assert plan.changes == ()
    assert apply_import(db, node, ALLOWS, b"sub.kwaad.example\nkwaad.example\n").changes == ()
    assert (standing_of(db, "kwaad.example"), standing_of(db, "ring.example")) == (BLOCKED, RINGS_ONLY)


def test_a_list_touches_a_partner_only_when_named_and_never_our_own_node(
    db: Connection, node: Identity
) -> None:
    partner = server_named(db, node, "smit.example")
    server_named(db, node, "los.example")
    change_peer(db, partner, state=PAIRED)
    text = f"{HEADER}bakker.example,suspend\nsmit.example,silence\nexample,silence\n".encode()
    plan = plan_import(db, node, BLOCKS, text)
    assert [line.domain for line in plan.own] == ["bakker.example"]
    assert [change.line.domain for change in plan.partners] == ["smit.example"]
    assert [change.reaches for change in plan.changes] == [("los.example",)]
    assert own_rules(db) == {}
    apply_import(db, node, BLOCKS, text)
    assert (standing_of(db, "smit.example"), standing_of(db, "los.example")) == (NORMAL, LIMITED)
    assert find_peer(db, "bakker.example") is None
    apply_import(db, node, BLOCKS, text, partners=["smit.example"])
    assert standing_of(db, "smit.example") == LIMITED


def test_an_export_is_what_mastodon_writes(db: Connection, node: Identity) -> None:
    rule(db, node, "kwaad.example", BLOCKED, '=cmd|"x",\nreclame')
    rule(db, node, "druk.example", LIMITED)
    rule(db, node, "ring.example", RINGS_ONLY)
    rule(db, node, "goed.example", ALLOWED)
    rows = list(csv.reader(io.StringIO(export_list(db, BLOCKS))))
    assert rows == [
        HEADER.strip().split(","),
        ["druk.example", "silence", "false", "false", "", "false"],
        ["kwaad.example", "suspend", "false", "false", 'cmd|"x", reclame', "false"],
    ]
    assert export_list(db, ALLOWS) == "#domain\ngoed.example\n"
