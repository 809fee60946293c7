"""Experiments in the feed: under whose policy a viewer is served, and the record that they met it."""

from __future__ import annotations

from dataclasses import replace

from core.domain.errors import InvalidInput, ServiceError
from core.domain.ids import Millis
from core.services import feed_metrics as metrics
from core.services.assignments import TOPIC, Assignments
from core.services.feed_policies import Policies
from core.services.feed_request import Asked
from core.services.served_log import ServedLog
from core.statistics.assignment import Attributes


class FeedArms:
    """Never raises: experiments that cannot be looked up leave the policy in force."""

    def __init__(self, assignments: Assignments, policies: Policies, log: ServedLog) -> None:
        self._assignments, self._policies, self._log = assignments, policies, log

    def applied(self, asked: Asked, *, now: Millis) -> Asked:
        """The same request under the policy of the viewer's arm."""
        attributes = Attributes(segment=asked.segment, region=asked.region)
        try:
            arms = tuple(
                (experiment, arm)
                for experiment, arm in self._assignments.of(asked.viewer, attributes, now=now)
                if any(one.policy for one in experiment.arms)
            )
            chosen = next((e.arms[arm.arm].policy for e, arm in arms if e.arms[arm.arm].policy), None)
            policy = self._policies.resolve(chosen) if chosen else asked.policy
        except (ServiceError, InvalidInput):
            metrics.DEGRADED.labels("experiments").inc()
            return asked
        return replace(asked, policy=policy, arms=arms)

    def expose(self, asked: Asked, *, now: Millis) -> None:
        """Write down, soon, that the viewer met arms that could change the page."""
        if not asked.arms:
            return
        for event in self._assignments.exposures(asked.viewer, asked.arms, segment=asked.segment, now=now):
            self._log.put(TOPIC, event)
