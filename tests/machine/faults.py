"""Faults planted in the product on purpose, one at a time: the machine must find each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, false, or_, select, true

from node import boundary, queue
from node.access import logins, visitors
from node.access import members as member_actions
from node.access.tables import logins as login_rows
from node.access.tables import members
from node.boundary import Receiver
from node.gates.tables import waits
from node.identity import SELF
from node.memberships import memberships as periods
from node.objects import COMPANY, HELD, PUBLIC, objects
from node.peers import PAIRED, peers
from node.posts import actions as post_actions
from node.posts import activities as post_activities
from node.posts import audiences as post_audiences
from node.posts import sending, waiting
from node.rings import catching_up, leaving, rosters
from node.workers import deliveries as delivery_worker
from node.workers import files as file_worker
from node.workers import gates as gate_worker
from node.workers import received as received_worker


@dataclass(frozen=True)
class Fault:
    """What is put in the place of what; `acts` come more often, so that it can show."""

    name: str
    plant: Callable[[], Sequence[tuple[Any, str, Any]]]
    acts: tuple[str, ...] = ()


FAULTS: dict[str, Fault] = {}


def fault(*acts: str) -> Callable[[Callable[[], Sequence[tuple[Any, str, Any]]]], object]:
    def keep(plant: Callable[[], Sequence[tuple[Any, str, Any]]]) -> object:
        FAULTS[plant.__name__] = Fault(plant.__name__, plant, acts)
        return plant

    return keep


def _always(answer: Any) -> Callable[..., Any]:
    """The same answer to every question."""
    return lambda *_, **__: answer


@contextmanager
def planted(name: str) -> Iterator[Fault]:
    """The product with one fault in it."""
    found = FAULTS[name]
    changes = found.plant()
    kept = [(where, what, getattr(where, what)) for where, what, _ in changes]
    for where, what, wrong in changes:
        setattr(where, what, wrong)
    boundary.readable.cache_clear()  # faults are planted beneath what it keeps
    try:
        yield found
    finally:
        for where, what, right in kept:
            setattr(where, what, right)
        boundary.readable.cache_clear()


# --- the boundary --------------------------------------------------------------------------------------


@fault("propose", "sign", "sign_all", "write_post")
def periods_do_not_count() -> Sequence[tuple[Any, str, Any]]:
    """Whoever is in a ring now reads what was there before they came."""

    def in_ring(peer_id: int, moment: Any) -> Any:
        inside = periods.alias()
        now_in = select(inside.c.id).where(
            inside.c.audience == objects.c.audience,
            inside.c.peer_id == peer_id,
            boundary._spans(inside, moment),
        )
        return and_(objects.c.audience.like("ring:%"), now_in.exists())

    return [(boundary, "_in_ring", in_ring)]


@fault("leave", "block")
def who_left_goes_on_reading() -> Sequence[tuple[Any, str, Any]]:
    """Whoever was in a ring when something was published reads it for good."""

    def in_ring(peer_id: int, _moment: Any) -> Any:
        then = periods.alias()
        was_in = select(then.c.id).where(
            then.c.audience == objects.c.audience,
            then.c.peer_id == peer_id,
            boundary._spans(then, objects.c.published),
        )
        return and_(objects.c.audience.like("ring:%"), was_in.exists())

    return [(boundary, "_in_ring", in_ring)]


@fault("write_post")
def company_is_for_partners_too() -> Sequence[tuple[Any, str, Any]]:
    """A node that knows us reads our company's posts."""
    right = boundary._open_to_outside

    def outside(reader: Any, moment: Any) -> Any:
        return or_(right(reader, moment), objects.c.audience == COMPANY)

    return [(boundary, "_open_to_outside", outside)]


@fault("rule_partner", "write_post")
def rings_only_changes_nothing() -> Sequence[tuple[Any, str, Any]]:
    """Open posts are read by whoever is to get those of rings alone."""
    return [(boundary, "exchanges_open", _always(true()))]


@fault("rule_partner", "write_post", "work")
def limited_servers_are_shown_to_all() -> Sequence[tuple[Any, str, Any]]:
    return [(boundary, "_of_limited", false)]


@fault("block")
def blocked_nodes_are_read_and_served() -> Sequence[tuple[Any, str, Any]]:
    return [
        (boundary, "_not_from_blocked", true),
        (boundary, "_peer_not_blocked", _always(true())),
    ]


@fault("write_reply")
def personal_answers_are_for_all_members() -> Sequence[tuple[Any, str, Any]]:
    return [(boundary, "_addressed", _always(true()))]


@fault("write_post", "delete")
def deleted_things_stay_readable() -> Sequence[tuple[Any, str, Any]]:
    """The row says deleted, the words stand there still."""
    return [(post_actions, "empty_post", _always(None))]


@fault("propose", "sign_all", "write_post")
def what_waits_is_read_by_all_members() -> Sequence[tuple[Any, str, Any]]:
    """A post before its gate shows to whoever is of the firm."""

    def held_for(_reader: Any, _moment: Any) -> Any:
        return and_(objects.c.state == HELD, objects.c.origin == SELF)

    return [(boundary, "_held_for", held_for)]


@fault("propose", "sign_all", "write_post", "work")
def holds_end_at_once() -> Sequence[tuple[Any, str, Any]]:
    """Nobody waits for the clock, nor for an editor."""

    def due(db: Any, limit: int = 50) -> Any:
        return db.scalars(
            select(waits.c.object_id).where(waits.c.state == waiting.AT_GATE).limit(limit)
        ).all()

    return [(gate_worker, "due_waits", due), (waiting, "_is_over", _always(True))]


# --- where things go -----------------------------------------------------------------------------------


@fault("write_post", "work")
def ring_posts_go_to_every_partner() -> Sequence[tuple[Any, str, Any]]:
    """Whoever is paired with us counts as being in the ring."""
    right = boundary.receivers

    def receivers(db: Any, *, audience: str, **rest: Any) -> list[Receiver]:
        if audience != PUBLIC:
            rows = db.execute(select(peers).where(peers.c.state == PAIRED))
            return [Receiver(row.id, row.inbox) for row in rows]
        return right(db, audience=audience, **rest)

    return [(sending, "receivers", receivers), (delivery_worker, "_may_go", _always(True))]


@fault("leave", "write_post", "work")
def queues_outlive_leaving() -> Sequence[tuple[Any, str, Any]]:
    """What waits for a firm that left is sent all the same."""
    return [
        (rosters, "drop_deliveries", _always(0)),
        (delivery_worker, "_may_go", _always(True)),
    ]


@fault("leave", "delete", "work")
def deletes_go_to_the_present_roster_only() -> Sequence[tuple[Any, str, Any]]:
    """A firm that left keeps what was deleted since."""

    def there(db: Any, object_id: int) -> list[Receiver]:
        row = db.execute(select(objects).where(objects.c.id == object_id)).one()
        return boundary.receivers(db, audience=row.audience, author_id=row.author_id)

    return [(sending, "holders_of", there)]


@fault("edit", "leave", "work")
def updates_go_to_whoever_had_it() -> Sequence[tuple[Any, str, Any]]:
    """A firm that left gets the new words."""

    def whoever(db: Any, row: Any, _addressed: Any = ()) -> list[Receiver]:
        return boundary.holders_of(db, row.id)

    return [
        (sending, "receivers_of_update", whoever),
        (delivery_worker, "_may_go", _always(True)),
    ]


@fault("propose", "sign", "sign_all", "work")
def catching_up_answers_everything() -> Sequence[tuple[Any, str, Any]]:
    """A newcomer that asks gets what was published before its time."""

    def everything(_db: Any, _peer: Any, rows: Any) -> set[int]:
        return {row.id for row in rows.values()}

    return [(catching_up, "_readable_ids", everything)]


@fault("take_over", "work", "wait")
def nobody_need_prove_their_key() -> Sequence[tuple[Any, str, Any]]:
    """Whoever answers at a partner's domain gets what is for the partner."""
    return [(delivery_worker, "needs_proof", _always(False))]


# --- what comes in -------------------------------------------------------------------------------------


@fault("widen", "work")
def updates_may_widen() -> Sequence[tuple[Any, str, Any]]:
    """A change of audience that a partner sends is taken over."""
    right = post_activities._change

    def change(db: Any, incoming: Any, post: Any, note: Any) -> None:
        right(db, incoming, post, note)
        if post_activities._addressing(db, incoming).public:
            db.execute(objects.update().where(objects.c.id == post.id).values(audience=PUBLIC))

    return [
        (post_activities, "_change", change),
        (post_activities, "keeps_audience", _always(True)),
    ]


@fault("forge", "work")
def a_persons_key_opens_rings() -> Sequence[tuple[Any, str, Any]]:
    """Ring content under any key is believed."""
    right = post_audiences._only_closed

    def only_closed(db: Any, incoming: Any, *rest: Any) -> str:
        return str(right(db, replace(incoming, by_node=True), *rest))

    return [(post_audiences, "_only_closed", only_closed), (received_worker, "_check_key", _always(None))]


@fault("disable_or_enable", "write_post")
def a_disabled_member_still_comes_in() -> Sequence[tuple[Any, str, Any]]:
    """Log-ins outlive their member."""

    def find_login(db: Any, token: str) -> Any:
        query = logins._with_actor().join(login_rows, login_rows.c.member_id == members.c.actor_id)
        return db.execute(query.where(login_rows.c.token_hash == logins.hash_token(token))).one_or_none()

    return [
        (visitors, "find_login", find_login),
        (member_actions, "end_logins", _always(None)),
    ]


@fault("leave", "work")
def a_leaving_is_not_heard() -> Sequence[tuple[Any, str, Any]]:
    """The others go on sending to a firm that said it is out."""
    return [(leaving, "_apply", _always(None))]


# --- what is lost --------------------------------------------------------------------------------------


@fault("spoil_next", "go_down_or_up", "work")
def a_failed_delivery_is_forgotten_and_gaps_not_asked() -> Sequence[tuple[Any, str, Any]]:
    """What a partner could not take is never offered again."""

    def failure(db: Any, delivery: Any, error: str, retry_at: Any) -> None:
        queue.record_dead(db, delivery, error)

    return [
        (delivery_worker, "record_failure", failure),
        (catching_up, "due_partners", _always([])),
    ]


@fault("crash_after_sending", "work", "spoil_next")
def pictures_are_not_tried_again() -> Sequence[tuple[Any, str, Any]]:
    return [(file_worker, "files_to_fetch", _always([]))]
