"""SciPy's compiled recursive filter, alone: all of scipy.signal would cost a cold start 0.7 s."""

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from engine.types import Float64

__all__ = ["Filter", "alone", "linear_filter", "public"]

Filter = Callable[[Float64, Float64, Float64, int, Float64], tuple[Float64, Float64]]
"""``(b, a, x, axis, state) -> (y, state)``, as ``scipy.signal.lfilter`` has it."""

_NAME = "scipy.signal._sigtools"


def alone() -> Filter | None:
    """The compiled filter without the package around it, or None where SciPy keeps it elsewhere.

    Notes
    -----
    The module is private to SciPy, which is therefore pinned by the lock. It is taken out of
    ``sys.modules`` again, so that whoever imports scipy.signal later gets a whole one.
    """
    known = sys.modules.get(_NAME)
    try:
        package = importlib.util.find_spec("scipy")
        if package is None or package.origin is None:
            return None
        folder = Path(package.origin).parent / "signal"
        spec = importlib.machinery.PathFinder.find_spec(_NAME, [str(folder)])
        if spec is None or spec.loader is None:
            return None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found: Filter | None = getattr(module, "_linear_filter", None)
    except ImportError:
        return None
    finally:
        if known is None:
            sys.modules.pop(_NAME, None)
        else:
            sys.modules[_NAME] = known
    return found


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
