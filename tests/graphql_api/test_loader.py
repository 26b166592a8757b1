"""What one request loads: together, each thing once, and what a query will want before it runs."""

import pytest
from graphql import GraphQLNonNull, parse
from graphql.execution.values import get_variable_values

from engine.types import Interval
from graphql_api.errors import DataDamaged
from graphql_api.loader import Loader, Wanted
from graphql_api.schema import core_schema
from graphql_api.schema.foresight import _WANTS, foreseen
from graphql_api.schema.node import global_id
from market_data.bars import Series
from market_data.errors import Damaged, StoreUnavailable
from market_data.instruments import Instrument
from market_data.readings import Readings

ONE_DAY, ONE_HOUR = Interval.ONE_DAY, Interval.ONE_HOUR


class Stores:
    """A home of bars and of sentiment that writes down what it is asked, and when."""

    def __init__(self, **broken):
        self.asked = []
        self._broken = broken

    def load(self, wanted):
        self.asked.append(("bars", list(wanted)))
        if "bars" in self._broken:
            raise self._broken["bars"]
        known = {key for key in wanted if key[0] != "NONE"}
        return {
            key: self._broken.get(key[0], Series.empty(Instrument(key[0]), key[1])) for key in known
        }

    def ask(self, symbols):
        self.asked.append(("begun", list(symbols)))

        def told():
            self.asked.append(("heard", list(symbols)))
            return {one: self._broken.get(f"mood of {one}", Readings(one)) for one in symbols}

        return told


def test_what_is_wanted_together_is_asked_once_and_sentiment_while_bars_are_read():
    stores = Stores()
    loader = Loader(stores, stores)
    loader.load(
        [
            Wanted("IBM", ONE_DAY, hears=True),
            Wanted("IBM", ONE_DAY),
            Wanted("IBM", ONE_HOUR),
            Wanted("NONE", ONE_DAY, hears=True),
        ]
    )
    assert loader.series("IBM", ONE_HOUR).interval == ONE_HOUR
    assert loader.series("NONE", ONE_DAY) is None
    assert loader.readings("IBM").symbol == "IBM"
    assert stores.asked == [
        ("begun", ["IBM", "NONE"]),
        ("bars", [("IBM", ONE_DAY), ("IBM", ONE_HOUR), ("NONE", ONE_DAY)]),
        ("heard", ["IBM", "NONE"]),
    ]
    loader.load([Wanted("IBM", ONE_DAY, hears=True), Wanted("AAPL", ONE_DAY)])
    assert stores.asked[3:] == [("bars", [("AAPL", ONE_DAY)])]


def test_nothing_is_asked_where_nothing_is_wanted():
    stores = Stores()
    Loader(stores, stores).load([])
    assert stores.asked == []


def test_what_nobody_foresaw_is_asked_for_when_it_is_needed():
    stores = Stores()
    loader = Loader(stores, stores)
    assert loader.readings("IBM") is loader.readings("IBM")
    assert loader.series("IBM", ONE_DAY) is loader.series("IBM", ONE_DAY)
    assert [what for what, _ in stores.asked] == ["begun", "heard", "bars"]


def test_a_store_that_is_away_is_not_asked_again_by_the_same_request():
    stores = Stores(bars=StoreUnavailable("away"))
    loader = Loader(stores, stores)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="away"):
            loader.series("IBM", ONE_DAY)
    assert stores.asked == [("bars", [("IBM", ONE_DAY)])]


def test_damage_names_the_symbol_and_keeps_its_cause():
    broken, worn = Damaged("its checksum"), Damaged("its readings")
    stores = Stores(**{"IBM": broken, "mood of AAPL": worn})
    loader = Loader(stores, stores)
    loader.load([Wanted("IBM", ONE_DAY), Wanted("AAPL", ONE_DAY, hears=True)])
    assert loader.series("AAPL", ONE_DAY) is not None
    for symbol, cause, read in (
        ("IBM", broken, lambda: loader.series("IBM", ONE_DAY)),
        ("AAPL", worn, lambda: loader.readings("AAPL")),
    ):
        with pytest.raises(DataDamaged) as damage:
            read()
        assert damage.value.details == {"symbol": symbol}
        assert damage.value.__cause__ is cause


def foresee(text, **variables):
    """What a query's fields will want."""
    document = parse(text)
    operation, *fragments = document.definitions
    coerced = get_variable_values(
        core_schema(), operation.variable_definitions or (), variables, max_errors=5
    )
    named = {fragment.name.value: fragment for fragment in fragments}
    return foreseen(core_schema(), operation, named, coerced)


def test_every_field_that_reads_bars_is_foreseen():
    ids = [
        global_id("Signal", "A", "ONE_DAY", "COMBINED", {}, 1, 2),
        global_id("SignalHistory", "B", "ONE_HOUR", "MOMENTUM", {}, None, None, 2),
        global_id("BarSeries", "C", "ONE_DAY", "RAW", None, None, 2),
    ]
    text = """query ($ids: [ID!]!, $a: ID!, $b: ID!, $c: ID!, $no: Boolean!, $s: Symbol!) {
      a: node(id: $a) { id }  b: node(id: $b) { id }  c: node(id: $c) { id }
      signal(symbol: $s, interval: null, strategy: null) { __typename }
      explanation(symbol: "E", interval: ONE_HOUR) { __typename }
      ...rest
      left: signal(symbol: "Z") @include(if: $no) { __typename }
      usage { plan }
    }
    fragment rest on Query {
      signals(symbols: ["F", "G"], strategy: {preset: {name: COMBINED}}) { __typename }
      bars(symbol: "H") { __typename }
      indicator(symbol: "I", indicator: {name: RSI}) { __typename }
      backtest(symbol: "J") { __typename }
      signalHistory(symbol: "K") { __typename }
    }"""
    named = dict(zip("abc", ids, strict=True))
    wanted = foresee(text, **named, ids=ids, no=False, s="D")
    assert wanted == [
        Wanted("A", ONE_DAY, hears=True),
        Wanted("B", ONE_HOUR),
        Wanted("C", ONE_DAY),
        Wanted("D", ONE_DAY),
        Wanted("E", ONE_HOUR),
        Wanted("F", ONE_DAY, hears=True),
        Wanted("G", ONE_DAY, hears=True),
        Wanted("H", ONE_DAY),
        Wanted("I", ONE_DAY),
        Wanted("J", ONE_DAY),
        Wanted("K", ONE_DAY),
    ]


@pytest.mark.parametrize(
    "field",
    [
        'node(id: "garbage") { id }',
        f'node(id: "{global_id("Account", "A")}") {{ id }}',
        f'node(id: "{global_id("Signal", "A")}") {{ id }}',
        f'node(id: "{global_id("Signal", "A", "DAILY", "COMBINED", {}, 1, 2)}") {{ id }}',
        f'node(id: "{global_id("Signal", "A", "ONE_DAY", "NOPE", {}, 1, 2)}") {{ id }}',
        'signal(symbol: "no symbol") { __typename }',
        "signal(symbol: $none) { __typename }",
        "signals(symbols: []) { __typename }",
        "signals(symbols: [" + '"A", ' * 101 + "]) { __typename }",
        "usage { plan }",
    ],
)
def test_a_field_that_cannot_run_or_reads_no_bars_wants_nothing(field):
    text = f'query ($none: Symbol) {{ {field} one: bars(symbol: "IBM") {{ __typename }} '
    assert foresee(text + 'two: bars(symbol: "AAPL") { __typename } }') == [
        Wanted("IBM", ONE_DAY),
        Wanted("AAPL", ONE_DAY),
    ]


def test_a_single_field_and_a_mutation_foresee_nothing():
    assert foresee('{ signal(symbol: "IBM") { __typename } rateLimit { burst } }') == []
    assert foresee('{ signal(symbol: "IBM") { __typename } }') == []
    assert foresee('mutation { revokeApiKey(input: {id: "x"}) { wasCallersKey } }') == []


def test_no_field_that_must_have_a_symbol_is_forgotten():
    fields = core_schema().query_type.fields
    named = {
        name
        for name, field in fields.items()
        for argument in ("symbol", "symbols")
        if argument in field.args and isinstance(field.args[argument].type, GraphQLNonNull)
    }
    assert named | {"node"} == set(_WANTS)
