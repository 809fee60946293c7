"""Which arm a viewer is in: layers, holdout, targeting, exposure, variant. Pure, and the same in every process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.domain.errors import InvalidInput
from core.domain.experiment import Experiment, Targeting
from core.statistics.bucketing import cumulative, exposed, point, variant

HOLDOUT_SALT = "feedroom/holdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What targeting may ask of a viewer."""

    segment: str = ""
    region: str = ""
    platform: str = ""
    newcomer: bool | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """An arm by index and name; `counted` is False for testers who were put there by hand."""

    experiment: str
    arm: int
    name: str
    counted: bool = True


NOBODY = Attributes()


def in_holdout(viewer: str, share: float) -> bool:
    """True for the share of viewers who see no experiment at all; it is asked first."""
    return point(viewer, HOLDOUT_SALT) < share


def fits(targeting: Targeting, attributes: Attributes) -> bool:
    """True if the viewer belongs to those who are asked."""
    return (
        (not targeting.segments or attributes.segment in targeting.segments)
        and (not targeting.regions or attributes.region in targeting.regions)
        and (not targeting.platforms or attributes.platform in targeting.platforms)
        and (targeting.newcomers is None or attributes.newcomer is targeting.newcomers)
    )


def assign(
    experiment: Experiment, viewer: str, attributes: Attributes = NOBODY, *, holdout: float = 0.0
) -> Assigned | None:
    """The viewer's arm, or None for who does not take part.

    In order: testers, holdout, layer range, targeting, exposure, variant. Layer, exposure and variant use independent hashes:
    raising the exposure only adds viewers, and changing it never moves anybody to another arm.
    """
    if (name := experiment.overrides.get(viewer)) is not None:
        return Assigned(
            experiment.id, next(i for i, arm in enumerate(experiment.arms) if arm.name == name), name, False
        )
    if experiment.holdout and holdout > 0 and in_holdout(viewer, holdout):
        return None
    if not experiment.lower <= point(viewer, f"layer/{experiment.layer}") < experiment.upper:
        return None
    if not fits(experiment.targeting, attributes) or not exposed(viewer, experiment.salt, experiment.exposure):
        return None
    arm = variant(viewer, experiment.salt, _sums(tuple(arm.weight for arm in experiment.arms)))
    return Assigned(experiment.id, arm, experiment.arms[arm].name)


@lru_cache(maxsize=1_024)
def _sums(weights: tuple[float, ...]) -> tuple[float, ...]:
    return cumulative(weights)


def free_range(experiments: Iterable[Experiment], layer: str) -> list[tuple[float, float]]:
    """Ranges of a layer that no given experiment holds, in order."""
    taken = sorted((e.lower, e.upper) for e in experiments if e.layer == layer)
    free, at = [], 0.0
    for lower, upper in taken:
        if lower > at:
            free.append((at, lower))
        at = max(at, upper)
    return [*free, (at, 1.0)] if at < 1 else free


def check_layer(experiment: Experiment, others: Sequence[Experiment]) -> None:
    """Raise InvalidInput naming the experiment whose range overlaps this one's in the same layer."""
    for other in others:
        same_layer = other.id != experiment.id and other.layer == experiment.layer
        if same_layer and experiment.lower < other.upper and other.lower < experiment.upper:
            raise InvalidInput(
                "range",
                (experiment.lower, experiment.upper),
                f"overlaps {other.name!r} ({other.lower:g} to {other.upper:g}) in layer {experiment.layer}",
            )
