"""Instruments, corporate actions, and symbols that look alike."""

import pytest

from market_data.calendar import DAY, HOUR
from market_data.errors import BadAction, BadInstrument
from market_data.instruments import ActionKind, CorporateAction, Instrument, similar


def test_a_symbol_is_its_sources_spelling_unless_told_otherwise():
    assert Instrument("AAPL").source_symbol == "AAPL"
    assert Instrument("BTC-USD", source_symbol="BTCUSDT").source_symbol == "BTCUSDT"
    assert Instrument("AAPL").time_zone == "America/New_York"


@pytest.mark.parametrize("symbol", ["", "aapl", "A B", "A" * 21, "A" * 10_000, "A\n", "É"])
def test_what_is_no_symbol_is_refused_in_a_short_sentence(symbol):
    with pytest.raises(BadInstrument, match="is no symbol") as refused:
        Instrument(symbol)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("tick", [0.0, -0.01, float("nan"), float("inf")])
def test_a_tick_is_above_zero(tick):
    with pytest.raises(BadInstrument, match="a tick is above zero"):
        Instrument("AAPL", tick=tick)


def test_an_unknown_calendar_is_refused_with_the_known_ones():
    with pytest.raises(BadInstrument, match="'XXXX' is no calendar; there are XNYS"):
        Instrument("AAPL", calendar="XXXX")


def test_an_action_starts_with_a_day():
    with pytest.raises(BadAction, match="starts at 00:00Z"):
        CorporateAction(DAY + HOUR, ActionKind.SPLIT, 2.0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ActionKind.SPLIT, 0.0),
        (ActionKind.SPLIT, float("inf")),
        (ActionKind.DIVIDEND, -0.1),
        (ActionKind.DIVIDEND, float("nan")),
    ],
)
def test_an_action_of_an_impossible_size_is_refused(kind, value):
    with pytest.raises(BadAction, match=f"is no {kind.lower()}"):
        CorporateAction(DAY, kind, value)


def test_similar_symbols_come_best_first():
    known = ["AAPL", "GOOG", "IBM", "MSFT"]
    assert similar("APPL", known) == ["AAPL"]
    assert similar("goog", known) == ["GOOG"]
    assert similar("ZZZZ", known) == []
    assert similar("A" * 10_000, known) == []
    assert len(similar("AA", [f"A{n}" for n in range(100)])) == 3
