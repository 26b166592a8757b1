"""Keys, accounts and audit logs, read page by page by whoever may."""

import pytest

from graphql_api.schema.account_lists import ENTRIES
from graphql_api.schema.account_lists import KEYS as KEY_PLACES
from graphql_api.schema.node import global_id
from graphql_api.stores import Scope

READ, WRITE, ADMIN = Scope.SIGNALS_READ, Scope.KEYS_WRITE, Scope.ADMIN
PAGE_OF = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
KEYS = f"""query ($account: ID, $first: Int, $after: String, $last: Int, $before: String) {{
    apiKeys(accountId: $account, first: $first, after: $after, last: $last, before: $before) {{
        nodes {{ id label }} edges {{ cursor node {{ id }} }} totalCount {PAGE_OF} }} }}"""
LOG = f"""query ($account: ID, $first: Int, $after: String, $last: Int, $before: String) {{
    auditLog(accountId: $account, first: $first, after: $after, last: $last, before: $before) {{
        nodes {{ id at actor action details {{ name value }} }} edges {{ cursor node {{ id }} }}
        {PAGE_OF} }} }}"""
ACCOUNTS = f"""query ($first: Int, $after: String, $last: Int, $before: String) {{
    accounts(first: $first, after: $after, last: $last, before: $before) {{
        nodes {{ id name keys {{ label }} }} edges {{ cursor node {{ id }} }} {PAGE_OF} }} }}"""


@pytest.fixture
def owner(way):
    return way.deeds.open_account("Owner", "BASIC", "0", [READ, WRITE])


@pytest.fixture
def admin(way):
    return way.deeds.open_account("Operator", "BASIC", "admin", [ADMIN])


@pytest.fixture
def read(way, ask):
    """The one field of a query's answer."""

    def send(query, key, **given):
        reply = ask(way, query, key, **given)
        assert "errors" not in reply.json, reply.json
        (answer,) = reply.json["data"].values()
        return answer

    return send


def through(read, query, key, size, *, backwards=False, **given):
    """The ids of a whole list, read in pages from one end to the other."""
    found, end = [], None
    while True:
        ends = {"last": size, "before": end} if backwards else {"first": size, "after": end}
        page = read(query, key, **ends, **given)
        assert [edge["node"]["id"] for edge in page["edges"]] == [
            node["id"] for node in page["nodes"]
        ]
        ids = [node["id"] for node in page["nodes"]]
        found = ids + found if backwards else found + ids
        info = page["pageInfo"]
        assert info["hasPreviousPage" if not backwards else "hasNextPage"] is (end is not None)
        if not info["hasPreviousPage" if backwards else "hasNextPage"]:
            return found
        end = info["startCursor" if backwards else "endCursor"]


def test_keys_are_paged_from_both_ends(way, read, owner) -> None:
    for label in "1234":
        way.deeds.create_key(owner.account.id, label)
    whole = read(KEYS, owner.secret)
    assert whole["totalCount"] == 5
    assert {node["label"] for node in whole["nodes"]} == set("01234")
    ids = [node["id"] for node in whole["nodes"]]
    assert through(read, KEYS, owner.secret, 2) == ids
    assert through(read, KEYS, owner.secret, 2, backwards=True) == ids


def test_accounts_are_paged_from_both_ends_by_administrators(way, read, admin) -> None:
    made = [way.deeds.create_account(str(n), "DEMO") for n in range(3)]
    ids = through(read, ACCOUNTS, admin.secret, 2)
    assert ids[-3:] == [global_id("Account", one.id) for one in made]
    assert global_id("Account", admin.account.id) in ids
    assert len(ids) == len(set(ids))
    assert through(read, ACCOUNTS, admin.secret, 2, backwards=True) == ids
    page = read(ACCOUNTS, admin.secret, last=4)["nodes"]
    assert [node["name"] for node in page] == ["Operator", "0", "1", "2"]
    assert page[0]["keys"] == [{"label": "admin"}]


def test_the_audit_log_is_paged_newest_first(way, read, owner) -> None:
    for label in "123":
        way.deeds.create_key(owner.account.id, label)
    way.deeds.revoke_key(owner.account.id, owner.key.id)
    second = way.deeds.create_key(owner.account.id, "reader", [WRITE])
    entries = read(LOG, second.secret)["nodes"]
    assert [one["action"] for one in entries] == [
        "key.created",
        "key.revoked",
        "key.created",
        "key.created",
        "key.created",
        "account.created",
    ]
    assert {"name": "key", "value": owner.key.id} in entries[1]["details"]
    ids = [one["id"] for one in entries]
    assert through(read, LOG, second.secret, 4) == ids
    assert through(read, LOG, second.secret, 4, backwards=True) == ids
    first, last = (read(LOG, second.secret, **{end: 1}) for end in ("first", "last"))
    between = {"after": first["edges"][0]["cursor"], "before": last["edges"][0]["cursor"]}
    assert [one["id"] for one in read(LOG, second.secret, **between)["nodes"]] == ids[1:-1]
    none = {"after": between["before"], "before": between["after"]}
    assert read(LOG, second.secret, **none)["nodes"] == []


def test_an_operator_is_named_to_administrators_only(way, ask, read, owner, admin) -> None:
    account = global_id("Account", owner.account.id)
    query = (
        "mutation ($id: ID!) { setPlan(input: {accountId: $id, plan: DEMO}) { account { id } } }"
    )
    read(query, admin.secret, id=account)
    assert read(LOG, owner.secret, first=1)["nodes"][0]["actor"] == "operator"
    seen = read(LOG, admin.secret, first=1, account=account)["nodes"][0]["actor"]
    assert seen == f"operator:key:{admin.key.id}"


def test_who_may_read_what(way, ask, owner, admin) -> None:
    reader = way.deeds.create_key(owner.account.id, "", [READ])
    theirs, own = (global_id("Account", one.account.id) for one in (admin, owner))
    asked = [
        (KEYS, reader, own, None),
        (KEYS, reader, theirs, "FORBIDDEN"),
        (KEYS, owner, theirs, "FORBIDDEN"),
        (KEYS, admin, own, None),
        (LOG, reader, own, "FORBIDDEN"),
        (LOG, owner, own, None),
        (LOG, owner, theirs, "FORBIDDEN"),
        (LOG, admin, own, None),
        (ACCOUNTS, reader, None, "FORBIDDEN"),
        (ACCOUNTS, owner, None, "FORBIDDEN"),
        (ACCOUNTS, admin, None, None),
    ]
    for query, key, account, code in asked:
        given = {} if account is None else {"account": account}
        reply = ask(way, query, key.secret, **given)
        assert (reply.code if "errors" in reply.json else None) == code


def test_a_node_is_found_by_whoever_may_see_it(way, read, owner, admin) -> None:
    node = "query ($id: ID!) { node(id: $id) { id __typename } }"
    spare = way.deeds.create_key(owner.account.id, "spare")
    mine = [global_id("ApiKey", spare.key.id), global_id("Account", owner.account.id)]
    theirs = [global_id("ApiKey", admin.key.id), global_id("Account", admin.account.id)]
    nowhere = [global_id("ApiKey", "f" * 64), global_id("Account", "nobody")]
    for identifier in mine:
        assert read(node, owner.secret, id=identifier)["id"] == identifier
        assert read(node, admin.secret, id=identifier)["id"] == identifier
    for identifier in (*theirs, *nowhere):
        assert read(node, owner.secret, id=identifier) is None
    for identifier in nowhere:
        assert read(node, admin.secret, id=identifier) is None


def test_a_cursor_from_another_s_list_is_a_place_and_opens_nothing(way, read, owner, admin) -> None:
    """Nor does one that was never given, as long as it has the form of one."""
    own = {node["id"] for node in read(LOG, owner.secret)["nodes"]}
    account = global_id("Account", admin.account.id)
    theirs = read(LOG, admin.secret, account=account)["edges"][0]["cursor"]
    for forged in (theirs, *map(ENTRIES.cursor, ("}" * 100, "!", "'+OR+1=1+--"))):
        for end in ("after", "before"):
            page = read(LOG, owner.secret, **{end: forged})
            assert {node["id"] for node in page["nodes"]} <= own
    keys = read(KEYS, owner.secret, after=KEY_PLACES.cursor("0" * 17 + "f" * 64))
    assert [node["id"] for node in keys["nodes"]] == [global_id("ApiKey", owner.key.id)]


@pytest.mark.parametrize("query", [KEYS, LOG, ACCOUNTS], ids=["keys", "log", "accounts"])
@pytest.mark.parametrize(
    "given",
    [
        {"first": 0},
        {"first": 201},
        {"last": -1},
        {"first": 1, "last": 1},
        {"after": "junk"},
        {"before": "AAAA"},
        {"after": "x" * 9_000},
    ],
    ids=str,
)
def test_a_page_that_cannot_be_meant_is_refused(http, ask, query, given) -> None:
    admin = http.deeds.open_account("Operator", "BASIC", "admin", [ADMIN])
    assert ask(http, query, admin.secret, **given).code == "BAD_USER_INPUT"


def test_the_viewer_is_told_whole(way, read, owner) -> None:
    viewer = read(
        """{ viewer { scopes key { label networks notBefore replaces replacedBy } account {
        name plan limits { perSecond burst unitsPerDay singleQuery }
        overrides { perSecond burst unitsPerDay singleQuery } } } }""",
        owner.secret,
    )
    assert viewer == {
        "scopes": ["KEYS_WRITE", "SIGNALS_READ"],
        "key": {
            "label": "0",
            "networks": [],
            "notBefore": None,
            "replaces": None,
            "replacedBy": None,
        },
        "account": {
            "name": "Owner",
            "plan": "BASIC",
            "limits": {
                "perSecond": 100,
                "burst": 200,
                "unitsPerDay": 10_000,
                "singleQuery": 500,
            },
            "overrides": {
                "perSecond": None,
                "burst": None,
                "unitsPerDay": None,
                "singleQuery": None,
            },
        },
    }
