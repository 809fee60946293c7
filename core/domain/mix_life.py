"""The life of a mix: the line of publishes that says which version is in force, and the draft a person works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from core.domain.ids import Millis

MAX_WHY = 500
MAX_NAME = 80
MAX_NOTE = 500

Value: TypeAlias = float | list[tuple[int, str]] | None
"""One setting as it was typed: a number, None for "not set", or the pins as (position, post)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixPublish:
    """One line of the history of what was in force, never changed; the last one says what is.

    Ids are consecutive numbers (`00000012`), so that of two people who publish at once only one can be next. `came_from` is the
    version that was in force before; `parent` is the line that rolling this one back returns to, "" for the mix that Feedroom
    started with.
    """

    id: str
    version: int = 1
    policy: str
    came_from: str
    parent: str = ""
    rolled_back: bool = False
    by: str
    by_name: str
    why: str
    at: Millis

    @property
    def number(self) -> int:
        """Its place in the history, from 1."""
        return int(self.id)


def publish_id(number: int) -> str:
    """The id of line `number`; ids sort as their numbers do."""
    return f"{number:08}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftStep:
    """The draft's values and base before one change, for undo."""

    base: str
    values: dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixDraft:
    """What one account has typed and not yet saved as a version; the id is the account's.

    `values` are the settings that differ from version `base`, by field (see `core.domain.mix_fields`); base "" is whatever version
    is in force, as long as nothing is typed. Values are kept as typed, also where they cannot be: nothing a person has typed is
    lost. `steps` undo the last changes, newest last.
    """

    id: str
    version: int = 1
    base: str
    values: dict[str, Value]
    steps: tuple[DraftStep, ...] = ()
    updated_at: Millis = 0
