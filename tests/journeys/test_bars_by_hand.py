"""Bars as a person keeps them: imported, sorted, answered, verified, fetched, watched, swept."""

import json
import re
import time
from contextlib import closing
from datetime import date, timedelta

import pytest

from graphql_api.cli import main
from graphql_api.settings import Settings
from market_data.calendar import SECOND
from market_data.clock import now
from tests.journeys.conftest import HttpWay
from tests.provider import NOW, WEEK, weeks

FIRST = date(2026, 6, 1)
LAST = 60
WAITING = (
    "market_data.imports",
    "graphql_api.commands.quarantine",
    "graphql_api.commands.fetching",
)
SIGNAL = """{ signal(symbol: "%s", interval: %s, strategy: { preset: { name: MOVING_AVERAGE_CROSS,
  parameters: [{ name: "fast", value: 2 }, { name: "slow", value: 5 }] } }) {
  ... on Signal { id action rating score barTime close
    provenance { dataVersion strategyHash engineVersion resolvedAsOf bars } }
  ... on UserError { message } } }"""


def row(n, price, **changed):
    """A day whose market rises slowly; some of its fields changed."""
    told = {"open": price, "high": price + 1, "low": price - 1, "close": price} | changed
    return ",".join([str(FIRST + timedelta(n)), *(str(value) for value in told.values()), "1000"])


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


class Clock:
    """The system's, which is moved on where a command would wait."""

    def __init__(self):
        self.ahead = 0

    def time_ns(self):
        return time.time_ns() + 1000 * self.ahead

    def wait_until(self, moment, *_):
        self.ahead += max(0, moment - now())


@pytest.fixture
def clock(monkeypatch):
    """One clock for every command and for whoever answers."""
    moved = Clock()
    monkeypatch.setattr("market_data.clock.time", moved)
    for module in WAITING:
        monkeypatch.setattr(f"{module}.wait_until", moved.wait_until)
    return moved


@pytest.fixture
def run(way, kept, capsys):
    """Runs a command. The app comes first: its log goes to where stdout leads when it is made."""

    def command(*words, data=True):
        status = main([*map(str, words), *(["--data", str(kept)] if data else [])])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


@pytest.fixture
def way(kept, clock):
    way = HttpWay(Settings.read(data=kept, threads=True), now)
    with way.client, closing(way.accounts):
        yield way


@pytest.fixture
def signal(way, ask):
    def get(symbol="ACME", interval="ONE_DAY"):
        answer = ask(way, SIGNAL % (symbol, interval)).json
        assert "errors" not in answer, answer
        return answer

    return get


@pytest.fixture
def file(tmp_path):
    """Sixty days; one is torn off, one upside down, one has no close."""
    rows = [row(n, 100 + n) for n in range(LAST)]
    rows[LAST - 2] = row(LAST - 2, 55)
    rows[20] = row(20, 120, high=119, low=121)
    rows[30] = row(30, 130, close="NaN")
    path = tmp_path / "ACME.csv"
    path.write_text("\n".join(["Date,Open,High,Low,Close,Volume", *rows]) + "\n")
    return path


def held(run):
    return json.loads(run("bars", "quarantine", "--json")[1])


def test_broken_rows_are_refused_held_released_and_dropped(run, file, signal):
    bring = ("bars", "import", file, "--symbol", "ACME", "--interval", "ONE_DAY")
    status, out, err = run(*bring)
    assert (status, out) == (1, "")
    assert "line 22, column High: '119': high is below low; nothing is kept; --quarantine" in err
    assert run("bars", "list")[1].startswith("no bars are kept")

    status, out, _ = run(*bring, "--quarantine")
    assert status == 0
    assert out.splitlines() == [
        "ACME ONE_DAY: 60 bars read, 57 new, 0 restated, 0 known already, "
        "0 splits and dividends, 3 held in quarantine",
        "note: intellpulse bars quarantine lists what is held, and why",
    ]
    upside_down, no_close, torn = held(run)
    codes = [one["code"] for one in (upside_down, no_close, torn)]
    assert codes == ["BROKEN_PRICES", "NOT_FINITE", "CONTRADICTED"]
    told = signal()["data"]["signal"]
    assert (told["action"], told["close"], told["provenance"]["bars"]) == ("BUY", 159, 57)

    assert run("bars", "release", torn["id"])[0] == 0
    released = signal()["data"]["signal"]
    assert (released["action"], released["provenance"]["bars"]) == ("SELL", 58)
    assert released["provenance"]["dataVersion"] != told["provenance"]["dataVersion"]

    assert "high is below low; fetch or import" in run("bars", "release", upside_down["id"])[2]
    assert run("bars", "drop", upside_down["id"])[0] == 0
    assert [one["id"] for one in held(run)] == [no_close["id"]]
    status, out, _ = run(*bring, "--quarantine")
    assert "0 new, 0 restated, 58 known already" in out
    assert "1 held in quarantine" in out
    again = signal()["data"]["signal"]
    assert again["provenance"]["dataVersion"] == released["provenance"]["dataVersion"]

    file.write_text(file.read_text().replace("NaN", "130"))
    assert "1 new" in run(*bring, "--quarantine")[1]
    assert held(run) == []
    assert signal()["data"]["signal"]["provenance"]["bars"] == 59


def test_a_saved_answer_is_verified_and_not_with_one_digit_changed(run, file, signal, tmp_path):
    bring = ("bars", "import", file, "--symbol", "ACME", "--interval", "ONE_DAY")
    run(*bring, "--quarantine")
    answer, bars = tmp_path / "answer.json", tmp_path / "bars.csv"
    saved = json.dumps({"data": signal()["data"]})
    answer.write_text(saved)
    status, out, _ = run("bars", "export", "ACME", "--file", bars)
    assert (status, out) == (0, f"{bars}: 57 rows of bars, 0 splits and dividends\n")
    exported = bars.read_text()

    def holds():
        return run("verify", answer, "--bars", bars, data=False)

    status, out, _ = holds()
    assert (status, out.splitlines()[-1]) == (0, "It holds.")
    for text in changed(saved):
        answer.write_text(text)
        assert holds()[0] == 1, text
    answer.write_text(saved)
    # Every price and the volume of the oldest bar and of the newest.
    lines = exported.splitlines()
    for n in (1, len(lines) - 1):
        before, origin, prices = lines[n].rpartition(",file,")
        for text in changed(prices):
            bars.write_text("\n".join([*lines[:n], before + origin + text, *lines[n + 1 :]]) + "\n")
            assert holds()[0] == 1, text
    bars.write_text(exported)
    assert holds()[0] == 0


def test_bars_are_fetched_watched_answered_and_swept(
    run, provider, signal, way, ask, clock, monkeypatch
):
    provider.klines = weeks(30, NOW - 3 * WEEK)
    fetch = ("bars", "fetch", "BTCUSDT", "--source", "binance", "--symbol", "BTC-USD")
    status, out, err = run(*fetch, "--interval", "ONE_WEEK")
    assert (status, err) == (0, "")
    assert out == "BTC-USD ONE_WEEK: 30 bars told, 30 new, 0 restated\n"
    first = signal("BTC-USD", "ONE_WEEK")["data"]["signal"]
    assert first["provenance"]["bars"] == 30
    moment = first["provenance"]["resolvedAsOf"]

    # Two weeks later: one bar more, and one that reads otherwise now.
    provider.klines |= weeks(2, NOW - WEEK) | dict.fromkeys(weeks(1, NOW - 4 * WEEK), "77")
    looks = iter([None, None])

    def pause(_):
        if next(looks, "enough") == "enough":
            raise KeyboardInterrupt

    monkeypatch.setattr("graphql_api.commands.fetching.time.sleep", pause)
    status, out, err = run("bars", "watch")
    assert (status, err) == (130, "intellpulse: stopped\n")
    (line,) = out.splitlines()
    assert line.endswith("Z  BTC-USD ONE_WEEK: 7 bars told, 2 new, 1 restated")
    clock.ahead += 3 * SECOND
    later = signal("BTC-USD", "ONE_WEEK")["data"]["signal"]
    assert later["provenance"]["bars"] == 32
    assert later["provenance"]["dataVersion"] != first["provenance"]["dataVersion"]

    before = SIGNAL.replace("interval: %s", 'interval: ONE_WEEK, asOf: "%s"')
    asked = ask(way, before % ("BTC-USD", moment)).json["data"]["signal"]
    assert asked["provenance"]["dataVersion"] == first["provenance"]["dataVersion"]
    assert run("bars", "sweep", "--apply")[:2] == (
        0,
        "nothing to let go of: every object is named by a HEAD\n",
    )


def changed(text):
    """The text once for each of its digits, with that digit another one."""
    for found in re.finditer("[0-9]", text):
        other = str((int(found[0]) + 1) % 10)
        yield text[: found.start()] + other + text[found.end() :]
