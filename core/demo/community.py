"""Comments of the demo world that a moderator has to look at: held by the screen, and reported by viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.domain.comment import Comment, CommentMark, CommentState, MarkKind
from core.domain.ids import MINUTE, Millis
from core.domain.report import ReportReason
from core.services.comment_screening import CommentScreening
from core.services.stores import Stores

HELD: Final = (
    "Same piece is cheaper, message me on 98765 43210",
    "Order from www.saree-wholesale.example, half the price",
    "What an ugly dress, you should be ashamed, bloody idiot",
    "100% original first copy available, DM fast",
    "Wri\u200bte to me on Tele\u200bgram for the real price",
    "Aapka number? Mera 91234 56780 hai",
)
REPORTED: Final = (
    ("Boring. Nobody asked for this", ReportReason.OTHER, 1),
    ("Buy followers? I know a guy", ReportReason.SPAM, 2),
)
_STEP: Final[Millis] = 7 * MINUTE


def fill(stores: Stores, posts: Sequence[str], viewers: Sequence[str], now: Millis) -> int:
    """Put them under these posts, one each in turn; returns how many there are. The same each time."""
    screening = CommentScreening(stores)
    made: list[Comment] = []
    marks: list[CommentMark] = []
    for place, text in enumerate((*HELD, *(text for text, _, _ in REPORTED))):
        viewer, at = viewers[place * 7 % len(viewers)], now - (place + 1) * _STEP
        screened = screening.screen(text, viewer, now=at)
        made.append(
            Comment(
                id=f"demo-waits-{place}",
                post=posts[place * 5 % len(posts)],
                viewer=viewer,
                text=text,
                state=screened.state,
                visible=screened.state is CommentState.SHOWN,
                listed=screened.state is CommentState.SHOWN,
                urgent=screened.urgent,
                risk=screened.risk,
                signals=screened.signals,
                reports=REPORTED[place - len(HELD)][2] if place >= len(HELD) else 0,
                created_at=at,
                updated_at=at,
            )
        )
    for place, (_, reason, count) in enumerate(REPORTED, start=len(HELD)):
        for number in range(count):
            comment, viewer = made[place].id, viewers[(place + number + 1) % len(viewers)]
            id = f"{MarkKind.REPORT}:{comment}:{viewer}"
            marks.append(
                CommentMark(
                    id=id, kind=MarkKind.REPORT, comment=comment, viewer=viewer, reason=reason.value, created_at=now
                )
            )
    stores.comment_marks.upsert_many(marks)
    return stores.comments.upsert_many(made)
