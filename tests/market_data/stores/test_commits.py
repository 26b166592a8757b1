"""Commits that are beaten, unheard or refused again and again: they end, and say why."""

import json
import random
import zlib
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from engine.types import Interval
from market_data.calendar import DAY, SECOND
from market_data.errors import Damaged, StoreUnavailable, UnknownFormat
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores import SqliteBarStore
from market_data.stores.chunked import ChunkedBarStore
from market_data.stores.committing import CONFLICTS, LOOKS
from market_data.stores.head import LARGEST, Chunk, Head, Manifest, pack, seal, unpack
from market_data.stores.merging import ActionRow, pack_actions, unpack_actions
from market_data.stores.objects import Beside, Name

ONE_DAY = Interval.ONE_DAY
MONDAY = 18_267 * DAY
AAPL = Instrument("AAPL", source="told")


class Altered:
    """A backend with some of its methods exchanged."""

    def __init__(self, backend, **methods):
        self._backend = backend
        self.calls = []
        for name, method in methods.items():
            setattr(self, name, method)

    def __getattr__(self, name):
        self.calls.append(name)
        return getattr(self._backend, name)


@pytest.fixture
def altered(store, clock):
    """Makes stores over the same file that behave otherwise in places."""

    def make(sleep=lambda seconds: None, **methods):
        return ChunkedBarStore(Altered(store._backend, **methods), clock, sleep=sleep)

    return make


def test_a_commit_that_is_always_beaten_gives_up_after_longer_and_longer_pauses(altered, daily):
    pauses = []
    beaten = altered(sleep=pauses.append, swap=lambda *_: False)
    with pytest.raises(StoreUnavailable, match="other commits to AAPL came first each time"):
        beaten.commit(AAPL, ONE_DAY, daily([10]))
    assert len(pauses) == CONFLICTS - 1
    assert pauses[0] < 0.05
    assert all(0.1 < pause <= 0.25 for pause in pauses[10:])


def test_a_file_is_written_twice_a_commit_and_once_where_no_answer_changes(store, daily, clock):
    """Once to make the rows visible, and once to confirm them: a transaction waits for the disk."""
    began = []
    connections = store._backend.connections
    transaction = connections.transaction
    connections.transaction = lambda begin: began.append(begin) or transaction(begin)
    store.commit(AAPL, ONE_DAY, daily([10]))
    store.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert began == ["BEGIN IMMEDIATE"] * 4
    store.commit(AAPL, ONE_DAY, daily([11], first=1), fetched_at=clock.now + 1)
    assert len(began) == 5
    store.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert len(began) == 5
    with connections.use() as connection:
        rows = connection.execute("SELECT expires IS NULL FROM objects").fetchall()
    assert sorted(rows) == [(0,), (0,), (1,)]


def test_a_file_whose_head_is_refused_keeps_nothing_and_lets_nothing_go(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10]))
    names = set(store._backend.names())
    beside = Beside({Name("B#AAPL#ONE_DAY", f"T#0#3#{'0' * 32}"): b"abc"}, names, 1)
    assert store._backend.swap(AAPL, 1, b"beaten", beside) is False
    assert set(store._backend.names()) == store._backend.lasting(names) == names


def test_a_head_that_only_its_confirmation_splits_keeps_its_parts(home, daily, clock, monkeypatch):
    """Deflated, it may come out a few bytes longer than the draft was."""
    clock.now += 10_000 * DAY
    monkeypatch.setattr("market_data.stores.committing.pack", partial(pack, largest=100))
    home.commit(Instrument("BTC-USD", calendar="24/7"), ONE_DAY, daily([10.0] * 6500))
    head = home._reader.heads(["BTC-USD"])["BTC-USD"].head
    assert (len(head.manifests[ONE_DAY].parts), head.pending) == (1, 0)
    assert len(home.series("BTC-USD", ONE_DAY).time) == 6500


def test_an_outcome_that_stays_unknown_is_told_as_such(altered, daily):
    def unheard(*_):
        raise StoreUnavailable("no answer")

    reads = iter([{}])
    lost = altered(swap=unheard, heads=lambda _: next(reads, None) or unheard())
    with pytest.raises(StoreUnavailable):
        lost.commit(AAPL, ONE_DAY, daily([10]))

    kept, fails = altered(), SimpleNamespace(now=False)

    def heads(symbols):
        if fails.now:
            raise StoreUnavailable("no answer")
        return kept._backend.heads(symbols)

    def swap(*_):
        fails.now = True
        raise StoreUnavailable("no answer")

    with pytest.raises(
        StoreUnavailable, match="whether the bars of AAPL were committed is unknown"
    ):
        altered(swap=swap, heads=heads).commit(AAPL, ONE_DAY, daily([10]))


def test_a_write_that_arrives_after_it_was_given_up_is_found_and_told_once(
    altered, store, daily, clock
):
    waiting = []

    def swap(*write):
        if not waiting:
            waiting.append(write)
            raise StoreUnavailable("no answer")
        if len(waiting) == 1:
            # The one that was given up for lost comes first, and this one fails.
            waiting.append(None)
            assert store._backend.swap(*waiting[0])
        return store._backend.swap(*write)

    result = altered(swap=swap).commit(AAPL, ONE_DAY, daily([10, 11]))
    series = store.series("AAPL", ONE_DAY)
    assert (result.known, len(series.time)) == (int(series.known[0]), 2)
    assert len(set(series.known.tolist())) == 1
    clock.now = result.known
    assert series.snapshot(as_of=result.known, now=clock.now).final


def test_what_a_write_that_was_not_heard_of_names_is_never_let_go(dynamodb, daily, clock):
    """It may arrive when all has been given up, and its HEAD must find its chunks for ever."""
    waiting = []

    def swap(*write):
        waiting.append(write)
        raise StoreUnavailable("no answer")

    unheard = ChunkedBarStore(Altered(dynamodb._backend, swap=swap), clock, sleep=clock.sleep)
    with pytest.raises(StoreUnavailable, match="came first each time"):
        unheard.commit(AAPL, ONE_DAY, daily([10, 11]))
    assert dynamodb._backend.swap(*waiting[0])
    names = set(dynamodb._backend.names())
    assert dynamodb._backend.lasting(names) == names
    assert len(dynamodb.series("AAPL", ONE_DAY).time) == 2


def test_a_confirmation_that_is_lost_is_made_up_for(altered, store, daily):
    swaps = []

    def swap(instrument, version, *rest):
        swaps.append(version)
        if len(swaps) == 2:
            raise StoreUnavailable("not done, and not heard of")
        return store._backend.swap(instrument, version, *rest)

    result = altered(swap=swap).commit(AAPL, ONE_DAY, daily([10]))
    assert (result.added, result.unchanged) == (1, 0)
    # The rows are moved to a new k, and that is confirmed.
    assert swaps == [0, 1, 1, 2]
    series = store.series("AAPL", ONE_DAY)
    assert series.known.tolist() == [result.known]
    assert series.horizon == 2**63 - 1


def test_whoever_meets_rows_pending_waits_a_little_before_it_moves_them(
    altered, store, daily, clock
):
    def killed(self, draft):
        raise KeyboardInterrupt

    pauses = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("market_data.stores.committing.Commit._confirmed", killed)
        with pytest.raises(KeyboardInterrupt):
            store.commit(AAPL, ONE_DAY, daily([10]))
    pending = clock.now + 2 * SECOND
    second = altered(sleep=pauses.append).commit(AAPL, ONE_DAY, daily([11], first=1))
    assert len(pauses) == LOOKS
    assert second.known == pending + 1
    assert store.series("AAPL", ONE_DAY).known.tolist() == [pending + 1] * 2
    # Where its k is near, there is nothing to wait for.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("market_data.stores.committing.Commit._confirmed", killed)
        with pytest.raises(KeyboardInterrupt):
            store.commit(AAPL, ONE_DAY, daily([12], first=2))
    clock.now += 2 * SECOND
    pauses.clear()
    altered(sleep=pauses.append).commit(AAPL, ONE_DAY, daily([13], first=3))
    assert pauses == []


def test_what_cannot_be_let_go_of_is_no_reason_to_fail(dynamodb, daily, clock):
    def fail(*_):
        raise StoreUnavailable("no answer")

    backend = Altered(dynamodb._backend, expire=fail)
    store = ChunkedBarStore(backend, clock, sleep=clock.sleep)
    store.commit(AAPL, ONE_DAY, daily([10]))
    assert store.commit(AAPL, ONE_DAY, daily([11], first=1)).added == 1


def test_what_is_superseded_is_deleted_from_a_file_after_a_week(store, daily, clock):
    def objects():
        with store._backend.connections.use() as connection:
            return connection.execute("SELECT path, expires FROM objects").fetchall()

    store.commit(AAPL, ONE_DAY, daily([10]))
    store.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert sorted(expires is None for _, expires in objects()) == [False, True]
    clock.sleep(8 * 86_400)
    store.commit(AAPL, ONE_DAY, daily([12], first=2))
    assert len(objects()) == 2
    assert len(store.series("AAPL", ONE_DAY).time) == 3


def test_pending_actions_move_with_the_rows(store, daily, clock, day):
    split = CorporateAction(day("2020-01-07"), ActionKind.SPLIT, 2.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("market_data.stores.committing.Commit._confirmed", lambda self, draft: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.commit(AAPL, ONE_DAY, daily([10, 11]), [split])
    clock.sleep(10)
    again = store.commit(AAPL, ONE_DAY, daily([10, 11]), [split])
    assert again.known == clock.now + 2 * SECOND
    series = store.series("AAPL", ONE_DAY)
    assert [one.known for one in series.actions] == [again.known]
    assert set(series.known.tolist()) == {again.known}


def test_pending_rows_move_whichever_interval_or_chunk_is_committed_to(store, daily, clock, day):
    weeks = daily([7]).replace(time=np.array([day("2019-12-30")]))
    store.commit(AAPL, Interval.ONE_WEEK, weeks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("market_data.stores.committing.Commit._confirmed", lambda self, draft: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.commit(AAPL, ONE_DAY, daily([10, 11]))
    clock.sleep(10)
    said = store.series("AAPL", ONE_DAY).snapshot(as_of=clock.now, now=clock.now)
    assert (said.known, said.final) == (0, False)
    moved = store.commit(AAPL, Interval.ONE_WEEK, weeks.replace(volume=weeks.volume + 1))
    assert moved.known == clock.now + 2 * SECOND
    assert store.series("AAPL", ONE_DAY).known.tolist() == [moved.known] * 2


def test_a_head_of_a_newer_format_is_told_from_damage():
    _, packed, _ = pack(Head(AAPL, 1))
    assert unpack(packed).instrument == AAPL
    with pytest.raises(UnknownFormat, match="a HEAD of format 9; this software knows 1"):
        unpack(seal({"format": 9}))
    with pytest.raises(Damaged, match="checksum"):
        unpack(packed[:-1] + b"!")


def listing(chunks):
    """A HEAD of that many chunks of 2,000 bars each."""
    rng = random.Random(chunks)
    step, told = 2000 * 15 * 60 * SECOND, []
    for n in range(chunks):
        name = f"C#{n * step}#{rng.randrange(18_000, 40_000)}#{rng.getrandbits(128):032x}"
        known = 1_795_003_200_000_000 + rng.randrange(10**14)
        told.append(Chunk(name, n * step, (n + 1) * step - SECOND, 2001, 2000, known))
    return Head(AAPL, 7, manifests={Interval.FIFTEEN_MINUTES: Manifest((), tuple(told))})


@pytest.mark.parametrize("chunks", [1, 20, 66, 80])
def test_a_head_of_160_000_bars_is_one_read_unit_and_whole(chunks):
    head = listing(chunks)
    same, packed, parts = pack(head)
    assert (same, parts) == (head, {})
    assert len(packed) <= LARGEST
    assert unpack(packed) == head


def test_a_longer_one_is_split():
    split, packed, parts = pack(listing(120))
    assert parts
    assert len(packed) <= LARGEST
    assert unpack(packed) == split


def test_a_deflated_head_that_is_cut_or_changed_is_damage():
    _, packed, _ = pack(listing(66))
    assert not packed.startswith(b"{")
    for bad in (packed[:-1], packed[:100], b"x", b"", packed[:50] + b"\0" + packed[51:]):
        with pytest.raises(Damaged):
            unpack(bad)


def test_what_was_overruled_lies_where_version_0_1_0_does_not_look():
    rows = [ActionRow(MONDAY, "SPLIT", 1.0, 5, 6, 20.0), ActionRow(MONDAY, "DIVIDEND", 2.0, 7, 8)]
    packed = pack_actions(rows, 7)
    assert unpack_actions(packed) == rows
    _, *told = json.loads(zlib.decompress(packed))
    assert told == [[MONDAY, "SPLIT", 1.0, 5, 6], [MONDAY, "DIVIDEND", 2.0, 7, 8]]
    earlier = zlib.compress(json.dumps([7, *told]).encode())
    assert unpack_actions(earlier) == [row._replace(overruled=None) for row in rows]
    with pytest.raises(Damaged):
        unpack_actions(zlib.compress(json.dumps([[7, None], *told]).encode()))


def test_actions_that_are_none_are_damage():
    assert unpack_actions(pack_actions([], 7)) == []
    for body in (b"", b"no zlib", pack_actions([], 7)[:-1]):
        with pytest.raises(Damaged, match="splits and dividends cannot be read"):
            unpack_actions(body)


def test_a_store_has_no_other_copy_in_a_file(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10]))
    with store._backend.connections.transaction("BEGIN IMMEDIATE") as connection:
        connection.execute("UPDATE objects SET body = x'00'")
    fresh = SqliteBarStore(store._backend.connections._path, store.clock)
    with pytest.raises(Damaged, match="does not hold what was written there"):
        fresh.series("AAPL", ONE_DAY)
    fresh.close()
