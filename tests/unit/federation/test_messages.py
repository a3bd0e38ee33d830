import pytest

from federation.messages import LONGEST_WAIT, Request, Response, retry_after

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


def test_header_names_are_lower_case() -> None:
    assert Request("GET", "https://a.example/", {"Accept": "x"}).headers == {"accept": "x"}
    assert Response(200, {"Content-Type": "y"}).headers == {"content-type": "y"}


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", DATE, 120),
        ("0", DATE, 0),
        ("999999999999", DATE, LONGEST_WAIT),
        ("Sun, 22 Nov 2026 10:05:00 GMT", DATE, 300),
        ("Sun, 22 Nov 2026 09:05:00 GMT", DATE, 0),
        ("Sun, 29 Nov 2026 09:05:00 GMT", DATE, LONGEST_WAIT),
        ("Sun, 22 Nov 2026 10:05:00 GMT", "", None),
        ("-3", DATE, None),
        ("²", DATE, None),
        ("", DATE, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_by_the_other_clock(
    value: str, date: str, seconds: float | None
) -> None:
    assert retry_after(Response(503, {"retry-after": value, "date": date})) == seconds
