"""How the environment is read."""

from pathlib import Path
from typing import Any

import pytest

from graphql_api.settings import BadSetting, Settings, variable


def test_an_empty_environment_means_the_defaults() -> None:
    assert Settings.read({}) == Settings()
    assert Settings.read({"INTELLPULSE_DATA": ""}) == Settings()


def test_each_kind_of_setting_is_read() -> None:
    settings = Settings.read(
        {
            "INTELLPULSE_ENVIRONMENT": "test",
            "INTELLPULSE_DATA": "elsewhere",
            "INTELLPULSE_BARS_FILE": "bars.sqlite",
            "INTELLPULSE_ALLOWED_ORIGINS": "https://a.example, http://localhost:5173",
            "INTELLPULSE_MAX_BODY_BYTES": "5000",
            "INTELLPULSE_GRAPHIQL": "false",
            "HOME": "nothing of ours",
        }
    )
    assert settings.environment == "test"
    assert settings.data == Path("elsewhere")
    assert settings.bars_file == Path("bars.sqlite")
    assert settings.allowed_origins == ("https://a.example", "http://localhost:5173")
    assert settings.max_body_bytes == 5000
    assert settings.graphiql is False


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("INTELLPULSE_ENVIRONMENT", "prod", "one of live, test"),
        ("INTELLPULSE_STORE", "redis", "one of sqlite, dynamodb"),
        ("INTELLPULSE_STORE", "dynamodb", "INTELLPULSE_ACCOUNTS_TABLE is empty"),
        ("INTELLPULSE_GRAPHIQL", "maybe", "1, 0, true or false"),
        ("INTELLPULSE_MAX_BODY_BYTES", "-1", "whole number"),
        ("INTELLPULSE_MAX_BODY_BYTES", "0", "at least 1"),
        ("INTELLPULSE_ALLOWED_ORIGINS", "https://a.example/path", "without a path"),
        ("INTELLPULSE_GRAPHQL", "1", "is no setting; there are INTELLPULSE_ACCOUNTS_TABLE"),
    ],
)
def test_a_value_that_cannot_be_meant_stops_the_start(name: str, value: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        Settings.read({name: value})


ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"


def test_an_issuer_of_tokens_says_by_itself_where_its_keys_are() -> None:
    given = {"INTELLPULSE_TOKEN_ISSUER": ISSUER, "INTELLPULSE_TOKEN_AUDIENCE": "web, phone"}
    settings = Settings.read(given)
    assert settings.jwks_url == f"{ISSUER}/.well-known/jwks.json"
    assert settings.token_audience == ("web", "phone")
    assert settings.token_account_claim == "custom:account_id"
    assert settings.token_scope_claims == ("scope", "cognito:groups")
    slashed = Settings.read(given | {"INTELLPULSE_TOKEN_ISSUER": "https://a.example/"})
    assert slashed.jwks_url == "https://a.example/.well-known/jwks.json"
    elsewhere = Settings.read(given | {"INTELLPULSE_TOKEN_JWKS_URL": "https://keys.example/jwks"})
    assert elsewhere.jwks_url == "https://keys.example/jwks"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_an_issuer_of_this_machine_needs_no_encryption(host: str) -> None:
    issuer = f"http://{host}:8080"
    settings = Settings(token_issuer=issuer, token_audience=("a",))
    assert settings.jwks_url == f"{issuer}/.well-known/jwks.json"


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://192.0.2.1",
        "ftp://localhost",
        "file:///etc/jwks.json",
        "https://",
        "issuer.example",
        "https://user:password@issuer.example",
        "https://issuer.example/?a=b",
        "https://issuer.example/#a",
        "https://issuer.example/\n",
        "https://issuer.example:port",
        "https://[::1",
        "https:\\\\issuer.example",
    ],
)
def test_keys_come_by_https_and_from_a_plain_address(url: str) -> None:
    with pytest.raises(BadSetting, match=r"INTELLPULSE_TOKEN_ISSUER is .* must be an https"):
        Settings(token_issuer=url, token_audience=("a",))
    with pytest.raises(BadSetting, match="INTELLPULSE_TOKEN_JWKS_URL is"):
        Settings(token_issuer=ISSUER, token_audience=("a",), token_jwks_url=url)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"token_issuer": ISSUER}, "TOKEN_AUDIENCE is empty"),
        ({"token_audience": ("a",)}, "TOKEN_ISSUER is empty"),
        ({"token_jwks_url": f"{ISSUER}/jwks.json"}, "TOKEN_ISSUER is empty"),
        ({"token_account_claim": "a claim"}, "name claims by letters"),
        ({"token_scope_claims": ("scope", "'\"")}, "name claims by letters"),
    ],
)
def test_tokens_are_set_as_a_whole(given: dict[str, Any], said: str) -> None:
    whole = {"token_issuer": ISSUER, "token_audience": ("a",)} if "claim" in said else {}
    with pytest.raises(BadSetting, match=said):
        Settings(**(whole | given))


@pytest.mark.parametrize(
    "reference",
    [
        "secretsmanager:origin",
        "secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:a",
        "ssm:/intellpulse/origin",
        "file:/run/secrets/origin",
        "env:ORIGIN_SECRET",
    ],
)
def test_a_secret_is_set_by_its_reference(reference: str) -> None:
    read = Settings.read({"INTELLPULSE_ORIGIN_SECRET": reference})
    assert read.origin_secret == reference


@pytest.mark.parametrize("text", ["s" * 40, "vault:x", "ssm:\n", "file: x", "SSM:/x"])
def test_a_secret_itself_is_no_setting_and_not_repeated(text: str) -> None:
    with pytest.raises(BadSetting, match="ORIGIN_SECRET is no reference to a secret") as refused:
        Settings.read({"INTELLPULSE_ORIGIN_SECRET": text})
    assert text not in str(refused.value)


def test_the_header_of_the_viewer_s_address_is_a_name() -> None:
    with pytest.raises(BadSetting, match="name of a header in lower case"):
        Settings(viewer_address_header="X-Viewer: a")


def test_a_variable_that_a_setting_names_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGIN", "x")
    assert (variable("ORIGIN"), variable("ORIGIN_OF_NOTHING")) == ("x", None)


def test_an_override_wins_over_the_environment() -> None:
    settings = Settings.read({"INTELLPULSE_DATA": "one"}, data=Path("two"))
    assert settings.data == Path("two")
