"""Keys and accounts managed through the API, by both ways in: what is done, allowed and said."""

import pytest

from graphql_api.guard import keys
from graphql_api.schema.node import global_id
from graphql_api.stores import Overrides, Scope, Slice

CREATE = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    secret key { id label lastFour scopes networks notBefore expiresAt replaces }
    account { id keys { id } } replaced { id } } }"""
ROTATE = """mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    secret key { id label scopes networks expiresAt replaces }
    replaced { id expiresAt revokedAt replacedBy } account { keys { id replacedBy } } } }"""
REVOKE = """mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) {
    key { id revokedAt } wasCallersKey } }"""
SET_PLAN = """mutation ($input: SetPlanInput!) { setPlan(input: $input) { account {
    plan limits { perSecond burst unitsPerDay singleQuery }
    overrides { perSecond burst unitsPerDay singleQuery } } } }"""
CREATE_ACCOUNT = """mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
    account { id name plan limits { burst } keys { id } } key { id scopes } secret } }"""
VIEWER = "{ viewer { account { id plan } key { id } scopes } }"
READ, WRITE, ADMIN = Scope.SIGNALS_READ, Scope.KEYS_WRITE, Scope.ADMIN


@pytest.fixture
def owner(way):
    """An account's own key that may manage its keys and ask for signals."""
    return way.deeds.open_account("Owner", "BASIC", "owner", [READ, WRITE])


@pytest.fixture
def admin(way):
    return way.deeds.open_account("Operator", "BASIC", "admin", [ADMIN])


@pytest.fixture
def do(way, ask):
    """Sends one mutation or query by a key; the data of its one field."""

    def send(query, key, **given):
        reply = ask(way, query, key, **({"input": given} if "$input" in query else {}))
        assert reply.status == 200, reply.body
        assert "errors" not in reply.json, reply.json["errors"]
        (answer,) = reply.json["data"].values()
        return answer

    return send


@pytest.fixture
def refused(way, ask):
    """The code and the sentence of a request that is refused."""

    def send(query, key, **given):
        reply = ask(way, query, key, input=given)
        error = reply.json["errors"][0]
        assert not any((reply.json.get("data") or {}).values())
        return error["extensions"]["code"], error["message"]

    return send


def key_id(kept):
    return global_id("ApiKey", kept.id)


def account_id(kept):
    return global_id("Account", kept.id)


def test_a_key_is_made_works_at_once_and_is_shown_once(way, do, owner) -> None:
    made = do(
        CREATE,
        owner.secret,
        label="ci",
        scopes=["SIGNALS_READ"],
        notBefore="2020-01-01T00:00:00Z",
        expiresAt="2030-01-01T00:00:00Z",
        networks=["192.0.2.1", "2001:db8::/32"],
    )
    keys.check(made["secret"], "live")
    assert made["key"] == {
        "id": global_id("ApiKey", keys.digest(made["secret"])),
        "label": "ci",
        "lastFour": made["secret"][-4:],
        "scopes": ["SIGNALS_READ"],
        "networks": ["192.0.2.1/32", "2001:db8::/32"],
        "notBefore": "2020-01-01T00:00:00Z",
        "expiresAt": "2030-01-01T00:00:00Z",
        "replaces": None,
    }
    assert made["replaced"] is None
    assert {one["id"] for one in made["account"]["keys"]} == {
        key_id(owner.key),
        made["key"]["id"],
    }
    plain = do(CREATE, owner.secret, label="plain")
    viewer = do(VIEWER, plain["secret"])
    assert viewer == {
        "account": {"id": account_id(owner.account), "plan": "BASIC"},
        "key": {"id": plain["key"]["id"]},
        "scopes": ["SIGNALS_READ"],
    }
    entry = way.deeds.audit_log(owner.account.id, Slice(10))[0]
    assert (entry.action, entry.actor) == ("key.created", f"key:{owner.key.id}")
    assert entry.details["key"] == keys.digest(plain["secret"])


def test_mutations_cost_no_units_and_count_as_requests(way, ask, owner) -> None:
    for label in ("a", "b"):
        reply = ask(way, CREATE, owner.secret, input={"label": label})
        assert reply.json["extensions"]["cost"]["requestedQueryCost"] == 0
        assert "burst" in reply.headers["ratelimit"]
    usage = ask(way, "{ usage { unitsUsed requests } }", owner.secret).json["data"]["usage"]
    assert usage == {"unitsUsed": 0, "requests": 3}


def test_who_lost_the_answer_asks_again_and_finds_the_same_key(way, do, owner) -> None:
    first = do(CREATE, owner.secret, label="ci", idempotencyKey="6f1c")
    again = do(CREATE, owner.secret, label="ci", idempotencyKey="6f1c")
    assert again["secret"] is None
    assert again["key"] == first["key"]
    assert len(way.deeds.list_keys(owner.account.id)) == 2
    rotated = do(ROTATE, owner.secret, id=again["key"]["id"], graceSeconds=0)
    assert do(VIEWER, rotated["secret"])["key"]["id"] == rotated["key"]["id"]


def test_an_idempotency_key_is_for_one_request(do, refused, owner, way) -> None:
    do(CREATE, owner.secret, label="ci", idempotencyKey="6f1c")
    code, said = refused(CREATE, owner.secret, label="other", idempotencyKey="6f1c")
    assert (code, "another request" in said) == ("BAD_USER_INPUT", True)
    other = way.deeds.open_account("Other", "BASIC", "", [READ, WRITE])
    assert do(CREATE, other.secret, label="other", idempotencyKey="6f1c")["secret"]
    for bad in ("", "a b", "x" * 256, "ü"):
        assert refused(CREATE, owner.secret, idempotencyKey=bad)[0] == "BAD_USER_INPUT"


def test_a_rotated_key_lives_on_for_its_grace_and_its_successor_has_its_terms(
    way, do, refused, owner
) -> None:
    old = do(CREATE, owner.secret, label="ci", networks=["192.0.2.0/24", "127.0.0.0/8"])
    new = do(ROTATE, owner.secret, id=old["key"]["id"], graceSeconds=3600)
    assert new["secret"] != old["secret"]
    assert new["key"]["replaces"] == old["key"]["id"]
    for same in ("label", "scopes", "networks", "expiresAt"):
        assert new["key"][same] == old["key"][same]
    assert new["replaced"]["replacedBy"] == new["key"]["id"]
    assert new["replaced"]["expiresAt"]
    assert new["replaced"]["revokedAt"] is None
    assert {one["id"]: one["replacedBy"] for one in new["account"]["keys"]} == {
        key_id(owner.key): None,
        old["key"]["id"]: new["key"]["id"],
        new["key"]["id"]: None,
    }
    code, said = refused(ROTATE, owner.secret, id=old["key"]["id"])
    assert (code, "rotated already" in said) == ("BAD_USER_INPUT", True)


def test_the_end_of_a_grace_ends_the_old_key(http, ask, clock) -> None:
    owner = http.deeds.open_account("Owner", "BASIC", "", [READ, WRITE])
    old = http.deeds.create_key(owner.account.id, "ci")
    assert ask(http, VIEWER, old.secret).status == 200  # and is remembered as without an end
    new = ask(http, ROTATE, owner.secret, input={"id": key_id(old.key), "graceSeconds": 60})
    secret = new.json["data"]["rotateApiKey"]["secret"]
    clock.move(59.9)
    assert ask(http, VIEWER, old.secret).status == 200
    clock.move(0.1)
    assert ask(http, VIEWER, old.secret).status == 401
    assert ask(http, VIEWER, secret).status == 200


def test_a_rotation_without_grace_revokes_and_can_be_asked_for_again(way, do, ask, owner) -> None:
    old = do(CREATE, owner.secret)
    asked = {"id": old["key"]["id"], "graceSeconds": 0, "idempotencyKey": "r1"}
    new = do(ROTATE, owner.secret, **asked)
    assert new["replaced"]["revokedAt"]
    assert ask(way, VIEWER, old["secret"]).status == 401
    again = do(ROTATE, owner.secret, **asked)
    assert (again["secret"], again["key"]) == (None, new["key"])
    assert again["replaced"] == new["replaced"]


def test_a_revoked_key_stops_at_once_and_a_second_revocation_says_the_same(
    way, do, ask, owner
) -> None:
    made = do(CREATE, owner.secret)
    assert ask(way, VIEWER, made["secret"]).status == 200
    first = do(REVOKE, owner.secret, id=made["key"]["id"])
    assert first["key"]["revokedAt"]
    assert first["wasCallersKey"] is False
    assert ask(way, VIEWER, made["secret"]).code == "UNAUTHENTICATED"
    assert do(REVOKE, owner.secret, id=made["key"]["id"]) == first


def test_who_revokes_the_key_in_use_is_told(way, do, ask, owner) -> None:
    assert do(REVOKE, owner.secret, id=key_id(owner.key))["wasCallersKey"] is True
    assert ask(way, VIEWER, owner.secret).status == 401


def test_an_account_is_made_with_a_key_or_without(way, do, ask, admin) -> None:
    bare = do(CREATE_ACCOUNT, admin.secret, name=" Bare ", plan="DEMO")
    assert bare["account"]["name"] == "Bare"
    assert (bare["key"], bare["secret"], bare["account"]["keys"]) == (None, None, [])
    asked = {
        "name": "Acme",
        "plan": "PREMIUM",
        "overrides": {"burst": 30},
        "firstKey": {"label": "first", "scopes": ["SIGNALS_READ", "KEYS_WRITE"]},
        "idempotencyKey": "a1",
    }
    made = do(CREATE_ACCOUNT, admin.secret, **asked)
    assert made["account"]["limits"]["burst"] == 30
    assert made["account"]["keys"] == [{"id": made["key"]["id"]}]
    assert do(VIEWER, made["secret"])["account"] == {
        "id": made["account"]["id"],
        "plan": "PREMIUM",
    }
    again = do(CREATE_ACCOUNT, admin.secret, **asked)
    assert (again["secret"], again["key"]) == (None, made["key"])
    assert again["account"]["id"] == made["account"]["id"]
    without = {"name": "Bare", "plan": "DEMO", "idempotencyKey": "a2"}
    first = do(CREATE_ACCOUNT, admin.secret, **without)
    assert do(CREATE_ACCOUNT, admin.secret, **without) == first


def test_a_plan_and_its_overrides_are_set_whole(way, do, owner, admin) -> None:
    own = {"perSecond": 7, "unitsPerDay": 50_000}
    moved = do(
        SET_PLAN, admin.secret, accountId=account_id(owner.account), plan="PREMIUM", overrides=own
    )["account"]
    assert moved["plan"] == "PREMIUM"
    assert moved["limits"] == {
        "perSecond": 7,
        "burst": 1000,
        "unitsPerDay": 50_000,
        "singleQuery": 1000,
    }
    assert moved["overrides"] == {
        "perSecond": 7,
        "burst": None,
        "unitsPerDay": 50_000,
        "singleQuery": None,
    }
    back = do(SET_PLAN, admin.secret, accountId=account_id(owner.account), plan="BASIC")["account"]
    assert set(back["overrides"].values()) == {None}
    actions = [
        (one.action, one.actor, one.details)
        for one in way.deeds.audit_log(owner.account.id, Slice(2))
    ]
    actor = f"operator:key:{admin.key.id}"
    assert actions == [
        ("plan.set", actor, {"plan": "BASIC"}),
        ("plan.set", actor, {"plan": "PREMIUM", "per_second": "7", "units_per_day": "50000"}),
    ]


@pytest.mark.parametrize("plan", ["DEMO", "BASIC", "PREMIUM", "ENTERPRISE"])
def test_the_smallest_limits_admit_what_they_say(http, ask, clock, plan) -> None:
    least = Overrides(per_second=1, burst=2, units_per_day=1, single_query=1)
    made = http.deeds.open_account("Small", plan, overrides=least)
    statuses = [ask(http, "{ usage { requests } }", made.secret).status for _ in range(3)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    clock.move(5)
    limits = ask(http, "{ rateLimit { perSecond } usage { unitsLimit } }", made.secret).json["data"]
    assert limits == {"rateLimit": {"perSecond": 1}, "usage": {"unitsLimit": 1}}


def mutations(account, key):
    """Each mutation, done to an account or one of its keys."""
    named = {"accountId": account_id(account)}
    return {
        "create": (CREATE, {**named, "label": "new"}),
        "rotate": (ROTATE, {"id": key_id(key)}),
        "revoke": (REVOKE, {"id": key_id(key)}),
        "plan": (SET_PLAN, {**named, "plan": "DEMO"}),
        "account": (CREATE_ACCOUNT, {"name": "Acme", "plan": "DEMO"}),
    }


ALLOWED = {
    # the scopes that a caller holds, whether the account is its own: what it may do
    ((READ,), True): set(),
    ((READ,), False): set(),
    ((READ, WRITE), True): {"create", "rotate", "revoke"},
    ((READ, WRITE), False): set(),
    ((ADMIN,), True): {"create", "rotate", "revoke", "plan", "account"},
    ((ADMIN,), False): {"create", "rotate", "revoke", "plan", "account"},
}


@pytest.mark.parametrize(("scopes", "own"), ALLOWED, ids=str)
def test_who_may_do_what_to_whom(way, ask, scopes, own) -> None:
    caller = way.deeds.open_account("Caller", "BASIC", "", scopes)
    account = caller.account if own else way.deeds.create_account("Other", "BASIC")
    key = way.deeds.create_key(account.id, "theirs").key
    log = way.deeds.audit_log(account.id, Slice(50))
    for mutation, (query, given) in mutations(account, key).items():
        reply = ask(way, query, caller.secret, input=given)
        if mutation in ALLOWED[scopes, own]:
            assert "errors" not in reply.json
            continue
        # Of another's key it is not even told whether it is there.
        hidden = WRITE in scopes and mutation in {"rotate", "revoke"}
        assert reply.code == ("BAD_USER_INPUT" if hidden else "FORBIDDEN")
        if not ALLOWED[scopes, own]:
            assert way.deeds.find_account(account.id) == account
            assert way.deeds.find_key(key.id) == key
            assert way.deeds.audit_log(account.id, Slice(50)) == log


def test_another_s_key_reads_as_one_that_is_not_there(way, refused, owner, admin) -> None:
    nowhere = global_id("ApiKey", "f" * 64)
    for query in (ROTATE, REVOKE):
        theirs = refused(query, owner.secret, id=key_id(admin.key))
        assert theirs == refused(query, owner.secret, id=nowhere)
        assert theirs == ("BAD_USER_INPUT", "This account has no such key.")


def test_another_s_account_reads_as_one_that_is_not_there(refused, owner, admin) -> None:
    theirs = refused(CREATE, owner.secret, accountId=account_id(admin.account))
    assert theirs == refused(CREATE, owner.secret, accountId=global_id("Account", "nobody"))
    assert theirs[0] == "FORBIDDEN"


def test_nobody_gives_scopes_that_it_does_not_hold(way, ask, do, refused, owner) -> None:
    for scopes in (["ADMIN"], ["SIGNALS_READ", "ADMIN"]):
        code, said = refused(CREATE, owner.secret, scopes=scopes)
        assert (code, "admin" in said) == ("FORBIDDEN", True)
    only_keys = way.deeds.create_key(owner.account.id, scopes=[WRITE])
    assert refused(CREATE, only_keys.secret)[0] == "FORBIDDEN"
    assert do(CREATE, only_keys.secret, scopes=["KEYS_WRITE"])["secret"]
    # Nor by taking the place of a key that has them; stopping one takes no scope.
    above = way.deeds.create_key(owner.account.id, scopes=[ADMIN])
    assert refused(ROTATE, owner.secret, id=key_id(above.key))[0] == "FORBIDDEN"
    assert do(REVOKE, owner.secret, id=key_id(above.key))["key"]["revokedAt"]


HERE, PART, NEXT = "192.0.2.0/24", "192.0.2.128/25", "198.51.100.0/24"  # we ask from 192.0.2.1


@pytest.fixture
def grants(lambda_, ask):
    """Whether a key that is bound to networks is given another, of these scopes for this place."""

    def send(by, scopes, networks, account=None, query=CREATE):
        named = {} if account is None else {"accountId": account_id(account)}
        wanted = {"scopes": [scope.name for scope in scopes], "networks": networks}
        given = {**named, **wanted}
        if query is CREATE_ACCOUNT:
            given = {"name": "Acme", "plan": "DEMO", "firstKey": wanted}
        reply = ask(lambda_, query, by, input=given)
        if "errors" in reply.json:
            assert reply.code == "FORBIDDEN"
            assert "name networks that lie within them" in reply.json["errors"][0]["message"]
            return False
        (made,) = reply.json["data"].values()
        return bool(made["secret"])

    return send


def test_a_key_that_is_bound_to_networks_gives_none_for_elsewhere(lambda_, grants) -> None:
    new = lambda_.deeds.open_account("Owner", "BASIC", "", [READ, WRITE], networks=[HERE])
    assert not grants(new.secret, [READ], None)
    assert not grants(new.secret, [READ], [])
    assert not grants(new.secret, [READ], [HERE, NEXT])
    assert not grants(new.secret, [READ], ["192.0.0.0/16"])
    assert not grants(new.secret, [READ], ["2001:db8::/32"])
    assert grants(new.secret, [READ], [HERE])
    assert grants(new.secret, [READ, WRITE], [PART])


def test_a_key_that_is_bound_to_networks_replaces_none_for_elsewhere(lambda_, ask) -> None:
    new = lambda_.deeds.open_account("Owner", "BASIC", "", [READ, WRITE], networks=[HERE])
    free = lambda_.deeds.create_key(new.account.id)
    part = lambda_.deeds.create_key(new.account.id, networks=[PART])
    told = [
        ask(lambda_, ROTATE, new.secret, input={"id": key_id(one.key)}) for one in (free, part, new)
    ]
    assert told[0].code == "FORBIDDEN"
    assert ["errors" in one.json for one in told] == [True, False, False]
    # It may stop one, which opens nothing.
    revoked = ask(lambda_, REVOKE, new.secret, input={"id": key_id(free.key)})
    assert "errors" not in revoked.json


def test_an_administrator_s_bound_key_makes_keys_for_people_elsewhere_but_no_administrators(
    lambda_, grants
) -> None:
    admin = lambda_.deeds.open_account("Operator", "BASIC", "", [ADMIN], networks=[HERE])
    other = lambda_.deeds.create_account("Customer", "BASIC")
    assert grants(admin.secret, [READ, WRITE], None, other)
    assert grants(admin.secret, [READ], [NEXT], query=CREATE_ACCOUNT)
    assert not grants(admin.secret, [READ, ADMIN], None, other)
    assert not grants(admin.secret, [ADMIN], [NEXT], query=CREATE_ACCOUNT)
    assert not grants(admin.secret, [READ], None, admin.account)
    assert grants(admin.secret, [ADMIN], [PART], other)


def test_what_is_no_network_is_said_to_be_none_also_of_a_bound_key(lambda_, ask) -> None:
    new = lambda_.deeds.open_account("Owner", "BASIC", "", [READ, WRITE], networks=[HERE])
    for text in ("everywhere", "192.0.2.7/24", "192.0.2.0/255.255.255.0"):
        reply = ask(lambda_, CREATE, new.secret, input={"networks": [text]})
        assert reply.code == "BAD_USER_INPUT"
        assert text in reply.json["errors"][0]["message"]


def test_a_document_is_refused_whole_before_any_of_it_runs(way, ask, owner) -> None:
    query = """mutation ($input: CreateApiKeyInput!) {
        createApiKey(input: $input) { secret }
        ... on Mutation { createAccount(input: {name: "x", plan: DEMO}) { secret } } }"""
    reply = ask(way, query, owner.secret, input={})
    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert len(way.deeds.list_keys(owner.account.id)) == 1


def test_mutations_run_in_turn_and_what_fails_takes_no_secret_with_it(way, ask, owner) -> None:
    query = """mutation ($gone: ID!) {
        a: createApiKey(input: {label: "a"}) { secret }
        b: revokeApiKey(input: {id: $gone}) { wasCallersKey }
        c: createApiKey(input: {label: "c"}) { secret } }"""
    reply = ask(way, query, owner.secret, gone=global_id("ApiKey", "f" * 64)).json
    assert reply["data"]["b"] is None
    assert reply["errors"][0]["path"] == ["b"]
    made = [keys.digest(reply["data"][name]["secret"]) for name in "ac"]
    log = way.deeds.audit_log(owner.account.id, Slice(2))
    assert [entry.details["key"] for entry in log] == made[::-1]


def test_a_get_changes_nothing(way, owner) -> None:
    query = "mutation+{createApiKey(input:{}){secret}}"
    reply = way.send("GET", f"/graphql?query={query}", {"x-api-key": owner.secret})
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert len(way.deeds.list_keys(owner.account.id)) == 1


def test_a_secret_is_in_no_log(way, do, refused, owner, caplog, capfd) -> None:
    with caplog.at_level("DEBUG", logger="graphql_api"):
        made = do(CREATE, owner.secret, label="ci")
        refused(CREATE, owner.secret, expiresAt="2000-01-01T00:00:00Z")
    told = caplog.text + "".join(capfd.readouterr()) + repr(caplog.records)
    told += repr(way.deeds.audit_log(owner.account.id, Slice(10)))
    assert made["secret"] not in told
    assert made["secret"][8:-6] not in told


BAD = [
    (CREATE, {"label": "a\x07b"}, "U+0007"),
    (CREATE, {"label": "safe\u202eexe"}, "U+202E"),
    (CREATE, {"label": "a\u200bb"}, "U+200B"),
    (CREATE, {"label": "x" * 10_000}, "1 to 100"),
    (CREATE, {"scopes": []}, "at least one scope"),
    (CREATE, {"expiresAt": "2000-01-01T00:00:00Z"}, "expired already"),
    (CREATE, {"expiresAt": "9999-12-31T23:59:59Z"}, "ten years"),
    (CREATE, {"notBefore": "9999-12-31T23:59:59Z"}, "ten years"),
    (
        CREATE,
        {"notBefore": "2030-01-02T00:00:00Z", "expiresAt": "2030-01-01T00:00:00Z"},
        "before it begins",
    ),
    (CREATE, {"networks": ["0.0.0.0/0"]}, "everywhere"),
    (CREATE, {"networks": ["::/0"]}, "everywhere"),
    (CREATE, {"networks": ["10.0.0.1/8"]}, "write 10.0.0.0/8"),
    (CREATE, {"networks": ["2001:db8::1/32"]}, "write 2001:db8::/32"),
    (CREATE, {"networks": ["::ffff:10.0.0.0/104"]}, "IPv4 within IPv6"),
    (CREATE, {"networks": ["10.0.0.0/255.0.0.0"]}, "a mask"),
    (CREATE, {"networks": ["fe80::1%eth0"]}, "zone"),
    (CREATE, {"networks": ["localhost"]}, "no network"),
    (CREATE, {"networks": [""]}, "no network"),
    (CREATE, {"networks": ["10.0.0.0/8" * 1_000]}, "no network"),
    (CREATE, {"networks": [f"10.0.0.{n}" for n in range(51)]}, "at most 50"),
    (CREATE, {"accountId": "junk"}, "id is none"),
    (CREATE, {"accountId": global_id("ApiKey", "f" * 64)}, "names no account"),
    (CREATE, {"accountId": global_id("Account", "n" * 9_000)}, "There is no account nnn"),
    (ROTATE, {"id": global_id("ApiKey", 7)}, "no such key"),
    (REVOKE, {"id": global_id("Account", "demo")}, "no such key"),
    (SET_PLAN, {"plan": "DEMO", "accountId": global_id("Account", "nobody")}, "nobody"),
    (CREATE_ACCOUNT, {"name": " ", "plan": "DEMO"}, "1 to 100"),
    (CREATE_ACCOUNT, {"name": "a\nb", "plan": "DEMO"}, "U+000A"),
    *(
        (CREATE_ACCOUNT, {"name": "A", "plan": "DEMO", "overrides": {name: value}}, "is given")
        for name in ("perSecond", "burst", "unitsPerDay", "singleQuery")
        for value in (0, -1, 2**31 - 1)
    ),
]


@pytest.mark.parametrize(("query", "given", "said"), BAD, ids=lambda one: str(one)[:40])
def test_what_cannot_be_meant_is_refused_with_what_would_be_right(
    http, ask, query, given, said
) -> None:
    admin = http.deeds.open_account("Operator", "BASIC", "admin", [ADMIN])
    before = http.deeds.audit_log(admin.account.id, Slice(50))
    reply = ask(http, query, admin.secret, input=given)
    assert reply.code == "BAD_USER_INPUT"
    message = reply.json["errors"][0]["message"]
    assert said in message
    assert len(message) < 300
    assert http.deeds.audit_log(admin.account.id, Slice(50)) == before


@pytest.mark.parametrize("grace", [-1, 1, 59, 30 * 86_400 + 1, 2**31 - 1])
def test_a_grace_that_would_not_hold_is_refused(way, refused, owner, grace) -> None:
    code, said = refused(ROTATE, owner.secret, id=key_id(owner.key), graceSeconds=grace)
    assert (code, "60 to 2,592,000" in said) == ("BAD_USER_INPUT", True)


def test_what_is_beyond_an_int_is_refused_by_the_schema(way, ask, admin) -> None:
    overrides = {"perSecond": 2**31}
    given = {"name": "A", "plan": "DEMO", "overrides": overrides}
    assert ask(way, CREATE_ACCOUNT, admin.secret, input=given).code == "BAD_USER_INPUT"


def test_null_is_as_good_as_nothing(do, owner) -> None:
    made = do(CREATE, owner.secret, label=None, scopes=None, networks=None, expiresAt=None)
    assert made["key"]["scopes"] == ["SIGNALS_READ"]
    assert made["key"]["label"] is None
    assert do(ROTATE, owner.secret, id=made["key"]["id"], graceSeconds=None)["secret"]


def test_a_key_that_is_no_longer_in_force_has_no_successor(way, refused, do, owner) -> None:
    gone = way.deeds.create_key(owner.account.id)
    way.deeds.revoke_key(owner.account.id, gone.key.id)
    code, said = refused(ROTATE, owner.secret, id=key_id(gone.key))
    assert (code, "revoked already" in said) == ("BAD_USER_INPUT", True)


def test_an_account_has_at_most_a_hundred_keys_in_force(http, ask) -> None:
    owner = http.deeds.open_account("Owner", "BASIC", "", [READ, WRITE])
    for _ in range(99):
        spare = http.deeds.create_key(owner.account.id)
    refused = ask(http, CREATE, owner.secret, input={})
    assert refused.code == "BAD_USER_INPUT"
    assert "100 keys in force" in refused.json["errors"][0]["message"]
    http.deeds.revoke_key(owner.account.id, spare.key.id)
    assert "errors" not in ask(http, CREATE, owner.secret, input={}).json
