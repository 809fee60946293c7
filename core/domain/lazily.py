"""Values that are worked out when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazily(Generic[T]):  # noqa: N801 - used as a decorator, as `property` is
    """`functools.cached_property` as Python 3.12 has it, without the lock, which costs a page a dozen times half a microsecond.

    For objects of one thread, and for values that may be worked out twice.

    >>> class Page:
    ...     @lazily
    ...     def slots(self) -> list[int]:
    ...         return [1, 2]
    >>> page = Page()
    >>> page.slots is page.slots
    True
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self.__doc__ = make, make.__doc__
        self._name = make.__name__

    @overload
    def __get__(self, owner: None, of: type) -> lazily[T]: ...
    @overload
    def __get__(self, owner: object, of: type | None = None) -> T: ...
    def __get__(self, owner: object | None, of: type | None = None) -> lazily[T] | T:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._make(owner)
        return value
