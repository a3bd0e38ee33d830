"""No request makes the client API fail, and what it refuses it refuses in Mastodon's words."""

from pathlib import Path

from tests.fuzz.campaign import LEAST_SHARE, campaign
from tests.network import fediverse

REQUESTS = 2_000
SEED = 4


async def test_generated_requests_are_answered_or_refused_in_mastodons_shape(
    tmp_path: Path, database_url: str
) -> None:
    async with fediverse(tmp_path / "homes", {"bakker.localhost:8001": database_url}) as nodes:
        outcome = await campaign(nodes["bakker"], SEED, REQUESTS)
    assert outcome.wrong == []
    assert outcome.share >= LEAST_SHARE, outcome.report()
