"""Every reference case, by one test: each names its formula, inputs, expected values, tolerance and source."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.statistics import bayes, cuped, effects, guardrails, multiplicity, power, sequential, srm, stratified
from core.statistics.moments import Moments, Summary, mean_summary, proportion_summary, ratio_summary

CASES = json.loads((Path(__file__).parents[1] / "data" / "ab_cases.json").read_text())["cases"]
Case = dict[str, Any]


def arm_of_sums(arm: Case) -> Summary:
    return mean_summary(Moments.of_sums(arm["n"], [arm["sum"]], [[arm["sum_squares"]]]))


def both_of_sums(inputs: Case) -> tuple[Summary, Summary]:
    return arm_of_sums(inputs["control"]), arm_of_sums(inputs["treatment"])


def counts(inputs: Case) -> tuple[int, int, int, int]:
    c, t = inputs["control"], inputs["treatment"]
    return c["n"], c["x"], t["n"], t["x"]


def proportions(inputs: Case) -> tuple[Summary, Summary]:
    n_c, x_c, n_t, x_t = counts(inputs)
    return proportion_summary(n_c, x_c), proportion_summary(n_t, x_t)


def columns(inputs: Case, *names: str) -> tuple[Moments, Moments]:
    raw = inputs["raw"]
    return tuple(Moments.of(np.column_stack([raw[arm][name] for name in names])) for arm in ("control", "treatment"))  # type: ignore[return-value]


def ends(interval: effects.Interval) -> Case:
    return {"ci_lower": interval.lower, "ci_upper": interval.upper}


def effect(found: effects.Effect) -> Case:
    return {"diff": found.difference, "se": found.error, "df": found.freedom, "p_value": found.p_value} | ends(
        found.interval
    )


def fieller(inputs: Case) -> Case:
    relative, interval = effects.fieller(*both_of_sums(inputs))
    return {"relative": relative, "p_value": effects.welch(*both_of_sums(inputs)).p_value} | ends(interval)


def exact(inputs: Case) -> Case:
    fisher, barnard = effects.exact(*counts(inputs))
    return {"fisher_p": fisher, "barnard_p": barnard}


def non_inferiority(inputs: Case) -> Case:
    control, treatment = proportions(inputs)
    error = math.hypot(control.error, treatment.error)
    found = guardrails.non_inferiority(
        treatment.mean - control.mean, error, inputs["margin_abs"], alpha=inputs["alpha"]
    )
    difference = treatment.mean - control.mean
    return {"diff": difference, "z": found.z, "p_value": found.p_value, "lower_bound": found.bound,
            "non_inferior": found.non_inferior}  # fmt: skip


def ratio(inputs: Case) -> Case:
    control, treatment = (ratio_summary(moments) for moments in columns(inputs, "clicks", "sessions"))
    return {"control": control.mean, "treatment": treatment.mean} | effect(effects.welch(control, treatment))


def cuped_absolute(inputs: Case) -> Case:
    adjusted = cuped.adjust_mean(*columns(inputs, "clicks", "pre_clicks"))
    return {"theta": adjusted.theta} | effect(effects.welch(adjusted.control, adjusted.treatment))


def anytime(inputs: Case) -> Case:
    control, treatment = both_of_sums(inputs)
    found = effects.welch(control, treatment)
    look = sequential.two_sided(control.n + treatment.n, found.difference, found.error, planned=inputs["n_star"])
    return {"estimate": look.estimate, "se": look.error, "p_value": look.p_value} | ends(look.interval)


def running(inputs: Case) -> Case:
    looks = [
        sequential.two_sided(x["n"], x["estimate"], x["se"], alpha=inputs["alpha"], planned=inputs["n_star"])
        for x in inputs["looks"]
    ]
    return {"looks": [
        {"n": p.look.n, "p": p.look.p_value, "running_min_p": p.running_p, "running_ci_lower": p.running.lower,
         "running_ci_upper": p.running.upper} | ends(p.look.interval) for p in sequential.path(looks)
    ]}  # fmt: skip


def belief(inputs: Case) -> Case:
    control, treatment = proportions(inputs)
    found = bayes.relative_belief(control, treatment, prior_deviation=None)
    return {"chance_to_win": found.chance_to_win, "risk_keep_control": found.loss_keeping_control,
            "risk_ship_treatment": found.loss_shipping} | ends(found.interval)  # fmt: skip


def quantile(inputs: Case) -> Case:
    arms = [
        effects.quantile_summary(a["n"], a["quantile"], a["lower"], a["upper"])
        for a in (inputs["control"], inputs["treatment"])
    ]
    return effect(effects.welch(*arms))


def mismatch(inputs: Case) -> Case:
    return {"p_values": [srm.chi_square(case["observed"], case["weights"]).p_value for case in inputs["cases"]]}


def mismatch_anytime(inputs: Case) -> Case:
    factors, p_values = srm.sequential(inputs["daily_counts"], inputs["weights"], inputs["concentration"])
    return {"bayes_factor": factors, "p_value": p_values}


def sample_size(inputs: Case) -> Case:
    difference = inputs["mean"] * inputs["mde_rel"]
    return {"n_per_arm": power.sample_size(inputs["sd"], difference, power=inputs["power"]),
            "n_per_arm_normal": power.sample_size_normal(inputs["sd"], difference, power=inputs["power"])}  # fmt: skip


def ramp(inputs: Case) -> Case:
    phases = [
        tuple(proportion_summary(phase[arm]["n"], phase[arm]["conv"]) for arm in ("control", "treatment"))
        for phase in inputs["phases"]
    ]
    found = stratified.stratified(phases)  # type: ignore[arg-type]
    total = {arm: [sum(p[arm][k] for p in inputs["phases"]) for k in ("conv", "n")] for arm in ("control", "treatment")}
    pooled = total["treatment"][0] / total["treatment"][1] - total["control"][0] / total["control"][1]
    return {"stratified_diff": found.difference, "stratified_se": found.error, "naive_pooled_diff": pooled,
            "signs_disagree": found.difference * pooled < 0}  # fmt: skip


def interaction(inputs: Case) -> Case:
    cells = [[mean_summary(Moments.of(inputs["cells"][f"{i}{j}"])) for j in (0, 1)] for i in (0, 1)]
    found = stratified.interaction(cells)
    return {
        "interaction": found.difference,
        "se": found.error,
        "z": found.difference / found.error,
        "p_value": found.p_value,
    }


def dilution(inputs: Case) -> Case:
    rate = inputs["triggered_users_per_arm"] / inputs["control_total_users"]
    difference = inputs["treatment_triggered_mean"] - inputs["control_triggered_mean"]
    overall = rate * inputs["control_triggered_mean"] + (1 - rate) * inputs["control_untriggered_mean"]
    absolute, relative = stratified.diluted(difference, rate, overall)
    return {"trigger_rate": rate, "triggered_relative": difference / inputs["control_triggered_mean"],
            "diluted_absolute": absolute, "diluted_relative": relative}  # fmt: skip


RUN: dict[str, Callable[[Case], Case]] = {
    "mean_welch_absolute": lambda i: effect(effects.welch(*both_of_sums(i))),
    "mean_relative_fieller": fieller,
    "prop_diff_newcombe_small": lambda i: ends(effects.newcombe(*counts(i))),
    "prop_exact_small": exact,
    "noninferiority_absolute_cookie_ret1": non_inferiority,
    "ratio_delta_absolute": ratio,
    "cuped_absolute": cuped_absolute,
    "seq_asympcs_mean_absolute": anytime,
    "seq_running_path": running,
    "peeking_false_positive_rate": lambda i: {"fpr": {str(k): power.peeking_error(k) for k in i["looks"]}},
    "bayes_normal_flat": belief,
    "quantile_p90_effect": quantile,
    "srm_unequal_weights": mismatch,
    "srm_sequential": mismatch_anytime,
    "multiplicity_holm": lambda i: {"adjusted": multiplicity.holm(i["p_values"])},
    "multiplicity_bh": lambda i: {"adjusted": multiplicity.benjamini_hochberg(i["p_values"])},
    "power_mean_sample_size": sample_size,
    "power_mde": lambda i: {"mde_rel": power.detectable_share(i["baseline"], i["n_per_arm"], power=i["power"])},
    "ramp_phase_stratified": ramp,
    "interaction_2x2": interaction,
    "triggered_dilution": dilution,
    "bandit_probability_best": lambda i: {
        "p_best": bayes.probability_best([(a["successes"], a["trials"]) for a in i["arms"]])
    },
}


def agrees(got: Any, expected: Any, tolerance: Case) -> bool:
    """Every expected value is met: |got - expected| <= abs + rel · |expected|."""
    if isinstance(expected, dict):
        return all(agrees(got[key], value, tolerance) for key, value in expected.items())
    if isinstance(expected, list):
        return len(got) == len(expected) and all(agrees(g, e, tolerance) for g, e in zip(got, expected, strict=True))
    if isinstance(expected, bool):
        return bool(got) is expected
    return abs(got - expected) <= tolerance["abs"] + tolerance["rel"] * abs(expected)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_reference_case_is_met_within_its_tolerance(case: Case) -> None:
    got = RUN[case["id"]](case["inputs"])
    assert agrees(got, case["expected"], case["tolerance"]), (
        f"{case['formula']}\ngot {got}\nexpected {case['expected']}"
    )
