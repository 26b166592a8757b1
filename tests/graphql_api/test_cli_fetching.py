"""intellpulse bars fetch and watch, and sentiment fetch, against a server on this machine."""

import io
import json
import sqlite3
import time
from contextlib import closing

import pytest

from graphql_api.cli import main
from market_data.errors import StoreUnavailable
from market_data.sources import pacing
from tests.provider import NOW, WEEK, weeks


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    for command in ("fetching", "sentiment"):
        monkeypatch.setattr(f"graphql_api.commands.{command}.wait_until", lambda *_: None)

    def command(*words):
        status = main([*words, "--data", str(tmp_path / "kept")])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


FETCH = ("bars", "fetch", "BTCUSDT", "--source", "binance", "--interval", "ONE_WEEK")


def test_bars_are_fetched_kept_and_told_of(run, provider):
    provider.klines = weeks(30)  # the newest has not closed
    since = time.strftime("%Y-%m-%d", time.gmtime(NOW - 40 * WEEK))
    status, out, _ = run(*FETCH, "--symbol", "BTC-USD", "--since", since)
    assert status == 0
    assert out == ("BTC-USD ONE_WEEK: 30 bars told, 29 new, 0 restated, 1 held in quarantine\n")
    (row,) = json.loads(run("bars", "list", "--json")[1])
    assert (row["symbol"], row["source"], row["calendar"]) == ("BTC-USD", "binance", "24/7")
    (held,) = json.loads(run("bars", "quarantine", "--json")[1])
    assert held["code"] == "UNCLOSED"


def test_a_person_who_looks_sees_how_far_it_is(run, provider, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    seen = Terminal()
    provider.klines = weeks(30, NOW - 2 * WEEK)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", seen)
        status, out, _ = run(*FETCH, "--symbol", "BTC-USD")
    assert (status, "30 new" in out) == (0, True)
    steps = seen.getvalue().split("\r")
    assert any(step.startswith("BTC-USD   0%") for step in steps)
    assert steps[-1].startswith("BTC-USD 100% |")
    # Where nobody looks there is no bar.
    assert run(*FETCH, "--symbol", "BTC-USD")[2] == ""


def test_a_second_fetch_asks_for_what_is_missing_alone(run, provider):
    provider.klines = weeks(30, NOW - 3 * WEEK)
    run(*FETCH, "--symbol", "BTC-USD")
    provider.klines |= weeks(3, NOW - WEEK)
    provider.asked.clear()
    status, out, _ = run(*FETCH, "--symbol", "BTC-USD")
    assert (status, "2 new" in out) == (0, True)
    assert int(provider.asked[0]["startTime"]) >= (NOW - 9 * WEEK) * 1000


def test_a_jump_that_nothing_explains_is_told_by_fetch_and_watch(run, provider):
    provider.klines = dict.fromkeys(weeks(30, NOW - 5 * WEEK), "4000")
    assert "note: " not in run(*FETCH, "--symbol", "BTC-USD")[1]
    provider.klines |= dict.fromkeys(weeks(2, NOW - 3 * WEEK), "202")
    said = "a close of 202 after 4000 is over 40% away, and no split or dividend that is told"
    status, out, _ = run("bars", "watch", "--once")
    assert status == 0
    (note,) = [line for line in out.splitlines() if line.startswith("note: ")]
    assert note.startswith("note: BTC-USD 2")
    assert note.endswith(f"{said} explains it; a split of 20 for 1 would.")
    provider.klines |= dict.fromkeys(weeks(2, NOW - WEEK), "10")
    (note,) = [x for x in run(*FETCH, "--symbol", "BTC-USD")[1].splitlines() if "note: " in x]
    assert "a close of 10 after 202" in note


def test_a_source_that_fails_is_told_in_a_sentence(run, provider, monkeypatch):
    monkeypatch.setattr("market_data.sources.http.FIRST_WAIT", 0.0)
    monkeypatch.setattr(pacing, "_SHARED", {}, raising=False)
    provider.status = 503
    status, out, err = run(*FETCH)
    assert (status, out) == (1, "")
    assert err.startswith("intellpulse: ")
    assert "binance" in err
    assert "503" in err


def test_what_cannot_be_meant_is_told_with_what_would_be_right(run, provider, capsys):
    with pytest.raises(SystemExit):
        run(*FETCH, "--since", "yesterday")
    assert "2024-01-01T14:30:00Z" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(*FETCH, "--check-with", "nowhere")
    assert "the sources are binance" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("bars", "watch", "--every", "0")
    assert "1 to 86400" in capsys.readouterr().err
    status, _, err = run("bars", "fetch", "AAPL", "--source", "tiingo", "--interval", "ONE_DAY")
    assert (status, "TIINGO_API_KEY" in err) == (1, True)


def test_a_stretch_that_ends_before_it_begins_and_a_symbol_that_is_none_are_told(run, provider):
    status, _, err = run(*FETCH, "--since", "2020-02-01", "--until", "2020-01-01")
    assert status == 1
    assert err == (
        "intellpulse: nothing lies between 2020-02-01T00:00:00Z and 2020-01-01T00:00:00Z\n"
    )
    _, _, err = run("bars", "fetch", "btc", "--source", "binance", "--interval", "ONE_DAY")
    assert err.endswith("a symbol is 1 to 20 of A-Z 0-9 . - ^ =; --symbol names it here\n")
    _, _, err = run(*FETCH, "--symbol", "btc")
    assert err.endswith("0-9 . - ^ =\n")
    _, _, err = run(*FETCH, "--tick", "0")
    assert err == "intellpulse: a tick is above zero, not 0.0\n"
    assert provider.asked == []


def test_a_source_that_was_asked_too_often_is_told_with_when_to_come_back(
    run, provider, monkeypatch
):
    monkeypatch.setattr(pacing, "_SHARED", {})
    provider.status = 418
    assert run(*FETCH)[2] == (
        "intellpulse: binance has banned this address for a while; ask again in 120 s\n"
    )


def test_watching_once_brings_what_is_due_and_tells_what_fails(run, provider, monkeypatch):
    monkeypatch.setattr("market_data.sources.http.FIRST_WAIT", 0.0)
    provider.klines = weeks(30, NOW - 5 * WEEK)
    run(*FETCH, "--symbol", "BTC-USD")
    provider.status = 404
    status, out, err = run("bars", "watch", "--once")
    assert (status, out) == (0, "")
    assert "BTC-USD ONE_WEEK: binance" in err
    provider.status = 200
    provider.klines |= weeks(5, NOW - WEEK)
    status, out, err = run("bars", "watch", "--once")
    assert (status, err) == (0, "")
    assert "BTC-USD ONE_WEEK: " in out
    assert "4 new" in out
    assert run("bars", "watch", "--once")[1] == ""


def test_watching_goes_on_beside_what_is_damaged_and_says_so_once_in_a_while(
    run, provider, tmp_path, monkeypatch
):
    provider.klines = weeks(30, NOW - 5 * WEEK)
    for symbol in ("BTC-USD", "ETH-USD"):
        run(*FETCH, "--symbol", symbol)
    provider.klines |= weeks(5, NOW - WEEK)
    with closing(sqlite3.connect(tmp_path / "kept" / "bars.sqlite")) as file:
        file.execute("UPDATE heads SET packed = x'00' WHERE symbol = 'BTC-USD'")
        file.commit()
    looks = iter([None])

    def pause(_):
        if next(looks, "enough") == "enough":
            raise KeyboardInterrupt

    monkeypatch.setattr("graphql_api.commands.fetching.time.sleep", pause)
    status, out, err = run("bars", "watch")
    assert status == 130
    (line,) = out.splitlines()
    assert "ETH-USD ONE_WEEK: " in line
    damaged, stopped = err.splitlines()
    assert "BTC-USD: a HEAD does not inflate" in damaged
    assert stopped == "intellpulse: stopped"
    status, out, err = run("bars", "list")
    assert (status, out.split()[0]) == (0, "ETH-USD")
    assert err.startswith("intellpulse: BTC-USD: a HEAD does not inflate")


def test_watching_goes_on_while_the_store_is_out_of_reach(run, provider, monkeypatch):
    provider.klines = weeks(30, NOW - 5 * WEEK)
    run(*FETCH, "--symbol", "BTC-USD")

    def away(*_):
        raise StoreUnavailable("the bars in bars.sqlite: database is locked")

    with monkeypatch.context() as patch:
        patch.setattr("graphql_api.commands.fetching.due", away)
        status, out, err = run("bars", "watch", "--once")
    assert (status, out) == (0, "")
    assert err.endswith("everything: the bars in bars.sqlite: database is locked\n")


def test_the_fear_and_greed_index_becomes_sentiment(run, provider):
    day = NOW - NOW % 86_400
    provider.mood = [(day, "40"), (day - 86_400, "100"), (day - 2 * 86_400, "0")]
    status, out, _ = run("sentiment", "fetch", "--symbol", "BTC-USD")
    assert (status, "3 readings" in out, "3 new" in out) == (0, True, True)
    lines = run("sentiment", "export", "BTC-USD")[1].splitlines()[1:]
    assert [line.split(",")[4:] for line in lines] == [
        ["0.0", "fear_greed"],
        ["1.0", "fear_greed"],
        ["0.4", "fear_greed"],
    ]
    assert all(line.split(",")[2].endswith("T00:15:00Z") for line in lines[:2])
    provider.mood[0] = (day, "41")
    assert "1 restated" in run("sentiment", "fetch", "--symbol", "BTC-USD")[1]
    # The days of the last five that may have been corrected, and today's.
    assert 6 <= int(provider.asked[-1]["limit"]) <= 8
    provider.mood = []
    assert "no readings" in run("sentiment", "fetch", "--symbol", "ETH-USD")[1]


def test_a_mood_that_is_none_is_refused(run, provider):
    provider.mood = [(NOW - 86_400, "101")]
    status, out, err = run("sentiment", "fetch", "--symbol", "BTC-USD")
    assert (status, out) == (1, "")
    assert "'101' where 0 to 100 belongs" in err
