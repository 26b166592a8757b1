"""Panels: hundreds of symbols in one round trip, and never another answer than the series give."""

from datetime import date

import numpy as np
import pytest

from engine.types import Interval
from market_data.bars import Adjustment
from market_data.calendar import SECOND
from market_data.errors import Damaged, NothingKept, StoreUnavailable
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores.dynamodb import backend, heads
from market_data.stores.panels import Panel, pack_panel

ONE_DAY, ONE_WEEK = Interval.ONE_DAY, Interval.ONE_WEEK
SESSION = date(2020, 3, 2)
SYMBOLS = ["AAPL", "IBM", "MSFT"]


@pytest.fixture(params=["sqlite", "dynamodb"])
def store(request, daily, day):
    store = request.getfixturevalue(request.param)
    split = CorporateAction(day("2020-01-08"), ActionKind.SPLIT, 2.0)
    for n, symbol in enumerate(SYMBOLS):
        store.commit(Instrument(symbol, source="told"), ONE_DAY, daily([10 + n, 11, 6]), [split])
    return store


def told(source, symbol, as_of, now, adjustment=Adjustment.SPLITS):
    series = source.load([(symbol, ONE_DAY)])[symbol, ONE_DAY]
    found = series.snapshot(as_of=as_of, now=now, adjustment=adjustment)
    return found.data_version, found.as_of, found.final, found.source, found.stale


def test_a_panel_answers_as_the_series_do(store, clock):
    clock.sleep(10)
    written = store.write_panel("tech", SESSION, [*SYMBOLS, "NONE", "IBM"], ONE_DAY)
    assert (len(written), written.symbols, written.as_of) == (3, SYMBOLS, clock.now)
    panel = store.panel("tech", SESSION, ONE_DAY)
    for symbol in SYMBOLS:
        for as_of in (clock.now, clock.now - 8 * SECOND, clock.now - 20 * SECOND):
            for adjustment in Adjustment:
                asked = (symbol, as_of, clock.now, adjustment)
                assert told(panel, *asked) == told(store, *asked)
    assert panel.load([("NONE", ONE_DAY)]) == {}
    assert len(panel.load([("AAPL", ONE_WEEK)])["AAPL", ONE_WEEK].time) == 0


def test_a_panel_speaks_of_no_moment_after_it_was_written(store, clock, daily):
    clock.sleep(10)
    store.write_panel("tech", SESSION, SYMBOLS, ONE_DAY)
    written = clock.now
    before = told(store, "IBM", written, clock.now)
    clock.sleep(10)
    store.commit(Instrument("IBM", source="told"), ONE_DAY, daily([99, 11, 6, 7]))
    clock.sleep(10)
    panel = store.panel("tech", SESSION, ONE_DAY)
    assert (
        told(panel, "IBM", written, clock.now) == told(store, "IBM", written, clock.now) == before
    )
    for as_of in (None, written + 1, clock.now):
        version, resolved, final, *_ = told(panel, "IBM", as_of, clock.now)
        assert (version, resolved, final) == (before[0], written, False)
    assert told(store, "IBM", clock.now, clock.now)[0] != before[0]
    store.write_panel("tech", SESSION, SYMBOLS, ONE_DAY)
    panel = store.panel("tech", SESSION, ONE_DAY)
    assert told(panel, "IBM", clock.now, clock.now) == told(store, "IBM", clock.now, clock.now)


def test_what_is_pending_is_pending_in_a_panel_too(store, clock, daily, monkeypatch):
    clock.sleep(10)
    with monkeypatch.context() as patch:
        patch.setattr("market_data.stores.committing.Commit._confirmed", lambda self, draft: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.commit(Instrument("IBM", source="told"), ONE_DAY, daily([99, 11, 6]))
    pending = clock.now + 2 * SECOND
    clock.sleep(10)
    panel = store.write_panel("tech", SESSION, SYMBOLS, ONE_DAY)
    _, resolved, final, *_ = told(panel, "IBM", clock.now, clock.now)
    assert (resolved, final) == (pending - 1, False)


def test_a_universe_a_session_and_an_interval_have_panels_of_their_own(store, clock):
    store.write_panel("tech", SESSION, SYMBOLS, ONE_DAY)
    assert store.panel("tech", date(2020, 3, 3), ONE_DAY) is None
    assert store.panel("other", SESSION, ONE_DAY) is None
    assert store.panel("tech", SESSION, ONE_WEEK) is None
    with pytest.raises(NothingKept, match="is no universe: 1 to 40"):
        store.panel("../x", SESSION, ONE_DAY)


def test_an_empty_panel_is_one(store):
    assert len(store.write_panel("none", SESSION, [], ONE_DAY)) == 0
    assert store.panel("none", SESSION, ONE_DAY).symbols == []


def test_a_panel_is_read_in_one_round_trip_and_written_in_three(
    on_aws, aws, daily, clock, monkeypatch
):
    from tests.market_data.stores.test_dynamodb import Watched, rounds

    watched = Watched(aws[0]), Watched(aws[1])
    writer = on_aws(dynamodb=watched[0], s3=watched[1])
    for module in (heads, backend):
        monkeypatch.setattr(module, "AT_ONCE", 10)
    symbols = [f"S{n}" for n in range(12)]
    for symbol in symbols:
        writer.commit(Instrument(symbol), ONE_DAY, daily([10, 11]))
    rounds(watched)
    writer.write_panel("all", SESSION, symbols, ONE_DAY)
    assert rounds(watched) == {"batch_get_item": 2 + 2, "put_object": 1}
    panel = on_aws(dynamodb=watched[0], s3=watched[1]).panel("all", SESSION, ONE_DAY)
    found = panel.load([(symbol, ONE_DAY) for symbol in symbols])
    assert all(len(series.time) == 2 for series in found.values())
    assert rounds(watched) == {"get_object": 1}


# -- damage ----------------------------------------------------------------------------------


@pytest.fixture
def packed(store, clock):
    return pack_panel(store._backend, store._reader, SYMBOLS, ONE_DAY, clock.now)


def test_bytes_that_are_no_panel_are_damage(packed):
    for body in (b"", b"IPPN", packed[:-1], packed + b"!", b"X" + packed[1:], packed[:20]):
        with pytest.raises(Damaged):
            Panel(body)


def test_every_flipped_bit_is_found_and_costs_only_its_own_symbol(packed, clock):
    clock.sleep(10)
    whole = Panel(packed).load([(symbol, ONE_DAY) for symbol in SYMBOLS])
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(packed), 200).tolist():
        flipped = bytearray(packed)
        flipped[place] ^= 1 << int(rng.integers(8))
        good = 0
        try:
            panel = Panel(bytes(flipped))
        except Damaged:
            continue
        for symbol in SYMBOLS:
            try:
                series = panel.load([(symbol, ONE_DAY)])[symbol, ONE_DAY]
            except Damaged:
                continue
            if not isinstance(series, Damaged):
                good += 1
                assert series.close.tobytes() == whole[symbol, ONE_DAY].close.tobytes()
        assert good == 2


def test_a_symbol_that_cannot_be_read_leaves_no_panel_with_a_hole(on_aws, aws, place, daily):
    store = on_aws()
    store.commit(Instrument("AAPL"), ONE_DAY, daily([10, 11]))
    [name] = store._reader.heads(["AAPL"])["AAPL"].head.names()
    key = {"pk": {"S": name.partition}, "sk": {"S": name.sort}}
    item = aws[0].get_item(TableName=place, Key=key)["Item"]
    aws[0].put_item(TableName=place, Item=item | {"packed": {"B": b"another"}})
    with pytest.raises(Damaged, match="does not hold what was written"):
        store.write_panel("tech", SESSION, ["AAPL"], ONE_DAY)
    aws[0].delete_item(TableName=place, Key=key)
    with pytest.raises(Damaged, match="is gone"):
        store.write_panel("tech", SESSION, ["AAPL"], ONE_DAY)
    assert store.panel("tech", SESSION, ONE_DAY) is None


def test_a_panel_out_of_reach_is_unavailable(store, monkeypatch):
    def fail(names):
        return dict.fromkeys(names, StoreUnavailable("S3 did not answer"))

    monkeypatch.setattr(store._backend, "fetch", fail)
    with pytest.raises(StoreUnavailable, match="S3 did not answer"):
        store.write_panel("tech", SESSION, SYMBOLS, ONE_DAY)
