"""intellpulse sentiment, run as a person runs it."""

import json

import pytest

from graphql_api.cli import main

SCORES = "time,value\n2020-01-06,0.25\n2020-01-07,0.75\n"
HEADLINES = "time,headline\n2020-01-08,Record profits delight investors\n"


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Runs a command on a data folder; what it printed, and its exit status."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("graphql_api.commands.sentiment.wait_until", lambda *_: None)

    def command(*words):
        status = main([*map(str, words), "--data", str(tmp_path / "kept")])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def test_scores_and_headlines_are_imported_listed_and_exported(run, tmp_path):
    scores, headlines = tmp_path / "scores.csv", tmp_path / "headlines.csv"
    scores.write_text(SCORES)
    headlines.write_text(HEADLINES)
    assert run("sentiment", "list")[1].startswith("no sentiment is kept")
    status, out, _ = run("sentiment", "import", scores, "--symbol", "AAPL")
    assert (status, out) == (
        0,
        "AAPL: 2 readings from 2020-01-06T00:00:00Z to 2020-01-07T00:00:00Z, 2 new, 0 restated\n",
    )
    assert "0 new, 0 restated" in run("sentiment", "import", scores, "--symbol", "AAPL")[1]
    status, out, _ = run("sentiment", "import", headlines, "--symbol", "AAPL", "--headlines")
    assert (status, "1 new" in out) == (0, True)

    (row,) = json.loads(run("sentiment", "list", "--json")[1])
    assert (row["symbol"], row["readings"], row["sources"]) == ("AAPL", 3, "file, headlines")
    assert row["newest"] > 0.6
    assert "AAPL" in run("sentiment", "list")[1]

    lines = run("sentiment", "export", "AAPL")[1].splitlines()
    assert lines[0] == "symbol,time,published,known,value,source"
    assert lines[1].startswith("AAPL,2020-01-06T00:00:00Z,2020-01-07T00:00:00Z,2")
    assert lines[1].endswith(",0.25,file")
    assert len(lines) == 4


def test_what_cannot_be_imported_is_said_in_a_sentence_and_nothing_is_kept(run, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(SCORES + "2020-01-08,1.5\n")
    status, out, err = run("sentiment", "import", bad, "--symbol", "AAPL")
    assert (status, out) == (1, "")
    assert err.startswith("intellpulse: ")
    assert "line 4, column value: '1.5': sentiment lies on 0 to 1" in err
    assert "is no symbol" in run("sentiment", "import", bad, "--symbol", "not one")[2]
    assert "no sentiment of 'AAPL' is kept" in run("sentiment", "export", "AAPL")[2]
    assert json.loads(run("sentiment", "list", "--json")[1]) == []
    assert "cannot be read" in run("sentiment", "import", tmp_path / "none", "--symbol", "AAPL")[2]
