"""Secrets in AWS, each with the one before it: Secrets Manager and Parameter Store."""

from collections.abc import Callable
from typing import Final, TypeVar

from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from graphql_api.guard.kept import Away

__all__ = ["parameter_store", "secrets_manager"]

Texts = list[str]  # newest first

NOT_THERE: Final = frozenset(
    {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"}
)

Answer = TypeVar("Answer")


class NotThere(Away):
    """There is no such secret, or no such version of it."""


def secrets_manager(name: str) -> Callable[[], Texts]:
    """Reads a secret by its name or ARN: AWSCURRENT, and AWSPREVIOUS where there is one."""
    provider = SecretsProvider(boto_config=_impatient())

    def version(stage: str) -> str:
        return _text(
            _ask(lambda: provider.get(name, max_age=0, force_fetch=True, VersionStage=stage))
        )

    def read() -> Texts:
        return [version("AWSCURRENT"), *_if_there(lambda: version("AWSPREVIOUS"))]

    return read


def parameter_store(name: str) -> Callable[[], Texts]:
    """Reads a parameter by its name, decrypted: the newest version, and the one before it."""
    provider = SSMProvider(boto_config=_impatient())

    def version(number: int) -> str:
        return _text(
            _ask(
                lambda: provider.get(f"{name}:{number}", decrypt=True, max_age=0, force_fetch=True)
            )
        )

    def read() -> Texts:
        # Powertools hands out the value alone, and only the number says what came before it.
        newest = _ask(lambda: provider.client.get_parameter(Name=name, WithDecryption=True))
        number = newest["Parameter"]["Version"]
        previous = _if_there(lambda: version(number - 1)) if number > 1 else []
        return [newest["Parameter"]["Value"], *previous]

    return read


def _impatient() -> Config:
    return Config(
        connect_timeout=0.3,
        read_timeout=0.5,
        retries={"total_max_attempts": 2, "mode": "standard"},
    )


def _if_there(previous: Callable[[], str]) -> Texts:
    try:
        return [previous()]
    except NotThere:
        return []


def _ask(call: Callable[[], Answer]) -> Answer:
    """What a manager answers; of its errors the code alone, whatever their text repeats."""
    try:
        return call()
    except (GetParameterError, BotoCoreError, ClientError) as error:
        cause = error.__context__ if isinstance(error, GetParameterError) else error
        code = type(cause).__name__
        if isinstance(cause, ClientError):
            code = cause.response["Error"]["Code"]
        raise (NotThere if code in NOT_THERE else Away)(code) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Away("it is no text")
    return value
