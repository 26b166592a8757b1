"""Tokens: what is taken, and every way in which one is refused."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.api_jwk import PyJWK

from graphql_api.errors import Forbidden, InvalidToken, Unauthenticated
from graphql_api.guard.admit import Guard
from graphql_api.guard.jwks import usable_keys
from graphql_api.guard.tokens import Rules, Tokens
from graphql_api.stores import Scope
from infra.local_issuer import AUDIENCE, RS256, LocalIssuer


class Published:
    """The issuer's keys without a network; counts how often they are asked for."""

    def __init__(self, issuer):
        self.keys = usable_keys(json.dumps({"keys": issuer.keys()}).encode())
        self.asked = []

    def find(self, key_id, algorithm):
        self.asked.append((key_id, algorithm))
        return self.keys.get((key_id, algorithm))


@pytest.fixture(scope="module")
def issuer():
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture
def published(issuer):
    return Published(issuer)


@pytest.fixture
def rules(issuer):
    return Rules(
        issuer=issuer.url,
        audiences=("another", AUDIENCE),
        account_claim="custom:account_id",
        scope_claims=("scope", "cognito:groups"),
        scope_prefix="intellpulse/",
    )


@pytest.fixture
def tokens(rules, published, clock):
    return Tokens(rules, published, clock)


@pytest.fixture
def claims(issuer, basic, clock):
    return issuer.claims(basic.account.id, clock() / 1_000_000)


@pytest.fixture
def seconds(clock):
    """The clock's seconds, as a token counts them."""
    return clock() // 1_000_000


def refusal(tokens, token):
    """The sentence of a refusal: a challenge of RFC 6750, and nothing of the token."""
    with pytest.raises(InvalidToken) as refused:
        tokens.verify(token)
    error = refused.value
    assert (error.status, error.extensions()) == (401, {"code": "UNAUTHENTICATED"})
    told = f'error="invalid_token", error_description="{error.message}"'
    assert error.headers() == {"WWW-Authenticate": f'Bearer realm="IntellPulse", {told}'}
    assert '"' not in error.message
    assert "\\" not in error.message
    assert error.message.isascii()
    for part in token.split("."):
        assert len(part) < 20 or part not in error.message
    return error.message


def test_an_access_token_names_account_and_scopes(tokens, issuer, claims, basic, seconds):
    verified = tokens.verify(issuer.token(claims))
    assert verified.account_id == basic.account.id
    assert verified.scopes == {Scope.SIGNALS_READ}
    assert verified.expires_at == (seconds + 3_600) * 1_000_000


def test_a_token_signed_with_an_elliptic_curve_is_taken_too(tokens, issuer, claims, basic):
    header = b'{"alg": "ES256", "kid": "ec"}'
    token = issuer.sign(header, json.dumps(claims).encode(), by_ec=True)
    assert tokens.verify(token).account_id == basic.account.id


def test_an_id_token_is_made_for_the_client_by_aud_and_has_scopes_by_groups(
    tokens, issuer, claims, basic
):
    del claims["client_id"], claims["scope"]
    claims |= {"token_use": "id", "aud": AUDIENCE, "cognito:groups": ["intellpulse/keys:write"]}
    verified = tokens.verify(issuer.token(claims))
    assert (verified.account_id, verified.scopes) == (basic.account.id, {Scope.KEYS_WRITE})


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
def test_the_types_of_access_tokens_are_taken(tokens, issuer, claims, typ):
    assert tokens.verify(issuer.token(claims, typ=typ))


def test_where_a_header_says_to_find_keys_is_never_looked_at(tokens, issuer, claims, published):
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    own = RS256.to_jwk(stranger.public_key(), as_dict=True)
    elsewhere = {
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/x",
        "x5c": ["MII"],
    }
    assert tokens.verify(issuer.token(claims, jwk=own, **elsewhere))
    head = json.dumps({"alg": "RS256", "kid": "rsa", "jwk": own, **elsewhere}).encode()
    signed = ".".join(part(text) for text in (head, json.dumps(claims).encode()))
    forged = f"{signed}.{part(RS256.sign(signed.encode(), stranger))}"
    assert refusal(tokens, forged) == "The signature of the token does not match."
    assert set(published.asked) == {("rsa", "RS256")}


def part(text):
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(header, claims, signature=b"x"):
    texts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(map(part, texts))


def test_none_is_no_algorithm_in_whatever_case(tokens, claims, published):
    for name in ("none", "None", "NONE", "nOnE"):
        said = refusal(tokens, unsigned({"alg": name, "kid": "rsa"}, claims))
        assert said == "The token must be signed by RS256 or ES256."
    bare = unsigned({"alg": "none"}, claims).rpartition(".")[0] + "."
    assert "three parts in base64url" in refusal(tokens, bare)
    assert published.asked == []


@pytest.mark.parametrize("format_", ["PEM", "DER"])
def test_the_public_key_is_no_shared_secret(tokens, claims, issuer, format_):
    public = issuer.rsa.public_key().public_bytes(
        getattr(serialization.Encoding, format_), serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for name in ("HS256", "RS256"):  # as it is, and in disguise
        signed = unsigned({"alg": name, "kid": "rsa"}, claims).rpartition(".")[0]
        token = f"{signed}.{part(hmac.digest(public, signed.encode(), hashlib.sha256))}"
        expected = "The token must be" if name == "HS256" else "The signature"
        assert refusal(tokens, token).startswith(expected)


@pytest.mark.parametrize(
    "algorithm", ["RS384", "RS512", "PS256", "ES384", "EdDSA", "", None, ["RS256"], 1]
)
def test_other_algorithms_are_refused_before_a_key_is_looked_for(
    tokens, issuer, claims, published, algorithm
):
    token = issuer.token(claims, alg=algorithm)
    assert refusal(tokens, token) == "The token must be signed by RS256 or ES256."
    assert published.asked == []


def test_a_key_is_good_for_its_own_algorithm_only(tokens, issuer, claims):
    text = json.dumps(claims).encode()
    said = refusal(tokens, issuer.sign(b'{"alg": "ES256", "kid": "rsa"}', text, by_ec=True))
    assert "does not publish" in said
    said = refusal(tokens, issuer.sign(b'{"alg": "RS256", "kid": "ec"}', text))
    assert "does not publish" in said


def test_a_changed_token_is_refused(tokens, issuer, claims):
    header, _, signature = issuer.token(claims).split(".")
    richer = part(json.dumps(claims | {"scope": "intellpulse/admin"}).encode())
    assert refusal(tokens, f"{header}.{richer}.{signature}").startswith("The signature")
    assert refusal(tokens, f"{header}.{richer}.{part(b'')}x").startswith("The signature")


def test_nested_and_encrypted_tokens_are_refused(tokens, issuer, claims):
    inner = issuer.token(claims)
    nested = issuer.sign(b'{"alg": "RS256", "kid": "rsa", "cty": "JWT"}', inner.encode())
    assert refusal(tokens, nested) == "A token within a token is not taken: send the inner one."
    quiet = issuer.sign(b'{"alg": "RS256", "kid": "rsa"}', inner.encode())
    assert refusal(tokens, quiet).startswith("The claims of the token are not a JSON object")
    assert refusal(tokens, "a.b.c.d.e").startswith("Encrypted tokens are not taken")


def test_an_oversized_token_is_refused_unread(tokens, issuer, claims, published):
    token = issuer.token(claims | {"padding": "x" * 8_000})
    assert refusal(tokens, token) == "The token is longer than 8,192 characters."
    assert published.asked == []
    largest = issuer.token(claims | {"padding": "x" * 5_000})
    assert len(largest) < 8_192
    assert tokens.verify(largest)


@pytest.mark.parametrize(
    "key_id", [None, "", 7, ["rsa"], "r" * 201, "rsa\n", "rsa key", "schlüssel"]
)
def test_a_token_names_its_key(tokens, issuer, claims, published, key_id):
    assert "does not name the key (kid)" in refusal(tokens, issuer.token(claims, kid=key_id))
    assert published.asked == []


@pytest.mark.parametrize(
    "key_id",
    [
        "../../../../dev/null",
        "rsa/../rsa",
        "/etc/passwd",
        "https://evil.example/k",
        "' OR 1=1--",
        "%2e%2e",
    ],
)
def test_a_key_s_name_is_a_name_and_no_path(tokens, issuer, claims, key_id):
    said = refusal(tokens, issuer.token(claims, kid=key_id))
    assert "does not publish" in said or "does not name" in said


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}]
)
def test_extensions_that_must_be_understood_are_not(tokens, issuer, claims, header):
    assert "asks for extensions (crit)" in refusal(tokens, issuer.token(claims, **header))


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "", 1])
def test_a_token_of_another_type_is_refused(tokens, issuer, claims, typ):
    assert "another type (typ)" in refusal(tokens, issuer.token(claims, typ=typ))


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg": "none", "alg": "RS256", "kid": "rsa"}',
        b'{"alg": "RS256", "kid": "x", "kid": "rsa"}',
        b'["RS256", "rsa"]',
        b"null",
        b"\xff",
        b"[" * 3_000,
        b"{",
    ],
)
def test_a_header_is_an_object_with_each_name_once(tokens, issuer, claims, header):
    token = issuer.sign(header, json.dumps(claims).encode())
    assert refusal(tokens, token).startswith("The header of the token is not a JSON object")


def test_claims_are_an_object_with_each_name_once(tokens, issuer, claims):
    header = b'{"alg": "RS256", "kid": "rsa"}'
    text = json.dumps(claims)
    twice = text[:-1] + ', "custom:account_id": "another"}'
    infinite = text[:-1] + ', "more": Infinity}'
    for bad in (twice, infinite, "[]", "1", "null", '"x"', "[" * 3_000, "{"):
        token = issuer.sign(header, bad.encode())
        assert refusal(tokens, token).startswith("The claims of the token are not a JSON object")
    deep = text[:-1] + ', "more": {"a": 1, "a": 2}}'
    assert "each name stands once" in refusal(tokens, issuer.sign(header, deep.encode()))


@pytest.mark.parametrize(
    "text", ["", "abc", "a.b", "a.b.c.d", "a.b.", ".b.c", "a.b.c=", "a b.c.d", "ä.b.c", "a.b.c\n"]
)
def test_what_is_no_token_is_told_what_one_looks_like(tokens, text):
    assert refusal(tokens, text).startswith("This is not a signed token")


def test_a_header_of_a_length_that_base64_does_not_have_is_no_json(tokens):
    assert refusal(tokens, "aaaaa.b.c").startswith("The header of the token is not")


@pytest.mark.parametrize("issuer_claim", [None, "", "https://evil.example", ["x"], 1, {}])
def test_another_issuer_is_refused(tokens, issuer, claims, issuer_claim):
    assert "another issuer (iss)" in refusal(tokens, issuer.token(claims | {"iss": issuer_claim}))
    near = issuer.token(claims | {"iss": issuer.url + "/"})
    assert "another issuer (iss)" in refusal(tokens, near)


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"client_id": None},
        {"aud": "other"},  # and client_id is ours: where there is an aud, it decides
        {"aud": ["other", 1]},
        {"aud": []},
        {"aud": {AUDIENCE: 1}},
        {"aud": [[AUDIENCE]]},
        {"token_use": "id"},  # whose client_id says nothing
        {"token_use": None},
    ],
)
def test_a_token_made_for_another_is_refused(tokens, issuer, claims, changed):
    assert "made for another audience" in refusal(tokens, issuer.token(claims | changed))


def test_one_of_several_audiences_is_enough(tokens, issuer, claims):
    assert tokens.verify(issuer.token(claims | {"aud": ["other", AUDIENCE]}))


@pytest.mark.parametrize("use", ["refresh", "", 1, ["access"], {"a": 1}])
def test_a_token_of_another_use_is_refused(tokens, issuer, claims, use):
    assert "neither an access token nor an ID token" in refusal(
        tokens, issuer.token(claims | {"token_use": use})
    )


def test_a_token_ends_half_a_minute_after_its_exp(tokens, issuer, claims, seconds, clock):
    token = issuer.token(claims | {"exp": seconds + 10})
    clock.move(39.999_999)
    assert tokens.verify(token)
    clock.move(0.000_001)
    assert refusal(tokens, token) == "The token has expired (exp)."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nbf", "The token is not valid yet (nbf)."),
        ("iat", "The token was issued in the future (iat)."),
    ],
)
def test_a_token_of_the_future_waits_but_for_half_a_minute(
    tokens, issuer, claims, seconds, clock, name, said
):
    token = issuer.token(claims | {name: seconds + 31})
    assert refusal(tokens, token) == said
    clock.move(1)
    assert tokens.verify(token)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    ["1795262400", True, None, [], -1, 10**12, 10**400, 1e300],
    ids=lambda value: repr(value)[:12],
)
def test_times_are_seconds(tokens, issuer, claims, name, value):
    said = refusal(tokens, issuer.token(claims | {name: value}))
    assert said.startswith("The token needs an exp")


def test_a_token_without_an_end_is_refused_and_fractions_of_seconds_are_not(
    tokens, issuer, claims, seconds
):
    token = issuer.token({name: value for name, value in claims.items() if name != "exp"})
    assert refusal(tokens, token).startswith("The token needs an exp")
    verified = tokens.verify(issuer.token(claims | {"exp": seconds + 0.25}))
    assert verified.expires_at == seconds * 1_000_000 + 250_000


@pytest.mark.parametrize(
    "account",
    [None, "", 7, ["a"], {"a": 1}, "a" * 101, "\ud800", "\0", "a b", "\u202e", "é", "x' OR 1=1--"],
    ids=ascii,
)
def test_a_token_names_its_account(tokens, issuer, claims, account):
    token = issuer.token(claims | {"custom:account_id": account})
    assert (
        refusal(tokens, token) == "The token names no account: its claim custom:account_id should."
    )


@pytest.mark.parametrize(
    ("scope", "groups", "granted"),
    [
        ("intellpulse/signals:read intellpulse/keys:write", None, {"signals:read", "keys:write"}),
        (["intellpulse/signals:read"], None, {"signals:read"}),
        (None, ["intellpulse/admin", "staff"], {"admin"}),
        ("signals:read", ["admin"], set()),  # another pool's group of that name opens nothing
        ("intellpulse/everything other/signals:read", [["intellpulse/admin"], 1], set()),
        (
            "xintellpulse/admin intellpulse/adminx INTELLPULSE/ADMIN",
            {"intellpulse/admin": 1},
            set(),
        ),
        (7, "intellpulse/admin", {"admin"}),
        (None, None, set()),
    ],
)
def test_only_scopes_that_are_known_and_ours_are_granted(
    tokens, issuer, claims, scope, groups, granted
):
    token = issuer.token(claims | {"scope": scope, "cognito:groups": groups})
    assert tokens.verify(token).scopes == granted


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,30}(\.[A-Za-z0-9_-]{0,30}){0,4}"))
def test_whatever_comes_is_refused_in_a_sentence(text):
    class NoKeys:
        def find(self, key_id: str, algorithm: str) -> PyJWK | None:
            return None

    rules = Rules("https://issuer.example", ("a",), "account", ("scope",), "")
    with pytest.raises(InvalidToken, match=r"\.$"):
        Tokens(rules, NoKeys(), lambda: 0).verify(text)


# The guard: what becomes of a token in a request.


@pytest.fixture
def guard(store, clock, tokens):
    return Guard(store, store, clock, tokens=tokens)


def bearer(token, scheme="Bearer"):
    return {"authorization": f"{scheme} {token}"}


def test_a_token_is_a_caller_of_its_account_without_a_key(guard, issuer, claims, basic):
    caller = guard.authenticate(bearer(issuer.token(claims)))
    assert (caller.account, caller.plan.name, caller.key) == (basic.account, "BASIC", None)
    assert (caller.key_id, caller.scopes) == ("token", {Scope.SIGNALS_READ})
    admission = guard.admit(caller, 3)
    assert (admission.units_used, admission.requests) == (3, 1)
    by_key = guard.authenticate({"x-api-key": basic.secret})
    assert guard.admit(by_key, 1).units_used == 4  # the limits are the account's


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_s_case_does_not_matter(guard, issuer, claims, scheme):
    assert guard.authenticate(bearer(issuer.token(claims), scheme))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "token"])
def test_another_scheme_is_told_what_the_header_holds(guard, header, store):
    with pytest.raises(Unauthenticated, match="must hold Bearer, one space") as refused:
        guard.authenticate({"authorization": header})
    assert refused.value.headers() == {"WWW-Authenticate": 'Bearer realm="IntellPulse"'}
    assert store.calls == []


def test_of_several_tokens_none_counts(guard, issuer, claims, store):
    good = issuer.token(claims)
    for several in (f"Bearer {good}, Bearer {good}", f"Bearer {good}, junk", f"Bearer x,{good}"):
        with pytest.raises(Unauthenticated, match="more than one token"):
            guard.authenticate({"authorization": several})
    assert store.calls == []


def test_no_credentials_are_told_both_kinds_and_two_at_once_are_refused(
    guard, issuer, claims, basic
):
    both = 'ApiKey realm="IntellPulse", header="x-api-key", Bearer realm="IntellPulse"'
    for headers, said in (
        ({}, "or a token, in Authorization: Bearer"),
        ({"x-api-key": basic.secret, **bearer(issuer.token(claims))}, "send one"),
    ):
        with pytest.raises(Unauthenticated, match=said) as refused:
            guard.authenticate(headers)
        assert refused.value.headers() == {"WWW-Authenticate": both}


def test_a_token_is_verified_once_a_minute(guard, issuer, claims, published, store, clock):
    headers = bearer(issuer.token(claims))
    for _ in range(5):
        guard.authenticate(headers)
    assert len(published.asked) == 1
    assert store.calls == ["find_account"]
    clock.move(59.999_999)
    guard.authenticate(headers)
    assert len(published.asked) == 1
    clock.move(0.000_001)
    guard.authenticate(headers)
    assert len(published.asked) == 2
    assert store.calls == ["find_account"] * 2


def test_what_was_verified_is_never_believed_beyond_the_end(
    guard, issuer, claims, published, seconds, clock
):
    headers = bearer(issuer.token(claims | {"exp": seconds + 10}))
    guard.authenticate(headers)
    clock.move(10)
    guard.authenticate(headers)  # within the leeway, but no more from memory
    assert len(published.asked) == 2
    clock.move(30)
    with pytest.raises(InvalidToken, match="expired"):
        guard.authenticate(headers)


def test_tokens_of_one_account_share_its_look_up(guard, issuer, claims, store):
    for subject in "abc":
        guard.authenticate(bearer(issuer.token(claims | {"sub": subject})))
    assert store.calls == ["find_account"]


def test_an_account_that_is_not_there_is_asked_for_once_in_five_seconds(
    guard, issuer, claims, store, clock
):
    headers = bearer(issuer.token(claims | {"custom:account_id": "nobody"}))
    for _ in range(3):
        with pytest.raises(InvalidToken, match="account that the token names is not known"):
            guard.authenticate(headers)
    assert store.calls == ["find_account"]
    clock.move(5)
    with pytest.raises(InvalidToken):
        guard.authenticate(headers)
    assert store.calls == ["find_account"] * 2


def test_a_plan_that_changes_is_followed_within_a_minute(
    guard, issuer, claims, accounts, basic, clock
):
    headers = bearer(issuer.token(claims))
    guard.authenticate(headers)
    accounts.set_plan(basic.account.id, "PREMIUM")
    clock.move(60)
    assert guard.authenticate(headers).plan.name == "PREMIUM"


def test_a_scope_that_a_token_lacks_is_told_as_rfc_6750_has_it(guard, issuer, claims):
    caller = guard.authenticate(bearer(issuer.token(claims | {"scope": "openid"})))
    with pytest.raises(Forbidden, match="which the token does not have") as refused:
        caller.require(Scope.SIGNALS_READ)
    challenge = 'Bearer realm="IntellPulse", error="insufficient_scope", scope="signals:read"'
    assert refused.value.headers() == {"WWW-Authenticate": challenge}


def test_no_token_is_in_any_text_or_log(guard, issuer, claims, caplog):
    caplog.set_level("DEBUG")
    good = issuer.token(claims)
    caller = guard.authenticate(bearer(good))
    told = [caller, guard]
    for bad in (good[:-4] + "AAAA", good + ".x", good[:-1] + "!"):
        with pytest.raises(Unauthenticated) as refused:
            guard.authenticate(bearer(bad))
        told += [refused.value, refused.value.headers(), refused.value.__context__]
    texts = [text for thing in told for text in (repr(thing), str(thing))] + [caplog.text]
    for secret in good.split("."):
        assert not any(secret in text for text in texts)
