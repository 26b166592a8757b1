"""Two compiled pieces of SciPy, alone: their whole packages would cost a cold start a second.

The modules are private to SciPy, which is therefore pinned by the lock; where it keeps them
elsewhere, its documented doors are taken.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.types import Float64

__all__ = [
    "Filter",
    "Solve",
    "alone",
    "banded_solve",
    "linear_filter",
    "public",
    "solve_alone",
    "solve_public",
]

Filter = Callable[[Float64, Float64, Float64, int, Float64], tuple[Float64, Float64]]
"""``(b, a, x, axis, state) -> (y, state)``, as ``scipy.signal.lfilter`` has it."""

Solve = Callable[..., Float64]
"""``(k, bands, x, lower=1, diag=1) -> y``, as ``scipy.linalg.blas.dtbsv`` has it."""

_NAME = "scipy.signal._sigtools"
_BLAS = "scipy.linalg._fblas"


def alone() -> Filter | None:
    """The compiled filter without the package around it, or None where SciPy keeps it elsewhere."""
    found: Filter | None = _taken(_NAME, "_linear_filter")
    return found


def solve_alone() -> Solve | None:
    """The compiled banded solve without the package around it, or None where it is not there."""
    found: Solve | None = _taken(_BLAS, "dtbsv")
    return found


def _taken(name: str, attribute: str) -> Any:
    """An attribute of a compiled module that is loaded without its package, or None.

    Notes
    -----
    The module is taken out of ``sys.modules`` again, so that whoever imports the package later gets
    a whole one.
    """
    known = sys.modules.get(name)
    try:
        package = importlib.util.find_spec("scipy")
        if package is None or package.origin is None:
            return None
        folder = Path(package.origin).parent.joinpath(*name.split(".")[1:-1])
        spec = importlib.machinery.PathFinder.find_spec(name, [str(folder)])
        if spec is None or spec.loader is None:
            return None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:
        return None
    finally:
        if known is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = known
    return getattr(module, attribute, None)


def public() -> Filter:
    """The same filter by SciPy's documented door, slower to open."""
    lfilter = importlib.import_module("scipy.signal").lfilter

    def filtered(
        b: Float64, a: Float64, x: Float64, axis: int, state: Float64
    ) -> tuple[Float64, Float64]:
        y, end = lfilter(b, a, x, axis=axis, zi=state)
        return y, end

    return filtered


linear_filter: Filter = alone() or public()


def solve_public() -> Solve:
    """The same solve by SciPy's documented door, slower to open."""
    found: Solve = importlib.import_module("scipy.linalg.blas").dtbsv
    return found


banded_solve: Solve = solve_alone() or solve_public()
