"""Experiments in the feed: under whose policy a viewer is served, and the record that they met it."""

from __future__ import annotations

from msgspec.structs import replace

from core.domain.errors import InvalidInput, ServiceError
from core.domain.experiment import Experiment
from core.domain.ids import Millis
from core.services import feed_metrics as metrics
from core.services.assignments import TOPIC, Assignments
from core.services.feed_models import FeedModels
from core.services.feed_policies import Policies
from core.services.feed_request import PageRequest
from core.services.served_log import ServedLog
from core.statistics.assignment import Attributes


class FeedArms:
    """Never raises: experiments that cannot be looked up leave the policy in force."""

    def __init__(
        self, assignments: Assignments, policies: Policies, log: ServedLog, models: FeedModels | None = None
    ) -> None:
        self._assignments, self._policies, self._log, self._models = assignments, policies, log, models

    def applied(self, asked: PageRequest, version: int | None, *, now: Millis) -> PageRequest:
        """The same request under the policy and the model of the viewer's arm, as of this version of the signal `experiments`.

        While a model that an experiment compares is still being fetched, none of its arms counts: the control would be served
        and the treatment not.
        """
        attributes = Attributes(
            segment=asked.segment, region=asked.region, platform=asked.platform, newcomer=asked.newcomer
        )
        try:
            arms = tuple(
                (experiment, arm)
                for experiment, arm in self._assignments.of(asked.viewer, attributes, now=now, version=version)
                if any(one.policy or one.model for one in experiment.arms) and self._served_by_all(experiment, now)
            )
            chosen = next((e.arms[arm.arm].policy for e, arm in arms if e.arms[arm.arm].policy), None)
            chosen = chosen or self._assignments.kept_policy(asked.viewer, now=now, version=version)
            policy = self._policies.resolve(chosen) if chosen else asked.policy
            named = next((e.arms[arm.arm].model for e, arm in arms if e.arms[arm.arm].model), None)
            model = self._models.named(named, now=now) if named and self._models is not None else None
        except (ServiceError, InvalidInput):
            metrics.DEGRADED.labels("experiments").inc()
            return asked
        if not arms and policy is asked.policy:
            return asked
        return replace(asked, policy=policy, arms=arms, model=model)

    def _served_by_all(self, experiment: Experiment, now: Millis) -> bool:
        """Whether this process can serve every model that the experiment names; asks for those that are missing."""
        if (names := [arm.model for arm in experiment.arms if arm.model]) and self._models is None:
            return False
        found = [self._models.named(name, now=now) for name in names if self._models is not None]  # asks for each
        return None not in found

    def expose(self, asked: PageRequest, *, now: Millis) -> None:
        """Write down, soon, that the viewer met arms that could change the page."""
        if not asked.arms:
            return
        for event in self._assignments.exposures(asked.viewer, asked.arms, segment=asked.segment, now=now):
            if not self._log.put(TOPIC, event):
                self._assignments.forget(event)
