"""The catalogue's columns: typed arrays with spare room at the end, so that adding a post copies nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Column:
    """An array that grows at the end. Views handed out before stay valid: growing makes a new array and leaves the old one."""

    def __init__(self, dtype: DTypeLike, width: int = 0, room: int = 1_024) -> None:
        shape = (room, width) if width else (room,)
        self.data: NDArray[Any] = np.zeros(shape, dtype)
        self.size = 0

    def extend(self, values: NDArray[Any]) -> None:
        """Append rows."""
        end = self.size + len(values)
        if end > len(self.data):
            room = max(end, int(len(self.data) * 1.5))
            grown = np.zeros((room, *self.data.shape[1:]), self.data.dtype)
            grown[: self.size] = self.data[: self.size]
            self.data = grown
        self.data[self.size : end] = values
        self.size = end

    def view(self) -> NDArray[Any]:
        """The rows held now."""
        return self.data[: self.size]


class Ragged:
    """A list of numbers per row (its tags, its products), stored end to end."""

    def __init__(self) -> None:
        self.flat = Column(np.int32)
        self.starts = Column(np.int64)
        self.counts = Column(np.int16)

    def extend(self, lists: Iterable[list[int]]) -> None:
        """Append one list per row."""
        held = list(lists)
        counts = np.array([len(one) for one in held], np.int64)
        starts = self.flat.size + np.concatenate(([0], np.cumsum(counts)[:-1])) if held else np.empty(0, np.int64)
        self.flat.extend(np.array([number for one in held for number in one], np.int32))
        self.starts.extend(starts)
        self.counts.extend(counts)


class Vocabulary:
    """Names ↔ small numbers, in order of appearance; a number is never given to another name."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        for name in names:
            self.number(name)

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """The name's number; a new one for a new name."""
        found = self._numbers.get(name)
        if found is None:
            found = len(self.names)
            self.names.append(name)
            self._numbers[name] = found
        return found

    def find(self, name: str) -> int:
        """The name's number, -1 if it has none."""
        return self._numbers.get(name, -1)

    def find_all(self, names: Iterable[str]) -> list[int]:
        """The number of each name, -1 where it has none."""
        return list(map(self._numbers.get, names, repeat(-1)))
