"""The reading side of the catalogue: one post, the library's search, counts, totals, history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.domain.account import PUBLISHING_ROLES, Account, Role
from core.domain.collection import Page
from core.domain.comment import Comment
from core.domain.errors import InvalidInput, NotFound
from core.domain.ids import Millis
from core.domain.job import Job
from core.domain.post import Post, PostKind, PostStatus, PostTotals
from core.domain.taxonomy import Tag, TagStatus
from core.services.audit import MACHINE
from core.services.jobs import Jobs
from core.services.shop import fold
from core.services.stores import Stores
from core.services.tag_suggestions import suggest

READERS = (Role.BRAND, Role.CREATOR, Role.MODERATOR, Role.PRODUCT_MANAGER)
ORDERS = ("updated_at", "created_at", "title")
MAX_LIMIT = 200
_BATCH = 500
_OTHERS = {MACHINE: "Feedroom", "": "Feedroom", "moderation": "a moderator"}
"""Who a post's history names besides accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """One step in a post's life, with a name in words of who did it as far as the reader may know it."""

    status: PostStatus
    at: Millis
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Search:
    """A filter for the store, and the conditions that the store's filter language cannot express."""

    where: dict[str, object]
    fits: Callable[[Post], bool] | None


class CatalogReading:
    """Every method takes the reader: brand members and creators see the posts of their publisher, nothing else."""

    def __init__(self, stores: Stores, jobs: Jobs) -> None:
        self._stores = stores
        self._jobs = jobs

    def get(self, actor: Account, id: str) -> Post:
        """The post. Raises NotFound also when it is another publisher's."""
        actor.require(*READERS)
        post = self._stores.posts.get(id)
        if actor.role in PUBLISHING_ROLES and post.publisher != actor.publisher:
            raise NotFound(f"no post {id!r}", field="id", value=id)
        return post

    def find(
        self,
        actor: Account,
        *,
        text: str = "",
        statuses: Sequence[PostStatus] = (),
        kinds: Sequence[PostKind] = (),
        tags: Sequence[str] = (),
        publisher: str | None = None,
        order: str = "updated_at",
        descending: bool = True,
        cursor: str | None = None,
        limit: int = 24,
    ) -> Page[Post]:
        """Posts that hold every word of `text` and every tag, in one of the statuses and kinds (none given: any).

        `order` is one of ORDERS; `cursor` continues a page that was got with the same arguments. Raises InvalidInput.
        """
        if order not in ORDERS:
            raise InvalidInput("order", order, f"one of {', '.join(ORDERS)}")
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInput("limit", limit, f"1 to {MAX_LIMIT}")
        search = self._search(actor, text, kinds, tags, publisher)
        where = search.where | ({"status": {"in": list(statuses)}} if statuses else {})
        found: list[Post] = []
        while True:
            # Each store page is used up whole, so its cursor is exactly where the next page must start.
            page = self._stores.posts.find(
                where, order=order, descending=descending, limit=limit - len(found), cursor=cursor
            )
            found += page.items if search.fits is None else filter(search.fits, page.items)
            cursor = page.cursor
            if cursor is None or len(found) >= limit:
                return Page(found, cursor)

    def counts(
        self,
        actor: Account,
        *,
        text: str = "",
        kinds: Sequence[PostKind] = (),
        tags: Sequence[str] = (),
        publisher: str | None = None,
    ) -> dict[PostStatus, int]:
        """How many posts fit in each status, 0 included; the arguments are those of `find`."""
        search = self._search(actor, text, kinds, tags, publisher)
        counts = dict.fromkeys(PostStatus, 0)
        if search.fits is None:
            return counts | {
                PostStatus(status): count
                for status, count in self._stores.posts.group_counts("status", search.where).items()
            }
        for post in self._stores.posts.each(search.where):
            counts[post.status] += search.fits(post)
        return counts

    def totals(self, actor: Account, id: str) -> PostTotals:
        """What viewers did with a post so far; all zero when nothing is known."""
        post = self.get(actor, id)
        return self._stores.post_totals.find_one(post.id) or PostTotals(id=post.id)

    def totals_of(self, actor: Account, ids: Sequence[str]) -> dict[str, PostTotals]:
        """Totals of several posts of a page that `find` gave, by id; posts without any are left out."""
        actor.require(*READERS)
        if actor.role in PUBLISHING_ROLES:
            posts = self._stores.posts.get_many(list(ids))
            ids = [post.id for post in posts.values() if post.publisher == actor.publisher]
        return self._stores.post_totals.get_many(list(ids))

    def several(self, actor: Account, ids: Sequence[str]) -> dict[str, Post]:
        """Those of these posts that the account may read, by id."""
        actor.require(*READERS)
        own = actor.publisher if actor.role in PUBLISHING_ROLES else None
        found = self._stores.posts.get_many(list(ids))
        return {id: post for id, post in found.items() if own in (None, post.publisher)}

    def reach(self, actor: Account, publisher: str | None = None) -> PostTotals:
        """The totals of all posts of a publisher together; a brand member or creator always gets their own."""
        actor.require(*READERS)
        owner = actor.publisher if actor.role in PUBLISHING_ROLES else publisher
        counts: Counter[str] = Counter()
        seconds, revenue = 0.0, 0
        ids = [post.id for post in self._stores.posts.each({} if owner is None else {"publisher": owner})]
        for start in range(0, len(ids), _BATCH):
            for totals in self._stores.post_totals.get_many(ids[start : start + _BATCH]).values():
                counts.update(totals.counts)
                seconds += totals.watch_seconds
                revenue += totals.revenue_minor
        return PostTotals(id=owner or "", counts=dict(counts), watch_seconds=seconds, revenue_minor=revenue)

    def progress(self, actor: Account, id: str) -> Job | None:
        """The newest piece of background work on a post, for a progress bar."""
        return self._jobs.latest(self.get(actor, id).id)

    def comments(self, actor: Account, id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Comment]:
        """Viewers' comments on a post that are visible, newest first."""
        where = {"post": self.get(actor, id).id, "visible": True}
        return self._stores.comments.find(where, order="created_at", descending=True, limit=limit, cursor=cursor)

    def timeline(self, actor: Account, id: str) -> tuple[TimelineLine, ...]:
        """A post's life, oldest first. Publishers read "a moderator" instead of the moderator's name."""
        post = self.get(actor, id)
        names = self._names(actor, {line.by for line in post.history})
        lines = tuple(
            TimelineLine(status=line.status, at=line.at, by=names[line.by], note=line.note) for line in post.history
        )
        if lines and lines[0].status is PostStatus.DRAFT:
            return lines
        author = self._names(actor, {post.author})[post.author]
        return (TimelineLine(status=PostStatus.DRAFT, at=post.created_at, by=author), *lines)

    def suggest_tags(self, actor: Account, text: str, *, chosen: Sequence[str] = (), limit: int = 5) -> list[Tag]:
        """Active tags that `text` speaks of and that are not `chosen` yet; never applied by themselves."""
        actor.require(*READERS)
        active = self._stores.tags.each({"status": TagStatus.ACTIVE})
        return suggest(text, (tag for tag in active if tag.id not in chosen), limit=limit)

    def publisher_names(self, actor: Account) -> dict[str, str]:
        """Names of the publishers whose posts this account may read, by id."""
        actor.require(*READERS)
        if actor.role in PUBLISHING_ROLES:
            found = self._stores.publishers.find_one(actor.publisher or "")
            return {found.id: found.name} if found else {}
        return {publisher.id: publisher.name for publisher in self._stores.publishers.each(order="name")}

    def _names(self, actor: Account, ids: set[str]) -> dict[str, str]:
        accounts = self._stores.accounts.get_many(sorted(ids))

        def name(who: str) -> str:
            account = accounts.get(who)
            if account is None:
                return _OTHERS.get(who, "the app")
            if actor.role in PUBLISHING_ROLES and account.role not in PUBLISHING_ROLES:
                return f"a {account.role.label}" if account.role is not Role.ADMINISTRATOR else "an administrator"
            return account.name

        return {who: name(who) for who in ids}

    def _search(
        self, actor: Account, text: str, kinds: Sequence[PostKind], tags: Sequence[str], publisher: str | None
    ) -> _Search:
        actor.require(*READERS)
        if actor.role in PUBLISHING_ROLES:
            publisher = actor.publisher
        where: dict[str, object] = {}
        if publisher is not None:
            where["publisher"] = publisher
        if kinds:
            where["kind"] = {"in": list(kinds)}
        words = sorted(set(fold(text).split()), key=lambda word: (-len(word), word))
        if words:
            where["search_text"] = {"contains": words[0]}
        wanted = self._rarest_first(where, tags)
        if wanted:
            where["tags"] = {"has": wanted[0]}
        if len(words) <= 1 and len(wanted) <= 1:
            return _Search(where, None)

        def fits(post: Post) -> bool:
            return all(word in post.search_text for word in words[1:]) and set(wanted) <= set(post.tags)

        return _Search(where, fits)

    def _rarest_first(self, where: Mapping[str, object], tags: Sequence[str]) -> list[str]:
        """The store can ask for one tag only; ask for the rarest, so that the fewest posts are read for the others."""
        unique = list(dict.fromkeys(tags))
        if len(unique) < 2:
            return unique
        return sorted(unique, key=lambda tag: self._stores.posts.count({**where, "tags": {"has": tag}}))
