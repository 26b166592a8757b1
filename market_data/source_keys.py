"""The keys that sources ask for, kept where the operator says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from market_data.errors import BadSourceKeys
from market_data.sources.registry import CREDENTIALS

__all__ = ["source_keys"]

LARGEST = 64 * 1024  # bytes


def source_keys(reference: str, variable: Callable[[str], str | None]) -> dict[str, str]:
    """The keys of sources by their names, such as TIINGO_API_KEY; those alone that are there.

    Parameters
    ----------
    reference : str
        ``secretsmanager:NAME`` or ``file:PATH``, each holding a JSON object of them; empty where
        each is a variable of its own name.
    variable : callable
        A variable of the environment by its name.

    Raises
    ------
    BadSourceKeys
        When what is referred to cannot be read or is no such object. What it holds is never told.
    """
    if not reference:
        return {name: key for name in CREDENTIALS if (key := variable(name))}
    kind, _, place = reference.partition(":")
    if kind == "file":
        told = _file(place)
    elif kind == "secretsmanager":
        told = _secret(place)
    else:
        raise BadSourceKeys("keys of sources are named by secretsmanager:NAME or file:PATH")
    try:
        found = json.loads(told)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found.values()):
        raise BadSourceKeys(f"{reference} holds no JSON object of names and keys")
    if unknown := sorted(set(found) - set(CREDENTIALS)):
        there = ", ".join(CREDENTIALS)
        raise BadSourceKeys(f"{reference} names {unknown[0][:40]!r}; there are {there}")
    return found


def _file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise BadSourceKeys(f"file:{path} cannot be read: {why}") from error


def _secret(name: str) -> str:
    from aws_lambda_powertools.utilities.parameters import get_secret
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        told: Any = get_secret(name, max_age=300)
    except GetParameterError as error:
        raise BadSourceKeys(f"secretsmanager:{name} cannot be read now") from error
    return str(told)
