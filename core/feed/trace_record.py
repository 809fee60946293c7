"""Everything a page was made from, as data: enough to make it again, bit for bit, on another day in another process.

`captured` runs within a request and only copies what may change; `PageTrace.of` and `written` run later, in the background.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.feed import StageTrace
from core.domain.ids import Millis
from core.feed.engine_version import engine
from core.feed.packed import Packed, packed
from core.feed.query import FeedQuery
from core.feed.trace_index import Rows, gathered, words
from core.feed.trace_standins import STANDINS
from core.pipeline.candidates import IntArray
from core.pipeline.engine import Outcome

FORMAT = b"FRT1"
LEVEL = 1
"""A page of 742 rows: level 1 makes 38 KB in .7 ms, level 6 makes 35 KB in 3 ms."""
CONTEXT = 60
"""So many of the posts that the viewer saw last are recorded with their columns, for rules that look back."""


class How(Enum):
    """How a field of FeedQuery gets into a trace. `PLAIN` values as they are, `VECTOR` arrays over a vocabulary, `BY_POST`
    arrays over post numbers, `ARRAYS` dataclasses of arrays and plain values, `STANDIN` objects that answer questions about rows
    (see `trace_standins`), and `DERIVED` what the rest determines."""

    PLAIN = "plain"
    VECTOR = "vector"
    BY_POST = "by post"
    ARRAYS = "arrays"
    STANDIN = "stand-in"
    DERIVED = "derived"


FIELDS: Mapping[str, How] = {
    "viewer": How.PLAIN,
    "index": How.DERIVED,  # from the gathered rows
    "policy": How.PLAIN,
    "size": How.PLAIN,
    "now": How.PLAIN,
    "rng": How.DERIVED,  # from the request's id
    "marks": How.DERIVED,  # from what the viewer has seen and hidden
    "trending": How.PLAIN,
    "tags": How.VECTOR,
    "usual_tags": How.PLAIN,
    "publishers": How.VECTOR,
    "region": How.PLAIN,
    "language": How.PLAIN,
    "languages": How.PLAIN,
    "priced": How.PLAIN,
    "near": How.STANDIN,
    "calibration": How.ARRAYS,
    "campaigns": How.STANDIN,
    "session": How.PLAIN,
}
"""Every field of FeedQuery. A page whose query has another one is not kept: name it here first."""


class Made(msgspec.Struct, frozen=True):
    """What came out: rows of the trace in slot order, and for each its scores, rule, propensity and the row it displaced."""

    rows: Packed
    scores: dict[str, Packed]
    rules: tuple[str, ...]
    propensities: Packed
    displaced: tuple[int, ...]
    notes: tuple[str, ...]
    prices: dict[str, float]
    stages: tuple[StageTrace, ...]
    exhausted: bool


class PageTrace(msgspec.Struct, frozen=True, kw_only=True):
    """A page with all it was made from. Rows count within the trace; `engine` is the code that made it."""

    request: str
    viewer: str
    at: Millis
    session: str
    engine: str
    index: int
    plain: dict[str, Any]
    vectors: dict[str, Packed]
    by_post: dict[str, Packed]
    arrays: dict[str, dict[str, Any]]
    standins: dict[str, dict[str, Any]]
    ids: tuple[str, ...]
    columns: dict[str, Packed]
    ragged: dict[str, tuple[Packed, Packed]]
    rest: dict[str, Any]
    vocabularies: dict[str, dict[str, int]]
    known: tuple[str, ...]
    sources: tuple[str, ...]
    proposals: tuple[tuple[int, Packed], ...]
    refused: Packed
    made: Made


@dataclass(frozen=True, slots=True)
class Captured:
    """A page as it was just made: references to what never changes, copies of the columns."""

    query: FeedQuery
    outcome: Outcome
    held: Rows
    by_post: Mapping[str, NDArray[Any]]
    sources: tuple[str, ...]
    request: str
    session: str


def captured(query: FeedQuery, outcome: Outcome, sources: tuple[str, ...], request: str, session: str) -> Captured:
    """Copy what a trace of this page needs. Raises TypeError for a query field that FIELDS does not name."""
    if missing := set(query.__struct_fields__) - FIELDS.keys():
        raise TypeError(f"FeedQuery.{min(missing)} is not recorded; name it in core/feed/trace_record.py")
    parts = [rows for _, rows in outcome.proposals]
    rows = np.unique(np.concatenate((*parts, _context(query)))).astype(np.int32, copy=False)
    held = gathered(query.index, rows)
    numbers = query.index.number[rows]
    by_post = {name: getattr(query, name)[numbers] for name, how in FIELDS.items() if how is How.BY_POST}
    return Captured(query, outcome, held, by_post, sources, request, session)


def _context(query: FeedQuery) -> IntArray:
    """Rows of posts that are no candidates but that rules and reasons look at: acted on, trending, just seen, pinned."""
    viewer = query.viewer
    asked = [*(one.post for one in viewer.recent), *query.trending, *viewer.seen[-CONTEXT:]]
    asked += [pin.post for pin in query.policy.pins]
    rows = query.index.rows_of(asked)
    return rows[(rows >= 0) & (rows < query.index.size)]


def _told(name: str, value: Any) -> Any:
    """A plain field as it is recorded. Of the viewer all but the events applied: they say nothing of a page."""
    builtin = msgspec.to_builtins(value, str_keys=True)
    if name == "viewer":
        del builtin["applied"]
    return builtin


def trace_of(page: Captured) -> PageTrace:
    """The record of a page."""
    query, outcome, held = page.query, page.outcome, page.held
    viewer, shown = query.viewer, outcome.selection.page
    mentioned = (*viewer.tags, *viewer.publishers, *viewer.follows, query.region, query.language, *query.languages)
    posts = dict.fromkeys(
        (*viewer.seen, *viewer.hidden, *viewer.liked, *(one.post for one in viewer.recent), *query.trending)
    )
    end, known = len(query.index.row_of), query.index.known
    of_how = {how: [name for name, own in FIELDS.items() if own is how] for how in How}
    return PageTrace(
        request=page.request,
        viewer=viewer.viewer,
        at=query.now,
        session=page.session,
        engine=engine(),
        index=query.index.version,
        plain={name: _told(name, getattr(query, name)) for name in of_how[How.PLAIN]},
        vectors={name: Packed.of(getattr(query, name)) for name in of_how[How.VECTOR]},
        by_post={name: Packed.of(array) for name, array in page.by_post.items()},
        arrays={name: packed(_fields(getattr(query, name))) for name in of_how[How.ARRAYS]},
        standins={
            name: packed(STANDINS[name].recorded(value, query, held.rows, shown.rows))
            for name in of_how[How.STANDIN]
            if (value := getattr(query, name)) is not None
        },
        ids=held.ids,
        columns={name: Packed.of(column) for name, column in held.columns.items() if name != "number"},
        ragged={name: (Packed.of(flat), Packed.of(counts)) for name, (flat, counts) in held.ragged.items()},
        rest=dict(held.plain),
        vocabularies=words(query.index, held, mentioned),
        known=tuple(id for id in posts if known.get(id, end) < end),
        sources=page.sources,
        proposals=tuple((bit, _places(held, rows)) for bit, rows in outcome.proposals),
        refused=_places(held, outcome.refused),
        made=made_of(outcome, held.rows),
    )


def made_of(outcome: Outcome, rows: IntArray | None = None) -> Made:
    """What came out, in rows of the trace; `rows` (m,) are the trace's rows in the index that it was made on."""
    chosen = outcome.selection

    def place(found: IntArray) -> IntArray:
        return found if rows is None else np.searchsorted(rows, found).astype(np.int32)

    displaced = np.array(chosen.displaced, np.int32)
    displaced[displaced >= 0] = place(displaced[displaced >= 0])
    return Made(
        rows=Packed.of(place(chosen.page.rows)),
        scores={name: Packed.of(column) for name, column in sorted(chosen.page.scores.items())},
        rules=chosen.rules,
        propensities=Packed.of(chosen.propensities),
        displaced=tuple(displaced.tolist()),
        notes=chosen.notes,
        prices=dict(chosen.prices),
        stages=outcome.stages,
        exhausted=outcome.exhausted,
    )


def _places(held: Rows, rows: IntArray) -> Packed:
    return Packed.of(np.searchsorted(held.rows, rows).astype(np.int32))


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(PageTrace)


def written(trace: PageTrace) -> bytes:
    """The trace as compressed bytes."""
    return FORMAT + zlib.compress(_encoder.encode(trace), LEVEL)


def read(data: bytes) -> PageTrace:
    """The trace back. Raises ValueError for bytes of another sort."""
    if not data.startswith(FORMAT):
        raise ValueError("this is not a trace of a page, or one of a newer version")
    try:
        return _decoder.decode(zlib.decompress(data[len(FORMAT) :]))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"this trace is damaged: {error}") from None
