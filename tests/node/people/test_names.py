"""Names from elsewhere: nobody passes for one of ours or for a firm we know (rule 12)."""

import pytest
from sqlalchemy import Connection

from federation.actors import parse_actor
from node.peers import PAIRED, change_peer, keep_peer
from node.people.queries import author_views
from node.people.remote import keep_actor
from node.web.views import AuthorView
from tests.factories import make_member
from tests.network import RunningNode


def shown(node: RunningNode, name: str, *, handle: str = "x", domain: str = "elders.example") -> AuthorView:
    uri = f"https://{domain}/users/{handle}"
    document = {"id": uri, "type": "Person", "preferredUsername": handle, "name": name, "inbox": f"{uri}/in"}

    def keep(db: Connection) -> AuthorView:
        actor_id = keep_actor(db, parse_actor(document))
        return author_views(db, node.identity, [actor_id])[actor_id]

    return node.write(keep)


def test_beside_a_name_from_elsewhere_stands_its_domain(node: RunningNode) -> None:
    view = shown(node, "Kees", handle="kees")
    assert (view.name, view.firm, view.url) == ("Kees", "elders.example", "/@kees@elders.example")


def test_a_paired_firm_stands_under_the_name_we_gave_it(node: RunningNode) -> None:
    def pair(db: Connection) -> None:
        change_peer(db, keep_peer(db, "smit.example"), name="Smit Installaties", state=PAIRED)

    node.write(pair)
    assert shown(node, "Kees", domain="smit.example").firm == "Smit Installaties"


def test_our_own_people_have_no_firm_and_a_short_address(node: RunningNode) -> None:
    anna = make_member(node, "anna", name="Anna de Wit")
    view = node.read(lambda db: author_views(db, node.identity, [anna])[anna])
    assert view == AuthorView(name="Anna de Wit", handle="anna", url="/@anna", firm="")


@pytest.mark.parametrize(
    "name", ["Anna de Wit", "ANNA DE WIT", "Аnna de Wit", "Anna\u202e de Wit", "@anna", "Bakker"]
)
def test_who_looks_like_one_of_ours_carries_the_domain_in_the_name(node: RunningNode, name: str) -> None:
    make_member(node, "anna", name="Anna de Wit")
    assert "(elders.example)" in shown(node, name).name


def test_emoji_and_bidi_marks_are_gone(node: RunningNode) -> None:
    assert shown(node, "Kees \u202e🔥 :blob: Jansen").name == "Kees Jansen"
    assert shown(node, "🔥").name == "elders.example"
