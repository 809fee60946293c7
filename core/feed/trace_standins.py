"""Parts of a query that are too large to record (a model), as what they said about the rows of one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.viewer import Interaction, ViewerState
from core.feed.campaign_table import CampaignTable
from core.feed.index import Index
from core.feed.query import FeedQuery
from core.feed.serving_model import Near
from core.pipeline.candidates import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ModelTrace:
    """The model that spoke, by name."""

    id: str


class NearTrace:
    """Answers of `Near` about the rows of a trace, posts that came after the training among them; `arrivals` is how many of those
    it knew."""

    def __init__(self, told: Mapping[str, Any], viewer: ViewerState, index: Index) -> None:
        self.model = ModelTrace(told["model"])
        self.history = np.arange(told["history"])
        self.prior_share: float = told["prior_share"]
        self.arrivals: int = told.get("arrivals", 0)
        self._values = np.append(told["values"], 0.0)  # one more for the dead row at the end
        self._acts = dict(zip(told["places"], told["acts"], strict=True))
        self._recent = viewer.recent

    def of(self, rows: IntArray) -> FloatArray:
        """How much the history speaks for each row (n,)."""
        return np.asarray(self._values[rows])

    def because(self, rows: IntArray) -> list[Interaction | None]:
        """The act that speaks most for each row of the page; None for rows that were not shown."""
        return [self._recent[self._acts[row]] if row in self._acts else None for row in rows.tolist()]


def _near(near: Near, query: FeedQuery, rows: IntArray, shown: IntArray) -> dict[str, Any]:
    found = zip(np.searchsorted(rows, shown).tolist(), near.because(shown), strict=True)
    acts = {place: query.viewer.recent.index(act) for place, act in found if act is not None}
    return {
        "model": near.model.id, "history": len(near.history), "prior_share": near.prior_share, "values": near.of(rows),
        "places": list(acts), "acts": list(acts.values()),
        "arrivals": near.arrived.count if near.arrived is not None else 0,
    }  # fmt: skip


def _campaigns(table: CampaignTable, query: FeedQuery, rows: IntArray, shown: IntArray) -> dict[str, Any]:
    owners = table.owners_of(query.index.number[rows])
    places = np.flatnonzero(owners >= 0).astype(np.int32)
    return {
        "ids": list(table.ids), "names": list(table.names), "bonus": table.bonus, "slots": table.slots,
        "places": places, "owners": owners[places],
    }  # fmt: skip


def _campaigns_again(told: Mapping[str, Any], viewer: ViewerState, index: Index) -> CampaignTable:
    numbers, first = np.unique(index.number[told["places"]], return_index=True)
    return CampaignTable(
        tuple(told["ids"]), tuple(told["names"]), told["bonus"], told["slots"], numbers, told["owners"][first]
    )


@dataclass(frozen=True, slots=True)
class StandIn:
    """How an object is recorded (object, query, the trace's rows and the page's in the query's index), and what stands in for it
    (record, viewer, the trace's index)."""

    recorded: Callable[[Any, FeedQuery, IntArray, IntArray], dict[str, Any]]
    again: Callable[[Mapping[str, Any], ViewerState, Index], Any]


STANDINS: Mapping[str, StandIn] = {
    "near": StandIn(_near, NearTrace),
    "campaigns": StandIn(_campaigns, _campaigns_again),
}
"""By field of FeedQuery."""
