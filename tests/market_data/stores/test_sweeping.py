"""What commits that died leave behind is let go of, and nothing that a HEAD names or will name."""

import numpy as np
import pytest

from engine.types import Interval
from market_data.calendar import SECOND
from market_data.errors import StoreUnavailable
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.stores.chunked import ChunkedBarStore
from market_data.stores.objects import Name
from market_data.stores.sweeping import BUSY, NO_HEAD
from tests.market_data.stores.stage import READS, WRITES

ONE_DAY = Interval.ONE_DAY
AAPL = Instrument("AAPL", calendar="24/7", source="told")
STEPS = WRITES | READS


class Stepped:
    """A backend that lets something happen before its call of a given number.

    One write at a time, as on AWS, and as files were written by 0.1.0.
    """

    transactional = False

    def __init__(self, backend, step, happens):
        self._backend, self._step, self._happens = backend, step, happens
        self.calls = []

    def __getattr__(self, name):
        method = getattr(self._backend, name)
        if name not in STEPS:
            return method

        def call(*arguments):
            self.calls.append(name)
            if len(self.calls) == self._step:
                self._happens()
            return method(*arguments)

        return call


class Died(BaseException):
    """A process has ended."""


def die(*_):
    raise Died


@pytest.fixture
def over(home, clock):
    """Makes stores on the same home where something happens before the call of a number."""

    def make(step=0, happens=die):
        backend = Stepped(home._backend, step, happens)
        return ChunkedBarStore(backend, clock, sleep=clock.sleep)

    return make


class Replaced:
    """A backend whose HEADs are written otherwise, and after what they name."""

    transactional = False

    def __init__(self, backend, swap):
        self._backend = backend
        self.swap = swap

    def __getattr__(self, name):
        return getattr(self._backend, name)


def left_behind(home, delivery):
    """A commit that dies once it has put its objects; which these are."""
    before = set(home._backend.names())
    dying = ChunkedBarStore(Replaced(home._backend, die), home.clock)
    with pytest.raises(Died):
        dying.commit(AAPL, ONE_DAY, delivery)
    return set(home._backend.names()) - before


def named(store):
    return store._reader.heads(["AAPL"])["AAPL"].head.names()


def test_nothing_is_found_where_every_commit_ended(home, daily):
    home.commit(AAPL, ONE_DAY, daily([10]))
    home.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert list(home.sweep()) == list(home.sweep(apply=True)) == []


def test_what_a_dead_commit_left_is_told_and_only_let_go_of_when_asked(home, over, daily):
    home.commit(AAPL, ONE_DAY, daily([10]))
    orphans = left_behind(home, daily([11], first=1))
    assert len(orphans) == 1
    version = home._reader.heads(["AAPL"])["AAPL"].head.version
    for _ in range(2):
        [found] = home.sweep()
        assert (found.symbol, set(found.objects), found.left) == ("AAPL", orphans, "")
        assert found.size == sum(name.size for name in orphans)
    assert home._backend.lasting(orphans) == orphans
    assert home._reader.heads(["AAPL"])["AAPL"].head.version == version

    [done] = home.sweep(apply=True)
    assert set(done.objects) == orphans
    assert home._backend.lasting(orphans | named(home)) == named(home)
    assert list(home.sweep(apply=True)) == []
    assert len(home.series("AAPL", ONE_DAY).time) == 1


def test_a_commit_that_dies_leaves_nothing_in_a_file(store, daily):
    store.commit(AAPL, ONE_DAY, daily([10]))
    before = set(store._backend.names())
    with pytest.MonkeyPatch.context() as patch:
        # In the midst of its one transaction, once the HEAD and the objects are written.
        patch.setattr("market_data.stores.sqlite_backend.expire", die)
        with pytest.raises(Died):
            store.commit(AAPL, ONE_DAY, daily([11], first=1))
    assert set(store._backend.names()) == before
    assert store.series("AAPL", ONE_DAY).close.tolist() == [10]


def test_it_is_deleted_from_a_file_a_week_later(store, daily, clock):
    store.commit(AAPL, ONE_DAY, daily([10]))
    orphans = left_behind(store, daily([11], first=1))
    list(store.sweep(apply=True))
    clock.sleep(6 * 86_400)
    store._backend.expire([], clock())
    assert orphans <= set(store._backend.names())
    clock.sleep(2 * 86_400)
    store._backend.expire([], clock())
    assert not orphans & set(store._backend.names())


def test_large_chunks_actions_and_archives_on_s3_are_found_as_well(
    dynamodb, daily, day, aws, place, clock
):
    rng = np.random.default_rng(1)
    dynamodb.commit(AAPL, ONE_DAY, daily([10]))
    names = set(dynamodb._backend.names())
    many = daily(list(rng.random(1500) + 1), first=-2000)
    split = CorporateAction(day("2020-01-07"), ActionKind.SPLIT, 2.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(dynamodb._backend), "swap", lambda *_: die())
        with pytest.raises(Died):
            dynamodb.commit(AAPL, ONE_DAY, many, [split])
    orphans = set(dynamodb._backend.names()) - names
    assert {name.kind for name in orphans} == {"C", "A"}
    assert max(name.size for name in orphans) > 25_000
    [found] = dynamodb.sweep(apply=True)
    assert set(found.objects) == orphans
    assert list(dynamodb.sweep(apply=True)) == []
    paths = [one["Key"] for one in aws[1].list_objects_v2(Bucket=place)["Contents"]]
    for path in paths:
        tags = aws[1].get_object_tagging(Bucket=place, Key=path)["TagSet"]
        assert tags == [{"Key": "state", "Value": "superseded"}]


def test_what_belongs_to_a_symbol_without_a_head_is_told_and_left(home, over, daily):
    orphans = left_behind(home, daily([10]))
    for apply in (False, True):
        [found] = home.sweep(apply=apply)
        assert (set(found.objects), found.left) == (orphans, NO_HEAD)
    assert home._backend.lasting(orphans) == orphans
    home.commit(AAPL, ONE_DAY, daily([10]))
    [found] = home.sweep(apply=True)
    assert (set(found.objects), found.left) == (orphans, "")


def test_parts_of_manifests_are_never_let_go_of(home, daily):
    part = Name("B#AAPL#ONE_DAY", f"M#4#2#{'0' * 32}")
    home._backend.keep({part: b"[]"})
    home.commit(AAPL, ONE_DAY, daily([10]))
    assert list(home.sweep(apply=True)) == []
    assert home._backend.lasting({part}) == {part}


def test_a_manifest_that_is_split_names_its_chunks(home, daily, monkeypatch):
    monkeypatch.setattr("market_data.stores.head.pack.__defaults__", (10,))
    for n in range(4):
        home.commit(AAPL, ONE_DAY, daily([10.0 + n] * 2000, first=2000 * n - 8000))
    assert any(name.kind == "M" for name in named(home))
    chunks = set(home._backend.names())
    orphans = left_behind(home, daily([11]))
    [found] = home.sweep(apply=True)
    assert set(found.objects) == {name for name in orphans if name.kind != "M"}
    assert home._backend.lasting(chunks) >= named(home)
    assert len(home.series("AAPL", ONE_DAY).time) == 8000


# -- beside writers --------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(1, 9))
def test_a_whole_commit_may_come_between_any_two_steps_of_a_sweep(home, over, daily, step):
    home.commit(AAPL, ONE_DAY, daily([10]))
    orphans = left_behind(home, daily([11], first=1))
    sweeping = over(step, lambda: home.commit(AAPL, ONE_DAY, daily([12], first=2)))
    list(sweeping.sweep(apply=True))
    home.commit(AAPL, ONE_DAY, daily([12], first=2))
    assert home._backend.lasting(named(home)) == named(home)
    list(home.sweep(apply=True))
    assert not home._backend.lasting(orphans)
    assert home.series("AAPL", ONE_DAY).close.tolist() == [10, 12]


@pytest.mark.parametrize("step", range(1, 10))
def test_a_whole_sweep_may_come_between_any_two_steps_of_a_commit(home, over, daily, step):
    home.commit(AAPL, ONE_DAY, daily([10]))
    orphans = left_behind(home, daily([11], first=1))
    committing = over(step, lambda: list(home.sweep(apply=True)))
    committing.commit(AAPL, ONE_DAY, daily([12], first=2))
    assert home._backend.lasting(named(home)) == named(home)
    assert home.series("AAPL", ONE_DAY).close.tolist() == [10, 12]
    list(home.sweep(apply=True))
    assert not home._backend.lasting(orphans)


def test_a_sweep_that_moves_no_version_would_be_found_out(home, over, daily, monkeypatch):
    """The test above can fail: the rule left out, a commit names what is let go of."""
    monkeypatch.setattr("market_data.stores.sweeping._moved", lambda backend, head: True)
    lost = 0
    for step in range(1, 10):
        committing = over(step, lambda: list(home.sweep(apply=True)))
        committing.commit(AAPL, ONE_DAY, daily([12], first=step))
        lost += home._backend.lasting(named(home)) != named(home)
    assert lost


def test_a_head_that_arrives_after_its_objects_were_let_go_of_is_refused(home, daily, clock):
    home.commit(AAPL, ONE_DAY, daily([10]))
    late = []

    def lost(*arguments):
        late.append(arguments)
        raise Died

    with pytest.raises(Died):
        ChunkedBarStore(Replaced(home._backend, lost), clock).commit(
            AAPL, ONE_DAY, daily([11], first=1)
        )
    list(home.sweep(apply=True))
    assert home._backend.swap(*late[0]) is False
    assert len(home.series("AAPL", ONE_DAY).time) == 1


def test_a_symbol_to_which_others_always_commit_is_left(home, over, daily):
    home.commit(AAPL, ONE_DAY, daily([10]))
    left_behind(home, daily([11], first=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(home._backend), "swap", lambda *_: False)
        [found] = home.sweep(apply=True)
    assert found.left == BUSY
    assert home._backend.lasting(found.objects) == set(found.objects)


def test_a_symbol_that_cannot_be_read_is_left_and_the_others_are_swept(home, over, daily, clock):
    home.commit(AAPL, ONE_DAY, daily([10]))
    left_behind(home, daily([11], first=1))
    other = Instrument("IBM", source="told")
    home.commit(other, ONE_DAY, daily([10]))
    orphan = Name("B#IBM#ONE_DAY", f"T#0#3#{'0' * 32}")
    home._backend.keep({orphan: b"abc"})
    heads = home._backend.heads

    def away(symbols):
        if "AAPL" in symbols:
            raise StoreUnavailable("no answer")
        return heads(symbols)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home._backend, "heads", away)
        first, second = home.sweep(apply=True)
    assert (first.symbol, first.left) == ("AAPL", "no answer")
    assert second.objects == (orphan,)
    assert clock.now > SECOND


@pytest.mark.parametrize(
    "path",
    ["B#AAPL/HEAD", "SYMBOLS/AAPL", "panels/tech", "B#AAPL#ONE_DAY/C#1#2#abc", "Q#AAPL/C#1", ""],
)
def test_other_things_are_no_objects(path):
    assert Name.parse(path) is None


def test_a_name_comes_back_from_its_path():
    for name in (
        Name.chunk("BRK-B", ONE_DAY, -5, b"abc", sealed=True),
        Name.part("^GSPC", Interval.FIFTEEN_MINUTES, -1, b"abc"),
        Name.actions("AAPL", b"abc"),
    ):
        assert Name.parse(name.path) == name
    assert Name.actions("BTC-USD", b"abc").symbol == "BTC-USD"
