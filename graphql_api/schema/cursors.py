"""Cursors: places in the order of a list, each of which tells what kind of list it is of."""

import base64
import re
from collections.abc import Callable
from typing import Final, Generic, Literal, TypeVar, get_args

from graphql_api.errors import BadInput

__all__ = ["KINDS", "Cursors", "Kind", "Place", "of_times", "when"]

Place = TypeVar("Place", int, str)

Kind = Literal[
    "bars",
    "signals",
    "trades",
    "symbols",
    "accounts",
    "keys",
    "audit entries",
    "quarantined rows",
]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""The kinds of lists. No place of any of them begins with one of these and a colon."""


class Cursors(Generic[Place]):
    """The cursors of one kind of list: the kind and a place in its order, in base64.

    Release 0.1.0 gave cursors without a kind; they are read as it read them, by their form alone.

    Parameters
    ----------
    kind : Kind
    read : callable
        The place that a text means; raises ValueError where it can be none.
    """

    def __init__(self, kind: Kind, read: Callable[[str], Place]) -> None:
        self._kind = kind
        self._read: Callable[[str], Place] = read

    def cursor(self, place: Place) -> str:
        """The opaque cursor of a place."""
        return _encoded(f"{self._kind}:{place}")

    def place(self, argument: str, given: str) -> Place:
        """The place of a cursor that was given as ``argument``, after or before.

        Raises
        ------
        BadInput
            When it is no cursor, or one of another kind of list.
        """
        try:
            kind, text = _decoded(given)
            if kind not in {"", self._kind}:
                raise BadInput(
                    f"{argument} is a cursor of a list of {kind}, and this is a list of "
                    f"{self._kind}; give one that this list answered."
                )
            return self._read(text)
        except ValueError:
            raise BadInput(
                f"{argument} is no cursor of this list; give one that it answered."
            ) from None


def of_times(kind: Kind) -> Cursors[int]:
    """The cursors of a list in order of bar times, in microseconds."""
    read = when(re.compile(r"-?[0-9]{1,18}").fullmatch)
    return Cursors(kind, lambda text: int(read(text)))


def when(fits: Callable[[str], object]) -> Callable[[str], str]:
    """What reads a place that is kept as its text, and refuses what does not fit."""

    def read(text: str) -> str:
        if not fits(text):
            raise ValueError(text)
        return text

    return read


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(given: str) -> tuple[str, str]:
    """The kind of a cursor, empty where it tells none, and its place; ValueError for no cursor."""
    padded = given.encode("ascii") + b"=" * (-len(given) % 4)
    text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    if _encoded(text) != given:
        raise ValueError(given)
    kind, _, place = text.partition(":")
    return (kind, place) if kind in KINDS else ("", text)
