"""A request for a page after its checks."""

from __future__ import annotations

from typing import TypedDict

import msgspec

from core.domain.errors import InvalidInput
from core.domain.events import MAX_ID
from core.domain.experiment import Experiment
from core.domain.feed import MAX_PAGE
from core.domain.given_ids import check_id
from core.domain.mix import MixPolicy
from core.feed.serving_model import ServingModel
from core.services.feed_cursor import read
from core.statistics.assignment import Assigned


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for what. `policy` None means the one in force when the page is made; `number` counts pages of the session.
    If `assigned`, the viewer's `arms` decide, which are found out after the read of live state; `model` is that of the arm, None
    the one in force. `sample` says that a sample viewer asks, whose pages are all kept for replay. Without `reasons` slots do not
    say why they are there; `packed` pages, which have none, are written already. `staff` read all scores, also those of what a post
    earns."""

    viewer: str
    size: int
    session: str = ""
    number: int = 0
    policy: MixPolicy | None = None
    region: str = ""
    language: str = ""
    languages: tuple[str, ...] = ()
    segment: str = ""
    platform: str = ""
    newcomer: bool | None = None
    request: str = ""
    shown: tuple[str, ...] = ()
    assigned: bool = False
    arms: tuple[tuple[Experiment, Assigned], ...] = ()
    model: ServingModel | None = None
    priced: bool = False
    sample: bool = False
    reasons: bool = True
    staff: bool = False
    packed: bool = False


class Wanted(TypedDict, total=False):
    """What a request may say besides whose page it asks for. `size` is 20 unless given; a `policy` by name or whole replaces the
    one in force. A page without `reasons` that is `packed` is a PackedPage; `staff` pages, which no app can ask for, have all
    scores."""

    size: int
    cursor: str | None
    session: str | None
    policy: MixPolicy | str | None
    region: str | None
    languages: tuple[str, ...]
    segment: str | None
    platform: str
    newcomer: bool | None
    reasons: bool
    staff: bool
    packed: bool


def checked(
    viewer: str,
    size: int,
    *,
    cursor: str | None = None,
    session: str | None = None,
    region: str | None = None,
    languages: tuple[str, ...] = (),
    segment: str | None = None,
    platform: str = "",
    newcomer: bool | None = None,
    reasons: bool = True,
    staff: bool = False,
    packed: bool = False,
    assigned: bool = False,
) -> PageRequest:
    """The request. Raises InvalidInput naming `viewer`, `size`, `session`, `segment` or `cursor`."""
    check_id("viewer", viewer)
    if not 1 <= size <= MAX_PAGE:
        raise InvalidInput("size", size, f"a page has 1 to {MAX_PAGE} slots")
    if session is not None and len(session) > MAX_ID:
        raise InvalidInput("session", session, f"at most {MAX_ID} characters")
    if segment is not None and len(segment) > MAX_ID:
        raise InvalidInput("segment", segment, f"at most {MAX_ID} characters")
    number = 0
    if cursor is not None:
        place = read(cursor, viewer)
        session, number = place.session, place.page
    return PageRequest(
        viewer=viewer,
        size=size,
        session=session or "",
        number=number,
        region=region or "",
        languages=languages,
        segment=segment or "",
        platform=platform,
        newcomer=newcomer,
        reasons=reasons,
        staff=staff,
        packed=packed and not reasons,
        assigned=assigned,
    )
