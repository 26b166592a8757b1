"""What the footer of a Parquet file says of its size: the reader in use does not tell.

https://parquet.apache.org/docs/file-format/metadata/, written in Thrift's compact protocol:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from pathlib import Path
from typing import Any, Final

__all__ = ["unpacked_size"]

MAGIC: Final = b"PAR1"
# Some hundred bytes a column of each row group: thousands of groups have less.
LONGEST: Final = 8 * 1024 * 1024
DEEPEST: Final = 16

# Fields, by their numbers in parquet.thrift.
ROW_GROUPS, COLUMNS, META_DATA, UNCOMPRESSED = 4, 1, 3, 6


def unpacked_size(path: str | Path) -> int:
    """How many bytes the columns of a Parquet file have once they are unpacked, as it says itself.

    Raises
    ------
    ValueError
        Where the file does not end as one of Parquet does.
    """
    with Path(path).open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - 8))
        tail = file.read()
        length = int.from_bytes(tail[:4], "little")
        if len(tail) < 8 or tail[4:] != MAGIC or length > min(LONGEST, end - 12):
            raise ValueError("its footer is none")
        file.seek(end - 8 - length)
        footer = _Compact(file.read(length))
    try:
        return sum(
            column[META_DATA][UNCOMPRESSED]
            for group in footer.struct()[ROW_GROUPS]
            for column in group[COLUMNS]
        )
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError("its footer breaks off or lacks the sizes of its columns") from error


class _Compact:
    """Reads Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._depth = 0

    def struct(self) -> dict[int, Any]:
        """The values of a struct by the numbers of its fields."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("its footer is nested too deeply")
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            found[number] = self._value(head & 15, in_list=False)
        self._depth -= 1
        return found

    def _value(self, kind: int, *, in_list: bool = True) -> Any:
        match kind:
            case 1 | 2:
                # A field's type is its value; in a list each has a byte.
                return self._byte() == 1 if in_list else kind == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                return self._skip(8)
            case 8:
                return self._skip(self._varint())
            case 9 | 10:
                head = self._byte()
                count = head >> 4 if head >> 4 < 15 else self._varint()
                return [self._value(head & 15) for _ in range(count)]
            case 12:
                return self.struct()
        raise ValueError(f"its footer has a value of the unknown kind {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise IndexError(self._at)

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value, shift = value | (byte & 127) << shift, shift + 7
            if shift > 63:
                raise ValueError("its footer has a number that is too long")
        return value | byte << shift

    def _signed(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
