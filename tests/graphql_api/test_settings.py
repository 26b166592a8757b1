"""How the environment is read."""

from pathlib import Path

import pytest

from graphql_api.settings import BadSetting, Settings


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


def test_an_override_wins_over_the_environment() -> None:
    settings = Settings.read({"INTELLPULSE_DATA": "one"}, data=Path("two"))
    assert settings.data == Path("two")
