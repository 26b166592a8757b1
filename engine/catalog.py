"""The catalogue of indicators and strategies, read off their functions as they are written.

A function under ``@indicator`` or ``@strategy`` is an entry. Its name, its title (the first line up
to the colon), its description, its inputs (parameters named after a column of Bars) and its
parameters (numbers with a default, annotated ``Annotated[int, Between(2, 500)]``) are taken from
what stands there.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints, overload

from engine.batch import in_blocks
from engine.entries import Entry, Indicator, Strategy, Threshold
from engine.errors import UnknownName
from engine.parameters import Between, shown
from engine.signatures import arguments, described, source_of
from engine.types import Bars, Float64, Rating

__all__ = [
    "Between",
    "compute",
    "indicator",
    "indicators",
    "named",
    "strategies",
    "strategy",
]

_BESIDE = frozenset({"sentiment"})
_Function = TypeVar("_Function", bound=Callable[..., Any])

_INDICATORS: dict[str, Indicator] = {}
_STRATEGIES: dict[str, Strategy] = {}


def strategies() -> Mapping[str, Strategy]:
    """All strategies by name, in the order in which they were entered."""
    return MappingProxyType(_STRATEGIES)


def indicators() -> Mapping[str, Indicator]:
    """All indicators by name, in the order in which they were entered."""
    return MappingProxyType(_INDICATORS)


def compute(name: str, bars: Bars, **parameters: object) -> dict[str, Float64]:
    """An indicator's outputs by name over the whole history.

    Parameters
    ----------
    name : str
        As in the catalogue: RSI, MACD, ...
    bars : Bars
        Closed bars, oldest first.
    **parameters : int or float
        What differs from the defaults.

    Returns
    -------
    dict of str to (n,) float64
        NaN while warming up.

    Raises
    ------
    UnknownName
        When there is no such indicator.
    BadParameter
        When a parameter is unknown, out of range or of the wrong kind.
    """
    return named(_INDICATORS, name, "indicator").compute(bars, **parameters)


_Named = TypeVar("_Named", bound=Entry)


def named(catalogue: Mapping[str, _Named], name: str, kind: str) -> _Named:
    """The entry of that name.

    Raises
    ------
    UnknownName
        When there is none.
    """
    if name not in catalogue:
        raise UnknownName(f"no {kind} is called {shown(name)}; there are {', '.join(catalogue)}")
    return catalogue[name]


@overload
def indicator(function: _Function) -> _Function: ...
@overload
def indicator(
    *, lookback: Callable[..., int], windowed: bool = False, blocks: bool = True
) -> Callable[[_Function], _Function]: ...
def indicator(
    function: _Function | None = None,
    *,
    lookback: Callable[..., int] = lambda: 0,
    windowed: bool = False,
    blocks: bool = True,
) -> _Function | Callable[[_Function], _Function]:
    """Enter a function into the catalogue of indicators; the function itself stays as it is.

    Parameters
    ----------
    lookback : callable
        How many bars at the start are NaN, from the parameters that it names:
        ``lookback=lambda window: window - 1``. One that has none speaks from the first bar.
    windowed : bool
        Whether a value hangs on its own bar and the ``lookback`` bars before it alone, in all
        outputs.
    blocks : bool
        Whether large batches are given a few rows at a time; False for what knows better.

    Notes
    -----
    The function takes columns with time on the last axis and any leading axes, and returns the
    like: one, which is named as the indicator in lower case, or a NamedTuple that names them.
    """

    def enter(function: _Function) -> _Function:
        name = function.__name__.upper()
        hints = get_type_hints(function, include_extras=True)
        answer = hints.get("return")
        entry = Indicator(
            **described(function, hints),
            warm_up=lookback,
            outputs=getattr(answer, "_fields", (function.__name__,)),
            windowed=windowed,
        )
        if blocks:
            warm_up = entry.lookback if windowed else None
            entry = replace(entry, function=in_blocks(function, warm_up))
        _INDICATORS[name] = entry
        return function

    return enter if function is None else enter(function)


def strategy(
    *,
    version: str,
    lookback: Callable[..., int],
    thresholds: Mapping[Rating, float],
    reach: Callable[..., int] | None = None,
) -> Callable[[_Function], _Function]:
    """Enter a function into the catalogue of strategies; the function itself stays as it is.

    Parameters
    ----------
    version : str
        Moves whenever the same bars and parameters could get another answer.
    lookback : callable
        How many bars at the start cannot be judged, from the parameters that it names.
    thresholds : mapping of Rating to float
        From which score upward each rating is given, the strongest first.
    reach : callable, optional
        How many bars before a bar can matter to it, beside what recursions remember, where that is
        more than the lookback.

    Notes
    -----
    The function takes columns of bars and its parameters, and returns a Verdict. Its source is the
    References section of its docstring. An argument ``sentiment`` with the default None is a column
    of readings beside the bars, NaN on bars by whose close none became known.
    """

    def enter(function: _Function) -> _Function:
        hints = get_type_hints(function, include_extras=True)
        entry = described(function, hints)
        _STRATEGIES[entry["name"]] = Strategy(
            **entry,
            warm_up=lookback,
            reaching=reach or lookback,
            beside=tuple(name for name in arguments(function) if name in _BESIDE),
            version=version,
            source=source_of(function),
            thresholds=tuple(Threshold(*pair) for pair in thresholds.items()),
        )
        return function

    return enter
