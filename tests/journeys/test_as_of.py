"""Whatever is told, in any order: each public answer is what a naive ledger says, for ever."""

import json
import os
import random
from contextlib import closing

import numpy as np
import pytest

import engine
from engine.types import Bars, Interval
from graphql_api.schema.scalars import rfc3339
from graphql_api.settings import Settings
from market_data.bars import RELEASED, WITHDRAWN
from market_data.instruments import ActionKind, CorporateAction, Instrument
from market_data.readings import Delivered
from market_data.stores import SqliteBarStore, SqliteReadingStore
from tests.conftest import HandClock
from tests.journeys.conftest import HttpWay
from tests.journeys.ledger import DAY, HOUR, NOVEMBER_3, SECOND, SESSIONS, Ledger, Told, close_of

BEGIN = NOVEMBER_3 + 22 * DAY + 12 * HOUR  # the Tuesday before Thanksgiving
END = NOVEMBER_3 + 57 * DAY
ACME = Instrument("ACME", source="told")
WINDOWS = {"window": 3, "rsi_window": 2}
EVENTS = 9
SEEDS = range(int(os.environ.get("HISTORIES", "0")) // 10 or 2)  # `make histories` plays more

ASK = """
query ($at: DateTime, $asOf: DateTime, $mood: StrategyInput!) {
  raw: bars(symbol: "ACME", asOf: $asOf, adjustment: RAW) { ...rows }
  splits: bars(symbol: "ACME", asOf: $asOf) { ...rows }
  dividends: bars(symbol: "ACME", asOf: $asOf, adjustment: SPLITS_AND_DIVIDENDS) { ...rows }
  signal(symbol: "ACME", at: $at, asOf: $asOf, strategy: $mood) { ...signal ...few
    ... on Signal { trackRecord(horizons: [1]) { occurrences meanForwardReturn { value } } } }
  explanation(symbol: "ACME", at: $at, asOf: $asOf, strategy: $mood) {
    ... on Explanation { summary contributions { label value vote reason }
      flips { action price } nextFlips { action price } } }
  signalHistory(symbol: "ACME", asOf: $asOf, strategy: $mood) {
    ... on SignalHistory { signals(first: 1000) { nodes { ...signal } } ...told } ...few }
  backtest(symbol: "ACME", asOf: $asOf, strategy: $mood) {
    ... on Backtest { bars totalReturn sharpe equity { times strategy buyAndHold }
      provenance { ...made } } ...few }
}
fragment rows on BarsResult { ... on BarSeries { provenance { ...made }
  bars(first: 1000) { nodes { time open high low close volume } } } }
fragment signal on Signal { id action rating score barTime close provenance { ...made } }
fragment told on SignalHistory { provenance { ...made } }
fragment few on NotEnoughHistory { barsNeeded barsKnown }
fragment made on Provenance { engineVersion strategyHash dataVersion resolvedAsOf final source bars
  stale }
"""


@pytest.fixture
def clock():
    return HandClock(BEGIN)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


class World:
    """A server, what it is told, and a ledger that is told the same."""

    def __init__(self, way, key, data, clock, seed):
        self.way, self.key, self.clock = way, key, clock
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.bars = SqliteBarStore(data / "bars.sqlite", clock, sleep=clock.move)
        self.readings = SqliteReadingStore(data / "sentiment.sqlite", clock, clock.move)
        self.answers = {}
        self.versions, self.named = {}, {}

    def close(self):
        self.bars.close()
        self.readings.close()

    # -- telling ------------------------------------------------------------------------------

    def tell(self):
        """Anything, fetched now or a while ago."""
        what = self.random.choices(
            [self.tell_bars, self.tell_action, self.tell_mood, self.take_back], [5, 4, 3, 1]
        )
        self.fetched = self.clock() - self.random.choice([0, 0, 0, 1, HOUR, DAY, 3 * DAY])
        what[0]()

    def tell_bars(self):
        over = [day for day in SESSIONS if close_of(day) <= self.fetched]
        some = self.random.choice([over, over[-3:], self.random.sample(over, 4)])
        told = {day: self.some_prices() for day in sorted(some)}
        if self.random.random() < 0.5:  # the source goes on saying what it said
            for day, one in self.ledger.bars.items():
                said = [row.what for row in one.rows if row.what is not None]
                if day in told and said:
                    told[day] = said[-1]
        self.commit(told, self.random.choice([None, None, "second", "a third"]))

    def some_prices(self):
        low, body = self.random.choice([64.0, 80.0, 96.0, 112.0]), self.random.choice([4.0, 8.0])
        return low + 4.0, low + 16.0, low, low + body, self.random.choice([512.0, 1024.0])

    def commit(self, told, origin=None, actions=()):
        days = np.array(list(told), np.int64)
        columns = np.array(list(told.values()), np.float64).reshape(-1, 5).T
        done = self.bars.commit(
            ACME,
            Interval.ONE_DAY,
            Bars(days, *columns),
            actions,
            fetched_at=self.fetched,
            origin=origin,
        )
        known = done.known or 0
        changed = []
        for day, prices in told.items():
            bar = self.ledger.bars.setdefault(day, Told())
            taken = bar.rows and bar.rows[-1].what is None
            said = [row.what for row in bar.rows if row.what is not None]
            if origin == WITHDRAWN:
                changed.append(bar.tell(known, self.fetched, None))
            elif origin != RELEASED and taken and said[-1] == prices:
                bar.fetched = max(bar.fetched, self.fetched)  # it stays taken back
            else:
                changed.append(bar.tell(known, self.fetched, prices))
        for action in actions:
            kept = {"SPLIT": self.ledger.splits, "DIVIDEND": self.ledger.dividends}[action.kind]
            told_so = kept.setdefault(action.ex_time, Told())
            changed.append(told_so.tell(known, self.fetched, action.value))
        assert any(changed) == (done.known is not None)

    def tell_action(self):
        kind = self.random.choice(list(ActionKind))
        value = self.random.choice([1.0, 2.0, 4.0] if kind is ActionKind.SPLIT else [0.0, 2.0, 3.0])
        to_come = [day for day in SESSIONS if day > self.clock()][:4]
        ex_day = self.random.choice([*self.random.sample(SESSIONS[5:16], 4), *to_come])
        self.commit({}, actions=[CorporateAction(ex_day, kind, value)])

    def take_back(self):
        there = self.ledger.raw(self.clock())
        if there:
            told = dict(self.random.sample(there, 1))
            self.fetched = self.clock()
            self.commit(told, self.random.choice([WITHDRAWN, WITHDRAWN, RELEASED]))

    def tell_mood(self):
        last = max(day for day in SESSIONS if close_of(day) <= self.fetched)
        days = [*sorted(self.random.sample(range(NOVEMBER_3, last, DAY), 2)), last]
        public = [day + self.random.choice([0, 20 * HOUR, 21 * HOUR, DAY]) for day in days]
        public[-1] = close_of(last)  # no bar hears of it later, and none before
        values = [self.random.choice([0.1, 0.5, 0.9]) for _ in days]
        told = Delivered(
            np.array(days, np.int64), np.array(public), np.array(values), "mood", self.fetched
        )
        done = self.readings.commit("ACME", told)
        changed = [
            self.ledger.tell_mood(done.known or 0, self.fetched, *one)
            for one in zip(days, public, values, strict=True)
        ]
        assert any(changed) == (done.known is not None)

    # -- asking -------------------------------------------------------------------------------

    def ask(self, as_of, at=None, way=None):
        mood = [{"name": name, "value": value} for name, value in WINDOWS.items()]
        preset = {"preset": {"name": "COMBINED", "parameters": mood}}
        asked = {"asOf": rfc3339(as_of), "at": at and rfc3339(at), "mood": preset}
        told = post(way or self.way, self.key, asked)
        assert "errors" not in told, told
        return told["data"]

    def check(self, as_of, at=None):
        """An answer is what the ledger says, and is remembered where it is final."""
        told = self.ask(as_of, at)
        resolved = min(as_of, self.clock())
        if "provenance" not in told["raw"]:
            assert not self.ledger.bars  # a symbol of which nothing was ever told
            return
        for name, kinds in (("raw", ""), ("splits", "SPLIT"), ("dividends", "DIVIDEND SPLIT")):
            self.check_bars(told[name], resolved, kinds)
        self.check_signal(told["signal"], resolved, at)
        self.check_history(told["signalHistory"], resolved)
        if "bars" in told["backtest"]:
            made_of = *self.made_of(resolved, None, "DIVIDEND SPLIT"), self.heard(resolved)
            self.check_provenance(told["backtest"]["provenance"], resolved, None, made_of)
        final = as_of <= self.clock()
        assert {one["final"] for one in provenances(told)} == {final}
        if final:
            self.answers[as_of, at] = told

    def check_bars(self, told, as_of, kinds):
        expected = self.ledger.adjusted(as_of, None, kinds)
        assert [row["time"] for row in told["bars"]["nodes"]] == [rfc3339(d) for d, _ in expected]
        names = ("open", "high", "low", "close", "volume")
        rows = [tuple(row[name] for name in names) for row in told["bars"]["nodes"]]
        exact = "DIVIDEND" not in kinds
        assert rows == [r if exact else pytest.approx(r, rel=1e-13) for _, r in expected]
        made_of = *self.made_of(as_of, None, kinds), ()
        self.check_provenance(told["provenance"], as_of, None, made_of)
        assert told["provenance"]["bars"] == len(expected)

    def made_of(self, as_of, at, kinds):
        return kinds, self.ledger.made_of(as_of, at, kinds)

    def check_provenance(self, told, as_of, at, made_of):
        """Two answers have one data version exactly where they are made of the same."""
        assert told["resolvedAsOf"] == rfc3339(as_of)
        assert told["stale"] == self.ledger.stale(as_of, at)
        version = told["dataVersion"]
        assert self.versions.setdefault(made_of, version) == version
        assert self.named.setdefault(version, made_of) == made_of

    def heard(self, as_of, at=None):
        raw = self.ledger.raw(as_of, at)
        closed = close_of(raw[-1][0]) if raw else 0
        rows = {(m.time, m.public, m.value) for m in self.ledger.heard(as_of, closed)}
        return tuple(sorted(rows))

    def decision(self, as_of, at=None):
        """The engine on the ledger's bars, and on what the ledger says they heard."""
        rows = self.ledger.adjusted(as_of, at)
        days = [day for day, _ in rows]
        columns = np.array([row for _, row in rows], np.float64).reshape(-1, 5).T
        mood = np.array([np.nan if m is None else m for m in self.ledger.mood_on(as_of, days)])
        return engine.decide("COMBINED", Bars(np.array(days, np.int64), *columns), mood, **WINDOWS)

    def check_signal(self, told, as_of, at):
        rows = self.ledger.adjusted(as_of, at)
        if len(rows) < 3:
            assert told == {"barsNeeded": 3, "barsKnown": len(rows)}
            return
        decision = self.decision(as_of, at)
        assert told["barTime"] == rfc3339(rows[-1][0])
        assert told["close"] == rows[-1][1][3]
        assert told["score"] == decision.score[-1]
        assert told["action"] == {-1: "SELL", 0: "HOLD", 1: "BUY"}[int(decision.action[-1])]
        made_of = *self.made_of(as_of, at, "SPLIT"), self.heard(as_of, at)
        self.check_provenance(told["provenance"], as_of, at, made_of)

    def check_history(self, told, as_of):
        """Each bar of a history is the signal at its close, and the newest the signal itself."""
        days = [day for day, _ in self.ledger.raw(as_of)]
        nodes = told["signals"]["nodes"] if "signals" in told else []
        assert len(nodes) == max(0, len(days) - 2)
        some = self.random.sample(list(zip(days[2:], nodes, strict=True)), min(3, len(nodes)))
        for day, node in some:
            at = None if day == days[-1] else close_of(day)
            self.check_signal(node, as_of, at)


def provenances(told):
    """Every provenance in an answer."""
    for name, value in told.items() if isinstance(told, dict) else enumerate(told):
        if name == "provenance":
            yield value
        elif isinstance(value, dict | list):
            yield from provenances(value)


def post(way, key, variables):
    body = json.dumps({"query": ASK, "variables": variables}).encode()
    head = {"x-api-key": key, "content-type": "application/json"}
    return way.send("POST", "/graphql", head, body).json


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_what_a_naive_ledger_says_and_stays_so(http, new_key, data, clock, seed):
    world = World(http, new_key(http, plan="ENTERPRISE"), data, clock, seed)
    with closing(world):
        for _ in range(EVENTS):
            for _ in range(2):
                world.tell()
            clock.move(world.random.choice([0, 2, 3, 3600, 86_400, 200_000]))
            for as_of, at in questions(world):
                world.check(as_of, at)
        assert any(one["signal"].get("action") for one in world.answers.values())
        clock.move(10 * 86_400)
        fresh = HttpWay(Settings.read({}, data=data, threads=True), clock)
        with fresh.client, closing(fresh.accounts):
            for (as_of, at), before in world.answers.items():
                assert world.ask(as_of, at, fresh) == before


def questions(world):
    """Moments around what was last told, now, the first of all, one to come, and one at random."""
    now, known = world.clock(), world.ledger.moments()
    edges = [moment + near for moment in known[-1:] for near in (-1, 0, 1)]
    some = world.random.choice([*known, now]) + world.random.choice([-1, 0, 1])
    judged = world.random.choice([close_of(day) for day in SESSIONS]) + world.random.choice([-1, 0])
    yield from ((moment, None) for moment in {*edges, now, now + SECOND, *known[:1]})
    yield from ((some, judged), (min(some, now), None), (NOVEMBER_3, None))
