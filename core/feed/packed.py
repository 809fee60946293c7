"""Arrays as data: in msgpack by dtype, shape and bytes, exact to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """An array: dtype, shape, bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @staticmethod
    def of(array: NDArray[Any]) -> Packed:
        return Packed(array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes())

    def array(self) -> NDArray[Any]:
        """The array, writable."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape).copy()


def packed(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """A record of named values with its arrays packed; each stands in a list of one."""
    return {name: [Packed.of(value)] if isinstance(value, np.ndarray) else value for name, value in recorded.items()}


def unpacked(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """A record of named values with its arrays as arrays again."""
    return {name: _array(value) if _is_packed(value) else value for name, value in recorded.items()}


def _is_packed(value: Any) -> bool:
    """An array stands in a list of one list, as nothing else does."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], list | Packed)


def _array(value: Any) -> NDArray[Any]:
    return (value[0] if isinstance(value[0], Packed) else msgspec.convert(value[0], Packed)).array()
