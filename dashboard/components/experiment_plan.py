"""Planning on the page: what a number of viewers finds, and on which day they will have come."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Experiment, MetricRole, Plan, Rule
from core.services.planning import DayAhead, Past, Wanted, ahead, planned
from dashboard.components.effect_charts import ACCENT, QUIET
from dashboard.components.told import tell_later
from dashboard.context import clock, services
from dashboard.formatting import number, percent
from dashboard.messages import sentence

SHOWN = 56
_RULES = {
    Rule.SEQUENTIAL: "Stop as soon as it is clear",
    Rule.HYBRID: "Half to stop early, half for the planned end",
}


def experiment_plan(me: Account, experiment: Experiment) -> None:
    """Choose effect, α and power; see viewers, days and the curve; keep the plan."""
    st.subheader("Plan")
    goals = [metric for metric in experiment.metrics if metric.role is MetricRole.GOAL]
    with st.grid(5, min_column_width=170, gap="small"):
        goal = st.selectbox("Goal metric", goals, format_func=lambda metric: metric.name, key="plan_metric")
        effect = st.number_input("Smallest change to find, %", 0.1, 500.0, 5.0, 0.5, key="plan_effect") / 100
        alpha = st.number_input("False alarms, α in %", 0.1, 20.0, 5.0, 0.5, key="plan_alpha") / 100
        power = st.number_input("Power, %", 50.0, 99.0, 80.0, 1.0, key="plan_power") / 100
        eligible = st.number_input(
            "Viewers who fit, %", 0.1, 100.0, 100.0, 1.0, key="plan_eligible",
            help="The share that segments, regions and platforms let in",
        ) / 100  # fmt: skip
    rule = st.segmented_control(
        "Looking", list(_RULES), default=Rule.SEQUENTIAL, format_func=_RULES.__getitem__, key="plan_rule", required=True
    )
    try:
        past = services().planning.past(me, goal)
        wanted = Wanted(effect=effect, alpha=alpha, power=power, rule=rule or Rule.SEQUENTIAL, eligible=eligible)
        plan = planned(experiment, past, wanted)
    except CallerError as error:
        st.warning(sentence(error), icon=":material/help:")
        return
    _numbers(experiment, past, plan)
    horizon = SHOWN if math.isnan(plan.days) else max(SHOWN, min(365, round(plan.days * 1.3)))
    _chart(ahead(experiment, past, wanted, horizon), plan, past)
    st.caption(
        f"Looking every day costs {plan.factor:.2f} times the viewers of a single look at the end; that is included. The days "
        f"come from how many different viewers really came: {number(past.curve[-1])} in the last {len(past.curve)} days, of whom "
        "the range, the ramp, the holdout and the smallest arm get their part."
    )
    kept = experiment.plan
    same = kept is not None and (kept.metric, kept.effect, kept.alpha, kept.power, kept.rule, kept.per_arm) == (
        plan.metric, plan.effect, plan.alpha, plan.power, plan.rule, plan.per_arm)  # fmt: skip
    if kept is not None:
        st.caption(
            f"Kept plan: {percent(kept.effect)} of {kept.metric}, {number(kept.per_arm)} viewers per arm, "
            f"{number(kept.days)} days." if math.isfinite(kept.days) else f"Kept plan: {number(kept.per_arm)} viewers per arm."
        )  # fmt: skip
    if st.button("Keep this plan", key="keep_plan", disabled=same):
        try:
            services().experiments.keep_plan(me, experiment.id, plan, now=clock())
        except CallerError as error:
            st.error(sentence(error), icon=":material/error:")
        else:
            tell_later("experiment", "Planned")
            st.rerun()


def _numbers(experiment: Experiment, past: Past, plan: Plan) -> None:
    known = math.isfinite(plan.days)
    with st.grid(4, min_column_width=160, gap="small"):
        st.metric("Viewers per arm", number(plan.per_arm), border=True)
        st.metric("In all", number(plan.per_arm * len(experiment.arms)), border=True)
        st.metric("Days to get them", f"{number(plan.days)} days" if known else "not within a year", border=True)
        unit = f" {past.metric.unit}" if past.metric.unit else ""
        st.metric(
            f"{plan.metric} now",
            f"{plan.baseline:.3g}",
            border=True,
            help=f"Mean{unit}; standard deviation {plan.deviation:.3g}",
        )
    if not known:
        st.warning(
            "That many viewers do not come within a year. Look for a larger change, take a wider range, or plan fewer arms.",
            icon=":material/hourglass_empty:",
        )


def _chart(days: list[DayAhead], plan: Plan, past: Past) -> None:
    known = [one for one in days if math.isfinite(one.detectable) and one.detectable < 2]
    if not known:
        st.caption("Within the days looked at too few viewers come for any estimate.")
        return
    figure = go.Figure()
    figure.add_scatter(
        x=[one.day for one in known], y=[100 * one.detectable for one in known], mode="lines", line={"color": ACCENT, "width": 3},
        customdata=[one.per_arm for one in known],
        hovertemplate="Day %{x}: finds %{y:.1f}%, %{customdata:,.0f} viewers per arm<extra></extra>",
    )  # fmt: skip
    figure.add_hline(y=100 * abs(plan.effect), line={"color": QUIET, "dash": "dash", "width": 1})
    figure.add_vline(x=len(past.curve), line={"color": QUIET, "dash": "dot", "width": 1})
    if math.isfinite(plan.days):
        figure.add_scatter(
            x=[plan.days], y=[100 * abs(plan.effect)], mode="markers+text", text=[f"day {plan.days:.0f}"], textposition="top right",
            marker={"color": ACCENT, "size": 11}, hoverinfo="skip",
        )  # fmt: skip
    top = min(200.0, max(3 * 100 * abs(plan.effect), 100 * known[-1].detectable * 1.5))
    figure.update_yaxes(range=[0, top], ticksuffix="%", title="Smallest change found")
    figure.update_xaxes(title="Days after launch (right of the dotted line: extrapolated)", rangemode="tozero")
    figure.update_layout(height=280, margin={"l": 8, "r": 16, "t": 12, "b": 40}, showlegend=False)
    st.plotly_chart(figure, key="plan_chart", config={"displayModeBar": False})
