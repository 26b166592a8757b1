"""Four compiled pieces of SciPy, alone: their whole packages would cost a cold start a second.

The modules are private to SciPy, which is therefore pinned by the lock; where it keeps them
elsewhere, its documented doors are taken.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from engine.types import Float64

__all__ = [
    "Filter",
    "Product",
    "Sections",
    "Solve",
    "alone",
    "banded_solve",
    "linear_filter",
    "product_alone",
    "public",
    "section_filter",
    "sections_alone",
    "sections_public",
    "solve_alone",
    "solve_public",
]

Filter = Callable[[Float64, Float64, Float64, int, Float64], tuple[Float64, Float64]]
"""``(b, a, x, axis, state) -> (y, state)``, as ``scipy.signal.lfilter`` has it."""

Solve = Callable[..., Float64]
"""``(k, bands, x, lower=1, diag=1, overwrite_x=1) -> y``, as ``scipy.linalg.blas.dtbsv`` has it."""

Sections = Callable[[Any, Any, Any], None]
"""``(sections, x, state)``: filters the rows of x (rows, n) in place by all sections in turn, as
``scipy.signal.sosfilt`` has them, and leaves in state (rows, sections, 2) what they remember."""

Product = Callable[..., None]
"""``(rows, inner, columns, starts, places, values, x, y)``: adds the product of a sparse matrix in
compressed rows with x (inner, columns) to y (rows, columns), both flat, entry after entry."""

_NAME = "scipy.signal._sigtools"
_BLAS = "scipy.linalg._fblas"
_SECTIONS = "scipy.signal._sosfilt"
_SPARSE = "scipy.sparse._sparsetools"


def alone() -> Filter | None:
    """The compiled filter without the package around it, or None where SciPy keeps it elsewhere."""
    found: Filter | None = _taken(_NAME, "_linear_filter")
    return found


def solve_alone() -> Solve | None:
    """The compiled banded solve without the package around it, or None where it is not there."""
    found: Solve | None = _taken(_BLAS, "dtbsv")
    return found


def sections_alone() -> Sections | None:
    """The compiled cascade without the package around it, or None where it is not there."""
    found: Sections | None = _taken(_SECTIONS, "_sosfilt")
    return found


def product_alone() -> Product | None:
    """The compiled product without the package around it, or None where it is not there.

    There is no documented door to it: SciPy's own product does not write over what it reads.
    """
    found: Product | None = _taken(_SPARSE, "csr_matvecs")
    return found


def _taken(name: str, attribute: str) -> Any:
    """An attribute of a compiled module that is loaded without its package, or None.

    Notes
    -----
    ``sys.modules`` is left as it was, so that whoever imports the package later gets a whole one.
    """
    known = {held: module for held, module in sys.modules.items() if _of_scipy(held)}
    try:
        package = importlib.util.find_spec("scipy")
        if package is None or package.origin is None:
            return None
        root = Path(package.origin).parent
        folder = root.joinpath(*name.split(".")[1:-1])
        spec = importlib.machinery.PathFinder.find_spec(name, [str(folder)])
        if spec is None or spec.loader is None:
            return None
        if "scipy" not in known:
            # What the module itself imports from SciPy is found here, without SciPy's own start.
            bare = ModuleType("scipy")
            bare.__path__ = [str(root)]
            sys.modules["scipy"] = bare
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError:
        return None
    finally:
        for held in [held for held in sys.modules if _of_scipy(held)]:
            del sys.modules[held]
        sys.modules.update(known)
    return getattr(module, attribute, None)


def _of_scipy(name: str) -> bool:
    return name == "scipy" or name.startswith("scipy.")


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


def sections_public() -> Sections:
    """The same cascade by SciPy's documented door, slower to open."""
    sosfilt = importlib.import_module("scipy.signal").sosfilt

    def filtered(sections: Any, x: Any, state: Any) -> None:
        x[...], end = sosfilt(sections, x, axis=-1, zi=np.moveaxis(state, 1, 0))
        state[...] = np.moveaxis(end, 0, 1)

    return filtered


section_filter: Sections = sections_alone() or sections_public()
