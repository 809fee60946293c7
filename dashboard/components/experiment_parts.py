"""Parts of the experiment's form: arms, who takes part, the range of a layer, the ramp, testers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.domain.account import Account
from core.domain.experiment import Arm, Experiment, Step, Targeting
from core.domain.layers import overlapping, proposed
from dashboard.components.experiment_layers import layer_range
from dashboard.context import services
from dashboard.formatting import percent

MOST_ARMS = 6
IN_FORCE = "in force"
_WHO = {"Everybody": None, "New viewers": True, "Returning viewers": False}
RAMPS = {
    "5%, 25%, 100%": ((5.0, 24.0), (25.0, 48.0), (100.0, 24.0)),
    "10%, 50%, 100%": ((10.0, 24.0), (50.0, 24.0), (100.0, 24.0)),
    "100% at once": ((100.0, 24.0),),
}


def arms_part(me: Account, given: tuple[Arm, ...], key: str) -> tuple[Arm, ...]:
    """A row per arm; the first is the control. Weights are percentages."""
    policies = {policy.id: policy.name for policy in services().mix.versions(me)}
    models = [version.id for version in services().models.versions(me).items]
    count = st.session_state.setdefault(f"{key}:arms", max(2, len(given)))
    arms = []
    even = [round(100 / count, 2)] * count
    even[0] = round(100 - sum(even[1:]), 2)
    for place in range(count):
        own = given[place] if place < len(given) else None
        total = sum(arm.weight for arm in given) or 1.0
        name = "control" if place == 0 else ("treatment" if place == 1 else f"treatment {place}")
        with st.container(border=True), st.grid(5, min_column_width=150, gap="small"):
            called = st.text_input(
                "Control" if place == 0 else f"Treatment {place}",
                own.name if own else name,
                max_chars=40,
                key=f"{key}:arm{place}",
            )
            policy = st.selectbox(
                "Version of the mix", [None, *policies], key=f"{key}:policy{place}",
                index=_index([None, *policies], own.policy if own else None),
                format_func=lambda one: IN_FORCE if one is None else f"{policies.get(one, one)} ({one})",
            )  # fmt: skip
            model = st.selectbox(
                "Model", [None, *models], key=f"{key}:model{place}",
                index=_index([None, *models], own.model if own else None), format_func=lambda one: one or IN_FORCE,
            )  # fmt: skip
            flags = st.text_input(
                "Flags for the app", ", ".join(f"{k}={v}" for k, v in own.flags.items()) if own else "",
                key=f"{key}:flags{place}", placeholder="button=round",
            )  # fmt: skip
            weight = st.number_input(
                "Weight, %",
                0.0,
                100.0,
                round(100 * own.weight / total, 2) if own else even[place],
                1.0,
                key=f"{key}:weight{place}:{count}",
            )
        arms.append(Arm(name=called.strip(), weight=weight / 100, policy=policy, model=model, flags=flags_of(flags)))
    with st.container(horizontal=True):
        st.button(
            "Add an arm",
            key=f"{key}:more",
            icon=":material/add:",
            disabled=count >= MOST_ARMS,
            on_click=_arms,
            args=(key, 1),
        )
        st.button(
            "Remove the last",
            key=f"{key}:fewer",
            icon=":material/remove:",
            disabled=count <= 2,
            on_click=_arms,
            args=(key, -1),
        )
    return tuple(arms)


def _arms(key: str, more: int) -> None:
    st.session_state[f"{key}:arms"] += more


def _index(options: list[str | None], value: str | None) -> int:
    return options.index(value) if value in options else 0


def flags_of(text: str) -> dict[str, str]:
    """`a=1, b=2` as a mapping; a word without a value is `on`."""
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): value.strip() or "on" for name, _, value in pairs}


def targeting_part(given: Targeting, key: str) -> Targeting:
    """Who may take part."""
    with st.grid(4, min_column_width=180, gap="small"):
        segments = st.multiselect(
            "Segments", list(given.segments), default=list(given.segments), key=f"{key}:segments", accept_new_options=True,
            placeholder="All; type a name",
        )  # fmt: skip
        regions = st.multiselect(
            "Regions", sorted({*given.regions, "IN"}), default=list(given.regions), key=f"{key}:regions", accept_new_options=True,
            placeholder="All; type a code",
        )  # fmt: skip
        platforms = st.multiselect(
            "Platforms", sorted({*given.platforms, "android", "ios", "web"}), default=list(given.platforms),
            key=f"{key}:platforms", accept_new_options=True, placeholder="All",
        )  # fmt: skip
        start = next(label for label, value in _WHO.items() if value == given.newcomers)
        who = st.selectbox("New or returning", list(_WHO), index=list(_WHO).index(start), key=f"{key}:who")
    if platforms or who != "Everybody":
        st.caption("The app says with each request what it runs on and whether the viewer is new; others are left out.")
    return Targeting(
        segments=tuple(segments), regions=tuple(regions), platforms=tuple(platforms), newcomers=_WHO[str(who)]
    )


def range_part(me: Account, experiment: Experiment | None, key: str) -> tuple[str, float, float]:
    """The layer, and the part of its viewers: a picture of what is taken, and a free range to take with one click."""
    layer = st.text_input(
        "Layer", experiment.layer if experiment else "feed", key=f"{key}:layer", max_chars=40, width=260,
        help="Experiments of one layer never share a viewer; those of different layers do",
    ).strip()  # fmt: skip
    ranges = services().experiments.taken(me, layer, besides=experiment.id if experiment else "")
    free = proposed(ranges)
    start = (experiment.lower, experiment.upper) if experiment else free or (0.0, 1.0)
    slot = f"{key}:range"
    if slot not in st.session_state:
        st.session_state[slot] = (round(start[0] * 100), round(start[1] * 100))
    st.slider("Viewers of the layer", 0, 100, step=1, format="%d%%", key=slot)
    lower, upper = st.session_state[slot]
    layer_range(ranges, lower / 100, upper / 100, key=f"{key}:picture")
    clash = overlapping(lower / 100, upper / 100, ranges)
    if free is None:
        st.caption("Nothing of this layer is free. End an experiment of it first.")
    elif clash is not None:
        wanted = proposed(ranges, max(0.01, (upper - lower) / 100)) or free
        st.button(
            f"Take {percent(wanted[0], 0)} to {percent(wanted[1], 0)}, which is free", key=f"{key}:take",
            on_click=_take, args=(slot, wanted),
        )  # fmt: skip
    return layer, lower / 100, upper / 100


def _take(slot: str, wanted: tuple[float, float]) -> None:
    st.session_state[slot] = (round(wanted[0] * 100), round(wanted[1] * 100))


def ramp_part(given: tuple[Step, ...], key: str) -> tuple[tuple[Step, ...], str]:
    """The steps as typed, and what is wrong with a line that is no step, "" if nothing."""
    start = f"{key}:ramp_start"
    if start not in st.session_state:
        lines = [(step.exposure * 100, step.hours) for step in given] or RAMPS["5%, 25%, 100%"]
        st.session_state[start] = pd.DataFrame(lines, columns=["Viewers exposed", "Least hours"])
    with st.container(horizontal=True):
        for name, lines in RAMPS.items():
            st.button(name, key=f"{key}:ramp:{name}", on_click=_ramp, args=(key, lines))
    version = st.session_state.get(f"{key}:ramp_version", 0)
    typed = st.data_editor(
        st.session_state[start], key=f"{key}:ramp{version}", num_rows="dynamic", hide_index=True, width=380,
        column_config={
            "Viewers exposed": st.column_config.NumberColumn(min_value=0.1, max_value=100.0, format="%.1f %%", required=True),
            "Least hours": st.column_config.NumberColumn(min_value=0.1, max_value=2_000.0, format="%.1f h", required=True),
        },
    )  # fmt: skip
    steps: list[Step] = []
    for exposure, hours in typed.itertuples(index=False):
        if pd.isna(exposure) or pd.isna(hours) or not 0 < exposure <= 100:
            return tuple(steps), "each step needs a share above 0 and at most 100%, and its hours"
        steps.append(Step(exposure=float(exposure) / 100, hours=float(hours)))
    return tuple(steps), ""


def _ramp(key: str, lines: tuple[tuple[float, float], ...]) -> None:
    st.session_state[f"{key}:ramp_start"] = pd.DataFrame(lines, columns=["Viewers exposed", "Least hours"])
    st.session_state[f"{key}:ramp_version"] = st.session_state.get(f"{key}:ramp_version", 0) + 1


def testers_part(given: dict[str, str], key: str) -> dict[str, str]:
    """Named viewers who see an arm without being counted, one per line: `viewer-4711 = treatment`."""
    text = st.text_area(
        "Testers", "\n".join(f"{viewer} = {arm}" for viewer, arm in given.items()), key=f"{key}:testers", height=80,
        placeholder="viewer-4711 = treatment", help="One per line: viewer = arm. They see that arm and are not counted",
    )  # fmt: skip
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {viewer.strip(): arm.strip() for viewer, _, arm in pairs if viewer.strip()}
