"""Secrets of the operator: named by a setting, kept elsewhere, two valid at once.

    secretsmanager:NAME     AWSCURRENT and AWSPREVIOUS of a secret, by its name or ARN
    ssm:/PATH               the newest version of a parameter and the one before it
    file:PATH               a file, on a laptop or mounted into a container
    env:NAME                a variable of the environment

In place of two versions a text may be {"current": ..., "previous": ...}. With two of them whoever
shows a secret and whoever checks it need not change at the same instant. Where none can be had
nothing is let in: there is no default.
"""

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from graphql_api.errors import Unavailable
from graphql_api.guard.kept import Away, Kept
from graphql_api.guard.limits import SECOND

__all__ = ["SHORTEST", "Secret", "Values"]

FRESH_FOR: Final = 300 * SECOND
STALE_FOR: Final = 24 * 3_600 * SECOND  # while the manager cannot be reached
REFRESH_EVERY: Final = 30 * SECOND  # also when something else is shown than what is known
SHORTEST: Final = 32  # characters
LONGEST: Final = 1_000

SHAPE: Final = re.compile(rf"[!-~]{{{SHORTEST},{LONGEST}}}")
NOT_READABLE: Final = "A secret of this service cannot be read. Try again in a moment."

Texts = list[Any]  # as they are kept, newest first; JSON may hold what is no text


@dataclass(frozen=True, slots=True)
class Values:
    """The secrets that are valid."""

    current: str = field(repr=False)
    previous: str | None = field(repr=False)

    def match(self, shown: str) -> bool:
        """Whether this is one of them; takes as long whatever is shown."""
        digest = sha256(shown.encode()).digest()
        valid = (self.current, self.previous or self.current)
        same = [hmac.compare_digest(digest, sha256(one.encode()).digest()) for one in valid]
        return any(same)


class Secret:
    """A secret by its reference.

    It is read when it is first needed, and anew when it is five minutes old or something is shown
    that does not match, at most twice a minute. While it cannot be read the values that are known
    serve on, for a day.

    Parameters
    ----------
    variable : callable
        A variable of the environment by its name.

    Raises
    ------
    ValueError
        When the reference is of no kind that is known.
    """

    def __init__(
        self,
        reference: str,
        clock: Callable[[], int],
        variable: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        read = _reader(reference, variable)
        self._kept: Kept[Values] = Kept(
            f"the secret {reference}",
            lambda: _values(read()),
            clock,
            fresh_for=FRESH_FOR,
            stale_for=STALE_FOR,
            retry_every=REFRESH_EVERY,
        )

    def matches_at_once(self, shown: str) -> bool:
        """Whether this is known to be the secret, without any waiting."""
        return self._kept.at_hand(lambda values: values.match(shown)) is not None

    def matches(self, shown: str) -> bool:
        """Whether this is the secret, or the one before it.

        Raises
        ------
        Unavailable
            When there is no secret to be had.
        """
        return self._get(lambda values: values.match(shown)).match(shown)

    def current(self) -> str:
        """The newest value, for showing it to somebody else.

        Raises
        ------
        Unavailable
            When there is no secret to be had.
        """
        return self._get(lambda _: True).current

    def _get(self, wanted: Callable[[Values], bool]) -> Values:
        try:
            return self._kept.get(wanted)
        except Away as error:
            raise Unavailable(NOT_READABLE) from error


def _values(texts: Texts) -> Values:
    """The valid values in what was read; a weak one is as good as none."""
    newest = texts[0]
    if newest.lstrip().startswith("{"):
        try:
            pair = json.loads(newest)
            texts = [pair["current"], *([pair["previous"]] if pair.get("previous") else [])]
        except (ValueError, KeyError):
            raise Away('it is JSON, but not {"current": ..., "previous": ...}') from None
    found = [text.strip() if isinstance(text, str) else "" for text in texts[:2]]
    if not all(map(SHAPE.fullmatch, found)):
        raise Away(f"it is not of {SHORTEST} to {LONGEST} printable ASCII characters")
    return Values(found[0], found[1] if len(found) > 1 else None)


def _reader(reference: str, variable: Callable[[str], str | None]) -> Callable[[], Texts]:
    kind, _, name = reference.partition(":")
    if name and kind in {"secretsmanager", "ssm"}:
        # Imported only here: with boto3 and the other providers it takes as long as the whole app.
        from graphql_api.guard.aws_secrets import parameter_store, secrets_manager

        return secrets_manager(name) if kind == "secretsmanager" else parameter_store(name)
    if name and kind == "file":
        return lambda: [_from_file(Path(name))]
    if name and kind == "env":
        return lambda: [_from_variable(variable(name))]
    raise ValueError(f"{reference!r} is no reference to a secret")


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise Away(type(error).__name__) from None


def _from_variable(text: str | None) -> str:
    if not text:
        raise Away("there is no such variable")
    return text
