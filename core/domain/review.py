"""What people see of moderation: matches in a text, a case as its reviewer sees it, an outcome as its creator sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.ids import SECOND, Millis
from core.domain.moderation import Case, Reason
from core.domain.post import Post, PostStatus
from core.domain.product import Product
from core.domain.publisher import Publisher

UNDO: Millis = 30 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """A place in a text that a list or pattern names: characters `start` to `end` (exclusive) of the text as it was written."""

    start: int
    end: int
    term: str
    list: str
    severity: int
    score: float
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedText:
    """One text of a post (`field` is title, caption, tag or product) with what was found in it."""

    field: str
    text: str
    matches: tuple[TextMatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherRecord:
    """How a publisher's posts fared: how many are live, were rejected, and how many there are; the latest rejections."""

    live: int
    rejected: int
    total: int
    latest_rejections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """All that a reviewer needs on one screen."""

    case: Case
    post: Post
    publisher: Publisher | None
    texts: tuple[MarkedText, ...]
    products: tuple[Product, ...]
    record: PublisherRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One line of the queue. `holder_name` is set while a colleague has the case; `claimable` says whether you may take it."""

    case: Case
    post: Post
    publisher_name: str
    priority: float
    holder_name: str = ""
    claimable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What the creator of a post is told: never who decided, never raw signals."""

    status: PostStatus
    headline: str
    reason: Reason | None = None
    note: str = ""
    next_step: str = ""
    at: Millis | None = None


REASON_TEXT: dict[Reason, tuple[str, str]] = {
    Reason.PROHIBITED_ITEM: (
        "It shows or sells something that may not be advertised here.",
        "Remove the item from the clip, the words and the product links, then submit again.",
    ),
    Reason.ADULT: ("It shows or describes adult content.", "Upload a version without it, then submit again."),
    Reason.VIOLENCE: ("It shows or threatens violence.", "Upload a version without it, then submit again."),
    Reason.HATE: ("It attacks people for who they are.", "Remove the attack from clip and words, then submit again."),
    Reason.MISLEADING_CLAIM: (
        "It promises something that is not proven, such as a cure, a result or a profit.",
        "Remove the claim from caption and clip, then submit again.",
    ),
    Reason.COUNTERFEIT: (
        "It offers a copy of a brand's product.",
        "Link the genuine product or remove the brand, then submit again.",
    ),
    Reason.COPYRIGHT: (
        "It uses pictures, music or text of somebody else.",
        "Upload your own material, or material you may use, then submit again.",
    ),
    Reason.PERSONAL_DATA: (
        "It shows contact details or personal data.",
        "Take phone numbers, addresses, links and names of private people out, then submit again.",
    ),
    Reason.WRONG_PRODUCT: (
        "The linked products are not the ones in the clip.",
        "Link the products that the clip shows, then submit again.",
    ),
    Reason.LOW_QUALITY: (
        "It is too blurred, dark or short to be useful.",
        "Upload a clearer version, then submit again.",
    ),
    Reason.SPAM: (
        "It repeats itself or other posts without saying anything new.",
        "Change it so that it stands alone, then submit again.",
    ),
}
"""For each reason: what the creator reads, and what to do next."""

LIKELY_REASON: Mapping[str, Reason] = {
    "text.contact": Reason.PERSONAL_DATA,
    "text.counterfeit": Reason.COUNTERFEIT,
    "text.medical_claim": Reason.MISLEADING_CLAIM,
    "text.money_claim": Reason.MISLEADING_CLAIM,
    "text.regulated_goods": Reason.PROHIBITED_ITEM,
    "text.drugs": Reason.PROHIBITED_ITEM,
    "text.hate": Reason.HATE,
    "text.abuse": Reason.HATE,
    "text.threat": Reason.VIOLENCE,
    "text.violence": Reason.VIOLENCE,
    "text.sexual": Reason.ADULT,
    "text.minors": Reason.ADULT,
    "text.hidden": Reason.SPAM,
    "catalogue.regulated": Reason.PROHIBITED_ITEM,
}
"""The reason that a signal points to, offered first."""
