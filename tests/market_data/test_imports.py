"""Files brought into a store by hand, and what the store holds then."""

import pytest

from engine.types import Interval
from market_data.calendar import SECOND
from market_data.errors import BadCsv, BadInstrument, Damaged
from market_data.imports import import_actions, import_csv, import_sifted, stored_series
from market_data.ingest import Ingestion
from market_data.sources.sifting import Refusal
from market_data.stores.sqlite_quarantine import SqliteQuarantine

ONE_DAY = Interval.ONE_DAY
HEADER = "Date,Open,High,Low,Close,Volume,Adj Close\n"


@pytest.fixture
def file(tmp_path):
    """A CSV file of weekdays from 2020-01-06 on, with the closes given."""

    def file(*closes, name="bars.csv"):
        rows = [f"2020-01-{6 + n:02},{c},{c},{c},{c},1,0\n" for n, c in enumerate(closes)]
        (tmp_path / name).write_text(HEADER + "".join(rows))
        return tmp_path / name

    return file


@pytest.fixture
def actions(tmp_path):
    path = tmp_path / "actions.csv"
    path.write_text("date,kind,value\n2020-01-08,SPLIT,2\n")
    return path


@pytest.fixture
def bring(store, clock):
    def bring(path, symbol="ACME", interval=ONE_DAY, **options):
        return import_csv(store, path, symbol, interval, **{"sleep": clock.sleep} | options)

    return bring


def never(symbol, error):
    raise AssertionError(f"{symbol}: {error}")


def kept_series(store):
    return list(stored_series(store, never))


def test_an_import_returns_when_its_bars_can_be_asked_for(bring, file, store, clock, day):
    now = clock.now
    summary = bring(file(10, 11, 12), name="Acme Inc.", source="broker")
    assert clock.now == summary.result.known == now + 2 * SECOND
    assert (summary.bars, summary.result.added) == (3, 3)
    assert (summary.first_time, summary.last_time) == (day("2020-01-06"), day("2020-01-08"))
    assert summary.notes[0].startswith("Column Adj Close is not read")
    kept = store.instrument("ACME")
    assert (kept.name, kept.calendar, kept.source) == ("Acme Inc.", "XNYS", "broker")
    assert store.series("ACME", ONE_DAY).snapshot(now=clock.now).source == "broker"


def test_an_import_need_not_wait(bring, file, store, clock):
    now = clock.now
    assert bring(file(10), sleep=None).result.known == now + 2 * SECOND
    assert clock.now == now
    assert store.series("ACME", ONE_DAY).snapshot(now=now).known == 0


def test_the_same_file_again_changes_nothing_and_waits_for_nothing(bring, file, clock):
    bring(file(10, 11))
    now = clock.now
    again = bring(file(10, 11))
    assert (again.result.known, again.result.unchanged, clock.now) == (None, 2, now)


def test_a_later_file_adds_and_restates_and_leaves_the_profile(bring, file, store, clock):
    first = bring(file(10, 11), source="broker", calendar="XNAS")
    clock.sleep(1)
    later = bring(file(10, 12, 13), name="Another", calendar="24/7")
    assert (later.result.added, later.result.restated, later.result.unchanged) == (1, 1, 1)
    assert later.instrument == first.instrument == store.instrument("ACME")
    assert later.notes[1:] == (
        "The name of ACME stays None, as its first import made it.",
        "The calendar of ACME stays XNAS, as its first import made it.",
    )
    snapshot = store.series("ACME", ONE_DAY).snapshot(now=clock.now)
    assert snapshot.bars.close.tolist() == [10, 12, 13]
    assert snapshot.source == "broker + file"


def test_a_bad_row_leaves_the_store_as_it_was(bring, file, store):
    with pytest.raises(BadCsv, match="line 3, column Open"):
        bring(file(10, -1))
    assert kept_series(store) == []


def test_a_bad_file_of_actions_leaves_the_store_as_it_was(bring, file, store, actions):
    actions.write_text("date,kind,value\nx,SPLIT,2\n")
    with pytest.raises(BadCsv, match="line 2, column date"):
        bring(file(10), actions=actions)
    assert kept_series(store) == []


def test_what_is_no_symbol_is_refused_before_the_file_is_read(bring, tmp_path):
    with pytest.raises(BadInstrument, match="is no symbol"):
        bring(tmp_path / "none.csv", symbol="no symbol")


def test_a_file_too_large_is_refused(bring, file):
    with pytest.raises(BadCsv, match="the limit is 10"):
        bring(file(10), max_bytes=10)


def test_jumps_are_kept_and_told(bring, file, day):
    assert bring(file(10, 11, 5)).jumps == (day("2020-01-08"),)
    assert bring(file(10, 11, 5, 5)).jumps == (day("2020-01-08"),)


def test_a_jump_that_a_split_explains_is_none(bring, file, actions):
    summary = bring(file(10, 11, 5), actions=actions)
    assert (summary.jumps, summary.result.actions) == ((), 1)


def test_a_jump_outside_of_the_file_is_not_its_own(bring, file, tmp_path):
    bring(file(10, 11, 5))
    (tmp_path / "later.csv").write_text(HEADER + "2020-01-10,5,5,5,5,1,0\n")
    assert bring(tmp_path / "later.csv").jumps == ()


def test_actions_can_follow_their_bars(bring, file, store, clock, actions):
    bring(file(10, 11, 5))
    summary = import_actions(store, actions, "ACME", sleep=clock.sleep)
    assert (summary.result.actions, summary.bars, summary.jumps) == (1, 0, ())
    assert clock.now == summary.result.known
    snapshot = store.series("ACME", ONE_DAY).snapshot(now=clock.now)
    assert snapshot.bars.close.tolist() == [5, 5.5, 5]
    again = import_actions(store, actions, "ACME", sleep=None)
    assert again.result.known is None


def test_actions_of_an_unknown_symbol_are_not_kept(store, actions):
    assert import_actions(store, actions, "ACME") is None


def test_all_that_is_stored_is_listed_by_symbol(bring, file, store):
    for symbol in ("ZZZ", "ACME"):
        bring(file(10, 11), symbol=symbol)
    listed = [(one.symbol, series.interval, series.count) for one, series in kept_series(store)]
    assert listed == [("ACME", ONE_DAY, 2), ("ZZZ", ONE_DAY, 2)]


@pytest.fixture
def sift(store, clock, tmp_path):
    """Imports what is good of a file; what is not is in the quarantine."""
    quarantine = SqliteQuarantine(tmp_path / "quarantine.sqlite")
    ingestion = Ingestion(store, quarantine)

    def sift(path, symbol="ACME", interval=ONE_DAY, **options):
        options = {"sleep": clock.sleep} | options
        return import_sifted(store, ingestion, path, symbol, interval, **options)

    sift.quarantine = quarantine
    return sift


def test_a_bad_row_is_held_and_the_others_are_kept(sift, file, store, clock, actions):
    now = clock.now
    done = sift(file(10, "NaN", 12), actions=actions, name="Acme Inc.")
    assert (done.bars, done.result.added, done.result.actions) == (3, 2, 1)
    assert clock.now == done.result.known == now + 2 * SECOND
    (held,) = sift.quarantine.listing()
    assert done.held == (held,)
    assert (held.row.close, held.code) == ("NaN", Refusal.NOT_FINITE)
    assert done.notes[0].startswith("Column Adj Close is not read, for prices are kept raw")
    series = store.series("ACME", ONE_DAY)
    assert series.close.tolist() == [10, 12]
    assert (series.instrument.name, series.instrument.calendar) == ("Acme Inc.", "XNYS")
    # Of an older file, the same row again is held once, and the profile stays.
    again = sift(file(10, "NaN", 12), calendar="24/7", sleep=None)
    assert again.result.known is None
    assert "The calendar of ACME stays XNYS, as its first import made it." in again.notes
    assert len(sift.quarantine.listing()) == 1


def test_a_bar_that_the_next_file_contradicts_is_taken_back(sift, file, store, clock):
    sift(file(10, 11, 30))
    assert store.series("ACME", ONE_DAY).snapshot(now=clock.now).bars.close.tolist() == [10, 11, 30]
    clock.sleep(1)
    done = sift(file(10, 11, 30, 11))
    assert len(done.withdrawn) == 1
    clock.sleep(5)
    assert store.series("ACME", ONE_DAY).snapshot(now=clock.now).bars.close.tolist() == [10, 11, 11]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER, "the file has a header and no bars"),
        (HEADER + "2020-01-07T10:00Z,1,1,1,1,1,0\n", "not one of its rows opens when a bar do"),
        (HEADER + "soon,1,1,1,1,1,0\n", "'soon': not a time"),
        (HEADER + "2020-01-06,1,1\n", "3 fields under a header of 7"),
    ],
)
def test_a_file_of_which_nothing_can_be_kept_or_decided_is_refused(
    sift, store, tmp_path, text, reason
):
    (tmp_path / "bars.csv").write_text(text)
    with pytest.raises(BadCsv, match=reason):
        sift(tmp_path / "bars.csv")
    assert store.instruments() == []
    assert sift.quarantine.listing() == []


def test_a_file_of_one_bad_row_is_held(sift, store, tmp_path):
    (tmp_path / "bars.csv").write_text(HEADER + "2020-01-06,1,1,1,0,1,0\n")
    assert len(sift(tmp_path / "bars.csv").held) == 1
    assert store.series("ACME", ONE_DAY) is None
    assert [row.column for row in sift.quarantine.listing()] == ["close"]


STOOQ = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n"


@pytest.mark.parametrize("how", ["bring", "sift"])
def test_a_file_of_one_symbol_may_spell_it_in_its_own_way(how, request, store, tmp_path):
    take = request.getfixturevalue(how)
    row = "ACME.US,D,20200106,000000,1,1,1,1,1\n"
    (tmp_path / "bars.txt").write_text(STOOQ + row)
    assert take(tmp_path / "bars.txt").result.added == 1
    (tmp_path / "bars.txt").write_text(STOOQ + row + row.replace("ACME", "BETA"))
    with pytest.raises(BadCsv, match=r"line 3.*another symbol than ACME.US above"):
        take(tmp_path / "bars.txt")
    (tmp_path / "bars.txt").write_text(STOOQ + row)
    with pytest.raises(BadCsv, match=r"column <PER>: 'D': not a bar of ONE_WEEK"):
        take(tmp_path / "bars.txt", interval=Interval.ONE_WEEK)


def test_a_symbol_that_cannot_be_one_is_refused_before_a_file_is_read(sift, tmp_path):
    with pytest.raises(BadInstrument):
        sift(tmp_path / "gone.csv", "A B")


def test_a_symbol_that_cannot_be_read_is_told_and_the_others_are_listed(bring, file, store):
    for symbol in ("ACME", "BETA"):
        bring(file(10, 11), symbol)
    with store._backend.connections.transaction("BEGIN IMMEDIATE") as connection:
        connection.execute("UPDATE heads SET packed = x'00' WHERE symbol = 'ACME'")
    told = {}
    listed = list(stored_series(store, told.setdefault))
    assert [one.symbol for one, _ in listed] == ["BETA"]
    assert isinstance(told["ACME"], Damaged)


def test_a_split_that_is_taken_back_by_hand_stays_so_though_its_file_is_imported_again(
    bring, file, store, clock, actions, tmp_path
):
    bars = file(10, 11, 12)
    bring(bars, actions=actions)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("date,kind,value\n2020-01-08,SPLIT,1\n")
    assert import_actions(store, wrong, "ACME", sleep=clock.sleep).result.actions == 1
    clock.sleep(10)
    assert bring(bars, actions=actions).result.actions == 0
    clock.sleep(10)
    series = store.series("ACME", ONE_DAY)
    assert series.snapshot(now=clock.now).bars.close.tolist() == [10, 11, 12]
    assert import_actions(store, actions, "ACME", sleep=clock.sleep).result.actions == 1
