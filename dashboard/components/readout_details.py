"""The numbers behind the pictures of a readout: the table, how they were made, a note to copy, exports."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from core.statistics.report import ArmReport, Report
from dashboard import formatting
from dashboard.components.effect_charts import word


def table(arm: ArmReport) -> pd.DataFrame:
    """Every number behind the pictures, a row per metric; unknown is empty."""
    rows = []
    for reading in arm.readings.values():
        raw, used = reading.raw, reading.used
        rows.append({
            "Metric": reading.metric.name,
            "Role": reading.metric.role.value,
            "Control": raw.control.mean,
            "Treatment": raw.treatment.mean,
            "Unit": reading.metric.unit,
            "Raw change": raw.relative * 100,
            "Change used": used.relative * 100,
            "From": reading.anytime.interval.lower * 100,
            "To": reading.anytime.interval.upper * 100,
            "p, any time": reading.anytime.p_value,
            "p, adjusted": arm.adjusted_p.get(reading.metric.name, math.nan),
            "Variance removed": reading.variance_removed * 100,
            "Chance to win": reading.belief.chance_to_win * 100,
            "Says": word(reading),
        })  # fmt: skip
    return pd.DataFrame(rows)


def details(found: Report, arm: ArmReport) -> None:
    """Numbers, cautions, export."""
    with st.expander("Details and export"):
        frame = table(arm)
        percent = st.column_config.NumberColumn(format="%.2f %%")
        number = st.column_config.NumberColumn(format="%.4g")
        columns = dict.fromkeys(
            ("Raw change", "Change used", "From", "To", "Variance removed", "Chance to win"), percent
        )
        columns |= dict.fromkeys(("Control", "Treatment", "p, any time", "p, adjusted"), number)
        st.dataframe(frame, hide_index=True, column_config=columns)
        if any(not reading.balanced for reading in arm.readings.values()):
            st.warning("The arms differed before the experiment began (p < .001). Read adjusted effects with care.")
        st.caption(
            "Effects are weighted by phase of the ramp; adjusted by what viewers did in the 28 days before (CUPED) where that "
            "explains anything: Y − θ (X − mean of X), θ = cov(X, Y) / var(X) over both arms. Relative intervals are Fieller's; "
            "dashed ones are the confidence sequence of Waudby-Smith et al. The chance to win is a Bayesian second opinion with "
            "prior N(0, 0.3²), not a rule for stopping."
        )
        st.caption(f"Salt `{found.experiment.salt}`: with it and a viewer's id anybody can work out the arm again.")
        st.markdown("**As a note**")
        st.code(note(found, arm), language=None, wrap_lines=True)
        left, right = st.columns(2)
        name = f"{found.experiment.id}-{arm.name}"
        left.download_button(
            "Download as CSV", frame.to_csv(index=False), f"{name}.csv", "text/csv", key=f"csv-{arm.arm}"
        )
        right.download_button(
            "Download as JSON", as_json(found, frame), f"{name}.json", "application/json", key=f"json-{arm.arm}"
        )


def as_json(found: Report, frame: pd.DataFrame) -> str:
    """Experiment and numbers; unknown is null."""
    rows = [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
        for row in frame.to_dict("records")
    ]
    return json.dumps(
        {"experiment": _finite(asdict(found.experiment)), "metrics": rows},
        default=str,
        ensure_ascii=False,
        allow_nan=False,
    )


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def note(found: Report, arm: ArmReport) -> str:
    """A few lines for a chat or a document."""
    observed = " / ".join(formatting.number(n) for n in found.trust.observed)
    lines = [f"{found.experiment.name}, {arm.name}: {arm.verdict.sentence}"]
    for reading in arm.readings.values():
        interval = reading.anytime.interval
        if math.isfinite(interval.lower) and math.isfinite(reading.used.relative):
            lines.append(f"{reading.metric.name} ({reading.metric.role.value}): {reading.used.relative:+.1%} "
                         f"({interval.lower:+.1%} to {interval.upper:+.1%}), {word(reading)}")  # fmt: skip
    lines.append(f"{observed} viewers, {formatting.plural(found.full_days, 'full day')}.")
    if found.experiment.decision:
        lines.append(f"Decided: {found.experiment.decision}")
    return "\n".join(lines)
