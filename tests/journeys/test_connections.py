"""Every connection, read from both ends, within its bounds, and with hostile cursors."""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from engine.types import Bars, Interval
from graphql_api.schema.cursors import KINDS, Cursors
from market_data.instruments import Instrument
from market_data.stores import SqliteBarStore

AS_OF = "2026-11-18T12:00:00Z"
PAGE = """(first: $first, after: $after, last: $last, before: $before) {
  totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor node { place: %s } } nodes { place: %s } }"""
VARIABLES = "query ($first: Int, $after: String, $last: Int, $before: String, $asOf: DateTime)"


@dataclass(frozen=True)
class Connection:
    """A connection, and how to get to it."""

    place: str  # what orders its elements
    path: tuple[str, ...]
    query: str  # PAGE stands for the connection's arguments and fields
    maximum: int
    step: int  # a page of a test

    @property
    def document(self) -> str:
        page = PAGE % (self.place, self.place)
        return f"{VARIABLES} {{ {self.query.replace('PAGE', page)} }}"


CONNECTIONS = {
    "symbols": Connection(
        place="symbol",
        path=("symbols",),
        query='signal(symbol: "IBM", asOf: $asOf) { __typename } symbols PAGE',
        maximum=200,
        step=1,
    ),
    "bars": Connection(
        place="time",
        path=("bars", "bars"),
        query="""bars(symbol: "IBM", asOf: $asOf, from: "2012-06-01T00:00:00Z") {
                   ... on BarSeries { bars PAGE } }""",
        maximum=1000,
        step=61,
    ),
    "signals": Connection(
        place="barTime",
        path=("signalHistory", "signals"),
        query="""signalHistory(symbol: "IBM", asOf: $asOf, from: "2012-06-01T00:00:00Z") {
                   ... on SignalHistory { signals PAGE } }""",
        maximum=1000,
        step=61,
    ),
    "trades": Connection(
        place="entryTime",
        path=("backtest", "trades"),
        query="""backtest(symbol: "IBM", asOf: $asOf,
                          strategy: {preset: {name: PRICE_AND_RSI}}) {
                   ... on Backtest { trades PAGE } }""",
        maximum=200,
        step=60,
    ),
}


@pytest.fixture(params=CONNECTIONS)
def connection(request) -> Connection:
    return CONNECTIONS[request.param]


@pytest.fixture
def read(http, ask, new_key, connection):
    """Reads a page."""
    key = new_key(http, plan="ENTERPRISE")

    def get(**page: Any) -> Any:
        answer = ask(http, connection.document, key, asOf=AS_OF, **page)
        if "errors" in answer.json:
            return answer
        told = answer.json["data"]
        for name in connection.path:
            told = told[name]
        return told

    return get


def places(page: Any) -> list[str]:
    assert [one["node"] for one in page["edges"]] == page["nodes"]
    cursors = [one["cursor"] for one in page["edges"]]
    ends = page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]
    assert ends == ((cursors[0], cursors[-1]) if cursors else (None, None))
    return [one["place"] for one in page["nodes"]]


def test_pages_from_the_start_and_from_the_end_are_the_whole(read, connection) -> None:
    forwards, after, more = [], None, True
    while more:
        page = read(first=connection.step, after=after)
        assert page["pageInfo"]["hasPreviousPage"] is bool(forwards)
        forwards += places(page)
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert len(forwards) == page["totalCount"] > 2 * connection.step
    assert forwards == sorted(set(forwards))
    backwards, before, more = [], None, True
    while more:
        page = read(last=connection.step, before=before)
        assert page["pageInfo"]["hasNextPage"] is bool(backwards)
        backwards = places(page) + backwards
        before, more = page["pageInfo"]["startCursor"], page["pageInfo"]["hasPreviousPage"]
    assert backwards == forwards
    assert places(read()) == forwards[:50]
    # between two cursors
    edges = read(first=3)["edges"]
    between = read(after=edges[0]["cursor"], before=edges[2]["cursor"])
    assert places(between) == forwards[1:2]
    assert places(read(after=edges[2]["cursor"], before=edges[0]["cursor"])) == []


def test_a_page_holds_as_much_as_it_may_and_no_more(read, connection) -> None:
    for name in ("first", "last"):
        assert places(read(**{name: connection.maximum}))
        for beyond in (connection.maximum + 1, 0, -1):
            refused = read(**{name: beyond})
            assert refused.code == "BAD_USER_INPUT"
            said = refused.json["errors"][0]["message"]
            assert said == f"{name} is {beyond}; a page holds 1 to {connection.maximum}."
    assert "both given" in read(first=1, last=1).json["errors"][0]["message"]


def unpacked(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def packed(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "AAAA",
        "=",
        "A",
        packed("1" * 40),
        packed("9" * 400),
        packed("1e5"),
        packed("0x10"),
        packed("١٢٣"),  # digits, but none of ours
        packed(" 1"),
        packed("1\n"),
        packed(b"\xff\xfe"),
        packed("IBM") + "==",
        packed("ibm"),
        packed("A'; DROP TABLE bars; --"),
        packed("shares:0"),
        "MTIz\n",
        "x" * 10_000,
    ],
    ids=ascii,
)
def test_a_cursor_that_was_never_given_is_refused(read, cursor) -> None:
    for argument in ("after", "before"):
        refused = read(**{argument: cursor})
        assert refused.code == "BAD_USER_INPUT"
        said = refused.json["errors"][0]["message"]
        assert said == f"{argument} is no cursor of this list; give one that it answered."


def test_new_bars_move_no_page(http, ask, new_key, data, clock) -> None:
    """A page begun before bars arrived goes on where it was, and ends with the new ones."""
    store = SqliteBarStore(data / "bars.sqlite", clock=clock)
    key = new_key(http, plan="ENTERPRISE")
    query = CONNECTIONS["bars"].document

    def read(**page):
        told = ask(http, query, key, **page).json["data"]["bars"]["bars"]
        return places(told), told["pageInfo"]["endCursor"]

    one, cursor = read(first=60)
    before, _ = read(first=200, after=cursor)
    newest = store.series("IBM", Interval.ONE_DAY).snapshot(now=clock()).bars.time[-1]
    days = newest + np.array([3, 4, 5]) * 86_400_000_000  # Monday after that Friday, and on
    price = np.full(3, 200.0)
    store.commit(
        store.instrument("IBM"), Interval.ONE_DAY, Bars(days, price, price, price, price, price)
    )
    store.close()
    clock.move(3)
    after, _ = read(first=200, after=cursor)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 3
    assert read(first=60)[0] == one


def test_many_symbols_are_one_page_and_at_most_two_hundred(http, ask, new_key, data, clock) -> None:
    store = SqliteBarStore(data / "bars.sqlite", clock=clock)
    nothing = np.zeros(0)
    for number in range(201):
        store.commit(
            Instrument(f"X{number:03}", source="told"),
            Interval.ONE_DAY,
            Bars(np.zeros(0, np.int64), *(nothing,) * 5),
        )
    store.close()
    key = new_key(http, plan="ENTERPRISE")
    query = "{ symbols(last: 200) { totalCount nodes { symbol intervals firstBar lastBar } } }"
    told = ask(http, query, key).json["data"]["symbols"]
    assert told["totalCount"] == 205
    assert [one["symbol"] for one in told["nodes"]] == [f"X{number:03}" for number in range(1, 201)]
    assert told["nodes"][0] == {
        "symbol": "X001", "intervals": [], "firstBar": None, "lastBar": None
    }  # fmt: skip


def test_a_cursor_of_another_kind_of_list_is_refused(read, connection) -> None:
    """Of all other kinds, even where both lists are in order of bar times."""
    here = connection.path[-1]
    for kind in set(KINDS) - {here}:
        for argument in ("after", "before"):
            refused = read(**{argument: Cursors(kind, str).cursor("0")})
            assert refused.code == "BAD_USER_INPUT"
            assert refused.json["errors"][0]["message"] == (
                f"{argument} is a cursor of a list of {kind}, and this is a list of {here}; "
                "give one that this list answered."
            )


def test_a_cursor_of_the_right_kind_with_no_place_is_refused(read, connection) -> None:
    kind = connection.path[-1]
    given = read(first=1)["pageInfo"]["endCursor"]
    assert unpacked(given).startswith(f"{kind}:")
    for text in (f"{kind}:", f"{kind}:{unpacked(given)}", f"{unpacked(given)}\n"):
        refused = read(after=packed(text))
        assert refused.code == "BAD_USER_INPUT"
        said = refused.json["errors"][0]["message"]
        assert said == "after is no cursor of this list; give one that it answered."


def test_cursors_that_release_0_1_0_gave_are_read_as_ever(read, connection) -> None:
    """They had no kind, only the place: a page that was begun then goes on."""
    given = read(first=2)["edges"][0]["cursor"]
    bare = packed(unpacked(given).partition(":")[2])
    for argument in ({"after": bare, "first": 3}, {"before": bare}):
        assert read(**argument) == read(**argument | {next(iter(argument)): given})
