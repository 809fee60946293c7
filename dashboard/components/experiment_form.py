"""The form of an experiment: a question, its arms, who takes part, what is measured, the ramp. What cannot be is said at its field
while it is typed; what was typed stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError
from core.domain.experiment import Experiment, Targeting
from core.services.experiment_check import ExperimentInput, Problem
from dashboard.components.experiment_metrics import metrics_table
from dashboard.components.experiment_parts import arms_part, ramp_part, range_part, targeting_part, testers_part
from dashboard.context import clock, services
from dashboard.links import open_page, page_link
from dashboard.messages import sentence


def experiment_form(me: Account, experiment: Experiment | None) -> None:
    """Draw the form for a new experiment, or for a draft that is to be changed."""
    if experiment is not None and experiment.launched_at is not None:
        st.title("This experiment has been launched")
        st.write("Its arms, metrics and range stay as they are. Copy it to ask another question.")
        page_link("readout", "Back to its readout", icon=":material/arrow_back:", id=experiment.id)
        return
    if experiment is None:
        page_link("experiments", "Back without saving", icon=":material/arrow_back:")
    else:
        page_link("readout", "Back without saving", icon=":material/arrow_back:", id=experiment.id)
    st.title("Edit experiment" if experiment else "New experiment")
    key = f"exp:{experiment.id if experiment else 'new'}"
    wrong: dict[str, st.delta_generator.DeltaGenerator] = {}
    name = st.text_input(
        "Name",
        experiment.name if experiment else "",
        key=f"{key}:name",
        placeholder="More educational posts",
        max_chars=120,
    )
    wrong["name"] = st.empty()
    left, right = st.columns([3, 1])
    hypothesis = left.text_area(
        "What do you expect, and why?",
        experiment.hypothesis if experiment else "",
        key=f"{key}:why",
        max_chars=1_000,
        height=80,
    )
    owners = services().experiments.owners(me)
    owner = experiment.owner if experiment else me.id
    choices = list(owners) if owner in owners else [owner, *owners]
    owned = right.selectbox(
        "Owner", choices, index=choices.index(owner), key=f"{key}:owner", format_func=lambda one: owners.get(one, one)
    )
    st.subheader("Arms")
    arms = arms_part(me, experiment.arms if experiment else (), key)
    wrong["arms"] = st.empty()
    st.subheader("Metrics")
    metrics = metrics_table(experiment.metrics if experiment else (), key=f"{key}:metrics")
    wrong["metrics"] = st.empty()
    st.subheader("Who takes part")
    targeting = targeting_part(experiment.targeting if experiment else Targeting(), key)
    layer, lower, upper = range_part(me, experiment, key)
    wrong["range"] = st.empty()
    holdout = st.checkbox(
        "Leave out the holdout (5% of viewers who see no experiment)",
        experiment.holdout if experiment else True,
        key=f"{key}:holdout",
    )
    st.subheader("Ramp")
    steps, no_step = ramp_part(experiment.steps if experiment else (), key)
    wrong["steps"] = st.empty()
    testers = testers_part(experiment.overrides if experiment else {}, key)
    wrong["overrides"] = st.empty()
    asked = ExperimentInput(
        name=name, hypothesis=hypothesis, owner=owned, arms=arms, metrics=metrics, targeting=targeting, steps=steps, layer=layer,
        lower=lower, upper=upper, overrides=testers, holdout=holdout,
    )  # fmt: skip
    found = services().experiments.check(me, asked, besides=experiment.id if experiment else "")
    if no_step:
        found.append(Problem("steps", "", no_step))
    _say(found, wrong, untouched=not name and experiment is None)
    if st.button(
        "Save" if experiment else "Save as draft", key="experiment_save", type="primary", disabled=bool(found)
    ):
        _save(me, experiment, asked, key)


def _say(found: Iterable[Problem], wrong: Mapping[str, st.delta_generator.DeltaGenerator], *, untouched: bool) -> None:
    """Each problem under its field. A form nobody has typed in yet does not scold for the missing name."""
    by_field: dict[str, list[str]] = {}
    for problem in found:
        place = {"weights": "arms", "layer": "range"}.get(problem.field, problem.field.partition(".")[0])
        if not (place == "name" and untouched):
            by_field.setdefault(place, []).append(problem.message[:1].upper() + problem.message[1:] + ".")
    for place, said in by_field.items():
        wrong[place].error("  \n".join(said), icon=":material/error:")
    if untouched:
        wrong["name"].caption("A name is needed before it can be saved.")


def _save(me: Account, experiment: Experiment | None, asked: ExperimentInput, key: str) -> None:
    typed = {one.name: getattr(asked, one.name) for one in fields(asked)}
    try:
        if experiment is None:
            made = services().experiments.create(me, **typed, now=clock())
        else:
            made = services().experiments.save(
                me, experiment.id, typed, expected_version=experiment.version, now=clock()
            )
    except CallerError as error:
        st.error(sentence(error), icon=":material/error:")
    else:
        for name in [one for one in st.session_state if str(one).startswith(key)]:
            del st.session_state[name]
        open_page("readout", id=made.id)
