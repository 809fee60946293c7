"""Notices: what the machine has done or found that a person should know of, until they put it away."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.account import Role
from core.domain.ids import Millis


class Tone(StrEnum):
    """How urgent a notice is: `ALARM` asks for a decision, `WARNING` for a look, `INFO` for nothing."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened. `title` says what, `text` why and what follows; `page` and `query` lead to where it can be
    dealt with.

    `roles` are those who are told, administrators always; `dismissed` are the accounts that have put it away.
    """

    id: str
    version: int = 1
    tone: Tone = Tone.INFO
    title: str
    text: str = ""
    page: str = ""
    query: dict[str, str] = field(default_factory=dict)
    roles: tuple[Role, ...] = ()
    dismissed: tuple[str, ...] = ()
    created_at: Millis = 0
