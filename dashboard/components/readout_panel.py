"""The results page of an experiment, part by part, in the order in which they should be read."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Experiment, ExperimentState
from core.statistics.report import ArmReport, Report
from core.statistics.verdict import Action
from core.statistics.words import p_in_words
from dashboard import formatting
from dashboard.components.effect_charts import forest, lift_by_day, word
from dashboard.components.experiment_arms import arms_in_words
from dashboard.components.experiment_ramp import ramp_line, ramp_steps
from dashboard.context import services
from dashboard.literal import literal

_TONE = {
    Action.SHIP: st.success,
    Action.STOP: st.error,
    Action.ROLL_BACK: st.error,
    Action.BLOCKED: st.error,
    Action.KEEP_RUNNING: st.info,
    Action.NO_EFFECT: st.info,
    Action.CANNOT_SAY: st.warning,
}
_STATE_COLOUR = {
    ExperimentState.RAMPING: "blue",
    ExperimentState.RUNNING: "green",
    ExperimentState.PAUSED: "orange",
    ExperimentState.DECIDED: "gray",
}


def state_badge(state: ExperimentState) -> None:
    """The state as a coloured word."""
    st.badge(state.label, color=_STATE_COLOUR.get(state, "gray"))  # type: ignore[arg-type]


def verdict(arm: ArmReport) -> None:
    """The one sentence."""
    _TONE[arm.verdict.action](f"**{literal(arm.name[:1].upper() + arm.name[1:])}.** {arm.verdict.sentence}")


def trust_strip(found: Report) -> None:
    """Was the split right, has anybody been in two arms, is a week full?"""
    trust, week = found.trust, found.full_days
    split, crossed, days = st.columns(3)
    counts = " / ".join(formatting.number(n) for n in trust.observed)
    with split.container(border=True, height="stretch"):
        st.markdown(
            "**Split** "
            + ("not as planned" if trust.alarm else "as planned" if sum(trust.observed) else "no viewers yet")
        )
        expected = " / ".join(formatting.number(n) for n in trust.expected)
        tested = (
            ""
            if math.isnan(trust.p_value)
            else f", {p_in_words(trust.p_value)} (at any time: {p_in_words(trust.anytime_p)})"
        )
        st.caption(f"{counts} viewers, expected {expected}{tested}")
    with crossed.container(border=True, height="stretch"):
        st.markdown("**Seen in two arms**")
        st.caption(f"{formatting.plural(trust.crossovers, 'viewer')}; they count in their first arm")
    with days.container(border=True, height="stretch"):
        st.markdown("**Full days**")
        st.caption(f"{week} of at least 7 before anything is shipped; harm needs no minimum")


def one_sentence(found: Report) -> str:
    """The verdict of the whole experiment, or why there is none yet."""
    if found.trust.alarm:
        return found.arms[0].verdict.sentence
    return "  \n".join(
        (f"**{literal(arm.name)}.** " if len(found.arms) > 1 else "") + arm.verdict.sentence for arm in found.arms
    )


def progress(found: Report) -> None:
    """Viewers against the plan, precision against the target, and the ramp's step."""
    experiment = found.experiment
    seen = sum(found.trust.observed)
    left = (
        f", about {formatting.plural(max(1, math.ceil(found.days_left)), 'day')} to go"
        if math.isfinite(found.days_left) and found.progress < 1 and experiment.live
        else ""
    )
    st.progress(
        found.progress, f"{formatting.number(seen)} of {formatting.number(found.planned)} planned viewers{left}"
    )
    if experiment.plan is not None and not found.trust.alarm:
        goal = found.arms[0].readings.get(experiment.plan.metric)
        now = (goal.anytime.interval.upper - goal.anytime.interval.lower) / 2 if goal else math.nan
        if math.isfinite(now) and now > 0:
            wanted = abs(experiment.plan.effect)
            said = (
                f"Precision: ±{formatting.percent(now)} now; the plan asks for a change of {formatting.percent(wanted)}"
            )
            st.progress(min(1.0, wanted / now), said)
    st.caption(ramp_line(experiment))


def effects(arm: ArmReport) -> None:
    """All metrics at a glance."""
    st.subheader("Effects")
    readings = list(arm.readings.values())
    if all(math.isnan(r.used.relative) for r in readings):
        st.info("No effect can be estimated yet. Effects show here once both arms have viewers with events.")
        return
    st.plotly_chart(forest(readings), key=f"forest-{arm.arm}")
    st.caption(
        "Thick bars are 95% intervals for one look at the planned end; dotted ones hold at every look. "
        "The shaded part up to a red tick is the margin of a guardrail."
    )


def lift(found: Report, arm: ArmReport) -> None:
    """The goal over time; the slider replays what earlier looks would have said."""
    st.subheader("Lift so far")
    if not any(not math.isnan(look.interval.lower) for look in arm.goal_looks):
        st.info("The lift by day shows here after the first day with enough events.")
        return
    last = len(found.days) - 1
    upto = st.slider("Replay up to day", 1, last + 1, last + 1, key=f"replay-{arm.arm}") - 1 if last > 0 else 0
    look = arm.goal_looks[upto]
    if not math.isnan(look.interval.lower):
        clear = "excludes no change" if look.interval.excludes(0) else "includes no change"
        st.caption(
            f"On day {upto + 1}: {look.estimate:+.1%} ({look.interval.lower:+.1%} to {look.interval.upper:+.1%}), which {clear}"
        )
    chart = lift_by_day(
        arm.goal_looks, found.days, upto=upto, crossed=arm.verdict.crossed, phases=found.experiment.phases
    )
    st.plotly_chart(chart, key=f"lift-{arm.arm}")


def segments(me: Account, found: Report, arm: ArmReport) -> None:
    """The goal by segment: collapsed, corrected for their number, exploratory."""
    goal = found.experiment.metrics[0]
    with st.expander("Segments (exploratory)"):
        readings = services().readouts.segments(me, found.experiment.id, goal.name, arm.arm)
        rows = [
            {
                "Segment": name,
                "Viewers": sum(reading.viewers),
                "Change": reading.used.relative * 100,
                "From": reading.anytime.interval.lower * 100,
                "To": reading.anytime.interval.upper * 100,
                "Says": word(reading),
            }
            for name, reading in readings.items()
        ]
        percent = st.column_config.NumberColumn(format="%.1f %%")
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, column_config=dict.fromkeys(("Change", "From", "To"), percent)
        )
        st.caption(
            f"{goal.name}, with intervals widened for {formatting.plural(len(rows), 'segment')}. Never a verdict."
        )


def cautions(me: Account, experiment: Experiment) -> None:
    """What a short test cannot show of these arms."""
    try:
        found = services().viewer_readouts.cautions(me, experiment.id)
    except CallerError:
        return
    for name, sentences in found.items():
        said = "\n".join(f"- {literal(one)}" for one in sentences)
        st.warning(f"**What a short test cannot show** ({literal(name)})\n{said}", icon=":material/hourglass_top:")


def rest(me: Account, found: Report) -> None:
    """What is the same for all arms: the ramp, what they are, phases, testers."""
    experiment = found.experiment
    with st.expander("Ramp, arms and who takes part"):
        ramp_steps(experiment)
        st.markdown("**What differs between the arms**")
        arms_in_words(me, experiment)
        st.markdown("**Who takes part**")
        st.write(who(experiment))


def who(experiment: Experiment) -> str:
    """Targeting, range and testers, as sentences."""
    asked = experiment.targeting
    parts = [f"{experiment.lower:.0%} to {experiment.upper:.0%} of the viewers of layer {literal(experiment.layer)}"]
    for label, names in (("segment", asked.segments), ("region", asked.regions), ("platform", asked.platforms)):
        if names:
            parts.append(f"{label} {literal(', '.join(names))}")
    if asked.newcomers is not None:
        parts.append("new viewers only" if asked.newcomers else "returning viewers only")
    testers = (
        f" {formatting.plural(len(experiment.overrides), 'tester')} see an arm without being counted."
        if experiment.overrides
        else ""
    )
    return ", ".join(parts) + "." + testers
