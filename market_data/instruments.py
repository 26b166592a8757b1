"""What is traded: instruments, and the corporate actions that change what one share is."""

import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from market_data.calendar import CALENDARS, DAY, time_zone
from market_data.errors import BadAction, BadInstrument

__all__ = ["ActionKind", "CorporateAction", "Instrument", "similar"]

_SYMBOL = re.compile(r"[A-Z0-9.\-^=]{1,20}")


@dataclass(frozen=True, slots=True)
class Instrument:
    """One symbol and where its bars come from.

    Parameters
    ----------
    symbol : str
        1 to 20 of A-Z, 0-9 and ``. - ^ =``.
    name : str or None
        What people call it.
    tick : float
        The smallest step of its price.
    calendar : str
        XNYS, XNAS, XLON or 24/7.
    source : str
        The one provider of its bars.
    source_symbol : str
        The provider's own spelling; the symbol where none is given.
    """

    symbol: str
    name: str | None = None
    tick: float = 0.01
    calendar: str = "XNYS"
    source: str = "file"
    source_symbol: str = ""

    def __post_init__(self) -> None:
        if not _SYMBOL.fullmatch(self.symbol):
            raise BadInstrument(
                f"{self.symbol[:40]!r} is no symbol; a symbol is 1 to 20 of A-Z 0-9 . - ^ ="
            )
        if not (math.isfinite(self.tick) and self.tick > 0):
            raise BadInstrument(f"a tick is above zero, not {self.tick}")
        if self.calendar not in CALENDARS:
            raise BadInstrument(
                f"{self.calendar[:40]!r} is no calendar; there are {', '.join(CALENDARS)}"
            )
        if not self.source_symbol:
            object.__setattr__(self, "source_symbol", self.symbol)

    @property
    def time_zone(self) -> str:
        """The time zone in which its sessions are told."""
        return time_zone(self.calendar)


class ActionKind(enum.StrEnum):
    """What happened to a share."""

    SPLIT = "SPLIT"
    DIVIDEND = "DIVIDEND"


@dataclass(frozen=True, slots=True, order=True)
class CorporateAction:
    """A split or a dividend.

    Parameters
    ----------
    ex_time : int, microseconds UTC
        00:00Z of the first session's date that trades without it.
    kind : ActionKind
    value : float
        New shares for one old, or the amount a share as it was then, in the currency of its price.
        A split of 1 or a dividend of 0 takes back one that was told wrongly.
    """

    ex_time: int
    kind: ActionKind
    value: float

    def __post_init__(self) -> None:
        if self.ex_time % DAY:
            raise BadAction(f"an ex-date starts at 00:00Z, not at {self.ex_time}")
        least = math.nextafter(0.0, 1.0) if self.kind is ActionKind.SPLIT else 0.0
        if not (math.isfinite(self.value) and self.value >= least):
            raise BadAction(f"{self.value} is no {self.kind.lower()}")


def similar(symbol: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known symbols that look most like one that is not known, best first.

    The comparison looks at no more than a symbol's longest length, so a long text costs nothing.

    Examples
    --------
    >>> similar("APPL", ["AAPL", "GOOG", "IBM"])
    ['AAPL']
    """
    return get_close_matches(symbol[:20].upper(), sorted(known), n=limit, cutoff=0.5)
