"""What Mastodon's own answers have, ours have too, of the same kind: compared with those of mastodon_mock."""

import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import make_member, open_app
from tests.network import RunningNode, fediverse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what other programs warn of is theirs
    from mastodon_mock.app import create_app
    from mastodon_mock.config import demo_config

# What Mastodon fills in where we have nothing: null is what it answers then, too.
MAY_BE_NULL = {
    "account", "application", "blurhash", "card", "contact_account", "description", "discoverable",
    "edited_at", "focus", "in_reply_to_account_id", "in_reply_to_id", "language", "last_status_at",
    "limit", "message", "meta", "moved", "muting_expires_at", "noindex", "own_votes", "poll",
    "preview_remote_url", "preview_url", "quote", "reblog", "reblogs_count", "remote_url", "source_url",
    "status_url", "summary", "text_url", "translation", "verified_at", "voters_count",
}  # fmt: skip

# What a company's node leaves out, with why.
LEFT_OUT = {
    "moved": "only of who moved",
    "suspended": "only of who is suspended",
    "limited": "only of who is limited",
    "memorial": "only of who died",
    "attribution_domains": "no author of pages elsewhere is named",
    "avatar_description": "the picture is the node's own sign",
    "header_description": "the picture is the node's own sign",
    "quote_approval_policy": "nobody can be quoted",
    "quote_approval": "nobody can be quoted",
    "quotes_policy": "nobody can be quoted",
    "quote_policy": "nobody can be quoted",
}


def shape_faults(theirs: Any, ours: Any, at: str = "") -> list[str]:
    """Keys that ours lacks and values of another kind; of a list its first item counts."""
    name = at.rpartition(".")[2].removesuffix("[]")
    if ours is None:
        return [] if theirs is None or name in MAY_BE_NULL else [f"{at} is null"]
    if theirs is None:
        return []
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [f"{at} is no object"]
        missing = [f"{at}.{key} is missing" for key in theirs if key not in ours and key not in LEFT_OUT]
        known = [shape_faults(theirs[key], ours[key], f"{at}.{key}") for key in theirs if key in ours]
        return missing + [fault for some in known for fault in some]
    if isinstance(theirs, list):
        if not isinstance(ours, list):
            return [f"{at} is no list"]
        return shape_faults(theirs[0], ours[0], f"{at}[]") if theirs and ours else []
    if isinstance(theirs, int | float) and not isinstance(theirs, bool):
        return [] if isinstance(ours, int | float) and not isinstance(ours, bool) else [f"{at} is no number"]
    return [] if type(ours) is type(theirs) else [f"{at} is no {type(theirs).__name__}"]


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[RunningNode]:
    async with fediverse(tmp_path / "homes", {"bakker.localhost:8001": database_url}) as nodes:
        yield nodes["bakker"]


SAME_PATHS = [
    "/api/v1/instance",
    "/api/v2/instance",
    "/api/v1/accounts/verify_credentials",
    "/api/v1/accounts/{account}",
    "/api/v1/accounts/{account}/statuses",
    "/api/v1/accounts/relationships?id[]={account}",
    "/api/v1/statuses/{status}",
    "/api/v1/statuses/{status}/context",
    "/api/v1/statuses/{status}/source",
    "/api/v1/statuses/{status}/history",
    "/api/v1/timelines/home",
    "/api/v1/timelines/tag/woord",
    "/api/v1/preferences",
    "/api/v1/notifications",
    "/api/v1/markers?timeline[]=home",
    "/api/v2/filters",
]


@pytest.mark.filterwarnings("ignore")
async def test_what_mastodon_answers_has_its_place_and_kind_here(node: RunningNode) -> None:
    make_member(node, "anna", mail="anna@bakker.example")
    make_member(node, "bob")
    mock = create_app(demo_config())
    async with mock.router.lifespan_context(mock):
        transport = httpx.ASGITransport(app=mock)
        theirs = [
            httpx.AsyncClient(
                transport=transport, base_url="http://mock", headers={"authorization": f"Bearer {one}_token"}
            )
            for one in ("ada", "grace")
        ]
        ours = [open_app(node, one) for one in ("anna", "bob")]
        expected, found = await _answers(*theirs), await _answers(*ours)
    faults = {f"{path} {one}" for path in SAME_PATHS for one in shape_faults(expected[path], found[path])}
    assert not faults, "\n".join(sorted(faults))


async def _answers(one: httpx.AsyncClient, other: httpx.AsyncClient) -> dict[str, Any]:
    """The same acts at either, and what both then answer."""
    own = (await one.get("/api/v1/accounts/verify_credentials")).json()
    words = {"status": "Een bericht #woord", "spoiler_text": "Let op", "language": "nl"}
    made = (await one.post("/api/v1/statuses", data=words)).json()
    await one.put(f"/api/v1/statuses/{made['id']}", data={**words, "status": "Anders #woord"})
    await other.post(f"/api/v1/statuses/{made['id']}/favourite")
    answer = {"status": f"@{own['acct']} dag", "in_reply_to_id": made["id"]}
    await other.post("/api/v1/statuses", data=answer)
    await one.post("/api/v1/markers", data={"home[last_read_id]": made["id"]})
    filtered = {"title": "Ergens", "context[]": "home", "keywords_attributes[][keyword]": "ergens"}
    await one.post("/api/v2/filters", data=filtered)
    names = {"account": own["id"], "status": made["id"]}
    answers = {path: await one.get(path.format(**names)) for path in SAME_PATHS}
    assert {path: got.status_code for path, got in answers.items() if got.status_code != 200} == {}
    return {path: got.json() for path, got in answers.items()}
