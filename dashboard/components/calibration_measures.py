"""How well the predicted chances of each action fit what happened, before and after calibration."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.calibration import ActionCalibration, CalibrationVersion
from core.domain.mix import DEFAULT_WEIGHTS
from core.feed.actions import ACTIONS
from dashboard.components.calibration_charts import reliability_diagram
from dashboard.context import services
from dashboard.formatting import UNKNOWN, number, percent, plural


def calibration_measures(me: Account, version: CalibrationVersion) -> None:
    """Draw one action's reliability, and the table of all."""
    actions = {action: version.actions[action] for action in ACTIONS if action in version.actions}
    if not actions:
        st.caption("Chances are used as they are predicted, so there is nothing to draw. The next fit measures again.")
        return
    policy = services().mix.current(me).policy
    worth = {action: policy.weights.get(action, DEFAULT_WEIGHTS[action]) for action in actions}
    chosen = st.pills(
        "Action", list(actions), default=next(iter(actions)), format_func=_words, key="action", bind="query-params",
        required=True,
    )  # fmt: skip
    one = actions.get(str(chosen)) or next(iter(actions.values()))
    _action(str(chosen), one, version, worth[str(chosen)])
    st.subheader("All actions")
    st.dataframe(
        _table(actions, worth), hide_index=True, height="content", key="calibration-actions",
        alt="Each action with its worth, predicted and observed rates, and calibration error before and after",
        column_config={
            "Worth": st.column_config.NumberColumn(format="%.3g", help=f"In likes, by {policy.name}, the policy in force"),
            "Seen": st.column_config.NumberColumn(format="localized"),
            "Happened": st.column_config.NumberColumn(format="localized"),
            **{
                name: st.column_config.NumberColumn(format="%.2f %%", help=help)
                for name, help in (
                    ("Predicted", "Mean chance before calibration, on the held-out days"),
                    ("Calibrated", "Mean chance after it"),
                    ("Observed", "How often it happened"),
                    ("Error before", "Expected calibration error in percentage points"),
                    ("Error after", "The same after calibration, on days the fit had not seen"),
                    ("By chance", "What perfect predictions would show on as many slots"),
                )
            },
        },
    )  # fmt: skip


def _action(action: str, one: ActionCalibration, version: CalibrationVersion, worth: float) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        if one.happened:
            st.plotly_chart(
                reliability_diagram(one.rows, fitted=one.after is not None), key=f"reliability-{action}",
                config={"displayModeBar": False},
                alt=f"Reliability diagram of {_words(action)}: observed rate over predicted chance",
            )  # fmt: skip
        else:
            st.caption(
                f"Nobody did this in {plural(one.impressions, 'seen slot')}: its chance stays nearly as predicted."
            )
    with right:
        before, after = one.before, one.after
        if before is None or after is None:
            st.info("Measured once there is a second day: a fit is judged only on days it has not seen.")
        else:
            with st.grid(2, min_column_width=130, gap="xsmall"):
                st.metric("Error before", _points(before.error), border=True)
                st.metric(
                    "Error after", _points(after.error), border=True,
                    delta=f"{(after.error - before.error) * 100:+.2f} points", delta_color="inverse",
                    help=f"Perfect predictions would show {_points(after.by_chance)} by chance alone.",
                )  # fmt: skip
                st.metric("Log loss", f"{after.log_loss:.4f}", f"{after.log_loss - before.log_loss:+.4f}", delta_color="inverse",
                          border=True)  # fmt: skip
                st.metric("Brier score", f"{after.brier:.4f}", f"{after.brier - before.brier:+.4f}", delta_color="inverse",
                          border=True)  # fmt: skip
            st.caption(
                f"On {plural(after.impressions, 'seen slot')} of {plural(len(version.held_out), 'day')} that the fit had not "
                f"seen: predicted {percent(before.predicted, 2)}, calibrated {percent(after.predicted, 2)}, observed "
                f"{percent(after.observed, 2)}. By chance alone the error would be {_points(after.by_chance)}; "
                f"the root mean square error with chance taken out is {_points(after.debiased)}."
            )
        st.caption(
            f"Worth {number(worth, 1).removesuffix('.0')} {'like' if worth == 1 else 'likes'}. "
            f"Odds used: {odds_in_words(one.intercept, one.slope)}."
        )
    with st.expander(f"Reliability table of {_words(action).lower()}", icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Seen slots": row.impressions, "Predicted": row.before * 100, "Calibrated": row.after * 100,
                        "Observed": row.observed * 100, "From": row.low * 100, "To": row.high * 100,
                    }
                    for row in one.rows
                ]
            ),
            hide_index=True, height="content", key=f"reliability-table-{action}",
            alt="Predicted, calibrated and observed rate per bin with its 95% interval",
            column_config=dict.fromkeys(
                ("Predicted", "Calibrated", "Observed", "From", "To"), st.column_config.NumberColumn(format="%.2f %%")
            ),
        )  # fmt: skip
        st.caption("From and To: 95% interval of the observed rate (Wilson).")


def odds_in_words(intercept: float, slope: float) -> str:
    """The calibration of one action as people may read it.

    >>> odds_in_words(0.0, 1.0), odds_in_words(-0.7, 0.8)
    ('as predicted', '0.50 × the predicted odds to the power of 0.80')
    """
    if abs(intercept) < 0.005 and abs(slope - 1) < 0.005:
        return "as predicted"
    return f"{2.718281828459045**intercept:.2f} × the predicted odds to the power of {slope:.2f}"


def _table(actions: dict[str, ActionCalibration], worth: dict[str, float]) -> pd.DataFrame:
    def share(value: float | None) -> float | None:
        return None if value is None else value * 100

    return pd.DataFrame(
        [
            {
                "Action": _words(action),
                "Worth": worth[action],
                "Seen": one.impressions,
                "Happened": one.happened,
                "Predicted": share(one.before and one.before.predicted),
                "Calibrated": share(one.after and one.after.predicted),
                "Observed": share(one.after and one.after.observed),
                "Error before": share(one.before and one.before.error),
                "Error after": share(one.after and one.after.error),
                "By chance": share(one.after and one.after.by_chance),
            }
            for action, one in actions.items()
        ]
    )


def _words(action: str) -> str:
    return action.replace("_", " ").capitalize()


def _points(error: float | None) -> str:
    """An error in percentage points."""
    return UNKNOWN if error is None else f"{error * 100:.2f} points"
