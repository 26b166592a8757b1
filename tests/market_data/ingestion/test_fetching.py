"""From a source into the store, page by page, and not twice."""

import pytest

from engine.types import Interval
from market_data.calendar import DAY, SECOND
from market_data.errors import BadInstrument, SourceUnavailable
from market_data.fetching import FIRST_BARS, Fetching
from market_data.instruments import Instrument
from market_data.sources.base import Limit, RawBar, RawBatch, Terms
from market_data.stores.deliveries import REMEMBERED, SqliteDeliveries
from market_data.stores.dynamodb import DynamoDBDeliveries

ONE_DAY = Interval.ONE_DAY
ACME = Instrument("ACME", source="told", source_symbol="acme-usd", calendar="24/7")


class Told:
    """A source that says what it is told to, ten bars a page."""

    def __init__(self, clock, name="told"):
        self.clock = clock
        self.name = name
        self.closes = {}
        self.asked = []
        self.fails_at = None

    @property
    def terms(self):
        return Terms(
            name=self.name,
            title="Told",
            intervals=(ONE_DAY,),
            limit=Limit(1, 1.0),
            page=10,
            reason="",
            terms_page="",
            documentation="",
            redistributable=True,
        )

    def fetch(self, symbol, interval, start, end):
        self.asked.append((symbol, start // DAY, end // DAY))
        if self.fails_at is not None and start <= self.fails_at < end:
            raise SourceUnavailable(self.name, "answers 503")
        rows = [
            RawBar(day * DAY, str(close), str(close), str(close), str(close), "1")
            for day, close in sorted(self.closes.items())
            if start <= day * DAY < end
        ]
        return RawBatch(self.name, symbol, interval, self.clock.now, tuple(rows), notes=("a note",))


@pytest.fixture
def source(clock):
    return Told(clock)


@pytest.fixture
def other(clock):
    return Told(clock, "other")


@pytest.fixture
def deliveries(tmp_path, clock):
    return SqliteDeliveries(tmp_path / "deliveries.sqlite", clock)


@pytest.fixture(params=["sqlite", "dynamodb"])
def any_deliveries(request, deliveries, clock):
    """Each home of what came."""
    if request.param == "sqlite":
        return deliveries
    client, _ = request.getfixturevalue("aws")
    return DynamoDBDeliveries(lambda: client, request.getfixturevalue("place"), clock)


@pytest.fixture
def fetching(store, ingestion, deliveries, source, other):
    return Fetching(store, ingestion, deliveries, {"told": source, "other": other}.__getitem__)


@pytest.fixture
def today(clock):
    return clock.now // DAY


def test_a_stretch_is_fetched_page_by_page_and_told_of(fetching, source, today, closes):
    source.closes = {day: 100 + day - today for day in range(today - 25, today)}
    steps = []
    done = fetching.fetch(
        ACME, ONE_DAY, (today - 25) * DAY, today * DAY, progress=lambda *step: steps.append(step)
    )
    assert (done.told, done.added, done.held) == (25, 25, 0)
    assert done.notes == ("a note",)
    assert [(symbol, since - today, until - today) for symbol, since, until in source.asked] == [
        ("acme-usd", -25, -15),
        ("acme-usd", -15, -5),
        ("acme-usd", -5, 0),
    ]
    assert [step[2] // DAY - today for step in steps] == [-15, -5, 0]
    assert closes() == [75 + i for i in range(25)]


def test_what_is_missing_reaches_from_a_few_kept_bars_to_now(fetching, source, today, clock):
    start, end = fetching.missing(ACME, ONE_DAY)
    assert (end, end - start) == (clock.now, FIRST_BARS * DAY)
    source.closes = dict.fromkeys(range(today - 9, today), 100)
    fetching.fetch(ACME, ONE_DAY, (today - 9) * DAY, today * DAY)
    assert fetching.missing(ACME, ONE_DAY) == ((today - 5) * DAY, clock.now)


def test_a_fetch_that_fails_half_way_keeps_what_came_and_the_next_brings_the_rest(
    fetching, source, today, closes
):
    source.closes = {day: 100 + day - today for day in range(today - 20, today)}
    source.fails_at = (today - 3) * DAY
    with pytest.raises(SourceUnavailable):
        fetching.fetch(ACME, ONE_DAY, (today - 20) * DAY, today * DAY)
    assert len(closes()) == 10
    source.fails_at = None
    assert fetching.fetch(ACME, ONE_DAY, *fetching.missing(ACME, ONE_DAY)).added == 10
    assert len(closes()) == 20


def test_the_same_batch_is_not_taken_twice_and_what_was_told_anew_is(
    fetching, source, today, closes, clock, ingestion, monkeypatch
):
    stretch = (today - 3) * DAY, today * DAY
    told = dict.fromkeys(range(today - 3, today), 100)
    changed = told | {today - 2: 101}
    taken = []
    take = ingestion.take
    monkeypatch.setattr(ingestion, "take", lambda *a: taken.append(a) or take(*a))
    for closes_told in (told, told, changed, told):
        source.closes = closes_told
        fetching.fetch(ACME, ONE_DAY, *stretch)
        clock.sleep(10)
    assert len(taken) == 3
    assert closes() == [100, 100, 100]


def test_a_second_source_is_asked_of_the_same_stretch_and_contradicts(
    fetching, source, other, today, closes
):
    source.closes = {today - 3: 100, today - 2: 40, today - 1: 39}
    other.closes = {today - 3: 100, today - 2: 99, today - 1: 98}
    done = fetching.fetch(
        ACME, ONE_DAY, (today - 3) * DAY, today * DAY, second=("other", "ACME/USD")
    )
    assert (done.held, closes()) == (1, [100, 39])
    assert [asked[1:] for asked in other.asked] == [asked[1:] for asked in source.asked]
    assert {asked[0] for asked in other.asked} == {"ACME/USD"}


def test_a_second_source_is_asked_of_what_was_taken_before_and_puts_it_back(
    fetching, source, other, today, closes, clock
):
    source.closes = {today - 3: 100, today - 2: 40, today - 1: 99}
    other.closes = {today - 3: 101, today - 2: 41, today - 1: 98}
    stretch = ACME, ONE_DAY, (today - 3) * DAY, today * DAY
    assert fetching.fetch(*stretch).held == 1
    clock.sleep(10)
    assert closes() == [100, 99]
    assert fetching.fetch(*stretch, second=("other", "ACME/USD")).held == 0
    clock.sleep(10)
    assert closes() == [100, 40, 99]


def test_no_source_is_a_second_one_beside_itself(fetching, source):
    with pytest.raises(BadInstrument, match="told is asked already; a second source is another"):
        fetching.fetch(ACME, ONE_DAY, 0, DAY, second=("told", "ACME"))
    assert source.asked == []


def test_a_symbol_has_one_source(fetching, source, today):
    source.closes = {today - 1: 100}
    fetching.fetch(ACME, ONE_DAY, (today - 2) * DAY, today * DAY)
    with pytest.raises(BadInstrument, match="one source"):
        fetching.fetch(Instrument("ACME", source="other"), ONE_DAY, 0, DAY)


def test_the_profile_that_is_kept_says_how_its_source_spells_it(fetching, source, today):
    source.closes = {today - 1: 100}
    stretch = (today - 2) * DAY, today * DAY
    fetching.fetch(ACME, ONE_DAY, *stretch)
    fetching.fetch(Instrument("ACME", source="told", calendar="24/7"), ONE_DAY, *stretch)
    assert {symbol for symbol, *_ in source.asked} == {"acme-usd"}


def test_an_empty_stretch_is_nothing(fetching, source, today):
    assert fetching.fetch(ACME, ONE_DAY, today * DAY, today * DAY).told == 0
    assert source.asked == []
    assert fetching.fetch(ACME, ONE_DAY, (today - 2) * DAY, today * DAY).known is None


def test_a_delivery_is_remembered_for_35_days(any_deliveries, clock):
    assert any_deliveries.last("a") is None
    any_deliveries.record("a", "1")
    any_deliveries.record("b", "2")
    assert (any_deliveries.last("a"), any_deliveries.last("b")) == ("1", "2")
    any_deliveries.record("a", "3")
    assert any_deliveries.last("a") == "3"
    clock.sleep(REMEMBERED // SECOND)
    assert any_deliveries.last("a") is None
    any_deliveries.record("c", "4")
    assert any_deliveries.last("c") == "4"


def test_bars_that_a_source_does_not_give_are_made_of_shorter_ones(
    fetching, source, store, today, clock
):
    source.closes = {day: 100 + day - today for day in range(today - 25, today)}
    done = fetching.fetch(ACME, Interval.ONE_WEEK, (today - 25) * DAY, clock.now)
    assert all(until - since <= 10 for _, since, until in source.asked)
    clock.now = done.known
    weeks = store.series("ACME", Interval.ONE_WEEK).snapshot(now=clock.now)
    assert weeks.source == "told"
    assert not ((weeks.bars.time - 4 * DAY) % (7 * DAY)).any()
    for time, opened, close, volume in zip(
        *(getattr(weeks.bars, n).tolist() for n in ("time", "open", "close", "volume")), strict=True
    ):
        first = time // DAY - today
        assert (opened, close, volume) == (100 + first, 106 + first, 7)
    assert len(weeks.bars) == 3
    assert done.added == 25 + 3
    assert done.notes[-1] == "Bars of ONE_WEEK are made of those of ONE_DAY, which told gives."
    again = fetching.fetch(ACME, Interval.ONE_WEEK, *fetching.missing(ACME, Interval.ONE_WEEK))
    assert (again.added, again.restated) == (0, 0)


def test_no_longer_bar_is_made_of_too_few(fetching, source, store, today):
    source.closes = {today - 2: 100, today - 1: 100}
    done = fetching.fetch(ACME, Interval.ONE_WEEK, (today - 3) * DAY, today * DAY)
    assert done.added == 2
    assert store.series("ACME", Interval.ONE_WEEK) is None
