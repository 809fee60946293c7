"""The part of an index that one page was made from: its rows gathered, and put together again as a small index.

Which columns there are is read off `Index` itself, so that a new column comes along without being named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.feed.columns import Vocabulary
from core.feed.index import Index
from core.feed.shelves import Shelves
from core.pipeline.candidates import IntArray

IDENTITY = frozenset({"version", "size", "ids", "known", "row_of"})
"""What says which post a row belongs to; made anew."""
USED_BEFORE = frozenset({"tag_shares"})
"""Arrays that only the making of a query reads, which is recorded: an index made again has them empty."""
BY_POST = frozenset({"tallies"})
"""Arrays over post numbers. All others are over rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an index, copied: the columns are renewed in place, a page of yesterday needs them as they were.

    `rows` (m,) ascending, `columns` by name, each of length m, `ragged` the lists of numbers per row by name (flat, counts),
    `plain` whatever else is a plain value.
    """

    rows: IntArray
    ids: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    ragged: Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
    plain: Mapping[str, Any]


def gathered(index: Index, rows: IntArray) -> Rows:
    """These rows (m,), ascending, of every column that the index has. Raises TypeError for a field of an unknown sort."""
    names = {field.name for field in fields(index)}
    lists = {name.removesuffix("_flat") for name in names if name.endswith("_flat")}
    parts = {f"{name}_{part}" for name in lists for part in ("flat", "starts", "counts")}
    columns: dict[str, NDArray[Any]] = {}
    plain: dict[str, Any] = {}
    for name in sorted(names - parts - IDENTITY - USED_BEFORE):
        value = getattr(index, name)
        if isinstance(value, np.ndarray) and name not in BY_POST and len(value) == index.size:
            columns[name] = value[rows]
        elif isinstance(value, np.ndarray) and name in BY_POST:
            columns[name] = value[index.number[rows]]
        elif isinstance(value, str | int | float | None):
            plain[name] = value
        elif not isinstance(value, Vocabulary | Shelves):
            sort = f"array of {len(value)}" if isinstance(value, np.ndarray) else type(value).__name__
            raise TypeError(f"Index.{name} is an unknown {sort}; say in core/feed/trace_index.py how it is recorded")
    ragged = {name: _list(index, name, rows) for name in lists}
    return Rows(rows, tuple(map(index.ids.__getitem__, rows.tolist())), columns, ragged, plain)


def _list(index: Index, name: str, rows: IntArray) -> tuple[NDArray[Any], NDArray[Any]]:
    flat, starts = getattr(index, f"{name}_flat"), getattr(index, f"{name}_starts")
    counts = getattr(index, f"{name}_counts")[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    first = np.cumsum(counts, dtype=np.int64) - counts
    return flat[np.arange(int(counts.sum())) - first[owner] + starts[rows][owner]], counts


def words(index: Index, held: Rows, mentioned: Iterable[str]) -> dict[str, dict[str, int]]:
    """Of each vocabulary the names that these rows use or that are `mentioned`, with their numbers.

    A column `publisher` and a list `tag` hold numbers of the vocabularies `publishers` and `tags`.
    """
    used: dict[str, NDArray[Any]] = {name: flat for name, (flat, _) in held.ragged.items()}
    used |= {name: column for name, column in held.columns.items() if column.dtype.kind == "i"}
    asked = list(mentioned)
    found: dict[str, dict[str, int]] = {}
    for field in fields(index):
        vocabulary = getattr(index, field.name)
        if not isinstance(vocabulary, Vocabulary):
            continue
        numbers = used.get(field.name.removesuffix("s"))
        if numbers is None:
            found[field.name] = {name: number for number, name in enumerate(vocabulary.names)}
            continue
        own = {vocabulary.names[number]: number for number in set(numbers.tolist()) if 0 <= number < len(vocabulary)}
        found[field.name] = own | {name: number for name in asked if (number := vocabulary.find(name)) >= 0}
    return found


class _Words(Vocabulary):
    """Some names of a vocabulary under the numbers they had."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        super().__init__()
        self.names = [""] * (max(numbers.values(), default=-1) + 1)
        for name, number in numbers.items():
            self.names[number] = name
        self._numbers = dict(numbers)


def rebuilt(held: Rows, vocabularies: Mapping[str, Mapping[str, int]], known: Sequence[str], version: int) -> Index:
    """A small index of these rows, in the same order.

    `known` are further posts that the original knew: here they are known too, by one dead row at the end. Shelves are empty: what
    the sources took from them is recorded as what they proposed.
    """
    count = len(held.ids)
    numbers: dict[str, int] = {}
    number = np.array([numbers.setdefault(id, len(numbers)) for id in held.ids] + [-1], np.int32)
    row_of = np.full(len(numbers), count, np.int32)
    row_of[number[:-1]] = np.arange(count, dtype=np.int32)  # of several rows of one post the last is the newest
    others = [id for id in dict.fromkeys(known) if id not in numbers]
    numbers |= {id: place for place, id in enumerate(others, start=len(numbers))}
    number[-1] = len(numbers)
    nothing: dict[str, Any] = {name: np.zeros(0) for name in USED_BEFORE}
    for field in fields(Index):
        if field.name in vocabularies:
            nothing[field.name] = _Words(vocabularies[field.name])
        elif field.type in ("Shelves", Shelves):
            nothing[field.name] = Shelves(np.empty(0, np.int32), np.empty(0, np.int32), 0)
    columns: dict[str, Any] = {
        name: np.concatenate((column, np.zeros((1, *column.shape[1:]), column.dtype)))
        for name, column in held.columns.items()
    }
    for name in BY_POST & columns.keys():
        rows = columns[name]
        columns[name] = np.zeros((len(numbers) + 1, *rows.shape[1:]), rows.dtype)
        columns[name][number] = rows
    columns["number"] = number
    for name, (flat, counts) in held.ragged.items():
        whole = np.concatenate((counts, np.zeros(1, counts.dtype)))
        columns |= {
            f"{name}_flat": flat,
            f"{name}_counts": whole,
            f"{name}_starts": np.cumsum(whole, dtype=np.int64) - whole,
        }
    return Index(
        version=version,
        size=count + 1,
        ids=(*held.ids, ""),
        known=numbers,
        row_of=np.concatenate((row_of, np.full(len(others) + 1, count, np.int32))),
        **nothing,
        **columns,
        **held.plain,
    )
