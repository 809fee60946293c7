"""Pages kept with everything they were made from, so that each can be made again from its request's id."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

import structlog
from ulid import ULID

from core.domain.errors import InvalidInput, NotFound, ServiceError
from core.domain.ids import DAY, Millis
from core.domain.ports.objects import Objects
from core.feed.for_you import for_you
from core.feed.query import FeedQuery
from core.feed.replay import Replayed, prices_of, replay
from core.feed.trace_record import Captured, PageTrace, captured, read, trace_of, written
from core.pipeline.engine import FeedPipeline, Outcome
from core.services import feed_metrics as metrics
from core.services.later import Later

FOLDER: Final = "traces"
KEPT: Final[Millis] = 7 * DAY
MOST: Final = 100_000
"""Traces kept at most, the oldest hours going first: about 4 GB."""
PACE: Final = 1.0
"""Seconds from one page of the share to the next that a process keeps: one in a hundred of a thousand pages a second would fill
MOST within three hours, and each costs two waits for the disk that events wait for, too."""
MOST_WAITING: Final = 64
CHECKED: Final = 20

log = structlog.get_logger(__name__)


class Traces:
    """`keep` costs a request some copies; writing is done in the background. Thread safe.

    A share of all pages is kept, chosen by a hash of the request's id, so that every process knows which. One trace in CHECKED is
    replayed as it is stored; one that does not come out the same is counted as `unlike`.
    """

    def __init__(self, objects: Objects, share: float) -> None:
        self._objects, self._share, self._next = objects, share, 0.0
        self._pipeline = for_you(lambda ids, _: set(ids))
        self._later: Later[Captured] = Later(
            "traces", self._store, lambda: metrics.TRACES.labels("waiting or dropped").inc(), batch=1, most=MOST_WAITING
        )

    @property
    def pipeline(self) -> FeedPipeline[FeedQuery]:
        """The stages that make pages again."""
        return self._pipeline

    def wanted(self, request: str) -> bool:
        """Whether the page of this request is one of the share that is kept."""
        return crc32(request.encode()) < self._share * 2**32

    def take(self, request: str) -> bool:
        """Whether the page of this request is to be kept: one of the share, and the last was PACE ago; all, if the share is 1."""
        if not self.wanted(request):
            return False
        now = time.monotonic()
        if now < self._next and self._share < 1:
            metrics.TRACES.labels("passed over").inc()
            return False
        self._next = now + PACE
        return True

    def keep(self, query: FeedQuery, outcome: Outcome, sources: tuple[str, ...], request: str, session: str) -> None:
        """Keep this page. Never raises: a page that cannot be recorded is counted and named in the log."""
        try:
            self._later.put(captured(query, outcome, sources, request, session))
        except Exception as error:  # noqa: BLE001 - a page that was served must not fail because it cannot be written down
            self._failed(request, error)

    def read(self, request: str) -> PageTrace:
        """A kept page. Raises InvalidInput for what is no id, NotFound if it was not kept or is gone, ServiceError."""
        key = key_of(request)
        try:
            data = b"".join(self._objects.read(key))
        except NotFound:
            raise NotFound(
                f"the page {request} was not kept: one in {1 / self._share:,.0f} is at most, and every page of sample viewers, "
                f"for {KEPT // DAY} days" if self._share else f"the page {request} was not kept, or is gone",
                field="request", value=request,
            ) from None  # fmt: skip
        try:
            return read(data)
        except ValueError as error:
            raise NotFound(str(error), field="request", value=request) from None

    def replayed(self, trace: PageTrace) -> Replayed:
        """The page made again by today's stages. Raises NotFound for a trace that this version cannot read."""
        try:
            return replay(trace, self._pipeline)
        except ValueError as error:
            raise NotFound(str(error), field="request", value=trace.request) from None

    def prices(self, trace: PageTrace, made: Replayed) -> dict[str, float]:
        """What each binding rule cost the page."""
        return prices_of(trace, made, self._pipeline)

    def recent(self, *, limit: int = 20) -> list[str]:
        """Requests of the pages kept last, newest first. Only the hours that these are from are listed."""
        found: list[str] = []
        for day in reversed(self._objects.folders(f"{FOLDER}/")):
            for hour in reversed(self._objects.folders(day)):
                found += [key.rpartition("/")[2] for key in reversed(self._objects.list(hour))]
                if len(found) >= limit:
                    return found[:limit]
        return found

    def sweep(self, *, now: Millis) -> int:
        """Forget what is older than KEPT, and the oldest hours of what is more than MOST; returns how many traces went."""
        hours: dict[str, int] = {}
        for key in self._objects.list(f"{FOLDER}/"):
            hour = key.rpartition("/")[0]
            hours[hour] = hours.get(hour, 0) + 1
        oldest, left, gone = _hour(now - KEPT), sum(hours.values()), 0
        for hour in sorted(hours):
            if hour >= oldest and left <= MOST:
                break
            gone += self._objects.delete_prefix(f"{hour}/")
            left -= hours[hour]
        return gone

    def flush(self) -> None:
        """Return when every page kept so far is stored. Raises ServiceError if the object store does not answer."""
        self._later.flush()

    def _store(self, pages: Sequence[Captured]) -> None:
        for page in pages:
            try:
                trace = trace_of(page)
                data = written(trace)
                checked = crc32(page.request.encode()) % CHECKED == 0
                same = not (checked and replay(read(data), self._pipeline).difference)
                self._objects.put_bytes(key_of(page.request), data, "application/octet-stream")
                metrics.TRACES.labels("kept" if same else "unlike").inc()
                metrics.TRACE_BYTES.observe(len(data))
            except ServiceError:
                raise
            except Exception as error:  # noqa: BLE001 - one page that cannot be recorded must not stop the others
                self._failed(page.request, error)

    def _failed(self, request: str, error: Exception) -> None:
        metrics.TRACES.labels("failed").inc()
        log.warning("a page could not be recorded", request=request, error=f"{type(error).__name__}: {error}"[:300])


def key_of(request: str) -> str:
    """Where the page of a request is kept: by its hour, which is in its id. Raises InvalidInput naming `request`."""
    try:
        at = ULID.from_str(request).milliseconds
        return f"{_hour(at)}/{request}"
    except (ValueError, OverflowError):
        raise InvalidInput("request", request, "a page's `request` is needed, 26 characters") from None


def _hour(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).strftime(f"{FOLDER}/%Y%m%d/%H")
