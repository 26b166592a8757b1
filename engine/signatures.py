"""What an entry of the catalogue is, read off its function as it is written."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import CodeType
from typing import Annotated, Any, get_args, get_origin

from engine.parameters import Between, Parameter
from engine.types import Bars

__all__ = ["arguments", "described", "source_of"]

_COLUMNS = frozenset(column.name for column in fields(Bars))


def described(function: Callable[..., Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry reads off its function, whatever its kind."""
    doc = inspect.getdoc(function) or function.__name__
    summary = re.split(r"\n\n[A-Z][A-Za-z ]+\n-{3,}(?:\n|$)", doc, maxsplit=1)[0]
    notes = dict(re.findall(r"^(\w+) : [^\n]*\n((?:    [^\n]+(?:\n|$))+)", doc, re.MULTILINE))
    return {
        "name": function.__name__.upper(),
        "title": summary.split("\n")[0].partition(":")[0].rstrip("."),
        "description": summary,
        "function": function,
        "inputs": tuple(name for name in arguments(function) if name in _COLUMNS),
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


def arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of its arguments."""
    # Read off the code: inspect.signature would take a quarter of the engine's import.
    code: CodeType = inspect.unwrap(function).__code__
    return code.co_varnames[: code.co_argcount]


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    names, values = arguments(function), inspect.unwrap(function).__defaults__ or ()
    return dict(zip(names[len(names) - len(values) :], values, strict=True))


def source_of(function: Callable[..., Any]) -> str:
    """The References section of its docstring, in one line; empty where there is none."""
    doc = inspect.getdoc(function) or ""
    source = re.search(r"References\n-+\n(.+?)(?:\n\n|$)", doc, re.DOTALL)
    return " ".join(source.group(1).split()) if source else ""
