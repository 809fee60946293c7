"""The record that is kept of a served page."""

from __future__ import annotations

from core.domain.feed import FeedPage, PackedPage
from core.feed.actions import ACTIONS
from core.feed.calibrated import Calibration
from core.feed.query import FeedQuery
from core.feed.served_record import ServedPage, ServedSlot
from core.pipeline.candidates import Candidates
from core.pipeline.engine import Outcome


def served_page(
    page: FeedPage | PackedPage,
    outcome: Outcome,
    query: FeedQuery,
    source_names: tuple[str, ...],
    session: str,
    segment: str = "",
) -> ServedPage:
    """What the log keeps of a page: of each slot the chance it had, the score and the rule that placed it, what it offered."""
    chosen, index = outcome.selection, query.index
    ids = [index.ids[row] for row in chosen.page.rows.tolist()]
    columns = zip(
        chosen.page["score"].round(6).tolist(),
        chosen.page.sources.tolist(),
        chosen.rules,
        _odds(chosen.page, query.calibration),
        strict=True,
    )
    placed = dict(zip(ids, columns, strict=True))
    slots = []
    for slot in page.slots:
        score, bits, rule, odds = placed[slot.post]
        slots.append(
            ServedSlot(slot.post, slot.kind, slot.propensity, score, bits, rule, odds, slot.offered, slot.campaign)
        )
    return ServedPage(
        page.request,
        page.viewer,
        page.policy,
        page.at,
        index.version,
        tuple(slots),
        source_names,
        session,
        page.model,
        segment,
    )


def _odds(shown: Candidates, calibration: Calibration) -> list[tuple[int, ...]]:
    """Predicted log-odds per slot and action, in hundredths and before calibration; empty if the scorer had failed."""
    if "engagement" not in shown.scores:
        return [()] * len(shown)
    table: list[list[int]] = calibration.hundredths(*shown.parts(ACTIONS)).tolist()
    return list(map(tuple, table))
