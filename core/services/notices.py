"""Notices in the console: the machine tells, people read and put away."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Duplicate, NotFound
from core.domain.ids import DAY, Millis
from core.domain.notice import Notice, Tone
from core.services.stores import Stores

KEPT: Millis = 30 * DAY
"""Older notices are no longer shown; what happened stays in the audit trail."""
_TRIES = 8


class Notices:
    """`tell` is for the machine; `unread`, `dismiss` and `dismiss_all` are for whoever is told."""

    def __init__(self, stores: Stores) -> None:
        self._notices = stores.notices

    def tell(
        self,
        id: str,
        title: str,
        text: str = "",
        *,
        roles: tuple[Role, ...],
        tone: Tone = Tone.INFO,
        page: str = "",
        query: Mapping[str, str] | None = None,
        now: Millis,
    ) -> Notice | None:
        """Tell everybody with one of these roles. The id says what happened: told again with it, nothing is added (None)."""
        notice = Notice(
            id=id, tone=tone, title=title, text=text, page=page, query=dict(query or {}), roles=roles, created_at=now
        )
        try:
            return self._notices.insert(notice)
        except Duplicate:
            return None

    def unread(self, actor: Account, *, now: Millis, limit: int = 20) -> list[Notice]:
        """What this account is told and has not put away, newest first."""
        found: list[Notice] = []
        cursor: str | None = None
        while len(found) < limit:
            where = {"created_at": {"gt": now - KEPT}}
            page = self._notices.find(where, order="created_at", descending=True, limit=100, cursor=cursor)
            found += [one for one in page.items if _is_told(actor, one) and actor.id not in one.dismissed]
            if (cursor := page.cursor) is None:
                break
        return found[:limit]

    def dismiss(self, actor: Account, id: str) -> None:
        """Put a notice away, for this account only. Raises NotFound if they were never told."""
        for attempt in range(_TRIES):
            notice = self._notices.get(id)
            if not _is_told(actor, notice):
                raise NotFound(f"there is no notice {id}")
            if actor.id in notice.dismissed:
                return
            try:
                self._notices.patch(id, {"dismissed": (*notice.dismissed, actor.id)}, expected_version=notice.version)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def dismiss_all(self, actor: Account, *, now: Millis) -> int:
        """Put everything away; returns how many there were."""
        unread = self.unread(actor, now=now, limit=1_000)
        for notice in unread:
            self.dismiss(actor, notice.id)
        return len(unread)


def _is_told(actor: Account, notice: Notice) -> bool:
    return actor.role is Role.ADMINISTRATOR or actor.role in notice.roles
