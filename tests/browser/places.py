"""Every page that somebody can come to, by who comes there: a list by hand, so that a new page is missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.browser.world import World


@dataclass(frozen=True)
class Place:
    """A page of Bakker (or of the node nobody set up) as one visitor sees it."""

    path: str
    status: int = 200
    at: str = "bakker"

    def url(self, world: World) -> str:
        node = world.fresh if self.at == "fresh" else world.smit if self.at == "smit" else world.bakker
        return node.url + self.path.format_map(world.made)


ANONYMOUS = ""
EVERYBODY = ("/help", "/help/limits", "/help/running")
OUTSIDE = (
    "/",
    "/login",
    "/invite/{invitation}",
    "/reset/{reset}",
    "/o/{open}",
    "/topics/{open_topic}",
    "/@joris",
)
MEMBER = (
    *("/", "/company", "/rings", "/rings/monteurs", "/rings/monteurs/about", "/rings/oude_ring/about"),
    *("/rings/branche", "/rings/branche/about", "/rings/dakwerkers/about"),
    *("/topics", "/topics/{company_topic}", "/topics/{ring_topic}", "/topics/{open_topic}"),
    *("/write", "/o/{question}", "/o/{company}", "/o/{warned}", "/o/{question}/reply", "/o/{question}/edit"),
    *("/o/{question}/delete", "/@fatima", "/@joris", "/people", "/follow", "/followers", "/notices"),
    *("/settings", "/settings/face", "/settings/feeds"),
    *("/rooms", "/rooms/new", "/rooms/{room}", "/rooms/{room}/about", "/rooms/{listed}/about"),
    *(
        "/planned",
        "/waiting",
        "/o/{held}/waiting",
        "/o/{draft}/waiting",
        "/o/{draft}/check",
        "/o/{question}/share",
    ),
    *("/recalled", "/recalled/{recalled}", "/rings/streng/check", "/gates/open/check"),
)
DIRECTOR = (
    *("/waiting", "/o/{held}/waiting", "/gates", "/gates/open", "/rings/streng/gate"),
    *("/", "/rings", "/rings/monteurs/about", "/rings/monteurs/renew", "/rings/monteurs/leave"),
    *("/keys", "/restored"),
    *("/sectors", "/sectors/new", "/sectors/{their_sector}", "/sectors/{unsigned_sector}"),
    *("/sectors/{our_sector}", "/rings/branche/about", "/rings/branche/leave"),
    *("/pairings/new", "/pairings/accept", "/pairings/{words}", "/pairings/{code}", "/proposals/new"),
    *("/agreements/{proposal}", "/topics", "/topics/new", "/topics/{company_topic}/edit", "/notices"),
    *("/settings", "/settings/face", "/members", "/members/{joris}", "/admin", "/followers"),
    *("/admin/servers", "/admin/servers?show=ruled", "/admin/servers/{server}", "/admin/servers/{partner}"),
    *("/rooms", "/rooms/{room}", "/rooms/{room}/about", "/rooms/{room}/edit", "/rooms/{room}/invite"),
    "/rooms/{room}/end",
)
PLACES: Mapping[str, Sequence[Place]] = {
    ANONYMOUS: [
        *(Place(path) for path in (*OUTSIDE, *EVERYBODY)),
        *(Place(path, 404) for path in ("/o/{company}", "/members", "/invite/onbekend")),
        *(Place(path, at="fresh") for path in ("/", "{setup}")),
    ],
    "fatima": [
        *(Place(path) for path in (*MEMBER, *EVERYBODY)),
        *(Place(path, 403) for path in ("/members", "/pairings/new")),
        Place("/o/1", 404),
    ],
    "henk": [Place(path) for path in DIRECTOR],
    "marjan": [Place("/agreements/{proposal}", at="smit"), Place("/rings", at="smit")],
}
