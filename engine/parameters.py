"""Numbers that a caller may choose, each with its default, its range and what it means."""

from dataclasses import dataclass
from math import isfinite

from engine.errors import BadParameter

__all__ = ["Between", "Parameter", "shown"]


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a parameter, both ends included.

    Parameters
    ----------
    minimum, maximum : float
        In the unit of the parameter.
    """

    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a caller may choose.

    Parameters
    ----------
    name : str
    default, minimum, maximum : float
        What it is unless given, and between what it must be, both ends included.
    description : str
        What it means.
    integer : bool
        Whether it must be a whole number.
    """

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
            raise BadParameter(f"{owner}: {self.name} must be a number, not {shown(value)}")
        number = float(value)
        if self.integer and not number.is_integer():
            raise BadParameter(f"{owner}: {self.name} must be a whole number, not {shown(value)}")
        if not self.minimum <= number <= self.maximum:
            least, most = _plain(self.minimum), _plain(self.maximum)
            raise BadParameter(
                f"{owner}: {self.name} must be between {least} and {most}, not {shown(value)}"
            )
        return int(number) if self.integer else number


def _plain(number: float) -> str:
    """A number as one writes it: 1000000, not 1e+06."""
    return f"{number:.15g}"


def shown(value: object) -> str:
    """A caller's value, short enough for a message."""
    text = _plain(value) if isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
