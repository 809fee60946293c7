"""The watch over everything launched: ramps go on when nothing speaks against it, harm stops at once, and people are told."""

from __future__ import annotations

from core.domain.account import Role
from core.domain.errors import Conflict
from core.domain.experiment import Experiment, ExperimentState, MetricRole
from core.domain.ids import Millis
from core.domain.notice import Tone
from core.services.experiment_metrics import ExperimentMetrics
from core.services.experiments import Experiments
from core.services.notices import Notices
from core.services.stores import Stores
from core.statistics.day_cube import DayCube
from core.statistics.guardrails import GuardrailState
from core.statistics.report import Report, report
from core.statistics.verdict import Action
from core.statistics.words import p_in_words

TOLD = (Role.PRODUCT_MANAGER,)


class Rollout:
    """What the worker calls every few seconds. Harmless when done twice: each notice has an id of what happened."""

    def __init__(self, stores: Stores, metrics: ExperimentMetrics, experiments: Experiments, notices: Notices) -> None:
        self._stores, self._metrics, self._experiments, self._notices = stores, metrics, experiments, notices

    def watch(self, *, now: Millis) -> list[tuple[Experiment, str]]:
        """Stop what does harm, hold what cannot be trusted, go on with the rest; returns what was done, for the log.

        A guardrail beyond its margin, a goal that became worse, or a wrong split stops exposure: all viewers get the control at
        once. A guardrail that is worse within its margin keeps a ramp at its step. A step that has lasted long enough is
        followed by the next, unless a person holds it.
        """
        done: list[tuple[Experiment, str]] = []
        states = [ExperimentState.RAMPING, ExperimentState.RUNNING]
        for experiment in list(self._stores.experiments.each({"state": {"in": states}})):
            try:
                act = self._look(experiment, now)
            except Conflict:
                continue  # a person has just changed it; the next look is seconds away
            if act is not None:
                done.append(act)
        return done

    def _look(self, experiment: Experiment, now: Millis) -> tuple[Experiment, str] | None:
        found = report(experiment, DayCube.of(experiment, self._metrics.cells(experiment.id)), now=now)
        if (reason := harm(found)) is not None:
            self._tell(experiment, "stopped", Tone.ALARM, f"Stopped: {experiment.name}", f"{reason} All viewers get the "
                       "default feed again. Roll it back, or start again as a new experiment.", now)  # fmt: skip
            return self._experiments.halt(experiment.id, reason, now=now), reason
        if any(arm.verdict.action is Action.SHIP for arm in found.arms):
            self._tell(
                experiment,
                "ship",
                Tone.INFO,
                f"Ready to decide: {experiment.name}",
                found.arms[0].verdict.sentence,
                now,
            )
        if not experiment.step_over(now) or experiment.holding:
            return None
        if (doubt := worse_within_margin(found)) is not None:
            self._tell(experiment, f"held-{len(experiment.phases)}", Tone.WARNING, f"Held at its step: {experiment.name}",
                       f"{doubt} The next step waits until that is cleared, or until you go on by hand.", now)  # fmt: skip
            return None
        advanced = self._experiments.advance(None, experiment.id, now=now)
        self._tell(advanced, f"step-{len(advanced.phases)}", Tone.INFO, f"Next step: {experiment.name}",
                   f"{advanced.exposure:.0%} of the viewers are exposed now.", now)  # fmt: skip
        return advanced, "next step of the ramp"

    def _tell(self, experiment: Experiment, what: str, tone: Tone, title: str, text: str, now: Millis) -> None:
        """Before it is done, so that whatever a crash interrupts is told all the same."""
        self._notices.tell(
            f"experiment-{what}-{experiment.id}", title, text, roles=TOLD, tone=tone, page="readout",
            query={"id": experiment.id}, now=now,
        )  # fmt: skip


def harm(found: Report) -> str | None:
    """Why exposure must stop, as a sentence; None if nothing says so."""
    if found.trust.alarm:
        p = min(found.trust.p_value, found.trust.anytime_p)
        return f"Viewers were not split as planned ({found.trust.where}, {p_in_words(p)})."
    for arm in found.arms:
        if arm.verdict.action in (Action.ROLL_BACK, Action.STOP):
            return f"{arm.name}: {arm.verdict.sentence}"
    return None


def worse_within_margin(found: Report) -> str | None:
    """Which guardrail moved the wrong way within its margin, as a sentence; None if none did."""
    for arm in found.arms:
        for reading in arm.readings.values():
            if reading.metric.role is MetricRole.GUARDRAIL and reading.guardrail is GuardrailState.HOLD:
                return f"{arm.name}: {reading.metric.name} moved the wrong way, within its margin."
    return None
