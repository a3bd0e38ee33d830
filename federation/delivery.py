"""One activity to one inbox, and what its answer means; when to try again as a pure function."""

from dataclasses import dataclass

from federation.errors import Rejected, Unreachable
from federation.http import post
from federation.messages import Response, Sender, Signer, retry_after

LONGEST_BACKOFF = 12 * 3600.0
# The same as Mastodon's: with any other 4xx the next try would get the same answer.
_RETRIED = frozenset({401, 408, 429})


@dataclass(frozen=True)
class Delivered:
    status: int


@dataclass(frozen=True)
class Retry:
    """Not now; `after` is the number of seconds the other side asked for, if it did."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Dead:
    """Never; `gone` when the inbox itself no longer exists."""

    reason: str
    gone: bool = False


Outcome = Delivered | Retry | Dead


async def deliver(sender: Sender, body: bytes, inbox: str, signer: Signer) -> Outcome:
    try:
        return judge(await post(sender, inbox, body, sign=signer))
    except Unreachable as error:
        return Retry(error.reason, error.retry_after)
    except Rejected as error:
        return Dead(error.reason)


def judge(response: Response) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        return Delivered(status)
    reason = f"answered {status}"
    if status == 501 or (400 <= status < 500 and status not in _RETRIED):
        return Dead(reason, gone=status == 410)
    return Retry(reason, retry_after(response))


def backoff(failures: int, jitter: float) -> float:
    """Seconds until the next try: 1, 2, 4 … to 12 hours; `jitter` in 0..1 takes off up to a quarter."""
    doubled = 2.0 ** (min(max(failures, 1), 17) - 1)
    return min(doubled, LONGEST_BACKOFF) * (1 - jitter / 4)
