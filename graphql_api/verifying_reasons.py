"""What an answer says of its reasons, held against the reasons that are found."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import engine
from engine.explain import Contribution, Explanation

__all__ = ["TOLERANCE", "near", "wrong_in_explanation"]

TOLERANCE = 1e-12
"""How far a score may be off on another processor; the same image on the same kind is exact."""


def wrong_in_explanation(told: Mapping[str, Any], decision: engine.Decision) -> str:
    """What an explanation should say, and does not, of a decision's last bar; empty if nothing.

    Where a source's prices may not be passed on it is worded without them, and holds as well.
    """
    close = float(decision.bars.close[-1])
    wrong = [
        next(_wrong(told, engine.explain(decision, prices=prices), close), "")
        for prices in (True, False)
    ]
    return wrong[0] if all(wrong) else ""


def near(told: Any, found: float, unit: float = 1.0) -> bool:
    """Whether a number that is told is one that was found, as another processor may find it."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return False
    return abs(told - found) <= TOLERANCE * max(unit, abs(found))


def _wrong(told: Mapping[str, Any], found: Explanation, close: float) -> Iterator[str]:
    if "summary" in told and told["summary"] != found.summary:
        yield f"the summary is {found.summary!r}"
    if "baseline" in told and not near(told["baseline"], found.baseline):
        yield f"the baseline is {found.baseline}"
    said = told.get("contributions", [{}] * len(found.contributions))
    if isinstance(said, list) and len(said) == len(found.contributions):
        for one, right in zip(said, found.contributions, strict=True):
            yield from _wrong_in_one(one, right, close)
    else:
        yield f"there are {len(found.contributions)} contributions"


def _wrong_in_one(told: Any, found: Contribution, close: float) -> Iterator[str]:
    """An indicator's value may be a price, and as far off as a price is."""
    parts = told if isinstance(told, Mapping) else {"label": told}
    for name, right in asdict(found).items():
        said = parts.get(name, right)
        unit = close if name == "value" else 1.0
        if not (near(said, right, unit) if isinstance(right, float) else said == right):
            yield f"{name} of {found.label} is {right!r}"
