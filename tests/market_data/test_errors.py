"""What errors of market data say."""

import pytest

from market_data.errors import RateLimited, SourceUnavailable


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (90.0, "90 s"),
        (120.0, "120 s"),
        (121.0, "3 min"),
        (7_200.0, "120 min"),
        (7_201.0, "3 h"),
        (259_200.0, "72 h"),
    ],
)
def test_when_to_come_back_is_told_and_never_too_soon(seconds, said):
    error = RateLimited("told", "was asked too often", seconds)
    assert str(error) == f"told was asked too often; ask again in {said}"
    assert error.retry_after == seconds


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_where_nobody_says_when_nothing_is_told(seconds):
    assert str(SourceUnavailable("told", "answered 503", seconds)) == "told answered 503"
