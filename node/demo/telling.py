"""The demo while it is being made: where everything is that exists by now, and who is at a browser."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from node.demo.firms import Place
from node.demo.posts import COMPANY, LEERMEESTERS, PUBLIC, Post
from node.demo.script import make_posts
from node.demo.visitors import Visitor, log_in

Tell = Callable[[str], None]


@dataclass
class Story:
    """What has been made so far: posts by key to their URL, topics by handle, browsers by `handle@firm`."""

    places: Mapping[str, Place]
    tell: Tell
    posts: Sequence[Post]
    urls: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)

    def visitor(self, who: str) -> Visitor:
        if who not in self.visitors:
            handle, _, firm = who.partition("@")
            place = self.places[firm]
            self.visitors[who] = log_in(place, place.firm.person(handle))
        return self.visitors[who]

    def readers(self, post: Post) -> list[Place]:
        """The nodes where it must arrive."""
        if post.audience in (COMPANY, LEERMEESTERS):
            return [self.places[post.firm]]
        return [place for key, place in self.places.items() if post.audience == PUBLIC or key != "branche"]


def begin(places: Sequence[Place], tell: Tell) -> Story:
    by_key = {place.firm.key: place for place in places}
    return Story(by_key, tell, make_posts({key: place.domain for key, place in by_key.items()}))
