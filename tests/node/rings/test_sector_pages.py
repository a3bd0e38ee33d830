"""The pages of a sector ring, as its steward and a firm's director go through them."""

import re

import httpx
from sqlalchemy import select

from node.rings.sector.rows import find_sector
from node.rings.sector.tables import sector_applications
from tests.factories import PASSWORD, log_in, make_member, pair, post
from tests.network import settle
from tests.node.rings.conftest import Firms, Sector
from tests.node.rings.test_sector import inside
from tests.sector import remove

ENGLISH = {"accept-language": "en"}
NEW = {
    "name": "Warmtepompen",
    "handle": "pompen",
    "purpose": "Samen leren.",
    "confidentiality": "Blijft hier.",
    "no_poaching": "on",
    "retention_days": "30",
    "gate": "none",
    "gate_minutes": "10",
    "password": PASSWORD,
}
SHARE = {"goal": "Beter worden", "hours": "2", "contact": "Dirk", "read": "on", "password": PASSWORD}


async def read(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_from_terms_to_a_ring_by_the_pages_alone(firms: Firms) -> None:
    steward, bakker, smit = firms.stranger, firms.bakker, firms.smit
    for firm in (bakker, smit):
        await pair(steward, firm)
    hub = await log_in(steward, "directeur")
    form = dict(re.findall(r'name="(ends_at)"[^>]*value="([^"]+)"', await read(hub, "/sectors/new")))
    made = await hub.post("/sectors/new", data={**NEW, **form})
    assert made.status_code == 303, made.text
    page = made.headers["location"]
    for firm, handle in ((bakker, "pompen"), (smit, "sector1")):
        director = await log_in(firm, "directeur")
        asked = await director.post("/sectors/read", data={"domain": steward.domain})
        assert asked.status_code == 303, asked.text
        assert "Blijft hier." in await read(director, page)
        signed = await director.post(f"{page}/sign", data={**SHARE, "handle": handle})
        assert signed.status_code == 303, signed.text
    await settle(steward, bakker, smit)
    waiting = re.findall(r'name="application"\s+value="([0-9a-f]{64})"', await read(hub, page))
    assert len(waiting) == 2
    admitted = await hub.post(f"{page}/admit", data={"application": waiting, "password": PASSWORD})
    assert admitted.status_code == 303, admitted.text
    await settle(steward, bakker, smit)
    audience = "ring:" + page.removeprefix("/sectors/")
    assert inside(bakker, audience) == ["smit"]
    assert "2 firms" in await read(director, "/rings/sector1/about")


async def test_the_terms_say_how_long_the_answers_of_a_checklist_count(firms: Firms) -> None:
    make_member(firms.stranger, "directeur", roles=("director",))
    hub = await log_in(firms.stranger, "directeur")
    form = dict(re.findall(r'name="(ends_at)"[^>]*value="([^"]+)"', await read(hub, "/sectors/new")))
    asked = {**NEW, **form, "gate": "checklist", "gate_days": "400"}
    wrong = await hub.post("/sectors/new", data=asked, headers=ENGLISH)
    assert wrong.status_code == 422
    made = await hub.post("/sectors/new", data={**asked, "gate_days": "14"})
    assert "Answers count for 14 days." in await read(hub, made.headers["location"])


async def test_a_member_reads_who_is_in_but_not_the_stewards_work(sector: Sector) -> None:
    anna = await log_in(sector.bakker, "anna")
    text = await read(anna, "/rings/sector/about")
    assert "Smit" in text
    assert "Jansen" in text
    assert (await anna.get(f"/sectors/{sector.ring}")).status_code == 403
    assert (await anna.post(f"/sectors/{sector.ring}/admit", data={"password": PASSWORD})).status_code == 403


async def test_the_steward_removes_a_firm_and_sees_it_in_the_history(sector: Sector) -> None:
    hub = await log_in(sector.branche, "directeur")
    form = {"domain": "smit.localhost", "password": PASSWORD}
    answer = await hub.post(f"/sectors/{sector.ring}/remove", data=form)
    assert answer.status_code == 303, answer.text
    text = await read(hub, f"/sectors/{sector.ring}")
    assert "Went out: smit.localhost" in text
    await sector.settle()
    director = await log_in(sector.smit, "directeur")
    assert "the steward took our firm off the roster" in await read(director, "/rings/sector/about")


async def test_a_refused_firm_reads_why_on_its_page(sector: Sector) -> None:
    remove(sector.branche, sector.ring, "smit.localhost")
    await sector.settle()
    page = f"/sectors/{sector.ring}"
    director = await log_in(sector.smit, "directeur")
    assert (await director.post(f"{page}/sign", data=SHARE)).status_code == 303
    await sector.settle()
    waits = select(sector_applications.c.hash).where(sector_applications.c.state == "waiting")
    [chosen] = sector.branche.read(lambda db: list(db.scalars(waits)))
    hub = await log_in(sector.branche, "directeur")
    form = {"application": chosen, "why": "Eerst lid worden.", "password": PASSWORD}
    assert (await hub.post(f"{page}/refuse", data=form)).status_code == 303
    await sector.settle()
    assert "Eerst lid worden." in await read(director, page)


async def test_what_a_director_typed_is_still_there_after_a_wrong_password(sector: Sector) -> None:
    remove(sector.branche, sector.ring, "smit.localhost")
    await sector.settle()
    director = await log_in(sector.smit, "directeur")
    form = {**SHARE, "goal": "Storingen delen", "password": "fout"}
    answer = await director.post(f"/sectors/{sector.ring}/sign", data=form)
    assert answer.status_code == 422
    assert "Storingen delen" in answer.text


async def test_a_sector_ring_has_no_next_version(sector: Sector) -> None:
    director = await log_in(sector.bakker, "directeur")
    assert (await director.get("/rings/sector/renew")).status_code == 404
    assert (await director.post("/rings/sector/renew", data={"password": PASSWORD})).status_code == 404


async def test_a_firm_leaves_by_the_same_page_as_from_any_ring(sector: Sector) -> None:
    director = await log_in(sector.smit, "directeur")
    assert "the steward decides" in await read(director, "/rings/sector/leave")
    answer = await director.post("/rings/sector/leave", data={"password": PASSWORD})
    assert answer.status_code == 303
    await sector.settle()
    assert inside(sector.bakker, sector.audience) == ["jansen"]


async def test_the_steward_takes_part_only_when_its_own_director_signs(sector: Sector) -> None:
    post(sector.bakker, "anna", sector.audience, "Voor wie tekende.")
    await sector.settle()
    make_member(sector.branche, "hans")
    hub, page = await log_in(sector.branche, "directeur"), f"/sectors/{sector.ring}"
    assert (await hub.post(f"{page}/sign", data=SHARE)).status_code == 303
    row = sector.branche.read(lambda db: find_sector(db, sector.ring))
    assert row is not None
    form = {"application": row.application, "password": PASSWORD}
    assert (await hub.post(f"{page}/admit", data=form)).status_code == 303
    await sector.settle()
    assert inside(sector.branche, sector.audience) == ["bakker", "jansen", "smit"]
    assert inside(sector.bakker, sector.audience) == ["branche", "jansen", "smit"]
