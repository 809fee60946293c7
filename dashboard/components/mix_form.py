"""Settings of the mix as fields: each keeps what was typed at once, says what is wrong with it, and has room for its price."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.domain.account import Account
from core.domain.errors import CallerError, ServiceError
from core.domain.mix_life import Value
from core.domain.post import PostKind
from dashboard.components.told import tell_later
from dashboard.context import clock, services
from dashboard.formatting import UNKNOWN, number
from dashboard.messages import sentence

LAST: Final = "mix:last"
ECHO, LATE_ECHO = 1.5, 10.0
"""Seconds in which a browser may still say what a field held before: with a change of that field alone, and of several."""
_SHOWN, _NOTED = "mix:shown", "mix:noted"
TOLD: Final = "mix"


@dataclass(slots=True)
class Price:
    """Where a rule's price goes once it is known, and what one step of the rule is called."""

    room: DeltaGenerator
    step: str


@dataclass(slots=True)
class MixForm:
    """One run's view on the draft. `prices` collects the places to fill when the sample pages are there."""

    account: Account
    table: Mapping[str, Value]
    wrong: Mapping[str, str]
    shares: dict[PostKind, DeltaGenerator] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)

    def percent(self, name: str, label: str, *, key: str = "", most: float | None = None, help: str = "") -> None:
        """A share in percent."""
        self._number(name, label, 100.0, key, step=1.0, unit="%", help=help)

    def whole(self, name: str, label: str, *, step: str, blank: str = "", help: str = "") -> None:
        """A count of posts or slots; `blank` is what an empty field means, where it may be empty. `step` names its price."""
        self._number(name, label, 1.0, "", step=1.0, unit="", blank=blank, help=help)
        self.price(name, step)

    def weight(self, name: str, label: str, help: str = "") -> None:
        """Any number."""
        value = self.table[name]
        step = 0.01 if isinstance(value, int | float) and 0 < abs(value) < 1 else 1.0
        self._number(name, label, 1.0, "", step=step, unit="", help=help)

    def price(self, name: str, step: str) -> None:
        """Room for the price of the rule."""
        self.prices[name] = Price(st.empty(), step)

    def range_slider(self, group: str, kind: PostKind) -> None:
        """Both ends of a share at once; a range that cannot be is drawn in order."""
        names = [f"{group}.{kind.value}.{end}" for end in ("least", "most")]
        key = f"mix:range:{group}.{kind.value}"
        ends = sorted(min(max(_percent(self.table[name]), 0), 100) for name in names)
        show(key, (ends[0], ends[1]))

        def moved() -> None:
            kept = services().mix_drafts.work(self.account).table
            now = dict(zip(names, st.session_state[key], strict=True))
            new = {name: share / 100 for name, share in now.items() if share != _percent(kept[name])}
            keep(self.account, new, last=next(iter(new), names[0]))

        st.slider(
            f"{kind.label}: share in percent",
            0,
            100,
            value=(ends[0], ends[1]),
            key=key,
            format="%d%%",
            label_visibility="collapsed",
            on_change=later,
            args=(key, moved),
        )

    def refusal(self, name: str) -> None:
        """What is wrong with a field, if anything."""
        if words := self.wrong.get(name):
            st.error(words, icon=":material/error:")

    def _number(
        self, name: str, label: str, scale: float, key: str, *, step: float, unit: str, blank: str = "", help: str = ""
    ) -> None:
        key = key or f"mix:{name}"
        value = self.table[name]
        shown = round(value * scale, 6) if isinstance(value, int | float) else None
        show(key, shown)

        def typed() -> None:
            new = st.session_state[key]
            if new is None and not blank:
                tell_later(TOLD, f"{label}: an empty field says nothing, so {number(shown, 0)}{unit} stays.", "info")
                return
            keep(self.account, {name: None if new is None else round(new / scale, 8)}, last=name)

        st.number_input(
            f"{label}, {unit}" if unit else label, value=shown, key=key, step=step, format="%g", placeholder=blank or UNKNOWN,
            on_change=later, args=(key, typed), help=help or None,
        )  # fmt: skip
        self.refusal(name)


def show(key: str, value: object) -> None:
    """Let a field show what is kept. Only if it differs: a value that is set goes to the browser, over what is typed meanwhile.

    The field's default has to be the same value: a browser that has forgotten a field, as when a page is left and comes back at
    once, draws the default and tells it as what was typed.
    """
    state = st.session_state
    if key in state and state[key] == value:
        return
    if key in state:
        before = [one for one in state.get(_SHOWN, []) if one[0] > time.monotonic() - LATE_ECHO]
        state[_SHOWN] = [*before, *((time.monotonic(), key, one) for one in (state[key], value))]
    state[key] = value


def later(key: str, act: Callable[[], None]) -> None:
    """Note in a callback what a change of field `key` asks for, or a button ("" then); `settle` does it."""
    st.session_state.setdefault(_NOTED, []).append((key, act))


def settle() -> None:
    """Do what was asked for since the last run, but for what the browser has only repeated.

    With every change of one field the browser sends all others too, and those that it was just told to show something else
    may still say the old: a slider pulled quickly would bring back what its number was. A field that comes alone is believed
    unless it was told a moment ago; one that comes with another is not if it says what it held or was told before.
    """
    noted = st.session_state.pop(_NOTED, [])
    for key, act in noted:
        if not key or not _repeated(key, ECHO if len(noted) == 1 else LATE_ECHO):
            act()


def _repeated(key: str, seconds: float) -> bool:
    since, value = time.monotonic() - seconds, st.session_state.get(key)
    return any(at > since and of == key and was == value for at, of, was in st.session_state.get(_SHOWN, []))


def keep(account: Account, values: Mapping[str, Any], *, last: str) -> None:
    """Keep what was typed; a refusal is told when the page is drawn."""
    try:
        services().mix_drafts.change(account, values, now=clock())
        st.session_state[LAST] = last
    except CallerError as error:
        tell_later(TOLD, f"Not kept. {sentence(error)}", "error")
    except ServiceError:
        tell_later(TOLD, "Not kept: a server does not answer. Type it again in a moment.", "error")


def _percent(value: Value) -> int:
    return round(value * 100) if isinstance(value, int | float) else 0
