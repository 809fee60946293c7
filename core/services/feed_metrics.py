"""Numbers about the feed for the operators' Prometheus.

Several workers behind one port count as one if PROMETHEUS_MULTIPROC_DIR names a folder, empty before the first start, that all
of them can write: then any of them answers for all. Without it a process answers for itself alone.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from core.domain.post import PostKind

REGISTRY = CollectorRegistry()


def numbers() -> bytes:
    """All numbers in Prometheus' text format, of all workers that share a folder."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return generate_latest(shared)


PAGES = Counter("feedroom_pages", "Feed pages served", ["kind"], registry=REGISTRY)
PAGE_SECONDS = Histogram(
    "feedroom_page_seconds",
    "Time from the request for a feed page until it is made, with its wait for a turn, in seconds",
    buckets=(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
    registry=REGISTRY,
)
SLOTS = Counter("feedroom_slots", "Slots served, by kind of post", ["kind"], registry=REGISTRY)
SERVED = PAGES.labels("served")
SLOTS_OF = {kind.value: SLOTS.labels(kind.value) for kind in PostKind}
"""Looked up once: finding a labelled number takes longer than counting."""
STAGE_FAILURES = Counter(
    "feedroom_stage_failures", "Stages that failed while a page was made", ["stage"], registry=REGISTRY
)
DEGRADED = Counter(
    "feedroom_degraded",
    "Times that a page, a batch of events, a look-up or a background write went without what it needed",
    ["store"],
    registry=REGISTRY,
)
RETRIES = Counter("feedroom_page_retries", "Pages made anew because the viewer's state had moved", registry=REGISTRY)
TURNED_AWAY = Counter(
    "feedroom_turned_away", "Requests that were not taken on because too many were waiting", ["what"], registry=REGISTRY
)
TRACES = Counter("feedroom_traces", "Pages kept for replay, by what became of them", ["result"], registry=REGISTRY)
TRACE_BYTES = Histogram(
    "feedroom_trace_bytes",
    "Size of a page kept for replay",
    buckets=(5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5),
    registry=REGISTRY,
)
EVENTS = Counter("feedroom_events", "Viewer events, by what became of them", ["status"], registry=REGISTRY)
EVENT_KINDS = Counter("feedroom_event_kinds", "Accepted viewer events, by kind", ["kind"], registry=REGISTRY)
CATALOGUE_POSTS = Gauge(
    "feedroom_catalogue_posts", "Live posts in the index", registry=REGISTRY, multiprocess_mode="mostrecent"
)
CATALOGUE_VERSION = Gauge(
    "feedroom_catalogue_version", "Version of the index", registry=REGISTRY, multiprocess_mode="mostrecent"
)
ARRIVALS = Gauge(
    "feedroom_arrivals",
    "Posts newer than the model that were placed in it by their content",
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
