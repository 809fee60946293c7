"""Models of taste: immutable versions, how good each was on what it had not seen, and which one is in force."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.errors import InvalidInput
from core.domain.ids import Millis

MARGIN = 0.05
"""A model may be this part of the other's rate below it, at the lower end of the interval, and still goes out by itself."""
MAX_WHY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """An estimate and its 95% interval, as fractions."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuality:
    """How often the next post that a viewer took to was among the first `first`, on acts after `since` that training had not seen.

    `over_popularity` and `over_in_force` are differences, paired by viewer. What could not be measured is None: a log that is
    too short, no model in force, or one that has seen the held-out acts. `sentence` says all of it in words.
    """

    first: int = 10
    since: Millis = 0
    viewers: int = 0
    acts: int = 0
    model: Rate | None = None
    popularity: Rate | None = None
    in_force: Rate | None = None
    compared_with: str = ""
    over_popularity: Rate | None = None
    over_in_force: Rate | None = None
    sentence: str = ""

    @property
    def good_enough(self) -> bool:
        """Whether it may go out by itself: measured, and not worse by more than MARGIN than popularity and the model in force."""
        if not _holds(self.over_popularity, self.popularity):
            return False
        return not self.compared_with or _holds(self.over_in_force, self.in_force)


def _holds(difference: Rate | None, other: Rate | None) -> bool:
    return difference is not None and other is not None and difference.low >= -MARGIN * other.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One trained model. `offset` and `data_through` are the last event of the log it learned from; `events` counts all it read.

    The files lie in the object store under `prefix`; `sha256` is that of their manifest, which names the others'.
    """

    id: str
    version: int = 1
    number: int
    kind: str = "neighbours"
    method: str = ""
    data_from: Millis = 0
    data_through: Millis = 0
    offset: int = 0
    events: int = 0
    viewers: int = 0
    posts: int = 0
    interactions: int = 0
    segments: int = 0
    quality: ModelQuality
    prefix: str
    bytes: int
    sha256: str
    seconds: float = 0.0
    created_by: str
    created_at: Millis
    updated_at: Millis = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPublish:
    """One line of the history of what was in force; ids are consecutive numbers, so that two at once cannot both be next.

    `model` is "" where none was put in force; `parent` is the line that rolling this one back returns to, "" for none.
    """

    id: str
    version: int = 1
    model: str
    parent: str = ""
    rolled_back: str = ""
    by: str
    by_name: str = ""
    why: str = ""
    at: Millis

    def __post_init__(self) -> None:
        if len(self.why) > MAX_WHY:
            raise InvalidInput("why", self.why, f"at most {MAX_WHY} characters")


def publish_id(number: int) -> str:
    """`publish_id(7) == "00000007"`: sorts as it counts."""
    return f"{number:08d}"
