"""The audit trail: appended by every service that changes something, read by administrators."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from core.domain.account import Account, Role
from core.domain.audit import AuditLine
from core.domain.collection import Page
from core.domain.errors import Duplicate
from core.domain.ids import Millis, new_id
from core.services.stores import Stores

MACHINE = "feedroom"
"""The actor of what the machine does by itself."""


class Audit:
    """Append and read; nothing here changes or deletes."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def record(self, actor: Account | None, action: str, subject: str, *, now: Millis, **detail: str) -> AuditLine:
        """Append one line; `actor` None is the machine. `action` is a dotted verb such as `post.withdraw`."""
        return self._stores.audit.insert(_line(new_id(now), actor, action, subject, now, detail))

    def record_first(
        self, actor: Account, action: str, subject: str, *, turn: int, now: Millis, **detail: str
    ) -> AuditLine:
        """The line of an act that the caller does next, so that the act never stands without it; a retry finds the line there.

        `turn` is the version or revision of the subject that the act changes. If a crash or a quicker colleague prevents the act
        after all, its line stays and says what was decided.
        """
        act = msgspec.json.encode([actor.id, action, subject, turn, sorted(detail.items())])
        id = blake2b(act, digest_size=16).hexdigest()
        try:
            return self._stores.audit.insert(_line(id, actor, action, subject, now, detail))
        except Duplicate:
            return self._stores.audit.get(id)

    def find(
        self,
        actor: Account,
        *,
        subject: str | None = None,
        by: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[AuditLine]:
        """Lines, newest first, about one subject, by one account (or MACHINE), or everything.

        Moderators see those of posts they review.
        """
        actor.require(Role.ADMINISTRATOR, *((Role.MODERATOR,) if subject else ()))
        where = {name: value for name, value in (("subject", subject), ("actor", by)) if value}
        return self._stores.audit.find(where or None, order="at", descending=True, limit=limit, cursor=cursor)


def _line(id: str, actor: Account | None, action: str, subject: str, now: Millis, detail: dict[str, str]) -> AuditLine:
    return AuditLine(
        id=id,
        actor=actor.id if actor else MACHINE,
        actor_name=actor.name if actor else "Feedroom",
        action=action,
        subject=subject,
        detail=detail,
        at=now,
    )
