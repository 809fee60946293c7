"""Which arm a viewer is in: layers, holdout, targeting, exposure, variant. Pure, and the same in every process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


class Assigner:
    """Answers for one experiment as it stands; what does not depend on the viewer is worked out once.

    In order: testers, holdout, layer range, targeting, exposure, variant. Layer, exposure and variant use independent hashes:
    raising the exposure only adds viewers, and never moves anybody to another arm. Hashes are what an answer costs (about
    1 µs each), so those that cannot change it are not computed.
    """

    __slots__ = (
        "_answers",
        "_everybody",
        "_exposure",
        "_holdout",
        "_layer",
        "_sums",
        "_testers",
        "_whole",
        "experiment",
    )

    def __init__(self, experiment: Experiment, holdout: float = 0.0) -> None:
        self.experiment = experiment
        self._holdout = holdout if experiment.holdout else 0.0
        self._layer = f"layer/{experiment.layer}"
        self._whole = experiment.lower == 0.0 and experiment.upper == 1.0
        self._everybody = experiment.targeting == Targeting()
        self._exposure = experiment.exposure
        self._sums = cumulative([arm.weight for arm in experiment.arms])
        self._answers = [Assigned(experiment.id, i, arm.name) for i, arm in enumerate(experiment.arms)]
        by_name = {arm.name: Assigned(experiment.id, i, arm.name, False) for i, arm in enumerate(experiment.arms)}
        self._testers = {viewer: by_name[name] for viewer, name in experiment.overrides.items()}

    def __call__(self, viewer: str, attributes: Attributes = NOBODY) -> Assigned | None:
        """The viewer's arm, or None for who does not take part."""
        if self._testers and viewer in self._testers:
            return self._testers[viewer]
        if self._holdout > 0 and in_holdout(viewer, self._holdout):
            return None
        experiment = self.experiment
        if not self._whole and not experiment.lower <= point(viewer, self._layer) < experiment.upper:
            return None
        if not self._everybody and not fits(experiment.targeting, attributes):
            return None
        if self._exposure < 1.0 and not exposed(viewer, experiment.salt, self._exposure):
            return None
        return self._answers[variant(viewer, experiment.salt, self._sums)]


def assign(
    experiment: Experiment, viewer: str, attributes: Attributes = NOBODY, *, holdout: float = 0.0
) -> Assigned | None:
    """One answer; see `Assigner`, which is quicker for many."""
    return Assigner(experiment, holdout)(viewer, attributes)


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
