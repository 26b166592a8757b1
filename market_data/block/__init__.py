"""The compact binary block in which rows are kept; docs/block-format.md has it to the byte.

A column becomes small integers (differences of what repeats), zigzagged so that small negative
ones are small as well, cut to the narrowest width, laid out byte plane by byte plane, and deflated.
Prices become integers by the smallest decimal scale that gives every one of them back to the last
bit; where there is none, the bits of the float64 themselves are the integers.
"""

from market_data.block.layout import HEADER, MAX_ROWS, VERSION
from market_data.block.reading import decode, forget_times
from market_data.block.writing import encode

__all__ = ["HEADER", "MAX_ROWS", "VERSION", "decode", "encode", "forget_times"]
