"""The sorts of stages. Each is a frozen value with one verb; only filters drop; a scorer writes its own columns."""

from __future__ import annotations

from typing import Protocol, TypeVar

from core.pipeline.candidates import Candidates, Kept, Proposal, Selection

Q_contra = TypeVar("Q_contra", contravariant=True)


class Source(Protocol[Q_contra]):
    """Proposes candidates. Fails open: without it the page is made from what the others propose."""

    def propose(self, query: Q_contra) -> Proposal:
        """Rows of the index, best first."""


class Hydrator(Protocol[Q_contra]):
    """Looks facts up that several later stages use. Fails open."""

    def hydrate(self, query: Q_contra, candidates: Candidates) -> Candidates:
        """The same rows with more columns."""


class Filter(Protocol[Q_contra]):
    """Drops candidates, each with a reason. Fails closed: what cannot be checked is not shown."""

    def filter(self, query: Q_contra, candidates: Candidates) -> Kept:
        """What is left."""


class Scorer(Protocol[Q_contra]):
    """Writes its own columns. Fails open: its columns read as zeros."""

    def score(self, query: Q_contra, candidates: Candidates) -> Candidates:
        """The same rows with its columns."""


class Selector(Protocol[Q_contra]):
    """Chooses and orders the page."""

    def select(self, query: Q_contra, candidates: Candidates) -> Selection:
        """The page."""
