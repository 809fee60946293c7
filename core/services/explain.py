"""How a page came about, and why a post is not on it: of the page a viewer would get now, or of one that was served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from core.domain.account import Account, Role
from core.domain.errors import InvalidInput
from core.domain.events import MAX_ID
from core.domain.feed import FeedPage
from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.domain.post import Post
from core.feed.entry import playable
from core.feed.post_facts import PostFacts, facts_of
from core.feed.query import FeedQuery
from core.feed.trace_record import PageTrace
from core.feed.why_not import MadePage, WhyNot, why_not
from core.services.feed import Feed
from core.services.feed_pages import page_of
from core.services.feed_request import PageRequest
from core.services.stores import Stores
from core.services.traces import Traces

NOT_SHOWN: Final = "Not shown any more"
"""The title, and all there is to read, of a post of a kept page that has been taken down since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a kept page besides the page: the code that made it, and whether it came out the same again.

    `difference` is the first thing that did not, empty if everything is identical to the last bit.
    """

    engine: str
    index: int
    identical: bool
    difference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A page with its trace (`page.stages`, each slot's `reason`, `page.prices`), how many `candidates` it was chosen from, by post
    the `facts` that the index held of those on it when it was made, the answer for the post that was asked about, and for a served
    page what was `kept` of it."""

    page: FeedPage
    candidates: int
    facts: Mapping[str, PostFacts] = field(default_factory=dict)
    why_not: WhyNot | None = None
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A kept page in a list."""

    request: str
    viewer: str
    at: Millis
    slots: int
    policy: str


class Explain:
    """Looking changes nothing: no page that is explained counts as served."""

    def __init__(self, stores: Stores, feed: Feed, traces: Traces) -> None:
        self._stores, self._feed, self._traces = stores, feed, traces

    def now(
        self,
        asked: PageRequest,
        *,
        policy: MixPolicy | str | None = None,
        region: str | None = None,
        post: str | None = None,
        now: Millis,
    ) -> Explanation:
        """The page that a viewer would get now. Raises InvalidInput naming `policy` or `post`."""
        _check(post)
        page, outcome, query = self._feed.look(asked, policy=policy, region=region, now=now)
        answer = None
        if post is not None:
            made = MadePage(query, outcome, self._feed.pipeline, lambda tag: self._feed.cards.tag_name(tag, now=now))
            answer = why_not(made, post, self._stores.posts.find_one(post))
        return Explanation(page=page, candidates=len(outcome.candidates), facts=_facts(page, query), why_not=answer)

    def served(self, request: str, *, post: str | None = None, now: Millis) -> Explanation:
        """A page that was served, from what was kept of it; posts that were taken down since are NOT_SHOWN.

        Raises InvalidInput, NotFound if it was not kept, ServiceError.
        """
        _check(post)
        trace = self._traces.read(request)
        made = self._traces.replayed(trace)
        page = page_of(
            made.query, made.outcome, trace.sources, self._feed.cards, request=request, cursor=None, problem="",
            posts=self._as_now, now=now, staff=True,
        )  # fmt: skip
        page = replace(page, stages=trace.made.stages, prices=self._traces.prices(trace, made))
        answer = None
        if post is not None:
            asked = MadePage(
                made.query,
                made.outcome,
                self._traces.pipeline,
                lambda tag: self._feed.cards.tag_name(tag, now=now),
                True,
            )
            answer = why_not(asked, post, self._stores.posts.find_one(post))
        kept = Kept(engine=trace.engine, index=trace.index, identical=not made.difference, difference=made.difference)
        facts = _facts(page, made.query)
        return Explanation(page=page, candidates=len(made.outcome.candidates), facts=facts, why_not=answer, kept=kept)

    def preview(
        self,
        actor: Account,
        viewer: str,
        *,
        size: int,
        post: str,
        policy: MixPolicy | str | None = None,
        shown: tuple[str, ...] = (),
        request: str = "",
        now: Millis,
    ) -> WhyNot:
        """Why a post is not on the page that the feed preview shows. Raises Forbidden unless a product manager asks."""
        actor.require(Role.PRODUCT_MANAGER)
        asked = PageRequest(viewer=viewer, size=size, shown=shown, request=request)
        found = self.now(asked, policy=policy, post=post, now=now).why_not
        assert found is not None  # noqa: S101 - a post was asked about
        return found

    def kept_page(self, actor: Account, request: str, *, post: str | None = None, now: Millis) -> Explanation:
        """`served` for a product manager. Raises Forbidden."""
        actor.require(Role.PRODUCT_MANAGER)
        return self.served(request.strip(), post=post, now=now)

    def kept_pages(self, actor: Account, *, limit: int = 10) -> list[KeptPage]:
        """The pages kept last, newest first. Raises Forbidden, ServiceError."""
        actor.require(Role.PRODUCT_MANAGER)
        return [_line(self._traces.read(request)) for request in self._traces.recent(limit=limit)]

    def _as_now(self, ids: Sequence[str]) -> dict[str, Post]:
        """Posts as the store has them at this moment, whatever this process remembers; of those that may not be shown any more
        nothing but that, their kind and their publisher. Raises ServiceError: what cannot be asked about is not shown."""
        found = self._stores.posts.get_many(ids)
        return {id: post if playable(post) else _withdrawn(post) for id, post in found.items()}


def _withdrawn(post: Post) -> Post:
    return Post(id=post.id, publisher=post.publisher, author=post.author, kind=post.kind, title=NOT_SHOWN)


def _facts(page: FeedPage, query: FeedQuery) -> dict[str, PostFacts]:
    found = {slot.post: facts_of(query.index, slot.post) for slot in page.slots}
    return {post: facts for post, facts in found.items() if facts is not None}


def _line(trace: PageTrace) -> KeptPage:
    return KeptPage(trace.request, trace.viewer, trace.at, len(trace.made.rules), str(trace.plain["policy"]["id"]))


def _check(post: str | None) -> None:
    if post is not None and not 1 <= len(post) <= MAX_ID:
        raise InvalidInput("post", post, f"1 to {MAX_ID} characters are needed")
