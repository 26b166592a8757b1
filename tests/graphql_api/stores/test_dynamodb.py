"""What only the DynamoDB store can do wrong: time-outs, throttling, collisions, pages."""

import dataclasses
import datetime
import socket

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from graphql_api.stores import (
    Account,
    ApiKey,
    AuditEntry,
    Charge,
    Once,
    Scope,
    Slice,
    Slot,
    StoreThrottled,
    StoreUnavailable,
    StoreUntouched,
)
from graphql_api.stores.dynamodb import TABLE, TIME_TO_LIVE, DynamoDBStore, connect
from graphql_api.stores.dynamodb.items import account_item, listed_item, time_to_live
from market_data.aws.patience import within

TODAY = "2026-11-21"
ACCOUNT = Account("01ACCOUNT", "name", "BASIC", 1)
KEY = ApiKey("a" * 64, ACCOUNT.id, "", "wxyz", frozenset({Scope.SIGNALS_READ}), 1)
CHARGE = Charge(ACCOUNT.id, TODAY, KEY.id, requests=1, units=2, room=98)
ENTRY = AuditEntry("0" * 26, ACCOUNT.id, 1, "cli", "key.revoked")


def refusal(code, reasons=()):
    response = {
        "Error": {"Code": code, "Message": ""},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "UpdateItem")


class Faulty:
    """A client whose every call fails a few times, and then answers."""

    def __init__(self, client, *errors):
        self.client = client
        self.errors = list(errors)
        self.calls = []

    def __getattr__(self, name):
        def call(**request):
            self.calls.append(name)
            if self.errors:
                raise self.errors.pop(0)
            return getattr(self.client, name)(**request)

        return call


FAULTS = [
    EndpointConnectionError(endpoint_url="http://nowhere"),
    ReadTimeoutError(endpoint_url="http://slow"),
    refusal("ProvisionedThroughputExceededException"),
    refusal("InternalServerError"),
    refusal("TransactionConflictException"),
    ResponseParserError("no JSON"),
]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (EndpointConnectionError(endpoint_url="http://nowhere"), StoreUntouched),
        (ConnectTimeoutError(endpoint_url="http://full"), StoreUntouched),
        (refusal("ThrottlingException"), StoreThrottled),
        (ReadTimeoutError(endpoint_url="http://slow"), StoreUnavailable),
        (ConnectionClosedError(endpoint_url="http://restarted"), StoreUnavailable),
        (refusal("InternalServerError"), StoreUnavailable),
    ],
    ids=str,
)
def test_only_what_surely_wrote_nothing_is_told_so(client, table, fault, kind):
    with pytest.raises(StoreUnavailable) as failed:
        DynamoDBStore(Faulty(client, fault), table).idle(CHARGE, 0, 1)
    assert type(failed.value) is kind


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_admission_is_sent_exactly_once(client, table, fault):
    faulty = Faulty(client, fault)
    store = DynamoDBStore(faulty, table)
    with pytest.raises(StoreUnavailable):
        store.idle(CHARGE, 0, 1)
    assert faulty.calls == ["update_item"]
    assert store.idle(CHARGE, 0, 1).admitted


def test_a_mark_that_a_process_without_marks_has_passed_by_does_not_count(client, table):
    """While a version of before is still at work, ``tat`` moves and the mark stays."""
    store = DynamoDBStore(client, table)
    store.idle(CHARGE, 0, 10, Slot((7,), 0, 0))
    client.update_item(
        TableName=table,
        Key={"pk": {"S": f"ACCT#{ACCOUNT.id}"}, "sk": {"S": f"USE#{TODAY}"}},
        UpdateExpression="SET tat = tat + :step",
        ExpressionAttributeValues={":step": {"N": "30"}},
    )
    assert not store.idle(CHARGE, 0, 10, Slot((7,), 0, 99)).admitted
    assert store.usage(ACCOUNT.id, TODAY).tat == 40
    assert store.busy(CHARGE, 0, 40, 10, (7,)).admitted
    assert store.idle(CHARGE, 0, 10, Slot((7,), 0, 99)).usage.tat == 60


def test_an_item_bears_the_marks_of_the_last_admission_only(client, table):
    store = DynamoDBStore(client, table)
    for number in (3, 31, 0):
        store.idle(CHARGE, 100 * number, 100 * number + 10, Slot((number,), 0, 0))
        store.busy(CHARGE, 0, 10_000, 10, ((number + 1) % 32,))
    item = client.get_item(
        TableName=table, Key={"pk": {"S": f"ACCT#{ACCOUNT.id}"}, "sk": {"S": f"USE#{TODAY}"}}
    )["Item"]
    assert [name for name in item if name.startswith("slot")] == ["slot1"]
    assert item["slot1"] == item["tat"]


def test_a_refund_is_sent_exactly_once(client, table):
    faulty = Faulty(client, ReadTimeoutError(endpoint_url="http://slow"))
    with pytest.raises(StoreUnavailable):
        DynamoDBStore(faulty, table).give_back(ACCOUNT.id, TODAY, 1, 2)
    assert faulty.calls == ["update_item"]


def test_a_read_is_sent_again_once_after_a_pause_of_random_length(client, table):
    pauses = []
    faulty = Faulty(client, FAULTS[0])
    store = DynamoDBStore(faulty, table, sleep=pauses.append)
    assert store.find_account(ACCOUNT.id) is None
    assert faulty.calls == ["get_item", "get_item"]
    assert len(pauses) == 1
    assert 0 <= pauses[0] <= 0.05

    faulty.errors = [FAULTS[0], FAULTS[2]]
    with pytest.raises(StoreUnavailable, match="ProvisionedThroughputExceeded"):
        store.find_account(ACCOUNT.id)


def test_a_read_that_failed_slowly_is_not_sent_again(client, table):
    faulty = Faulty(client, FAULTS[1])
    ticks = iter([10.0, 10.3])
    store = DynamoDBStore(faulty, table, stopwatch=lambda: next(ticks))
    with pytest.raises(StoreUnavailable, match="ReadTimeout"):
        store.find_account(ACCOUNT.id)
    assert faulty.calls == ["get_item"]


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"],
)
def test_a_throttled_table_is_not_asked_again(client, table, code):
    faulty = Faulty(client, *[refusal(code)] * 3)
    store = DynamoDBStore(faulty, table, sleep=lambda seconds: None)
    for ask in (
        lambda: store.find_key(KEY.id),
        lambda: store.idle(CHARGE, 0, 1),
        lambda: store.create_account(ACCOUNT, KEY, ENTRY),
    ):
        with pytest.raises(StoreThrottled, match=code):
            ask()
    assert faulty.calls == ["get_item", "update_item", "transact_write_items"]


def test_a_read_is_tried_again_only_while_its_caller_can_wait(client, table, atomic):
    faulty = Faulty(client, *[refusal("InternalServerError")] * 2)
    store = DynamoDBStore(faulty, table, sleep=lambda seconds: None)
    with within(0.6), pytest.raises(StoreUnavailable):
        store.find_key(KEY.id)
    assert faulty.calls == ["get_item"]
    with within(5):
        assert store.find_key(KEY.id) is None
    assert faulty.calls == ["get_item"] * 3


def test_transactions_that_collide_are_sent_again_with_one_token(client, table):
    faulty = Faulty(client, *[refusal("TransactionCanceledException", ["TransactionConflict"])] * 3)
    store = DynamoDBStore(faulty, table, sleep=lambda seconds: None)
    assert store.create_account(ACCOUNT, KEY, ENTRY)
    assert faulty.calls == ["transact_write_items"] * 4


def test_a_transaction_whose_condition_failed_is_not_sent_again(client, table):
    reasons = ["TransactionConflict", "ConditionalCheckFailed"]
    faulty = Faulty(client, refusal("TransactionCanceledException", reasons))
    assert not DynamoDBStore(faulty, table).create_account(ACCOUNT, KEY, ENTRY)


def test_a_revocation_marks_the_days_outside_the_transaction(client, table):
    faulty = Faulty(client)
    store = DynamoDBStore(faulty, table)
    store.create_account(ACCOUNT, KEY, ENTRY)
    faulty.calls.clear()
    store.revoke_key(KEY, 5, (TODAY, "2026-11-22"), ENTRY)
    assert faulty.calls == ["transact_write_items", "update_item", "update_item"]


def test_a_store_that_refuses_connections_is_unavailable(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        store = DynamoDBStore(connect("eu-central-1", endpoint), "accounts", sleep=lambda s: None)
        with pytest.raises(StoreUntouched, match="is not reached"):
            store.find_key(KEY.id)
        with pytest.raises(StoreUntouched, match="is not reached"):
            store.idle(CHARGE, 0, 1)


def test_a_table_that_is_not_there_is_unavailable(client, atomic):
    with pytest.raises(StoreUnavailable, match="ResourceNotFound"):
        DynamoDBStore(client, "nowhere", sleep=lambda s: None).find_key(KEY.id)


def test_the_client_gives_up_early_and_tries_once(client):
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (0.3, 0.5)
    assert config.tcp_keepalive
    assert config.retries["total_max_attempts"] == 1


def test_only_days_of_use_expire_after_35_days(client, table, atomic):
    store = DynamoDBStore(client, table)
    store.create_account(ACCOUNT, KEY, ENTRY)
    store.idle(CHARGE, 0, 1)
    store.new(Charge(ACCOUNT.id, "2026-11-22", KEY.id, 1, 2, None), 1)
    store.revoke_key(KEY, 5, ("2026-11-23",), ENTRY)
    items = client.scan(TableName=table)["Items"]
    expiring = {item["sk"]["S"] for item in items if TIME_TO_LIVE in item}
    assert expiring == {"USE#2026-11-21", "USE#2026-11-22", "USE#2026-11-23"}
    end = datetime.datetime.fromtimestamp(int(time_to_live(TODAY)["N"]), datetime.UTC)
    assert end == datetime.datetime(2026, 12, 26, tzinfo=datetime.UTC)


def test_a_query_of_several_pages_is_read_to_its_end(client, table, atomic):
    store = DynamoDBStore(Paged(client), table)
    for day in range(10, 15):
        store.idle(Charge(ACCOUNT.id, f"2026-11-{day}", KEY.id, 1, 2, None), 0, 1)
    assert len(store.history(ACCOUNT.id, "2026-11-01", "2026-11-30")) == 5


class Paged(Faulty):
    """A client that reads two items a page."""

    def query(self, **request):
        return self.client.query(**{**request, "Limit": 2})


def test_the_table_is_described_for_whoever_creates_it():
    named = {attribute["AttributeName"] for attribute in TABLE["AttributeDefinitions"]}
    assert named == {"pk", "sk", "owner", "created_at"}


class Partial(Faulty):
    """A client that reads a part of each batch, or from some call on none of it."""

    def __init__(self, client, part):
        super().__init__(client)
        self.part = part
        self.batches = []

    def batch_get_item(self, RequestItems):  # noqa: N803  # boto3's name
        ((table, asked),) = RequestItems.items()
        self.batches.append(len(asked["Keys"]))
        now, rest = asked["Keys"][: self.part], asked["Keys"][self.part :]
        answer = {"Responses": {table: []}, "UnprocessedKeys": {}}
        if now:
            request = {table: {**asked, "Keys": now}}
            answer["Responses"] = self.client.batch_get_item(RequestItems=request)["Responses"]
        if rest:
            answer["UnprocessedKeys"] = {table: {**asked, "Keys": rest}}
        return answer


def accounts_in(client, table, count):
    accounts = [Account(f"01{n:03d}", str(n), "DEMO", n) for n in range(count)]
    items = [make(one) for one in accounts for make in (account_item, listed_item)]
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={table: puts})
    return accounts


def test_a_batch_that_is_read_in_part_is_read_to_its_end(client, table, atomic):
    store = DynamoDBStore(Partial(client, 2), table)
    accounts = accounts_in(client, table, 5)
    assert store.list_accounts(Slice(9)) == accounts
    assert store.client.batches == [5, 3, 1]


def test_a_batch_of_which_nothing_is_read_is_unavailable(client, table, atomic):
    store = DynamoDBStore(Partial(client, 0), table)
    accounts_in(client, table, 1)
    with pytest.raises(StoreUnavailable, match="none of a batch"):
        store.list_accounts(Slice(9))
    assert store.client.batches == [1]


def test_more_accounts_than_a_batch_holds_are_read_in_several(client, table, atomic):
    store = DynamoDBStore(Partial(client, 100), table)
    accounts = accounts_in(client, table, 101)
    assert store.list_accounts(Slice(200)) == accounts
    assert store.client.batches == [100, 1]


def test_a_list_forgets_an_account_whose_profile_is_gone(client, table, atomic):
    store = DynamoDBStore(client, table)
    first, second = accounts_in(client, table, 2)
    key = {"pk": {"S": f"ACCT#{first.id}"}, "sk": {"S": "PROFILE"}}
    client.delete_item(TableName=table, Key=key)
    assert store.list_accounts(Slice(9)) == [second]


def test_a_rotation_that_collides_is_sent_again_and_done_once(client, table):
    new = ApiKey("b" * 64, ACCOUNT.id, "", "9999", KEY.scopes, 2, replaces=KEY.id)
    old = dataclasses.replace(KEY, replaced_by=new.id, expires_at=9)
    mark = Once(ACCOUNT.id, "0" * 64, "1" * 64, new.id, until=3_000_001)
    entry = dataclasses.replace(ENTRY, id="1" * 26)
    faulty = Faulty(client)
    store = DynamoDBStore(faulty, table, sleep=lambda seconds: None)
    store.create_account(ACCOUNT, KEY, ENTRY)
    faulty.calls.clear()
    faulty.errors = [refusal("TransactionCanceledException", ["TransactionConflict", "None"])] * 3
    assert store.rotate_key(old, new, (), entry, mark)
    assert faulty.calls == ["transact_write_items"] * 4
    assert store.find_key(KEY.id) == old
    assert len(store.audit_log(ACCOUNT.id)) == 2
    item = client.get_item(
        TableName=table, Key={"pk": {"S": f"ACCT#{ACCOUNT.id}"}, "sk": {"S": f"ONCE#{mark.id}"}}
    )["Item"]
    assert item[TIME_TO_LIVE] == {"N": "4"}  # seconds, and not before its end


def test_a_transaction_has_a_token_of_its_own_that_a_repetition_keeps(client, table):
    tokens = []

    class Watched(Faulty):
        def transact_write_items(self, **request):
            tokens.append(request["ClientRequestToken"])
            if len(tokens) == 1:
                raise refusal("TransactionCanceledException", ["TransactionConflict"])
            return self.client.transact_write_items(**request)

    store = DynamoDBStore(Watched(client), table, sleep=lambda seconds: None)
    store.create_account(ACCOUNT, KEY, ENTRY)
    store.revoke_key(KEY, 5, (), dataclasses.replace(ENTRY, id="2" * 26))
    assert tokens == [ENTRY.id, ENTRY.id, "2" * 26]
