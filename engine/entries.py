"""Entries of the catalogue: an indicator or a strategy, with what callers may know of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from engine.errors import BadParameter
from engine.parameters import Parameter, shown
from engine.signatures import arguments
from engine.types import Bars, Float64, Rating

__all__ = ["Entry", "Indicator", "Strategy", "Threshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an indicator and a strategy have in common.

    Parameters
    ----------
    name : str
        As it is asked for: RSI.
    title : str
        As it is shown: Relative Strength Index.
    description : str
        What it is and its formula, as text.
    parameters : tuple of Parameter
        What a caller may choose.
    inputs : tuple of str
        The columns of Bars that it takes, in the order of its function.
    function : callable
        Of those columns and of all parameters by name.
    warm_up : callable
        The lookback, of the parameters that it names.
    """

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    inputs: tuple[str, ...]
    function: Callable[..., Any] = field(repr=False)
    warm_up: Callable[..., int] = field(repr=False)

    def resolved(self, given: Mapping[str, object]) -> dict[str, int | float]:
        """All parameters, the given ones checked and the others by default.

        Raises
        ------
        BadParameter
            When one is unknown, out of range or of the wrong kind.
        """
        values = {
            p.name: p.checked(given[p.name], self.name) if p.name in given else p.default
            for p in self.parameters
        }
        for name in given:
            if name not in values:
                known = ", ".join(values) or "none"
                raise BadParameter(
                    f"{self.name} has no parameter {shown(name)}; its parameters: {known}"
                )
        return values

    def lookback(self, **parameters: object) -> int:
        """How many bars at the start have no value yet, in the output that waits longest.

        Raises
        ------
        BadParameter
            When a parameter is unknown, out of range or of the wrong kind.
        """
        values = self.resolved(parameters)
        return self.warm_up(**{name: values[name] for name in arguments(self.warm_up)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Entry):
    """An indicator: columns of bars in, one column or several out.

    Parameters
    ----------
    outputs : tuple of str
        Their names, in the order of its function.
    windowed : bool
        Whether it hears no bar beyond its lookback.
    """

    outputs: tuple[str, ...]
    windowed: bool

    def compute(self, bars: Bars, **parameters: object) -> dict[str, Float64]:
        """Its outputs by name, each (n,) and NaN while warming up.

        Raises
        ------
        BadParameter
            When a parameter is unknown, out of range or of the wrong kind.
        """
        values = self.resolved(parameters)
        answer = self.function(*(getattr(bars, name) for name in self.inputs), **values)
        columns = answer if isinstance(answer, tuple) else (answer,)
        return dict(zip(self.outputs, columns, strict=True))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rating and the score from which upward it is given, up to the next.

    Parameters
    ----------
    rating : Rating
    above : float on [-1, 1]
        The score.

    Notes
    -----
    A score exactly on a threshold gets the weaker of the two ratings beside it, the one nearer to
    neutral; the lowest rating reaches down to -1.
    """

    rating: Rating
    above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy(Entry):
    """A strategy: columns of bars in, a verdict on each bar out.

    Parameters
    ----------
    source : str
        Who published it, and where.
    version : str
        Moves whenever the same bars and parameters could get another answer.
    thresholds : tuple of Threshold
        The strongest rating first.
    beside : tuple of str
        Columns that it can take beside those of the bars, and does without.
    reaching : callable
        What ``reach`` says, of the parameters that it names.
    """

    source: str
    version: str
    thresholds: tuple[Threshold, ...]
    beside: tuple[str, ...]
    reaching: Callable[..., int] = field(repr=False)

    def reach(self, **parameters: object) -> int:
        """How many bars before a bar can matter to it, beside what recursions remember.

        Raises
        ------
        BadParameter
            When a parameter is unknown, out of range or of the wrong kind.
        """
        values = self.resolved(parameters)
        return self.reaching(**{name: values[name] for name in arguments(self.reaching)})

    def hash(self, **parameters: object) -> str:
        """What names this strategy with these parameters, in any process and for ever.

        Returns
        -------
        str
            16 hexadecimal digits of the SHA-256 of name, version and all parameters.
        """
        whole = [self.name, self.version, self.resolved(parameters)]
        return sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]
