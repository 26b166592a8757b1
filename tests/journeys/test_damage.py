"""What is kept and has changed since: told as damage of that symbol alone, never as a number."""

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest
from starlette.testclient import TestClient

from graphql_api.app import create_app, open_accounts, open_bars, open_readings
from graphql_api.guard.accounts import Accounts
from graphql_api.observability import JsonFormatter
from graphql_api.settings import Settings
from market_data.calendar import DAY
from market_data.readings import Delivered
from market_data.sample import seed
from market_data.stores.dynamodb import TABLE, connect, connect_s3
from tests.aws import REGION, in_memory

SIGNAL = "... on Signal { symbol score close }"
EVERY_WAY = f"""{{
  broken: signal(symbol: "AAPL") {{ {SIGNAL} }}
  explanation(symbol: "AAPL") {{ ... on Explanation {{ summary }} }}
  bars(symbol: "AAPL") {{ ... on BarSeries {{ bars(last: 1) {{ nodes {{ close }} }} }} }}
  indicator(symbol: "AAPL", indicator: {{ name: RSI }}) {{ ... on IndicatorSeries {{ times }} }}
  signals(symbols: ["IBM", "AAPL"]) {{ {SIGNAL} }}
}}"""
COMBINED = f"""query ($symbol: Symbol!) {{
  signal(symbol: $symbol, strategy: {{ preset: {{ name: COMBINED }} }}) {{ {SIGNAL} }} }}"""
INTERNALS = ("B#", "C#", "T#", "S#", "sqlite", "checksum", "HEAD", "packed", "Traceback", "Dynamo")


def flipped(body: bytes) -> bytes:
    """The same bytes but for one bit."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 4]) + body[middle + 1 :]


class InFiles:
    """Bars and sentiment in SQLite."""

    def __init__(self, folder):
        self.settings = Settings(data=folder)

    def damage(self, table, column, key, like):
        name = "sentiment" if table == "readings" else "bars"
        with closing(sqlite3.connect(self.settings.data / f"{name}.sqlite")) as file:
            ((kept,),) = file.execute(
                f"SELECT {column} FROM {table} WHERE {key} LIKE ? LIMIT 1", (like,)
            ).fetchall()
            file.execute(
                f"UPDATE {table} SET {column} = ? WHERE {key} LIKE ?", (flipped(kept), like)
            )
            file.commit()

    def damage_chunk(self):
        self.damage("objects", "body", "path", "B#AAPL#%")

    def damage_head(self):
        self.damage("heads", "packed", "symbol", "AAPL")

    def damage_readings(self):
        self.damage("readings", "packed", "symbol", "AAPL")


class OnAws:
    """Bars in DynamoDB and S3, sentiment in DynamoDB."""

    def __init__(self, folder):
        self.client, self.s3 = connect(), connect_s3()
        self.client.create_table(TableName="bars", **TABLE)
        place = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket="bars", CreateBucketConfiguration=place)
        self.settings = Settings(
            data=folder / "aws", bars="dynamodb", bars_table="bars", bars_bucket="bars"
        )

    def items(self, wanted):
        found = self.client.scan(TableName="bars")["Items"]
        return [one for one in found if wanted(one["pk"]["S"], one["sk"]["S"])]

    def damage(self, wanted):
        items = self.items(wanted)
        assert items
        for item in items:
            body = {"B": flipped(item["packed"]["B"])}
            self.client.put_item(TableName="bars", Item=item | {"packed": body})

    def damage_chunk(self):
        self.damage_table()
        for one in self.s3.list_objects_v2(Bucket="bars", Prefix="B#AAPL#")["Contents"]:
            body = self.s3.get_object(Bucket="bars", Key=one["Key"])["Body"].read()
            self.s3.put_object(Bucket="bars", Key=one["Key"], Body=flipped(body))

    def damage_table(self):
        """The chunks of the table alone; their archived copies stay whole."""
        self.damage(lambda pk, sk: pk.startswith("B#AAPL#"))

    def damage_head(self):
        self.damage(lambda pk, sk: (pk, sk) == ("B#AAPL", "HEAD"))

    def damage_readings(self):
        self.damage(lambda pk, sk: pk == "S#AAPL")

    def close(self):
        self.client.close()
        self.s3.close()


@pytest.fixture(params=["files", "aws"])
def home(request, tmp_path, data, clock):
    """Each home, with the sample bars and some sentiment."""
    if request.param == "files":
        place = InFiles(data)
        yield keep_readings(place, clock)
        return
    with in_memory():
        place = OnAws(tmp_path)
        with closing(place):
            store = open_bars(place.settings, clock)
            with closing(store):
                seed(store, sleep=clock.move)
            yield keep_readings(place, clock)


def keep_readings(place, clock):
    store = open_readings(place.settings, clock)
    with closing(store):
        time = np.array([15_764 * DAY])
        for symbol in ("AAPL", "IBM"):
            store.commit(symbol, Delivered(time, time, np.array([0.9]), "told", clock.now))
    clock.move(60)
    return place


@pytest.fixture
def ask(home, clock) -> Callable[..., dict]:
    """Asks a process that has read nothing yet."""

    def send(query, **variables):
        accounts = open_accounts(home.settings)[0]
        key = Accounts(accounts, clock).open_account("Damage", "ENTERPRISE").secret
        accounts.close()
        app = create_app(home.settings, clock)
        with TestClient(app, raise_server_exceptions=False) as client:
            answer = client.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers={"x-api-key": key, "x-request-id": "damage-1"},
            )
        assert answer.status_code == 200
        return answer.json()

    return send


@pytest.fixture
def lines():
    """What is logged, as the lines that are written."""
    written = []

    class Kept(logging.Handler):
        def emit(self, record):
            written.append(json.loads(self.format(record)))

    handler, ours = Kept(), logging.getLogger("graphql_api")
    handler.setFormatter(JsonFormatter())
    ours.addHandler(handler)
    yield written
    ours.removeHandler(handler)


def is_told(errors, *paths):
    assert [error["path"] for error in errors] == [list(path) for path in paths]
    for error in errors:
        assert error["message"].startswith("What is kept of AAPL is damaged, so nothing is told")
        assert error["extensions"] == {
            "code": "DATA_DAMAGED",
            "symbol": "AAPL",
            "requestId": "damage-1",
        }
    assert not [word for word in INTERNALS if word in json.dumps(errors)]


@pytest.mark.parametrize("what", ["damage_chunk", "damage_head"])
def test_a_flipped_bit_is_told_wherever_the_symbol_is_asked_about(home, ask, what):
    getattr(home, what)()
    for field in ("broken: signal", "explanation", "bars"):
        query = next(line for line in EVERY_WAY.splitlines() if field in line)
        answer = ask(f"{{ {query} }}")
        is_told(answer["errors"], [field.split(":")[0]])
        assert answer["data"] is None
    answer = ask(EVERY_WAY)
    assert answer["data"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"DATA_DAMAGED"}
    assert answer["extensions"]["cost"]["actualQueryCost"] == 0


PAGE = """{ symbols { totalCount
  nodes { symbol name intervals %s } } }"""


def test_a_damaged_symbol_costs_a_page_nothing_but_itself(home, ask, lines):
    whole = ask(PAGE % "firstBar lastBar")["data"]["symbols"]
    home.damage_head()
    answer = ask(PAGE % "firstBar lastBar")
    page = answer["data"]["symbols"]
    at = [one["symbol"] for one in page["nodes"]].index("AAPL")
    assert page["nodes"][at] == whole["nodes"][at] | {
        "intervals": [],
        "firstBar": None,
        "lastBar": None,
    }
    del page["nodes"][at], whole["nodes"][at]
    assert page == whole
    place = ["symbols", "nodes", at]
    is_told(answer["errors"], [*place, "firstBar"], [*place, "lastBar"], [*place, "intervals"])
    assert answer["extensions"]["cost"]["actualQueryCost"] == 0
    assert [one["message"] for one in lines].count("data damaged") == 1
    # Where nobody asks what is kept of it, nothing is damaged.
    assert "errors" not in ask("{ symbols { nodes { symbol name } } }")


def test_other_symbols_are_answered(home, ask):
    whole = ask(f'{{ signal(symbol: "IBM") {{ {SIGNAL} }} }}')
    home.damage_chunk()
    assert ask(f'{{ signal(symbol: "IBM") {{ {SIGNAL} }} }}')["data"] == whole["data"]


def test_damaged_sentiment_is_told_where_it_is_heard_and_nowhere_else(home, ask):
    before = ask(COMBINED, symbol="IBM")["data"]
    home.damage_readings()
    is_told(ask(COMBINED, symbol="AAPL")["errors"], ["signal"])
    assert ask(COMBINED, symbol="IBM")["data"] == before
    assert ask(f'{{ signal(symbol: "AAPL") {{ {SIGNAL} }} }}')["data"]["signal"]["symbol"] == "AAPL"


def test_the_cause_is_logged_once_under_the_request_id(home, ask, lines):
    home.damage_chunk()
    ask(f'{{ signal(symbol: "AAPL") {{ {SIGNAL} }} }}')
    damage, request = lines
    assert (damage["message"], damage["request_id"]) == ("data damaged", "damage-1")
    assert "does not hold what was written there" in damage["exception"]
    assert (request["message"], request["request_id"]) == ("request", "damage-1")
    assert request["errors"] == ["DATA_DAMAGED"]
    assert request["cost"] == 0


@pytest.mark.parametrize("home", ["aws"], indirect=True)
def test_an_archived_copy_takes_the_place_of_a_damaged_one(home, ask):
    query = f'{{ signals(symbols: ["IBM", "AAPL"]) {{ {SIGNAL} }} }}'
    whole = ask(query)
    sealed = [item["sk"]["S"] for item in home.items(lambda pk, _: pk.startswith("B#AAPL#"))]
    assert sealed
    assert all(name.startswith("C#") for name in sealed)
    home.damage_table()
    answer = ask(query)
    assert "errors" not in answer
    assert answer["data"] == whole["data"]
