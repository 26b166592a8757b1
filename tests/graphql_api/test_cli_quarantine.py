"""intellpulse bars quarantine, release and drop, run as a person runs them."""

import json
from contextlib import closing

import pytest

from engine.types import Interval
from graphql_api.cli import main
from market_data.clock import now
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.sources.base import RawBar, RawBatch
from market_data.stores import SqliteBarStore
from market_data.stores.sqlite_quarantine import SqliteQuarantine

DAY = 86_400_000_000
MONDAY = 18_267 * DAY  # 2020-01-06


@pytest.fixture
def kept(tmp_path):
    """A folder in which a jump was contradicted and a bar is broken."""
    folder = tmp_path / "kept"
    closes = ["100", "10", "101", "102"]
    rows = [RawBar(MONDAY + i * DAY, c, c, c, c, "5") for i, c in enumerate(closes)]
    rows[3] = rows[3]._replace(high="1")
    batch = RawBatch("told", "ACME", Interval.ONE_DAY, now(), tuple(rows))
    with closing(SqliteBarStore(folder / "bars.sqlite")) as bars:
        quarantine = SqliteQuarantine(folder / "quarantine.sqlite")
        Ingestion(bars, quarantine).take(Instrument("ACME", source="told"), batch)
    return folder


@pytest.fixture
def run(kept, capsys, monkeypatch):
    monkeypatch.setattr("graphql_api.commands.quarantine.wait_until", lambda *_: None)

    def command(*words, data=kept):
        status = main(["bars", *words, "--data", str(data)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


def test_what_a_source_wrote_commands_no_terminal(run, kept):
    with closing(SqliteBarStore(kept / "bars.sqlite")) as bars:
        odd = RawBar(MONDAY + 9 * DAY, "1\x1b]0;me\x07", "1\r\n2", "1", "1", "5")
        batch = RawBatch("told", "ACME", Interval.ONE_DAY, now(), (odd,))
        quarantine = SqliteQuarantine(kept / "quarantine.sqlite")
        Ingestion(bars, quarantine).take(Instrument("ACME", source="told"), batch)
    listed = run("quarantine")[1]
    assert "1\ufffd]0;me\ufffd" in listed
    assert all(line.isprintable() for line in listed.splitlines())


def rows(run, *more):
    return json.loads(run("quarantine", "--json", *more)[1])


def test_what_is_held_is_listed_with_its_numbers_and_its_reason(run, tmp_path):
    jump, broken = rows(run)
    assert (jump["symbol"], jump["code"], jump["state"]) == ("ACME", "CONTRADICTED", "HELD")
    assert jump["time"] == "2020-01-07T00:00:00Z"
    assert jump["values"]["close"] == "10"
    assert (broken["code"], broken["column"]) == ("BROKEN_PRICES", "high")
    lines = run("quarantine")[1].splitlines()
    assert lines[0].startswith(f"{jump['id']}  ACME ONE_DAY 2020-01-07T00:00:00Z  told: open 10, ")
    assert lines[0].endswith("the next bar contradicts the jump")
    assert rows(run, "--symbol", "OTHER") == []
    assert run("quarantine", "--symbol", "OTHER")[1] == "nothing of OTHER is in quarantine\n"
    assert run("quarantine", data=tmp_path / "none")[1] == "nothing is in quarantine\n"


def test_a_row_is_released_and_another_dropped(run, kept):
    jump, broken = rows(run)
    assert run("release", jump["id"])[:2] == (0, f"{jump['id']} is released\n")
    with closing(SqliteBarStore(kept / "bars.sqlite")) as bars:
        series = bars.series("ACME", Interval.ONE_DAY)
        assert series.snapshot(now=now() + DAY).bars.close.tolist() == [100, 10, 101]
    assert run("drop", broken["id"])[0] == 0
    assert rows(run) == []
    assert [row["state"] for row in rows(run, "--all")] == ["RELEASED", "DROPPED"]
    assert "(dropped)" in run("quarantine", "--all")[1]


def test_several_rows_are_decided_at_once(run):
    jump, broken = rows(run)
    status, out, err = run("drop", jump["id"], broken["id"], "0000")
    assert (status, out.count("is dropped")) == (1, 2)
    assert "no row '0000' is in quarantine" in err
    assert rows(run) == []


def test_what_cannot_be_done_is_said(run):
    _, broken = rows(run)
    status, out, err = run("release", broken["id"])
    assert (status, out) == (1, "")
    assert "high is below" in err
    assert "drop this row" in err
    assert "is in quarantine" in run("drop", "0000")[2]
