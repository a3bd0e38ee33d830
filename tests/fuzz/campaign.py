"""Sends generated requests to a node: no answer may be a 500, errors always have Mastodon's shape."""

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import httpx

from node.api.endpoints import ENDPOINTS
from tests.factories import make_member, open_app, post
from tests.fuzz.requests import Known, Made, Maker, kind_of
from tests.network import RunningNode

LEAST_SHARE = 1 / 3
MEMBERS = ("anna", "bob", "cas")


@dataclass
class Outcome:
    """What came of a campaign; `wrong` is empty or it failed."""

    statuses: Counter[int] = field(default_factory=Counter)
    endpoints: Counter[str] = field(default_factory=Counter)  # that succeeded at least once, and how often
    wrong: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        good = sum(count for status, count in self.statuses.items() if status < 400)
        return good / max(1, self.statuses.total())

    def report(self) -> str:
        each = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.statuses.total()} requests, {self.share:.0%} succeeded ({each}); "
            f"{len(self.endpoints)} of {len(ENDPOINTS)} endpoints succeeded; {len(self.wrong)} wrong answers"
        )


async def campaign(node: RunningNode, seed: int, requests: int) -> Outcome:
    node.settings.app_rate = 10**9
    random, outcome = Random(seed), Outcome()
    apps = _apps(node)
    known = Known(random)
    _learn_posts(node, known)
    maker = Maker(random, known)
    for _ in range(requests):
        endpoint = random.choice(ENDPOINTS)
        made = maker.make(endpoint)
        answer = await _send(random.choice(apps), made)
        outcome.statuses[answer.status_code] += 1
        wrong = judge(answer)
        if wrong:
            outcome.wrong.append(f"{made.method} {made.path} {made.params} {made.body}: {wrong}")
        elif answer.is_success:
            outcome.endpoints[f"{endpoint.method} {endpoint.path}"] += 1
            known.learn(kind_of(endpoint.path), answer.json())
    return outcome


def _apps(node: RunningNode) -> list[httpx.AsyncClient]:
    """Each member with two apps, an app that may little, and nobody."""
    for handle in MEMBERS:
        make_member(node, handle, has_face=True)
    full = [open_app(node, handle) for handle in MEMBERS for _ in range(4)]
    return [*full, open_app(node, "anna", "read:accounts"), node.client()]


def _learn_posts(node: RunningNode, known: Known) -> None:
    for handle in MEMBERS:
        for number in range(5):
            known.learn("statuses", {"id": str(post(node, handle, "company", f"Bericht {number} #woord"))})


async def _send(app: httpx.AsyncClient, made: Made) -> httpx.Response:
    return await app.request(
        made.method,
        made.path,
        params=httpx.QueryParams(tuple(made.params)) if made.params else None,
        headers=made.headers,
        **made.body,
    )


def judge(answer: httpx.Response) -> str:
    """What is wrong with it, if anything."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:200]}"
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return f"{answer.status_code} {answer.headers.get('content-type')}"
    try:
        said = answer.json()
    except json.JSONDecodeError:
        return f"{answer.status_code} no JSON"
    if answer.is_client_error and not (isinstance(said, dict) and isinstance(said.get("error"), str)):
        return f"{answer.status_code} {answer.text[:200]}"
    return ""
