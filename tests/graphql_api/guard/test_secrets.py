"""Secrets of the operator: two valid at once, exchanged while serving, and never an open door."""

import json

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from graphql_api.errors import Unavailable
from graphql_api.guard.secrets import Secret
from tests.aws import in_memory

OLDEST, OLD, NEW, NEWEST = (letter * 32 for letter in "abcd")


def test_of_a_file_a_secret_is_the_text(tmp_path, clock):
    path = tmp_path / "secret"
    path.write_text(f"{NEW}\n")
    secret = Secret(f"file:{path}", clock)
    assert not secret.matches_at_once(NEW)
    assert secret.matches(NEW)
    assert secret.matches_at_once(NEW)
    assert secret.current() == NEW
    for other in (OLD, NEW[:-1], NEW + "c", NEW.upper(), "", f"{NEW}\n", "é" * 32):
        assert not secret.matches(other)


def test_of_a_variable_it_is_the_text_and_json_may_hold_two(clock):
    variables = {"ONE": NEW, "TWO": json.dumps({"current": NEW, "previous": OLD})}
    one = Secret("env:ONE", clock, variables.get)
    two = Secret("env:TWO", clock, variables.get)
    assert (one.matches(NEW), one.matches(OLD)) == (True, False)
    assert (two.matches(NEW), two.matches(OLD), two.matches(NEWEST)) == (True, True, False)
    assert two.current() == NEW


def test_a_file_is_exchanged_while_serving(tmp_path, clock):
    path = tmp_path / "secret"
    path.write_text(json.dumps({"current": OLD, "previous": None}))
    secret = Secret(f"file:{path}", clock)
    assert secret.matches(OLD)
    path.write_text(json.dumps({"current": NEW, "previous": OLD}))
    assert not secret.matches(NEW)  # it was read a moment ago
    clock.move(30)
    assert secret.matches(NEW)  # what is shown does not match, so it is read again
    assert secret.matches(OLD)
    path.write_text(json.dumps({"current": NEWEST, "previous": NEW}))
    clock.move(299)
    assert secret.matches(OLD)
    clock.move(1)
    assert not secret.matches(OLD)  # forgotten by age, within five minutes


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "short",
        "x" * 31,
        "x" * 1_001,
        "x" * 31 + " y",
        "ä" * 32,
        "x" * 40 + "\n" + "y" * 40,
        "{",
        "{}",
        "[]",
        '{"current": ""}',
        '{"current": null}',
        '{"current": 7}',
        f'{{"previous": "{OLD}"}}',
        f'{{"current": "{NEW}", "previous": "short"}}',
        f'{{"current": ["{NEW}"]}}',
    ],
    ids=lambda text: text[:14],
)
def test_a_text_that_is_no_strong_secret_is_as_good_as_none(tmp_path, clock, text, caplog):
    path = tmp_path / "secret"
    path.write_text(text)
    secret = Secret(f"file:{path}", clock)
    for shown in (text, "", "short", NEW):
        with pytest.raises(Unavailable) as refused:
            secret.matches(shown)
        assert (refused.value.status, refused.value.headers()) == (503, {"Retry-After": "1"})
    assert NEW not in caplog.text


@pytest.mark.parametrize("reference", ["file:/nowhere/secret", "file:/", "env:NOTHING"])
def test_where_there_is_none_nothing_matches(reference, clock):
    for shown in ("", "None", NEW):
        with pytest.raises(Unavailable, match="cannot be read"):
            Secret(reference, clock).matches(shown)


@pytest.mark.parametrize("reference", ["", "file:", "env:", "secretsmanager:", "ssm:", NEW, "s3:x"])
def test_another_reference_is_none(reference, clock):
    with pytest.raises(ValueError, match="no reference to a secret"):
        Secret(reference, clock)


def test_a_stale_secret_serves_for_a_day_and_no_longer(tmp_path, clock):
    path = tmp_path / "secret"
    path.write_text(NEW)
    secret = Secret(f"file:{path}", clock)
    assert secret.matches(NEW)
    path.unlink()
    clock.move(86_399)
    assert secret.matches(NEW)
    assert not secret.matches(OLD)
    clock.move(1)
    with pytest.raises(Unavailable):
        secret.matches(NEW)
    path.write_text(NEW)
    clock.move(1)
    assert secret.matches(NEW)


def test_no_secret_is_in_any_text_or_log(tmp_path, clock, caplog):
    caplog.set_level("DEBUG")
    path = tmp_path / "secret"
    path.write_text(NEW)
    secret = Secret(f"file:{path}", clock)
    secret.matches(OLD)
    path.write_text(NEW[:31])
    clock.move(300)
    secret.matches(NEW)
    for text in (repr(secret), repr(secret._kept._held), caplog.text):
        assert NEW[:31] not in text
        assert OLD not in text


# AWS


@pytest.fixture
def aws():
    with in_memory():
        yield


@pytest.fixture
def manager(aws):
    client = boto3.client("secretsmanager")
    yield client
    client.close()


@pytest.fixture
def parameters(aws):
    client = boto3.client("ssm")
    yield client
    client.close()


def hurry(secret):
    """Let a test wait for moto as long as it takes."""
    secret._kept._patience = 10
    return secret


def test_a_secret_of_the_manager_is_exchanged_while_serving(manager, clock):
    arn = manager.create_secret(Name="origin", SecretString=OLD)["ARN"]
    by_name = hurry(Secret("secretsmanager:origin", clock))
    by_arn = hurry(Secret(f"secretsmanager:{arn}", clock))
    for secret in (by_name, by_arn):
        assert (secret.matches(OLD), secret.matches(NEW)) == (True, False)

    manager.put_secret_value(SecretId="origin", SecretString=NEW)
    clock.move(30)
    for secret in (by_name, by_arn):
        assert secret.matches(NEW)
        assert secret.matches(OLD)
        assert secret.current() == NEW

    manager.put_secret_value(SecretId="origin", SecretString=NEWEST)
    clock.move(300)
    for secret in (by_name, by_arn):
        assert [secret.matches(one) for one in (NEWEST, NEW, OLD)] == [True, True, False]


def test_a_version_that_is_only_pending_is_not_valid_yet(manager, clock):
    manager.create_secret(Name="origin", SecretString=OLD)
    manager.put_secret_value(SecretId="origin", SecretString=NEW, VersionStages=["AWSPENDING"])
    secret = hurry(Secret("secretsmanager:origin", clock))
    assert (secret.matches(OLD), secret.matches(NEW)) == (True, False)


def test_a_parameter_has_its_newest_version_and_the_one_before(parameters, clock):
    def put(value):
        parameters.put_parameter(
            Name="/intellpulse/origin", Value=value, Type="SecureString", Overwrite=True
        )

    put(OLDEST)
    secret = hurry(Secret("ssm:/intellpulse/origin", clock))
    assert (secret.matches(OLDEST), secret.current()) == (True, OLDEST)
    put(OLD)
    clock.move(30)
    assert (secret.matches(OLD), secret.matches(OLDEST)) == (True, True)
    put(NEW)
    clock.move(300)
    assert [secret.matches(one) for one in (NEW, OLD, OLDEST)] == [True, True, False]


@pytest.mark.parametrize("reference", ["secretsmanager:nothing", "ssm:/nothing"])
def test_a_manager_that_has_no_such_secret_lets_nobody_in(aws, clock, caplog, reference):
    secret = hurry(Secret(reference, clock))
    for shown in ("", "None", NEW):
        with pytest.raises(Unavailable):
            secret.matches(shown)
    assert "NotFound" in caplog.text


def test_a_binary_secret_is_none(manager, clock, caplog):
    manager.create_secret(Name="origin", SecretBinary=NEW.encode())
    with pytest.raises(Unavailable):
        hurry(Secret("secretsmanager:origin", clock)).matches(NEW)
    assert "it is no text" in caplog.text


@pytest.mark.parametrize(("service", "name"), [("secretsmanager", "origin"), ("ssm", "/origin")])
def test_while_a_manager_is_away_what_is_known_serves_on(
    manager, parameters, clock, monkeypatch, caplog, service, name
):
    manager.create_secret(Name="origin", SecretString=OLD)
    parameters.put_parameter(Name="/origin", Value=OLD, Type="SecureString")
    known, unknown = (hurry(Secret(f"{service}:{name}", clock)) for _ in range(2))
    assert known.matches(OLD)

    def timeout(*_, **__):
        raise ConnectTimeoutError(endpoint_url=f"https://{service}.example/{OLD}")

    with monkeypatch.context() as patch:
        patch.setattr("botocore.endpoint.Endpoint.make_request", timeout)
        clock.move(3_600)
        assert known.matches(OLD)
        assert not known.matches(NEW)
        with pytest.raises(Unavailable):
            unknown.matches(OLD)
    assert "ConnectTimeoutError" in caplog.text
    assert OLD not in caplog.text
    clock.move(1)
    assert unknown.matches(OLD)


def test_a_manager_that_refuses_is_logged_by_its_code(manager, clock, monkeypatch, caplog):
    manager.create_secret(Name="origin", SecretString=OLD)
    secret = hurry(Secret("secretsmanager:origin", clock))
    refused = {"Error": {"Code": "AccessDeniedException", "Message": f"not for {OLD}"}}

    class Http:
        status_code = 400

    with monkeypatch.context() as patch:
        patch.setattr("botocore.endpoint.Endpoint.make_request", lambda *_: (Http(), refused))
        with pytest.raises(Unavailable):
            secret.matches(OLD)
    assert "AccessDeniedException" in caplog.text
    assert OLD not in caplog.text
