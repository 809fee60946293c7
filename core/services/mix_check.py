"""Rules that cannot be kept together on any page, told before they are saved."""

from __future__ import annotations

from typing import Final

from core.domain.mix import MixPolicy
from core.domain.mix_fields import Refusal
from core.feed.relaxation import contradictions

SIZE: Final = 20
"""The slots of the page that rules are checked and tried on: what the API serves unless it is asked for another size."""


def impossible(policy: MixPolicy, size: int = SIZE) -> tuple[Refusal, ...]:
    """What contradicts what, by field, with the least change that makes it possible; empty if a page can keep every rule."""
    return tuple(Refusal(found.field, found.message, found.remedy) for found in contradictions(policy, size))
