"""The keys of sources: where they are read, and that they are never told."""

import json

import boto3
import pytest

from market_data.errors import BadSourceKeys
from market_data.source_keys import source_keys
from tests.aws import in_memory

NONE = lambda _: None  # noqa: E731
KEYS = {"TIINGO_API_KEY": "s3cret-tiingo", "ALPACA_KEY_ID": "s3cret-alpaca"}


def test_without_a_reference_each_is_a_variable_of_its_own_name():
    variables = KEYS | {"PATH": "/bin", "STOOQ_API_KEY": ""}
    assert source_keys("", variables.get) == KEYS
    assert source_keys("", NONE) == {}


def test_a_file_holds_them_as_json(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KEYS))
    assert source_keys(f"file:{path}", NONE) == KEYS


@pytest.mark.parametrize(
    "held", ["", "[]", "s3cret", '{"TIINGO_API_KEY": 5}', '{"MY_KEY": "s3cret"}', "\xff"]
)
def test_what_holds_no_keys_is_refused_and_never_told(tmp_path, held):
    path = tmp_path / "keys.json"
    path.write_bytes(held.encode("latin-1"))
    with pytest.raises(BadSourceKeys) as refused:
        source_keys(f"file:{path}", NONE)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_not_there_and_a_reference_of_no_kind_are_refused(tmp_path):
    with pytest.raises(BadSourceKeys, match="cannot be read: No such file"):
        source_keys(f"file:{tmp_path / 'none'}", NONE)
    with pytest.raises(BadSourceKeys, match="secretsmanager:NAME or file:PATH"):
        source_keys("s3cret", NONE)


@pytest.fixture
def secrets():
    from aws_lambda_powertools.utilities.parameters import clear_caches

    with in_memory():
        clear_caches()
        client = boto3.client("secretsmanager")
        yield client
        client.close()
        clear_caches()


def test_secrets_manager_holds_them_as_json(secrets):
    secrets.create_secret(Name="sources", SecretString=json.dumps(KEYS))
    assert source_keys("secretsmanager:sources", NONE) == KEYS


def test_a_secret_that_cannot_be_had_is_told(secrets):
    with pytest.raises(BadSourceKeys, match="secretsmanager:none cannot be read"):
        source_keys("secretsmanager:none", NONE)
