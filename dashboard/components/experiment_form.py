"""The form that drafts an experiment: a question, two policies, what to measure, how to ramp."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Arm, Metric, MetricKind, MetricRole, Step
from dashboard.context import clock, services
from dashboard.links import open_page

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="Product clicks", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="product_clicks", unit="per viewer"),
        Metric(name="Watch time", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="watch_seconds", unit="s per viewer"),
        Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes", unit="per viewer"),
        Metric(name="Buyers", kind=MetricKind.SHARE, role=MetricRole.GOAL, numerator="orders", unit="share of viewers"),
        Metric(name="Revenue", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="revenue", unit="₹ per viewer"),
        Metric(
            name="Clicks per impression", kind=MetricKind.RATIO, role=MetricRole.GOAL, numerator="product_clicks",
            denominator="impressions", unit="per impression",
        ),
        Metric(
            name="Not interested", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="not_interested",
            higher_is_better=False, unit="per viewer",
        ),
    )
}  # fmt: skip


def as_role(metric: Metric, role: MetricRole, margin: float = 0.0) -> Metric:
    """The same metric in another role."""
    return Metric(
        name=metric.name, kind=metric.kind, role=role, numerator=metric.numerator, denominator=metric.denominator,
        higher_is_better=metric.higher_is_better, margin=margin, unit=metric.unit,
    )  # fmt: skip


@st.dialog("New experiment", width="large")
def draft(me: Account) -> None:
    """Ask, and open the draft. What was typed stays when something does not fit."""
    name = st.text_input("Name", placeholder="More educational posts", max_chars=120)
    hypothesis = st.text_area("What do you expect, and why?", max_chars=1_000)
    policies = {policy.id: policy.name for policy in services().feed.policies(me)}
    left, right = st.columns(2)
    control = left.selectbox("Control", list(policies), format_func=policies.__getitem__)
    treatment = right.selectbox("Treatment", list(policies), format_func=policies.__getitem__, index=len(policies) - 1)
    goal = left.selectbox("Goal", list(METRICS))
    guards = right.multiselect(
        "Guardrails", [m for m in METRICS if m != goal], default=[m for m in ["Watch time"] if m != goal]
    )
    margin = st.slider("Largest loss a guardrail may show", 1, 20, 5, format="%d%%") / 100
    ramp = st.segmented_control(
        "Ramp", ["5%, 25%, 100%", "10%, 50%, 100%", "100% at once"], default="5%, 25%, 100%", required=True
    )
    hours = st.number_input("Least hours per step", 1, 336, 24)
    if st.button("Save as draft", type="primary"):
        rest = [m for m in METRICS.values() if m.name != goal and m.name not in guards]
        shares = [1.0] if ramp == "100% at once" else [float(s.rstrip("%")) / 100 for s in ramp.split(", ")]
        try:
            made = services().experiments.create(
                me,
                name=name,
                hypothesis=hypothesis,
                arms=(Arm(name="control", policy=control), Arm(name="treatment", policy=treatment)),
                metrics=(
                    METRICS[goal],
                    *(as_role(METRICS[g], MetricRole.GUARDRAIL, margin) for g in guards),
                    *(as_role(m, MetricRole.SECONDARY) for m in rest),
                ),
                steps=tuple(Step(exposure=share, hours=float(hours)) for share in shares),
                now=clock(),
            )
        except CallerError as error:
            st.error(error.detail)
        else:
            open_page("readout", id=made.id)
