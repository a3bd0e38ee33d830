"""A partner that is away misses nothing, and nobody waits for it meanwhile."""

from sqlalchemy import Connection, delete, select

from node.actors import actors
from node.boundary import Receiver
from node.identity import SELF, load
from node.objects import PUBLIC, objects
from node.outbox import publish as send
from node.peers import keep_peer
from node.posts.tables import posts
from node.queue import deliveries
from tests.processes.conftest import RING, Pair
from tests.processes.listeners import Listener
from tests.processes.nodes import Node, free_port, wait_until
from tests.processes.posting import (
    check_departures,
    check_notices,
    check_numbers,
    check_posts,
    publish,
    wait_until_settled,
)

COUNT = 50


def test_a_partner_that_was_stopped_has_all_posts_in_order_though_the_queue_was_emptied(two: Pair) -> None:
    two.bakker.start_and_wait()
    audience, mention = two.audience, f"@sanne@{two.smit.domain}"
    with two.bakker.log_in("fatima") as browser:
        texts = [f"storing {number:02} {mention}" for number in range(1, COUNT + 1)]
        written = {publish(browser, audience, text): text for text in texts}
    two.bakker.stop()
    emptied = two.bakker.write(
        lambda db: db.execute(delete(deliveries).where(deliveries.c.state == "waiting")).rowcount
    )
    assert emptied >= COUNT
    for node in two.nodes:
        node.start_and_wait()
    wait_until_settled(two, [(two.bakker, post) for post in written])
    check_posts(two.bakker, two.smit, written)
    check_notices(two.smit, [f"{two.bakker.url}/o/{post}" for post in written])
    check_numbers(two)
    check_departures(two)
    assert shown_in_ring(two.smit)[:10] == [f"storing {number:02}" for number in range(COUNT, COUNT - 10, -1)]


def shown_in_ring(node: Node) -> list[str]:
    """The numbers of the posts on the ring's page, from top to bottom."""
    with node.log_in("sanne") as browser:
        page = browser.get(f"/rings/{RING}").text
    return [f"storing {rest[:2]}" for rest in page.split("storing ")[1:]]


def test_a_peer_that_never_answers_delays_nobody_else(two: Pair) -> None:
    for node in two.nodes:
        node.start_and_wait()
    port = free_port()
    with Listener(port) as hanging, two.bakker.log_in("fatima") as browser:
        queue_something_for(two.bakker, f"traag.localhost:{port}")
        hanging.take("/inbox")
        post = publish(browser, two.audience, "Komt dit meteen aan?")
        wait_until(lambda: has_arrived(two.smit, f"{two.bakker.url}/o/{post}"), "the post at the partner")
        waiting = two.bakker.rows(
            select(deliveries.c.attempts).where(
                deliveries.c.inbox.contains("traag"), deliveries.c.state == "waiting"
            )
        )
        assert [row.attempts for row in waiting] == [0], "the first try had ended before the other post left"


def queue_something_for(node: Node, domain: str) -> None:
    """An open activity for a server that we met."""

    def enqueue(db: Connection) -> None:
        author = db.execute(select(actors.c.id).where(actors.c.handle == "fatima")).scalar_one()
        receiver = Receiver(keep_peer(db, domain), f"http://{domain}/inbox")
        activity = {"type": "Like", "actor": "http://x.localhost/p/1", "object": "http://x.localhost/o/1"}
        identity = load(db, "http")
        send(db, identity, activity, audience=PUBLIC, receivers=[receiver], actor_id=author)

    node.write(enqueue)


def has_arrived(node: Node, uri: str) -> bool:
    query = select(posts.c.object_id).join(objects, objects.c.id == posts.c.object_id)
    return bool(node.rows(query.where(objects.c.uri == uri, objects.c.origin != SELF)))
