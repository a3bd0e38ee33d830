import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.delivery import Dead, Delivered, Outcome, Retry, backoff, deliver
from federation.errors import AddressRefused, FederationError, Unreachable
from federation.messages import Request, Response

INBOX = "https://b.example/inbox"
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


async def deliver_to(answer: Response | FederationError) -> tuple[Outcome, list[Request]]:
    """One delivery to an inbox that gives this answer."""
    asked: list[Request] = []

    async def inbox(request: Request) -> Response:
        asked.append(request)
        if isinstance(answer, FederationError):
            raise answer
        return answer

    return await deliver(inbox, b"{}", INBOX, lambda request: {"signature": request.url}), asked


async def test_the_activity_is_posted_signed_to_the_inbox() -> None:
    outcome, (request,) = await deliver_to(Response(202))
    assert outcome == Delivered(202)
    assert (request.method, request.url, request.body) == ("POST", INBOX, b"{}")
    assert request.headers["content-type"] == "application/activity+json"
    assert request.headers["signature"] == INBOX
    assert request.headers["host"] == "b.example"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_success(status: int) -> None:
    assert (await deliver_to(Response(status)))[0] == Delivered(status)


@pytest.mark.parametrize("status", [302, 307, 401, 408, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    assert (await deliver_to(Response(status)))[0] == Retry(f"answered {status}")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 422, 501])
async def test_what_will_not_pass_is_dead(status: int) -> None:
    assert (await deliver_to(Response(status)))[0] == Dead(f"answered {status}")


async def test_410_says_that_the_inbox_is_gone() -> None:
    assert (await deliver_to(Response(410)))[0] == Dead("answered 410", gone=True)


@pytest.mark.parametrize(
    ("value", "after"), [("120", 120), ("Sun, 22 Nov 2026 10:01:00 GMT", 60), ("later", None)]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured(status: int, value: str, after: float | None) -> None:
    answer = Response(status, {"Retry-After": value, "Date": DATE})
    assert (await deliver_to(answer))[0] == Retry(f"answered {status}", after)


async def test_a_silent_inbox_is_tried_again() -> None:
    assert (await deliver_to(Unreachable("no answer in time", 7)))[0] == Retry("no answer in time", 7)


async def test_a_forbidden_address_is_dead() -> None:
    assert (await deliver_to(AddressRefused("not public")))[0] == Dead("not public")


async def test_an_inbox_that_is_no_address_is_dead() -> None:
    async def nobody(request: Request) -> Response:
        raise AssertionError(request)

    assert isinstance(await deliver(nobody, b"{}", "ftp://b.example/", lambda _: {}), Dead)


def test_the_first_tries_come_fast_and_the_last_every_half_day() -> None:
    assert [backoff(failures, 0) for failures in range(1, 6)] == [1, 2, 4, 8, 16]
    assert backoff(100, 0) == 12 * 3600
    assert backoff(0, 0) == 1


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_jitter_takes_off_a_quarter_at_most(failures: int, jitter: float) -> None:
    whole = backoff(failures, 0)
    assert 0.75 * whole <= backoff(failures, jitter) <= whole <= 12 * 3600
