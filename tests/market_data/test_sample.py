"""The packaged sample: seeded once, raw, with the splits and dividends everyone knows."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.types import Interval
from market_data.adjust import Adjustment
from market_data.calendar import HOUR, SECOND
from market_data.imports import import_csv, stored_series
from market_data.rules import jumps
from market_data.sample import SAMPLE, seed
from market_data.stores import SqliteBarStore

ONE_DAY = Interval.ONE_DAY
ROOT = Path(__file__).parents[2]


@pytest.fixture
def seeded(store, clock):
    seed(store, clock.sleep)
    return store


def test_seeding_returns_when_the_first_question_can_be_answered(store, clock):
    now = clock.now
    done = seed(store, clock.sleep)
    assert done.symbols == ("AAPL", "GOOG", "IBM", "MSFT")
    assert clock.now == done.known == now + 2 * SECOND
    for instrument in SAMPLE:
        snapshot = store.series(instrument.symbol, ONE_DAY).snapshot(now=clock.now)
        assert snapshot.known == (2148 if instrument.symbol == "GOOG" else 3270)
        assert snapshot.stale
        assert snapshot.source == "Quandl WIKI Prices (sample)"


def test_a_second_start_keeps_what_is_there_and_waits_for_nothing(seeded, clock, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("Date,Open,High,Low,Close,Volume\n2013-03-04,427,428,420,420.05,1\n")
    import_csv(seeded, path, "AAPL", ONE_DAY, sleep=clock.sleep)
    now = clock.now
    done = seed(seeded, clock.sleep)
    assert (done.symbols, done.known, clock.now) == ((), None, now)
    assert seeded.intervals("AAPL")[0].count == 3271


def test_a_start_that_was_cut_short_is_completed_by_the_next(store, clock, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("market_data.sample.SAMPLE", SAMPLE[:2])
        seed(store, clock.sleep)
    assert seed(store, clock.sleep).symbols == ("IBM", "MSFT")
    assert len(list(stored_series(store, {}.setdefault))) == 4


def test_seeding_need_not_wait(store, clock):
    now = clock.now
    assert seed(store, None).known == now + 2 * SECOND
    assert clock.now == now


def test_closes_are_raw_and_answers_adjusted_for_splits(seeded, clock, day):
    series = seeded.series("AAPL", ONE_DAY)
    raw = series.snapshot(now=clock.now, adjustment=Adjustment.RAW).bars
    bars = series.snapshot(now=clock.now).bars
    first, split = 0, int(np.searchsorted(raw.time, day("2005-02-28")))
    assert (raw.close[first], bars.close[first]) == (130.31, 130.31 / 4)
    assert (raw.close[split - 1], bars.close[split - 1]) == (88.99, 88.99 / 2)
    assert raw.close[split] == bars.close[split] == 44.86
    assert bars.volume[first] == raw.volume[first] * 4


def test_the_fall_of_september_2000_is_a_fall_and_the_splits_are_splits(seeded, clock, day):
    expected = {"AAPL": (day("2000-09-29"),), "GOOG": (), "IBM": (), "MSFT": ()}
    for symbol, fallen in expected.items():
        bars = seeded.series(symbol, ONE_DAY).snapshot(now=clock.now).bars
        assert jumps(bars.time, bars.close) == fallen


def test_actions_are_the_published_ones(seeded, day):
    def told(symbol):
        actions = seeded.series(symbol, ONE_DAY).actions
        return {(one.action.ex_time, str(one.action.kind)): one.action.value for one in actions}

    assert told("AAPL") == {
        (day("2000-06-21"), "SPLIT"): 2.0,
        (day("2005-02-28"), "SPLIT"): 2.0,
        (day("2012-08-09"), "DIVIDEND"): 2.65,
        (day("2012-11-07"), "DIVIDEND"): 2.65,
        (day("2013-02-07"), "DIVIDEND"): 2.65,
    }
    assert told("GOOG") == {}
    # Microsoft's first dividend, its special one of 3.00 with the ordinary 0.08, and the last.
    assert told("MSFT")[day("2003-02-18"), "SPLIT"] == 2.0
    assert told("MSFT")[day("2003-02-19"), "DIVIDEND"] == 0.08
    assert told("MSFT")[day("2004-11-15"), "DIVIDEND"] == 3.08
    assert told("MSFT")[day("2013-02-19"), "DIVIDEND"] == 0.23
    assert told("IBM")[day("2000-05-08"), "DIVIDEND"] == 0.13
    assert told("IBM")[day("2013-02-06"), "DIVIDEND"] == 0.85
    assert len(told("IBM")) == 52


def test_dividends_reproduce_the_sources_adjusted_closes(seeded, clock, day):
    # adj_close of bokeh_sampledata 2026.1; its factor at the end holds actions after these years.
    adjusted = {
        "IBM": (73.667718762847, 175.27118333217),
        "MSFT": (30.225709797294, 24.684342419163),
    }
    for symbol, (first, last) in adjusted.items():
        series = seeded.series(symbol, ONE_DAY)
        bars = series.snapshot(now=clock.now, adjustment=Adjustment.SPLITS_AND_DIVIDENDS).bars
        assert bars.close[0] / bars.close[-1] == pytest.approx(first / last, rel=1e-12)


def test_in_its_own_days_the_sample_is_not_stale(seeded, clock, day):
    evening = day("2013-03-01") + 22 * HOUR
    for instrument in SAMPLE:
        assert not seeded.series(instrument.symbol, ONE_DAY).snapshot(evening, now=clock.now).stale


def test_nothing_was_known_before_it_was_imported(seeded, clock, day):
    series = seeded.series("IBM", ONE_DAY)
    assert series.snapshot(as_of=day("2013-03-02"), now=clock.now).known == 0
    assert series.snapshot(day("2013-03-02"), now=clock.now).known == 3270


def test_the_sample_travels_with_the_package_even_in_a_zip(tmp_path):
    archive = tmp_path / "installed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("market_data", "engine"):
            for path in (ROOT / package).rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    packed.write(path, path.relative_to(ROOT))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from market_data import sample\n"
        "from market_data.stores import SqliteBarStore\n"
        "assert '.zip' in sample.__file__\n"
        "store = SqliteBarStore(sys.argv[2])\n"
        "print(*sample.seed(store, None).symbols)\n"
        "store.close()"
    )
    path = tmp_path / "bars.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", code, str(archive), str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("AAPL GOOG IBM MSFT\n", "")
    store = SqliteBarStore(path)
    assert len(list(stored_series(store, {}.setdefault))) == 4
    store.close()
