"""A publisher's reputation: the Beta posterior of "a post of theirs is fine" (Jøsang, Ismail 2002), and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from scipy.special import betaincinv

PRIOR_FINE: Final = 9.5
PRIOR_BAD: Final = 0.5
"""What is believed of a publisher nobody has judged: as if 10 posts had been looked at and 95% been fine. So a newcomer is shown in
full, one violation costs a newcomer about a fifth, and an established publisher next to nothing."""
POINT: Final = 0.1
"""The point of the posterior that decides: 90% certain that the share of fine posts is at least this."""
WORST: Final = 0.5
LEAST: Final = 0.5
"""The multiplier falls to LEAST when the lower bound falls to WORST: as many bad posts as good ones."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Mean of the posterior, its 10% and 90% points, and the multiplier of exposure."""

    mean: float
    low: float
    high: float
    multiplier: float


def standing(fine: float, violations: float) -> Standing:
    """Of faded counts. The multiplier never rises with violations and never falls with fine posts; 1 for a newcomer."""
    good, bad = PRIOR_FINE + fine, PRIOR_BAD + violations
    low, high = (float(betaincinv(good, bad, point)) for point in (POINT, 1 - POINT))
    over = (low - WORST) / (_newcomer() - WORST)
    return Standing(good / (good + bad), low, high, LEAST + (1 - LEAST) * min(1.0, max(0.0, over)))


def clean_posts_needed(fine: float, violations: float, most: int = 500) -> int:
    """How many more posts must be found fine until the multiplier is 1 again; `most` stands for that many or more."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if standing(fine + middle, violations).multiplier >= 1.0 - 1e-9:
            high = middle
        else:
            low = middle + 1
    return low


@lru_cache(maxsize=1)
def _newcomer() -> float:
    return float(betaincinv(PRIOR_FINE, PRIOR_BAD, POINT))
