"""The catalogue of indicators and strategies, read off their functions as they are written.

A function under ``@indicator`` or ``@strategy`` is an entry. Its name, its title (the first line up
to the colon), its description, its inputs (parameters named after a column of Bars) and its
parameters (numbers with a default, annotated ``Annotated[int, Between(2, 500)]``) are taken from
what stands there.
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from math import isfinite
from types import CodeType, MappingProxyType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints, overload

from engine.batch import in_blocks
from engine.errors import BadParameter, UnknownName
from engine.types import Bars, Float64, Rating

__all__ = [
    "Between",
    "Indicator",
    "Parameter",
    "Strategy",
    "Threshold",
    "compute",
    "indicator",
    "indicators",
    "named",
    "strategies",
    "strategy",
]

_COLUMNS = frozenset(column.name for column in fields(Bars))
_BESIDE = frozenset({"sentiment"})
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a parameter, both ends included."""

    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a caller may choose."""

    name: str
    default: float
    minimum: float
    maximum: float
    description: str
    integer: bool

    def checked(self, value: object, owner: str) -> int | float:
        """The value as the function wants it.

        Raises
        ------
        BadParameter
            When it is no number, no whole number where one is wanted, or out of range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise BadParameter(f"{owner}: {self.name} must be a number, not {_shown(value)}")
        number = float(value)
        if self.integer and not number.is_integer():
            raise BadParameter(f"{owner}: {self.name} must be a whole number, not {_shown(value)}")
        if not self.minimum <= number <= self.maximum:
            least, most = _plain(self.minimum), _plain(self.maximum)
            raise BadParameter(
                f"{owner}: {self.name} must be between {least} and {most}, not {_shown(value)}"
            )
        return int(number) if self.integer else number


def _plain(number: float) -> str:
    """A number as one writes it: 1000000, not 1e+06."""
    return f"{number:.15g}"


def _shown(value: object) -> str:
    """A caller's value, short enough for a message."""
    text = _plain(value) if isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an indicator and a strategy have in common."""

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
                    f"{self.name} has no parameter {_shown(name)}; its parameters: {known}"
                )
        return values

    def lookback(self, **parameters: object) -> int:
        """How many bars at the start have no value yet, in the output that waits longest."""
        values = self.resolved(parameters)
        return self.warm_up(**{name: values[name] for name in _arguments(self.warm_up)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Entry):
    """An indicator: columns of bars in, one column or several out.

    One that is ``windowed`` hears no bar beyond its lookback.
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

    A score exactly on a threshold gets the weaker of the two ratings beside it, the one nearer to
    neutral; the lowest rating reaches down to -1.
    """

    rating: Rating
    above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy(Entry):
    """A strategy: columns of bars in, a verdict on each bar out.

    ``beside`` names the columns that it can take beside those of the bars, and does without.
    """

    source: str
    version: str
    thresholds: tuple[Threshold, ...]
    beside: tuple[str, ...]
    reaching: Callable[..., int] = field(repr=False)

    def reach(self, **parameters: object) -> int:
        """How many bars before a bar can matter to it, beside what recursions remember."""
        values = self.resolved(parameters)
        return self.reaching(**{name: values[name] for name in _arguments(self.reaching)})

    def hash(self, **parameters: object) -> str:
        """What names this strategy with these parameters, in any process and for ever.

        Returns
        -------
        str
            16 hexadecimal digits of the SHA-256 of name, version and all parameters.
        """
        whole = [self.name, self.version, self.resolved(parameters)]
        return sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]


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
        raise UnknownName(f"no {kind} is called {_shown(name)}; there are {', '.join(catalogue)}")
    return catalogue[name]


@overload
def indicator(function: _Function) -> _Function: ...
@overload
def indicator(
    *, lookback: Callable[..., int], windowed: bool = False
) -> Callable[[_Function], _Function]: ...
def indicator(
    function: _Function | None = None,
    *,
    lookback: Callable[..., int] = lambda: 0,
    windowed: bool = False,
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
            **_described(function, hints),
            warm_up=lookback,
            outputs=getattr(answer, "_fields", (function.__name__,)),
            windowed=windowed,
        )
        _INDICATORS[name] = replace(
            entry, function=in_blocks(function, entry.lookback if windowed else None)
        )
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
        doc = inspect.getdoc(function) or ""
        source = re.search(r"References\n-+\n(.+?)(?:\n\n|$)", doc, re.DOTALL)
        entry = _described(function, hints)
        _STRATEGIES[entry["name"]] = Strategy(
            **entry,
            warm_up=lookback,
            reaching=reach or lookback,
            beside=tuple(name for name in _arguments(function) if name in _BESIDE),
            version=version,
            source=" ".join(source.group(1).split()) if source else "",
            thresholds=tuple(Threshold(*pair) for pair in thresholds.items()),
        )
        return function

    return enter


def _described(function: Callable[..., Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry reads off its function, whatever its kind."""
    doc = inspect.getdoc(function) or function.__name__
    summary = re.split(r"\n\n[A-Z][A-Za-z ]+\n-{3,}(?:\n|$)", doc, maxsplit=1)[0]
    notes = dict(re.findall(r"^(\w+) : [^\n]*\n((?:    [^\n]+(?:\n|$))+)", doc, re.MULTILINE))
    return {
        "name": function.__name__.upper(),
        "title": summary.split("\n")[0].partition(":")[0].rstrip("."),
        "description": summary,
        "function": function,
        "inputs": tuple(name for name in _arguments(function) if name in _COLUMNS),
        "parameters": tuple(
            _parameter(name, default, hints[name], " ".join(notes[name].split()))
            for name, default in _defaults(function).items()
            if get_origin(hints[name]) is Annotated
        ),
    }


def _parameter(name: str, default: float, hint: Any, description: str) -> Parameter:
    kind, *rest = get_args(hint)
    (between,) = (item for item in rest if isinstance(item, Between))
    return Parameter(
        name=name,
        default=default,
        minimum=between.minimum,
        maximum=between.maximum,
        description=description,
        integer=kind is int,
    )


def _arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    # Read off the code: inspect.signature would take a quarter of the engine's import.
    code: CodeType = inspect.unwrap(function).__code__
    return code.co_varnames[: code.co_argcount]


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    names, values = _arguments(function), inspect.unwrap(function).__defaults__ or ()
    return dict(zip(names[len(names) - len(values) :], values, strict=True))
