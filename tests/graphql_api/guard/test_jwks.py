"""An issuer's keys: which are used, how they are fetched, and what an outage does."""

import json
import socket
import threading
import time
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from graphql_api.errors import InvalidToken, Unavailable
from graphql_api.guard import jwks
from graphql_api.guard.admit import Guard
from graphql_api.guard.jwks import IssuerKeys, fetch, usable_keys
from graphql_api.guard.kept import Away, Kept
from graphql_api.guard.tokens import Rules, Tokens
from infra.local_issuer import AUDIENCE, ES256, RS256, LocalIssuer


@pytest.fixture(scope="module")
def running():
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(running):
    running.status, running.headers, running.body, running.delay = 200, {}, None, 0.0
    running.asked.clear()
    return running


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """The issuer runs in this process, on a machine that may be busy."""
    monkeypatch.setattr(jwks, "Kept", partial(Kept, patience=60))
    for name in ("CONNECT", "READ", "WHOLE"):
        monkeypatch.setattr(jwks, name, 60)


@pytest.fixture
def impatient(unhurried, monkeypatch):
    """The time-outs as they are in truth."""
    monkeypatch.undo()


@pytest.fixture
def keys(issuer, clock):
    return IssuerKeys(f"{issuer.url}/.well-known/jwks.json", clock)


def listed(*found):
    return json.dumps({"keys": found}).encode()


def test_the_keys_are_fetched_when_they_are_needed_and_kept(keys, issuer, clock):
    assert issuer.asked == []
    for _ in range(5):
        assert keys.find("rsa", "RS256").algorithm_name == "RS256"
        assert keys.find("ec", "ES256").algorithm_name == "ES256"
        clock.move(100)
    assert issuer.asked == ["/.well-known/jwks.json"]
    clock.move(100)
    keys.find("rsa", "RS256")
    assert len(issuer.asked) == 2


def test_an_unknown_key_is_looked_for_once_a_minute(keys, issuer, clock):
    for minute in range(3):
        for _ in range(20):
            assert keys.find(f"unknown {minute}", "RS256") is None
        assert len(issuer.asked) == 1 + minute
        clock.move(60)


def test_a_key_that_is_new_is_found_though_others_are_known(keys, issuer, clock):
    keys.find("rsa", "RS256")
    clock.move(60)
    issuer.body = listed({**issuer.keys()[0], "kid": "rotated"}, *issuer.keys())
    assert keys.find("rotated", "RS256")


def test_a_key_that_was_withdrawn_is_forgotten(keys, issuer, clock):
    assert keys.find("rsa", "RS256")
    issuer.body = listed(issuer.keys()[1])
    clock.move(600)
    assert keys.find("rsa", "RS256") is None


def test_known_keys_serve_for_a_day_while_the_issuer_is_away(keys, issuer, clock):
    keys.find("rsa", "RS256")
    issuer.status = 500
    for _ in range(23):
        clock.move(3_600)
        assert keys.find("rsa", "RS256")
    with pytest.raises(Unavailable):  # it may be a new one, which cannot be found out
        keys.find("unknown", "RS256")
    clock.move(3_600)
    with pytest.raises(Unavailable) as refused:
        keys.find("rsa", "RS256")
    assert refused.value.headers() == {"Retry-After": "1"}
    issuer.status = 200
    clock.move(1)
    assert keys.find("rsa", "RS256")


def test_without_any_key_there_is_no_answer_and_soon_another_try(keys, issuer, clock):
    issuer.status = 503
    for _ in range(5):
        with pytest.raises(Unavailable, match="keys that tokens are signed with") as refused:
            keys.find("rsa", "RS256")
        assert (refused.value.status, refused.value.code) == (503, "UNAVAILABLE")
    assert len(issuer.asked) == 1
    issuer.status = 200
    clock.move(1)
    assert keys.find("rsa", "RS256")


def quickest(ask):
    """The shortest time of a few: what costs no more than it says may be held up by others."""
    times = []
    while not times or (min(times) > 0.7 and len(times) < 6):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            ask()
        times.append(time.monotonic() - began)
    return min(times)


def test_an_issuer_that_does_not_answer_costs_a_request_half_a_second_at_most(
    impatient, issuer, clock
):
    issuer.delay = 3
    assert quickest(lambda: IssuerKeys(issuer.url, clock).find("rsa", "RS256")) < 0.75


def test_an_answer_that_drips_costs_no_more(impatient, clock, monkeypatch):
    monkeypatch.setattr(jwks, "WHOLE", 0.7)
    given_up = []

    def drip(connection):
        with connection:
            connection.recv(4_096)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n")
                while True:
                    connection.sendall(b" ")
                    time.sleep(0.02)
            except OSError:
                given_up.append(True)

    def ask():
        drips.append(threading.Thread(target=lambda: drip(listening.accept()[0])))
        drips[-1].start()
        IssuerKeys(f"http://127.0.0.1:{listening.getsockname()[1]}/", clock).find("rsa", "RS256")

    drips = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert quickest(ask) < 0.75
        for one in drips:
            one.join(60)
    assert len(given_up) == len(drips)  # the fetches, which went on, have given up


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 404, 429, 500])
def test_another_status_than_200_is_no_jwks(issuer, status):
    issuer.status = status
    issuer.headers = {"Location": f"{issuer.url}/elsewhere"}
    with pytest.raises(Away, match=f"answered by {status}"):
        fetch(issuer.url)
    assert issuer.asked == ["/"]  # no redirect is followed


def test_an_answer_that_is_too_large_is_not_read_to_its_end(issuer):
    issuer.body = b"x" * 65_536
    assert fetch(issuer.url) == issuer.body
    issuer.body = b"x" * 65_537
    with pytest.raises(Away, match="larger than 65536 bytes"):
        fetch(issuer.url)


def test_a_compressed_answer_is_not_blown_up(issuer):
    issuer.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(Away):
        usable_keys(fetch(issuer.url)[:10])


def test_nobody_there_is_said_by_its_kind():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Away, match="NewConnectionError"):
        fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1, null]}',
        b"\xff",
        b'{"keys": [], "keys": []}',
        b"<html>",
        b"[" * 50_000,
    ],
    ids=lambda text: text[:12].decode("latin-1"),
)
def test_what_is_no_jwks_is_refused(text):
    with pytest.raises(Away):
        usable_keys(text)


def test_more_keys_than_any_issuer_has_are_refused(issuer):
    key = issuer.keys()[0]
    assert usable_keys(listed(*[key] * 100))
    with pytest.raises(Away):
        usable_keys(listed(*[key] * 101))


def test_keys_that_must_not_verify_are_passed_over(issuer):
    good, curve = issuer.keys()
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    bad = [
        RS256.to_jwk(short, as_dict=True),
        ECAlgorithm(ECAlgorithm.SHA256).to_jwk(p384, as_dict=True),
        OKPAlgorithm().to_jwk(edwards, as_dict=True),
        {"kty": "oct", "k": "c2VjcmV0"},
        good | {"alg": "RS512"},
        good | {"alg": "HS256"},
        good | {"alg": None},
        good | {"use": "enc"},
        good | {"key_ops": ["sign"]},
        good | {"key_ops": "verify"},
        good | {"kty": "EC"},
        good | {"kty": ["RSA"]},
        good | {"n": "!"},
        good | {"n": 5},
        good | {"e": "AQ"},  # an exponent of 1 would take any signature
        {name: value for name, value in good.items() if name != "e"},
        curve | {"crv": "P-384"},
        curve | {"x": curve["y"]},  # not on the curve
    ]
    bad = [{**key, "kid": f"bad {i}"} for i, key in enumerate(bad)]
    bad += [good | {"kid": kid} for kid in (None, "", 7, "k" * 201)]
    assert set(usable_keys(listed(*bad, good, curve))) == {("rsa", "RS256"), ("ec", "ES256")}
    with pytest.raises(Away, match="no key for RS256 or ES256"):
        usable_keys(listed(*bad))


def test_of_two_keys_with_one_name_the_first_counts_and_kinds_are_apart(issuer):
    good, curve = issuer.keys()
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).public_key()
    second = {**RS256.to_jwk(other, as_dict=True), "kid": "rsa"}
    found = usable_keys(listed(good, second, curve | {"kid": "rsa"}))
    assert set(found) == {("rsa", "RS256"), ("rsa", "ES256")}
    numbers = found["rsa", "RS256"].key.public_numbers()
    assert numbers == issuer.rsa.public_key().public_numbers()


def test_a_private_key_that_was_published_is_read_as_a_public_one(issuer):
    leaked = {**RS256.to_jwk(issuer.rsa, as_dict=True), "kid": "leaked", "key_ops": ["verify"]}
    key = usable_keys(listed(leaked))["leaked", "RS256"].key
    assert not hasattr(key, "private_numbers")
    assert ES256.to_jwk(issuer.ec.public_key(), as_dict=True)["crv"] == "P-256"


def test_tokens_of_a_guard_outlive_their_issuer_and_new_ones_wait(issuer, store, basic, clock):
    rules = Rules(issuer.url, (AUDIENCE,), "custom:account_id", ("scope",), "intellpulse/")
    keys = IssuerKeys(f"{issuer.url}/jwks.json", clock)
    guard = Guard(store, store, clock, tokens=Tokens(rules, keys, clock))

    def ask(**header):
        claims = issuer.claims(basic.account.id, clock() / 1_000_000)
        token = issuer.token(claims, **header)
        return guard.authenticate({"authorization": f"Bearer {token}"})

    issuer.status = 500
    with pytest.raises(Unavailable):
        ask()
    issuer.status = 200
    clock.move(1)
    assert ask().account_id == basic.account.id
    issuer.status = 500
    clock.move(3_600)
    assert ask().account_id == basic.account.id
    with pytest.raises(Unavailable):
        ask(kid="newer")
    issuer.status = 200
    clock.move(60)
    with pytest.raises(InvalidToken):
        ask(kid="newer")
