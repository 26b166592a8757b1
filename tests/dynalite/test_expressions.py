"""Every expression that the stores send is one that a strict parser of DynamoDB's language takes.

moto and ministack are lax: they take arithmetic in a condition, which DynamoDB refuses. dynalite
refuses it too, but knows no transactions, so what stands in one is sent to it by itself.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from graphql_api.stores import Account, ApiKey, AuditEntry, Charge, Overrides, Scope, Slot
from graphql_api.stores.dynamodb import TABLE, DynamoDBStore
from graphql_api.stores.protocols import AccountStore, UsageStore
from graphql_api.stores.records import Once, Slice
from tests.aws import in_memory
from tests.conftest import free_port

HERE = Path(__file__).parent
RUN_NODE = HERE.parents[1] / "scripts" / "run_node.py"
NOON = 1_795_262_400_000_000
TODAY, TOMORROW = "2026-11-21", "2026-11-22"
REGION = "eu-central-1"
ACCOUNT = Account("01ACCOUNT", "Strict", "BASIC", NOON)
KEY = ApiKey("a" * 64, ACCOUNT.id, "laptop", "wxyz", frozenset({Scope.SIGNALS_READ}), NOON)
ROTATED = ApiKey("b" * 64, ACCOUNT.id, "", "0000", frozenset({Scope.ADMIN}), NOON, replaces=KEY.id)
AGAIN = replace(ROTATED, id="d" * 64)
ENDING = replace(ROTATED, expires_at=NOON + 9)
REVOKED = replace(AGAIN, revoked_at=NOON + 9)
SUCCESSOR = replace(ROTATED, id="e" * 64, replaces=ROTATED.id)
ONCE = Once(ACCOUNT.id, "1" * 64, "2" * 64, AGAIN.id, NOON + 99)
LATER = replace(ONCE, id="3" * 64)
HELD = {None, "ConditionalCheckFailedException: The conditional request failed"}
SENT_ALONE = {
    "Get": "get_item",
    "Put": "put_item",
    "Update": "update_item",
    "ConditionCheck": "delete_item",
}


class Recording:
    """A client, and what it was asked."""

    def __init__(self, client):
        self.client = client
        self.asked = []

    def __getattr__(self, name):
        ask = getattr(self.client, name)

        def call(**request):
            self.asked.append((name, request))
            return ask(**request)

        return call


def charge(**more):
    return Charge(**({"account_id": ACCOUNT.id, "day": TODAY, "key_id": KEY.id} | more))


def entry(number):
    return AuditEntry(f"{number:026d}", ACCOUNT.id, NOON + number, "cli", "tried", {})


def everything_that_is_asked(store):
    """Call every method of a store, with whatever changes its expressions; the names called."""
    plain, free = charge(requests=1, units=2, room=98), charge(requests=1, units=0, room=None)
    net = charge(requests=-3, units=-6, room=98)
    calls = [
        ("create_account", ACCOUNT, KEY, entry(1)),
        ("create_account", Account("02", "Keyless", "DEMO", NOON), None, entry(2)),
        ("create_key", ROTATED, entry(3)),
        ("create_key", AGAIN, entry(8), ONCE),
        ("find_once", ACCOUNT.id, ONCE.id),
        ("rotate_key", ENDING, SUCCESSOR, (TODAY, TOMORROW), entry(9)),
        ("rotate_key", REVOKED, replace(SUCCESSOR, id="f" * 64), (TODAY,), entry(10), LATER),
        ("set_plan", ACCOUNT.id, "PREMIUM", Overrides(), entry(4)),
        ("set_plan", ACCOUNT.id, None, Overrides(per_second=7, burst=70), entry(5)),
        *(("idle", one, NOON, NOON) for one in (plain, free)),
        *(
            ("idle", plain, NOON, NOON, Slot(numbers, 0, 2 * NOON))
            for numbers in ((3,), (3, 4), (31,))
        ),
        *(("busy", one, 0, 2 * NOON, 10) for one in (plain, free, net)),
        ("idle", plain, 2 * NOON, 2 * NOON, Slot((31,), 0, 0, heeded=False)),
        ("busy", plain, 0, 3 * NOON, 10, (31, 0)),
        *(("new", one, NOON) for one in (plain, free, net)),
        ("idle", net, NOON, NOON),
        ("give_back", ACCOUNT.id, TODAY, 1, 2),
        ("usage", ACCOUNT.id, TODAY),
        ("history", ACCOUNT.id, TODAY, TOMORROW),
        ("find_key", KEY.id),
        ("find_account", ACCOUNT.id),
        ("list_keys", ACCOUNT.id),
        *(
            (name, *of, part)
            for name, of in (("audit_log", (ACCOUNT.id,)), ("list_accounts", ()))
            for part in (Slice(3), Slice(3, after="0", before="9"), Slice(3, from_end=True))
        ),
        ("touch_key", KEY.id, NOON, 3_600),
        ("revoke_key", KEY, NOON, (TODAY, TOMORROW), entry(6)),
        ("keep_documents", {"c" * 64: "{ viewer { id } }"}, entry(7), 100),
        ("find_document", "c" * 64),
    ]
    for name, *arguments in calls:
        getattr(store, name)(*arguments)
    return {name for name, *_ in calls}


@pytest.fixture(scope="module")
def sent():
    """The requests of all methods, those within transactions one by one."""
    with in_memory():
        client = boto3.client("dynamodb", region_name=REGION)
        client.create_table(TableName="strict", **TABLE)
        recording = Recording(client)
        called = everything_that_is_asked(DynamoDBStore(recording, "strict"))
        client.close()
    public = {name for one in (AccountStore, UsageStore) for name in dir(one) if name[0] != "_"}
    assert called == public - {"close"}
    return [single for name, request in recording.asked for single in by_itself(name, request)]


def by_itself(name, request):
    """A request as it is, or those that a transaction is made of."""
    if not name.startswith("transact_"):
        return [(name, request)]
    parts = [part for one in request["TransactItems"] for part in one.items()]
    return [(SENT_ALONE[kind], part) for kind, part in parts]


@pytest.fixture(scope="module")
def dynalite():
    port = free_port()
    command = ["node_modules/dynalite/cli.js", "--port", str(port), "--createTableMs", "0"]
    with subprocess.Popen(
        [sys.executable, RUN_NODE, HERE, *command, "--host", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        client = boto3.client(
            "dynamodb",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        try:
            wait_for(client)
            yield client
        finally:
            client.close()
            os.killpg(process.pid, signal.SIGTERM)  # Node.js is a child of what was started


def wait_for(client):
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_table(TableName="strict", **TABLE)
        except EndpointConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            break
    client.get_waiter("table_exists").wait(TableName="strict", WaiterConfig={"Delay": 1})


def test_every_expression_is_taken_by_a_strict_parser(sent, dynalite):
    assert sum("ConditionExpression" in request for _, request in sent) >= 15
    codes = {(name, str(request)): code_of(dynalite, name, request) for name, request in sent}
    refused = {one: code for one, code in codes.items() if code not in HELD}
    assert refused == {}


def code_of(client, name, request):
    """What the answer is: an error's code, or nothing."""
    try:
        getattr(client, name)(**request)
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return None


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("used + :units <= :day", {":units": 1, ":day": 10}),
        ("used <= :day", {":day": 10, ":unused": 1}),
        ("used <=", {}),
    ],
    ids=["arithmetic in a condition", "a value that is not used", "half a condition"],
)
def test_what_dynamodb_refuses_is_refused(dynalite, condition, values):
    with pytest.raises(ClientError, match="ValidationException"):
        dynalite.update_item(
            TableName="strict",
            Key={"pk": {"S": "a"}, "sk": {"S": "b"}},
            UpdateExpression="SET used = :one",
            ConditionExpression=condition,
            ExpressionAttributeValues={":one": {"N": "1"}}
            | {name: {"N": str(value)} for name, value in values.items()},
        )
