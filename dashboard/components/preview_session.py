"""What one tab's feed preview remembers: whose feed, the pages passed, what was done, and the next page before that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError, ServiceError
from core.domain.events import EventKind
from core.domain.feed import FeedPage
from core.domain.ids import new_id
from core.domain.mix import MixPolicy
from dashboard.context import clock, services
from dashboard.messages import sentence

_KEY = "feed_preview"


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What the controls say; another value starts the preview anew. `policy` is the id of a chosen mix; pages that count have none,
    as viewers are served by what is in force, or by an experiment."""

    viewer: str
    size: int
    policy: str | None
    counts: bool


@dataclass(slots=True)
class PreviewSession:
    """The state between two runs. `baseline` is the next page as it would have been without the acts on this page."""

    asked: PreviewRequest
    page: FeedPage
    number: int = 1
    shown: tuple[str, ...] = ()
    next_request: str = ""
    baseline: FeedPage | None = None
    fresh: frozenset[str] = frozenset()
    acts: list[str] = field(default_factory=list)
    jumps: int = 0
    jump_to: int = 0
    told: tuple[str, str] | None = None
    other: FeedPage | None = None
    other_mix: MixPolicy | None = None

    @property
    def passed(self) -> tuple[str, ...]:
        """Posts that the next page must not repeat."""
        return () if self.asked.counts else (*self.shown, *(slot.post for slot in self.page.slots))

    def upcoming(self, account: Account) -> FeedPage:
        """The next page as it would be now, without asking for it; after a page that counts, under the mix that made that."""
        policy = self.page.policy if self.asked.counts else self.asked.policy
        return services().preview.page(
            account, self.asked.viewer, size=self.asked.size, policy=policy, shown=self.passed,
            request=self.next_request, now=clock(),
        )  # fmt: skip

    def under(self, account: Account, mix: MixPolicy) -> FeedPage:
        """This page as another mix would make it: the same viewer, lots and posts passed. Kept, so that acts do not change it."""
        if self.other is None or self.other_mix != mix or self.other.request != self.page.request:
            self.other = services().preview.page(
                account, self.asked.viewer, size=self.asked.size, policy=mix, shown=self.shown,
                request=self.page.request, now=clock(),
            )  # fmt: skip
            self.other_mix = mix
        return self.other

    def tell(self) -> None:
        """Say what came of the last act. A callback cannot: what it draws in a fragment lands at the top of the page."""
        if self.told is not None:
            st.toast(self.told[0], icon=f":material/{self.told[1]}:")
            self.told = None

    def jump(self, slot: int) -> None:
        """Scroll the phone to a slot."""
        self.jumps += 1
        self.jump_to = slot


def preview_session(account: Account, asked: PreviewRequest) -> PreviewSession:
    """The session of this tab, begun anew if something else is asked for."""
    held: PreviewSession | None = st.session_state.get(_KEY)
    if held is None or held.asked != asked:
        held = PreviewSession(asked, _page(account, asked, (), "", None), next_request=new_id(clock()))
        st.session_state[_KEY] = held
    return held


def restart_preview() -> None:
    """Forget the pages passed in this tab."""
    st.session_state.pop(_KEY, None)


def next_page(account: Account, session: PreviewSession) -> None:
    """Go on to the next page, and mark on it what the acts on this one brought."""
    before = {slot.post for slot in session.baseline.slots} if session.baseline else None
    shown = session.passed
    page = _page(account, session.asked, shown, session.next_request, session.page.cursor)
    session.shown = shown
    session.page = page
    session.number += 1
    session.fresh = frozenset(slot.post for slot in page.slots if before is not None and slot.post not in before)
    session.baseline = None
    session.acts = []
    session.next_request = new_id(clock())


def act_as_viewer(
    account: Account, session: PreviewSession, kind: str, position: int, page: FeedPage | None = None
) -> None:
    """Do something as the viewer, on the page or on another one beside it; the next page as it was is kept, to compare with."""
    try:
        before = session.baseline or session.upcoming(account)
        acted = services().preview.act(account, page or session.page, position, kind, now=clock())
    except (CallerError, ServiceError) as error:
        session.told = (sentence(error), "error")
        return
    session.baseline = before
    words = f"{DONE[acted.kind]} slot {acted.slot.position + 1}"
    session.acts.append(words)
    session.told = (f"{words}. The next page knows.", "bolt")


DONE = {
    EventKind.WATCH: "Watched to the end",
    EventKind.LIKE: "Liked",
    EventKind.UNLIKE: "Took back the like of",
    EventKind.SHARE: "Shared",
    EventKind.NOT_INTERESTED: "Skipped",
    EventKind.FOLLOW: "Followed the publisher of",
    EventKind.UNFOLLOW: "Unfollowed the publisher of",
    EventKind.PRODUCT_CLICK: "Opened the product of",
    EventKind.ADD_TO_CART: "Added to the cart from",
    EventKind.ORDER: "Bought from",
}


def told_done(do: Callable[[], None]) -> bool:
    """Run it; False, with a toast, if it was refused."""
    try:
        do()
    except (CallerError, ServiceError) as error:
        st.toast(sentence(error), icon=":material/error:", duration="long")
        return False
    return True


def _page(
    account: Account, asked: PreviewRequest, shown: tuple[str, ...], request: str, cursor: str | None
) -> FeedPage:
    preview = services().preview
    if asked.counts:
        return preview.served_page(account, asked.viewer, size=asked.size, cursor=cursor, now=clock())
    return preview.page(
        account, asked.viewer, size=asked.size, policy=asked.policy, shown=shown, request=request, now=clock()
    )
