"""The audit trail: who did what to which thing, appended and never changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One act. `action` is a dotted verb such as `post.withdraw`; `subject` the id it was done to."""

    id: str
    version: int = 1
    actor: str
    actor_name: str = ""
    action: str
    subject: str
    detail: dict[str, str] = field(default_factory=dict)
    at: Millis
