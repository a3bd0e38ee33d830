"""The pages of rings: all of them with their partners, and what each ring is about."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.errors import NotFound
from node.people.queries import author_views
from node.rings import agreement_pages, answers, pairing, pairing_pages, restored_pages, trust_pages
from node.rings.agreement_rows import get_ring_row
from node.rings.overview import (
    blocked_firms,
    current_agreement,
    open_proposals,
    open_successor,
    paired_firms,
    partners_of,
    view_fork,
)
from node.rings.people import people_of_ring
from node.rings.queries import RingRow, count_own_people, find_ring, known_rings
from node.rings.restore_rows import is_waiting, restores_with_names
from node.rings.sector import pages as sector_pages
from node.rings.sector.pages import show_about_sector
from node.rings.sector.rows import SECTOR
from node.web.pages import render
from node.web.views import AuthorView
from node.web.visits import Visit, page

SIGNERS = frozenset({"director", "admin"})


def show_rings(visit: Visit) -> Response:
    sees_all = not visit.member.roles.isdisjoint(SIGNERS)
    pairings = pairing.list_pairings(visit.db) if sees_all else []
    return render(
        visit.request,
        "rings/list.html",
        rings=known_rings(visit.db),
        firms=paired_firms(visit.db),
        is_restoring=sees_all and any(map(is_waiting, restores_with_names(visit.db))),
        proposals=open_proposals(visit.db, visit.node.domain) if sees_all else [],
        pairings=[(row, pairing.state_of(row)) for row in pairings if pairing.is_going_on(row)],
        sees_all=sees_all,
        sees_sectors=not visit.member.roles.isdisjoint(sector_pages.READERS),
        is_director="director" in visit.member.roles,
    )


def show_about(visit: Visit) -> Response:
    member, ring = visit.member, find_ring(visit.db, visit.request.path_params["handle"])
    if ring.kind == SECTOR:
        return show_about_sector(visit, ring)
    view = current_agreement(visit.db, ring.id, visit.node.domain)
    if view is None:
        raise NotFound
    return render(
        visit.request,
        "rings/about.html",
        ring=ring,
        view=view,
        successor=open_successor(visit.db, ring.id, visit.node.domain),
        partners=partners_of(visit.db, ring),
        blocked=blocked_firms(visit.db, view) if ring.state == "open" else [],
        own_people=count_own_people(visit.db),
        people=_people(visit, ring),
        fork=view_fork(visit.db, ring, visit.node.domain),
        closed_why=get_ring_row(visit.db, ring.id).closed_why,
        own_domain=visit.node.domain,
        is_director="director" in member.roles,
        sees_all=not member.roles.isdisjoint(SIGNERS),
    )


def _people(visit: Visit, ring: RingRow) -> list[AuthorView]:
    ids = [row.id for row in people_of_ring(visit.db, ring)]
    views = author_views(visit.db, visit.node, ids)
    return [views[actor_id] for actor_id in ids]


ROUTES: list[BaseRoute] = [
    *answers.ROUTES,
    page("/rings", show_rings),
    page("/rings/{handle}/about", show_about),
    *trust_pages.ROUTES,
    *restored_pages.ROUTES,
    *pairing_pages.ROUTES,
    *agreement_pages.ROUTES,
    *sector_pages.ROUTES,
]
