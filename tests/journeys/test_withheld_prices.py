"""No price and no volume of a source that lets none be passed on, in any field of any query.

The series has prices around half a million and volumes above that, so that any number of that size
in an answer is one of them, or is made of them.
"""

import json
import re
from pathlib import Path

import pytest
from graphql import build_schema, get_named_type, is_leaf_type, is_required_argument, is_union_type

import engine
from engine.types import Interval
from market_data.instruments import Instrument
from market_data.stores import SqliteBarStore

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())
SCALE = 4096.0
# Texts that name something and hold digits by chance, and the range of a parameter.
OPAQUE = {
    "maximum",
    "id",
    "cursor",
    "startCursor",
    "endCursor",
    "dataVersion",
    "strategyHash",
    "hash",
}
DEPTH = 9
MARKET = ("signal", "signals", "explanation", "signalHistory", "backtest", "bars", "indicator")


def selection(type_, depth=DEPTH, above=()):
    """Every field of a type that needs no argument, as deep as there are others below it."""
    type_ = get_named_type(type_)
    if is_union_type(type_):
        parts = (f"... on {one} {selection(one, depth, above)}" for one in type_.types)
        return "{ __typename " + " ".join(parts) + " }"
    chosen = []
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if any(is_required_argument(one) for one in field.args.values()):
            continue
        asked = "(first: 3)" if "first" in field.args else ""
        if is_leaf_type(below):
            chosen.append(name)
        elif depth and below.name not in above and name != "edges":
            chosen.append(f"{name}{asked} {selection(below, depth - 1, (*above, type_.name))}")
    return "{ " + " ".join(chosen) + " }"


def query(name, strategy):
    """All there is to know of one field of Query, judged by one strategy."""
    field = SCHEMA.query_type.fields[name]
    told = {"symbol": '"ACME"', "symbols": '["ACME"]', "indicator": "{ name: SMA }"}
    given = [f"{one}: {told[one]}" for one in field.args if one in told]
    if "strategy" in field.args:
        given.append(f"strategy: {{ preset: {{ name: {strategy} }} }}")
    return f"{{ {name}({', '.join(given)}) {selection(field.type)} }}"


def numbers(told, key=""):
    """Every number of an answer, also those inside of its texts, with where it stands."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield from numbers(value, name)
    elif isinstance(told, list):
        for value in told:
            yield from numbers(value, key)
    elif isinstance(told, str):
        if key not in OPAQUE:
            yield from ((key, float(one), told) for one in re.findall(r"\d+(?:\.\d+)?", told))
    elif isinstance(told, int | float) and not isinstance(told, bool) and key not in OPAQUE:
        yield key, abs(told), told


@pytest.fixture
def series(data, clock, sample_bars):
    """Keeps ACME of a source, at prices that nothing else in an answer comes near."""

    def keep(source):
        then = clock.now - 3600 * 1_000_000
        store = SqliteBarStore(data / "bars.sqlite", clock=lambda: then)
        bars = store.series("IBM", Interval.ONE_DAY).snapshot(now=clock.now).bars
        prices = {name: getattr(bars, name) * SCALE for name in ("open", "high", "low", "close")}
        bars = bars.replace(**prices)
        profile = Instrument("ACME", "Acme", 0.01 * SCALE, "XNYS", source)
        store.commit(profile, Interval.ONE_DAY, bars, fetched_at=then)
        store.close()
        return min(bars.low.min(), bars.volume.min()) / 4

    return keep


@pytest.fixture
def large(http, ask, new_key, series):
    """What an answer tells that is as large as a price."""

    def found(source, name, strategy):
        least = series(source)
        answer = ask(http, query(name, strategy), key=new_key(http, plan="ENTERPRISE")).json
        assert "errors" not in answer, json.dumps(answer["errors"])[:500]
        return [one for one in numbers(answer["data"]) if one[1] >= least]

    return found


@pytest.mark.parametrize("name", MARKET)
def test_no_field_of_a_query_tells_a_price_that_is_withheld(large, name):
    assert large("yahoo", name, "TECHNICAL_RATING") == []


@pytest.mark.parametrize("strategy", engine.strategies())
def test_no_strategy_words_a_price_that_is_withheld(large, strategy):
    assert large("yahoo", "signal", strategy) == []


@pytest.mark.parametrize("name", MARKET)
def test_the_same_of_a_file_would_be_found(large, name):
    """The search above can fail: each of these queries tells prices where they may be told."""
    assert large("file", name, "TECHNICAL_RATING")
