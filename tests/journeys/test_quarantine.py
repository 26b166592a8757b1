"""What was not taken, listed for administrators and for nobody else."""

import pytest

from engine.types import Interval
from graphql_api.stores import Scope
from market_data.ingest import Ingestion
from market_data.instruments import Instrument
from market_data.sources.base import RawBar, RawBatch
from market_data.stores import SqliteBarStore
from market_data.stores.sqlite_quarantine import SqliteQuarantine

DAY = 86_400_000_000
MONDAY = 18_267 * DAY
QUERY = """
query ($symbol: Symbol, $first: Int, $after: String, $last: Int, $decided: Boolean! = false) {
  quarantine(symbol: $symbol, first: $first, after: $after, last: $last, decided: $decided) {
    totalCount
    nodes { id symbol interval source time code column reason state decidedAt
            values { name text } }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


@pytest.fixture
def held(data, clock):
    """Three broken bars of ACME."""
    store = SqliteBarStore(data / "bars.sqlite", clock)
    rows = tuple(RawBar(MONDAY + i * DAY, "10", "1", "9", "10", "5") for i in range(3))
    batch = RawBatch("told", "ACME", Interval.ONE_DAY, clock.now, rows)
    ingestion = Ingestion(store, SqliteQuarantine(data / "quarantine.sqlite"))
    ingestion.take(Instrument("ACME", source="told", calendar="24/7"), batch)
    yield ingestion
    store.close()


@pytest.fixture
def look(http, ask, new_key):
    key = new_key(http, scopes=(Scope.ADMIN,))

    def get(**variables):
        answer = ask(http, QUERY, key, **variables)
        assert "errors" not in answer.json, answer.json
        return answer.json["data"]["quarantine"]

    return get


def test_what_is_held_is_listed_with_its_numbers_and_its_reason(held, look):
    page = look()
    assert len(page["nodes"]) == 3
    first = page["nodes"][0]
    assert (first["symbol"], first["interval"], first["source"]) == ("ACME", "ONE_DAY", "told")
    assert (first["time"], first["code"], first["state"]) == (
        "2020-01-06T00:00:00Z",
        "BROKEN_PRICES",
        "HELD",
    )
    assert {"name": "high", "text": "1"} in first["values"]
    assert first["reason"] == "high is below low"
    assert look(symbol="IBM")["nodes"] == []


def test_it_is_paged(held, look):
    first = look(first=2)
    assert first["pageInfo"]["hasNextPage"]
    rest = look(first=2, after=first["pageInfo"]["endCursor"])
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (1, False)
    told = [edge["node"]["id"] for edge in first["edges"] + rest["edges"]]
    assert told == [node["id"] for node in look()["nodes"]]
    assert first["totalCount"] == 3
    assert [node["id"] for node in look(last=1)["nodes"]] == told[-1:]


def test_what_was_decided_is_listed_where_it_is_asked_for(held, look):
    row = look()["nodes"][0]["id"]
    held.drop(row)
    assert row not in [node["id"] for node in look()["nodes"]]
    (dropped,) = [node for node in look(decided=True)["nodes"] if node["id"] == row]
    assert dropped["state"] == "DROPPED"
    assert dropped["decidedAt"] == "2026-11-18T12:00:00Z"


@pytest.mark.parametrize("scopes", [(Scope.SIGNALS_READ,), (Scope.SIGNALS_READ, Scope.KEYS_WRITE)])
def test_nobody_else_may_look(http, ask, new_key, held, scopes):
    answer = ask(http, QUERY, new_key(http, scopes=scopes))
    assert (answer.status, answer.code) == (403, "FORBIDDEN")  # before anything is charged
    assert "admin" in answer.json["errors"][0]["message"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"first": 0}, "1 to 200"), ({"first": 201}, "1 to 200"), ({"after": "nothing"}, "no cursor")],
)
def test_a_page_that_there_is_none_of_is_told(http, ask, new_key, held, variables, said):
    answer = ask(http, QUERY, new_key(http, scopes=(Scope.ADMIN,)), **variables)
    assert answer.code in {"BAD_USER_INPUT", "QUERY_TOO_COMPLEX"}
    assert said in answer.json["errors"][0]["message"] or answer.code == "QUERY_TOO_COMPLEX"
