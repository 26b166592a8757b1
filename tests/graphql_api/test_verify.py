"""intellpulse verify: a saved answer, recomputed from an export and held against it."""

import json
import time
import urllib.request
from contextlib import closing

import pytest

from engine.types import Interval
from graphql_api.app import open_accounts
from graphql_api.cli import main
from graphql_api.guard.accounts import Accounts
from graphql_api.schema.node import global_id
from graphql_api.settings import Settings
from market_data.clock import now, wait_until
from market_data.export import write_csv
from market_data.instruments import Instrument
from market_data.stores import SqliteBarStore

FULL = """{ signal(symbol: "IBM", strategy: { preset: { name: MOVING_AVERAGE_CROSS,
  parameters: [{ name: "fast", value: 10 }] } }) { ... on Signal { id action score rating
  close barTime symbol interval
  provenance { engineVersion strategyHash dataVersion resolvedAsOf bars } } } }"""
BARE = """{ explanation(symbol: "AAPL", at: "2005-02-25T23:00:00Z") { ... on Explanation {
  summary signal { symbol interval barTime action score strategy { name }
  provenance { engineVersion strategyHash dataVersion resolvedAsOf } } } } }"""
FAR = global_id("Signal", "IBM", "ONE_DAY", "BREAKOUT", {}, 2**61, 2**61)
ODD = global_id("Signal", "IBM", "DAILY", "BREAKOUT", {}, 0, 0)
TEXT = global_id("Signal", "IBM", "ONE_DAY", "BREAKOUT", {}, "now", 0)
HISTORY = """{ signalHistory(symbol: "IBM", from: "2012-11-01T00:00:00Z") {
  ... on SignalHistory { signals(first: 5) { nodes {
    id action score rating close barTime symbol interval
    provenance { engineVersion strategyHash dataVersion resolvedAsOf bars } } } } } }"""
REASONED = """{ signal(symbol: "IBM", strategy: { preset: { name: COMBINED } }) { ... on Signal {
  id score strategy { name hash } provenance { dataVersion source final } explanation {
  summary baseline contributions { indicator label group value vote weight contribution reason }
  flips { price } } } } }"""
SEVERAL = """{ signals(symbols: ["IBM", "AAPL"]) { ... on Signal { id action score
  provenance { dataVersion } } } }"""


@pytest.fixture(scope="module")
def key(server):
    """A key that a quick machine does not use up, as it would the demo key's five a second."""
    with closing(open_accounts(Settings(data=server.data))[0]) as store:
        return Accounts(store, now).open_account("Verifiers", "PREMIUM").secret


@pytest.fixture
def saved(server, key, tmp_path):
    """Saves the answer to a query, as a person would with curl, and exports the bars."""

    def save(query, symbol="IBM", name="bars.csv"):
        answer = tmp_path / "answer.json"
        headers = {"x-api-key": key, "content-type": "application/json"}
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(server.url + "/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            answer.write_bytes(reply.read())
        bars = tmp_path / name
        assert (
            main(["bars", "export", symbol, "--data", str(server.data), "--file", str(bars)]) == 0
        )
        return answer, bars

    return save


def verify(answer, bars, *more):
    return main(["verify", str(answer), "--bars", str(bars), *more])


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz", "bars.parquet"])
def test_an_answer_that_holds_is_told_part_by_part(saved, capsys, name):
    answer, bars = saved(FULL, name=name)
    capsys.readouterr()
    assert verify(answer, bars) == 0
    told = capsys.readouterr().out
    assert told.startswith("IBM ONE_DAY MOVING_AVERAGE_CROSS, the bar of 2013-03-01T00:00:00Z")
    parts = [line.split("  ")[1].strip() for line in told.splitlines()[1:-1]]
    assert parts == [
        *("data version", "strategy hash", "engine version", "bars", "as of"),
        *("symbol", "interval", "bar time", "close", "action", "rating", "score"),
    ]
    assert told.count("the same\n") == len(parts)
    assert told.endswith("It holds.\n")


def test_each_signal_of_a_history_is_verified(saved, capsys):
    answer, bars = saved(HISTORY)
    capsys.readouterr()
    assert verify(answer, bars) == 0
    told = capsys.readouterr().out
    assert told.endswith("All 5 hold.\n")
    assert told.count("  bars  ") == told.count("  close  ") == 5
    content = json.loads(answer.read_text())
    content["data"]["signalHistory"]["signals"]["nodes"][2]["close"] += 0.01
    answer.write_text(json.dumps(content))
    assert verify(answer, bars) == 1
    assert capsys.readouterr().out.endswith("1 of 5 do not hold.\n")


def test_an_answer_without_ids_is_verified_by_what_it_says(saved, capsys):
    answer, bars = saved(BARE, "AAPL")
    assert verify(answer, bars) == 0
    assert "AAPL ONE_DAY TECHNICAL_RATING, the bar of 2005-02-25" in capsys.readouterr().out
    # Asked of another strategy, the same answer does not hold.
    assert verify(answer, bars, "--strategy", "BREAKOUT", "--set", "entry_window=20") == 1


def test_all_signals_of_an_answer_are_verified(saved, capsys, tmp_path):
    answer, bars = saved(SEVERAL)
    _, other = saved(SEVERAL, "AAPL", "other.csv")
    both = tmp_path / "both.csv"
    both.write_text(bars.read_text() + other.read_text().partition("\n")[2])
    capsys.readouterr()
    assert verify(answer, both) == 0
    assert capsys.readouterr().out.endswith("All 2 hold.\n")
    assert verify(answer, bars) == 1
    assert "The export holds IBM ONE_DAY, and not AAPL ONE_DAY." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("action", "SELL"), "action          SELL                     differs: "),
        (("score", 0.123), "score           0.123                    differs: "),
        (("dataVersion", "0" * 16), "data version    0000000000000000         differs: "),
        (("strategyHash", "0" * 16), "strategy hash   0000000000000000         differs: "),
        (("engineVersion", "0.9"), "engine version  0.9                      differs: 1.0.0"),
        (("close", 202.92), "close           202.92                   differs: 202.91"),
        (("rating", "STRONG_BUY"), "rating          STRONG_BUY               differs: "),
        (("barTime", "2013-03-04T00:00:00Z"), "differs: 2013-03-01T00:00:00Z"),
        (("bars", 3269), "bars            3269                     differs: "),
        (("symbol", "AAPL"), "symbol          AAPL                     differs: IBM"),
    ],
)
def test_whatever_was_changed_in_an_answer_is_found(saved, capsys, change, said):
    answer, bars = saved(FULL)
    content = json.loads(answer.read_text())
    signal, (name, value) = content["data"]["signal"], change
    place = signal if name in signal else signal["provenance"]
    assert place[name] != value
    place[name] = value
    answer.write_text(json.dumps(content))
    assert verify(answer, bars) == 1
    told = capsys.readouterr().out
    assert said in told
    assert told.count("differs") == 1
    assert told.endswith("It does not hold.\n")


@pytest.fixture
def change(saved):
    """Saves an answer with its reasons once; then changes one thing in it and verifies it."""
    answer, bars = saved(REASONED)
    original = answer.read_text()

    def verified(path, value):
        content = json.loads(original)
        place = content["data"]["signal"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        answer.write_text(json.dumps(content))
        return verify(answer, bars)

    return verified


FIRST = ("explanation", "contributions", 0)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("strategy", "name"), "BREAKOUT", "strategy        BREAKOUT                 differs"),
        (("strategy", "hash"), "0" * 16, "its hash        0000000000000000         differs"),
        (("provenance", "source"), "Somebody", "source          Somebody                 differs"),
        (("explanation", "summary"), "SELL now", "the summary is 'BUY with a score of +0.50: "),
        (("explanation", "baseline"), 0.1, "the baseline is 0.0"),
        (("explanation", "baseline"), False, "the baseline is 0.0"),
        (("explanation", "contributions"), [], "there are 3 contributions"),
        (("explanation", "contributions"), None, "there are 3 contributions"),
        (FIRST, None, "label of SMA(20) is 'SMA(20)'"),
        ((*FIRST, "indicator"), "EMA", "indicator of SMA(20) is 'SMA'"),
        ((*FIRST, "label"), "SMA(50)", "label of SMA(20) is 'SMA(20)'"),
        ((*FIRST, "group"), "oscillators", "group of SMA(20) is 'moving averages'"),
        ((*FIRST, "value"), 200.844500001, "value of SMA(20) is 200.844499"),
        ((*FIRST, "value"), None, "value of SMA(20) is 200.844499"),
        ((*FIRST, "vote"), -1.0, "vote of SMA(20) is 1.0"),
        ((*FIRST, "weight"), 0.2500000001, "weight of SMA(20) is 0.25"),
        ((*FIRST, "contribution"), 0.2, "contribution of SMA(20) is 0.25"),
        ((*FIRST, "reason"), "it looks good", "reason of SMA(20) is 'close 202.91 above SMA(20)"),
    ],
)
def test_a_reason_that_was_changed_in_an_answer_is_found(change, capsys, path, value, said):
    assert change(path, value) == 1
    told = capsys.readouterr().out
    assert said in told
    assert told.count("differs: ") == 1


def test_what_cannot_be_recomputed_from_exports_is_named(change, capsys):
    assert change(("explanation", "flips"), []) == 0
    told = capsys.readouterr().out
    assert "explanation     as told                  the same" in told
    assert "note: Not looked at: final, flips.\n" in told


@pytest.mark.parametrize("name", ["explanation", "strategy"])
def test_what_ought_to_be_an_object_and_is_none_is_not_passed_in_silence(change, capsys, name):
    change((name,), "mangled")
    told = capsys.readouterr().out
    assert "note: Not looked at: " in told
    assert name in told.split("Not looked at: ")[1].splitlines()[0]


def test_an_explanation_is_verified_with_the_signal_that_it_holds(saved, capsys):
    answer, bars = saved(BARE, "AAPL")
    assert verify(answer, bars) == 0
    assert "explanation     as told                  the same" in capsys.readouterr().out
    answer.write_text(answer.read_text().replace("say buy", "say sell"))
    assert verify(answer, bars) == 1
    assert "differs: the summary is " in capsys.readouterr().out


def test_an_explanation_without_prices_holds_as_well(saved, server):
    """As it is told where the terms of a source do not let its prices be passed on."""
    with closing(SqliteBarStore(server.data / "bars.sqlite")) as store:
        bars = store.series("IBM", Interval.ONE_DAY).snapshot(now=store.clock()).bars
        then = store.clock() - 3_600_000_000
        acme = Instrument("ACME", calendar="XNYS", source="yahoo")
        done = store.commit(acme, Interval.ONE_DAY, bars, fetched_at=then)
        wait_until(done.known, store.clock, time.sleep)
    answer, exported = saved(REASONED.replace("IBM", "ACME"), "ACME")
    told = json.loads(answer.read_text())["data"]["signal"]["explanation"]["contributions"]
    assert told[0]["value"] is None
    assert "%" in told[0]["reason"]
    assert verify(answer, exported) == 0
    answer.write_text(answer.read_text().replace("%", " percent"))
    assert verify(answer, exported) == 1


def test_a_score_may_be_off_by_no_more_than_the_tolerance(saved, capsys):
    answer, bars = saved(BARE, "AAPL")
    content = json.loads(answer.read_text())
    signal = content["data"]["explanation"]["signal"]
    score = signal["score"]
    for off, holds in ((5e-13, True), (-5e-13, True), (2e-12, False)):
        signal["score"] = score + off
        answer.write_text(json.dumps(content))
        assert (verify(answer, bars) == 0) is holds
    assert "the same within 1e-12" in capsys.readouterr().out


def test_a_price_that_was_changed_in_the_bars_is_found(saved, capsys):
    answer, bars = saved(FULL)
    lines = bars.read_text().splitlines()
    fields = lines[500].split(",")
    fields[11] = str(float(fields[11]) + 0.01)
    bars.write_text("\n".join([*lines[:500], ",".join(fields), *lines[501:]]) + "\n")
    assert verify(answer, bars) == 1
    told = capsys.readouterr().out
    assert [line.split("  ")[1].strip() for line in told.splitlines() if "differs" in line] == [
        "data version"
    ]


def test_an_export_that_lacks_the_bar_says_so(saved, capsys, server, tmp_path):
    answer, bars = saved(FULL)
    kept = [line for line in bars.read_text().splitlines() if "2013-03-01T" not in line]
    bars.write_text("\n".join(kept) + "\n")
    assert verify(answer, bars) == 1
    said = capsys.readouterr().err
    assert "does not hold the bar of 2013-03-01T00:00:00Z as it was known at" in said
    assert "its newest row is known from" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no json", "is no JSON"),
        ("{}", "holds no signal with its provenance; ask for it with { id action"),
        ('{"provenance": {}, "score": 1}', "does not say symbol; ask for it"),
        (
            '{"id": "AAAA", "provenance": {}, "score": 1}',
            "The id 'AAAA' is none that this",
        ),
        (
            f'{{"id": "{"A" * 999}", "provenance": {{}}, "score": 1}}',
            "AA...' is none that",
        ),
        ('{"id": 5, "provenance": {}, "score": 1}', "says what cannot be meant: id is no text."),
        ('{"symbol": 5, "provenance": {}, "score": 1}', "symbol is no text."),
        ('{"symbol": "IBM", "interval": [], "provenance": {}, "score": 1}', "interval is no text."),
        ('{"symbol": "IBM", "barTime": 5, "provenance": {}, "score": 1}', "barTime is no text."),
        ('{"symbol": "IBM", "strategy": {"name": []}, "provenance": {}, "score": 1}', "name is no"),
        (
            '{"id": null, "symbol": "IBM", "strategy": {"hash": ""}, "provenance": {}, "score": 1}',
            "does not say barTime",
        ),
        (f'{{"id": "{FAR}", "provenance": {{}}, "score": 1}}', "moment that has no date"),
        (f'{{"id": "{ODD}", "provenance": {{}}, "score": 1}}', "names no signal"),
        (f'{{"id": "{TEXT}", "provenance": {{}}, "score": 1}}', "names no signal"),
        ('{"symbol": "IBM", "provenance": {}, "score": 1}', "does not say barTime"),
        (
            '{"symbol": "IBM", "provenance": {}, "score": 1, "barTime": "today"}',
            "says what cannot be meant",
        ),
        (
            '{"symbol": "IBM", "interval": "DAILY", "provenance": {}, "score": 1}',
            "says what cannot be meant",
        ),
    ],
)
def test_what_cannot_be_verified_says_what_is_missing(tmp_path, data, capsys, content, said):
    answer, bars = tmp_path / "answer.json", tmp_path / "bars.csv"
    answer.write_text(content)
    with closing(SqliteBarStore(data / "bars.sqlite")) as store, bars.open("w") as file:
        write_csv(store.series("IBM", Interval.ONE_DAY), file)
    assert verify(answer, bars) == 1
    assert said in capsys.readouterr().err


def test_a_strategy_that_there_is_not_or_a_parameter_out_of_range_is_refused(saved, capsys):
    answer, bars = saved(BARE, "AAPL")
    assert verify(answer, bars, "--strategy", "GUESS") == 1
    assert "This engine has no strategy GUESS." in capsys.readouterr().err
    assert verify(answer, bars, "--strategy", "BREAKOUT", "--set", "entry_window=1e9") == 1
    assert "entry_window" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        verify(answer, bars, "--set", "fast=soon")
    assert "'fast=soon' does not read fast=10" in capsys.readouterr().err


def test_a_strategy_that_hears_sentiment_says_what_an_export_lacks(saved, capsys):
    query = BARE.replace('"2005-02-25T23:00:00Z"', '"2005-02-25T23:00:00Z", strategy: '
                         "{ preset: { name: COMBINED } }")  # fmt: skip
    answer, bars = saved(query, "AAPL")
    assert verify(answer, bars) == 0
    assert "note: This strategy hears sentiment" in capsys.readouterr().out


def test_with_the_export_of_sentiment_an_answer_that_heard_it_is_verified(
    saved, server, tmp_path, capsys
):
    scores = tmp_path / "scores.csv"
    scores.write_text("time,value\n2005-02-23,0.9\n2005-02-24,0.1\n")
    folder = ["--data", str(server.data)]
    assert main(["sentiment", "import", str(scores), "--symbol", "AAPL", *folder]) == 0
    query = BARE.replace('"2005-02-25T23:00:00Z"', '"2005-02-25T23:00:00Z", strategy: '
                         "{ preset: { name: COMBINED } }")  # fmt: skip
    answer, bars = saved(query, "AAPL")
    assert json.loads(answer.read_text())["data"]["explanation"]["signal"]["action"] == "HOLD"
    capsys.readouterr()
    assert main(["sentiment", "export", "AAPL", *folder]) == 0
    exported = tmp_path / "sentiment.csv"
    exported.write_text(capsys.readouterr().out)
    assert verify(answer, bars, "--sentiment", str(exported)) == 0
    told = capsys.readouterr().out
    assert "It holds." in told
    assert "note" not in told
    exported.write_text(exported.read_text().replace(",0.1,", ",0.11,"))
    assert verify(answer, bars, "--sentiment", str(exported)) == 1
    assert "data version" in capsys.readouterr().out
    assert verify(answer, bars) == 1
    exported.write_text(exported.read_text().replace("AAPL,", "IBM,"))
    capsys.readouterr()
    assert verify(answer, bars, "--sentiment", str(exported)) == 1
    assert "and the export of it has none of AAPL." in capsys.readouterr().out


def test_an_answer_larger_than_any_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("graphql_api.commands.verify.MAX_BYTES", 3)
    (tmp_path / "answer.json").write_text("1234")
    assert verify(tmp_path / "answer.json", tmp_path / "bars.csv") == 1
    assert "more than 3 bytes" in capsys.readouterr().err


def test_an_export_of_nothing_says_what_there_is(data, capsys):
    assert main(["bars", "export", "NONE", "--data", str(data)]) == 1
    assert "no bars of NONE ONE_DAY are kept; intellpulse bars list" in capsys.readouterr().err


def test_an_export_without_a_file_goes_to_stdout(data, capsys):
    assert main(["bars", "export", "IBM", "--data", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("symbol,interval,calendar,source,kind,time,known,origin,open")
    assert len(lines) > 3000
