"""Settings of the mix as fields: each keeps what was typed at once, says what is wrong with it, and has room for its price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
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

LAST: Final = "mix:last"
_DRAWN, _NOTED = "mix:drawn", "mix:noted"
TOLD: Final = "mix"
NOT_STORED: Final = (
    "Not stored yet: a server does not answer. What you typed stays here and is stored with the next change."
)


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
    shares: dict[PostKind, DeltaGenerator] = default(default_factory=dict)
    prices: dict[str, Price] = default(default_factory=dict)

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
        ends = sorted(min(max(_percent(self.table[name]), 0), 100) for name in names)
        field = show(f"mix:range:{group}.{kind.value}", (ends[0], ends[1]))

        def moved(to: tuple[int, int]) -> None:
            ends: dict[str, Value] = {name: share / 100 for name, share in zip(names, to, strict=True)}

            def act() -> None:
                # Against what is stored: a slider that is pulled quickly moves on before it is drawn again.
                kept = services().mix_drafts.work(self.account).table
                new = {name: share for name, share in ends.items() if _percent(share) != _percent(kept[name])}
                _keep(self.account, new, last=next(iter(new), names[0]))

            later(act, ends)

        st.slider(
            f"{kind.label}: share in percent",
            0,
            100,
            value=(ends[0], ends[1]),
            key=field.key,
            format="%d%%",
            label_visibility="collapsed",
            on_change=field.typed,
            args=(moved,),
        )

    def refusal(self, name: str) -> None:
        """What is wrong with a field, if anything."""
        if words := self.wrong.get(name):
            st.error(words, icon=":material/error:")

    def _number(
        self, name: str, label: str, scale: float, key: str, *, step: float, unit: str, blank: str = "", help: str = ""
    ) -> None:
        value = self.table[name]
        shown = round(value * scale, 6) if isinstance(value, int | float) else None
        field = show(key or f"mix:{name}", shown)

        def typed(new: float | None) -> None:
            if new is None and not blank:
                tell_later(TOLD, f"{label}: an empty field says nothing, so {number(shown, 0)}{unit} stays.", "info")
                return
            values: dict[str, Value] = {name: None if new is None else round(new / scale, 8)}
            later(lambda: _keep(self.account, values, last=name), values)

        st.number_input(
            f"{label}, {unit}" if unit else label, value=shown, key=field.key, step=step, format="%g",
            placeholder=blank or UNKNOWN, on_change=field.typed, args=(typed,), help=help or None,
        )  # fmt: skip
        self.refusal(name)


@dataclass(slots=True)
class Shown:
    """A field as it was drawn last: its key, and what it said."""

    name: str
    key: str
    value: object

    def typed(self, act: Callable[[Any], None]) -> None:
        """For its callback: act on what was typed, but not on what a field that is replaced already only repeats."""
        new, before, self.value = st.session_state[self.key], self.value, st.session_state[self.key]
        if new != before or self.key == _key(self.name, st.session_state[_DRAWN][self.name][0]):
            act(new)


def show(name: str, value: object) -> Shown:
    """How to draw a field that is to show `value`, which must be its default as well.

    A field that says something else is replaced by one with another key: with every change of one field the browser sends all
    others too, and one that was told to show something else would say the old for a moment, as if that had been typed. So what is
    told under the key that is drawn was typed, however soon after.
    """
    state = st.session_state
    drawn: dict[str, tuple[int, object]] = state.setdefault(_DRAWN, {})
    times, before = drawn.get(name, (0, value))
    if state.get(_key(name, times), before) != value:
        times += 1
    drawn[name] = times, value
    return Shown(name, _key(name, times), value)


def _key(name: str, times: int) -> str:
    return f"{name}#{times}" if times else name


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to be done at the next run. `typed` are the values of fields that it keeps: these are not given up."""

    act: Callable[[], object]
    typed: Mapping[str, Value] | None


def later(act: Callable[[], object], typed: Mapping[str, Value] | None = None) -> None:
    """Note in a callback what a button asks for, or a field and the values `typed` in it; `settle` does it."""
    st.session_state.setdefault(_NOTED, []).append(Noted(act, typed))


def settle() -> dict[str, Value]:
    """Do what was asked for since the last run. What was typed and could not be stored waits for the next, and is returned."""
    noted: list[Noted] = st.session_state.pop(_NOTED, [])
    waiting: list[Noted] = []
    for one in noted:
        if waiting:
            waiting += [one] if one.typed is not None else []
            continue
        try:
            one.act()
        except CallerError as error:
            tell_later(TOLD, error)
        except ServiceError:
            waiting += [one] if one.typed is not None else []
            tell_later(TOLD, NOT_STORED if waiting else "A server does not answer. Try again in a moment.", "error")
    if waiting:
        st.session_state[_NOTED] = waiting
    return {name: value for one in waiting for name, value in (one.typed or {}).items()}


def _keep(account: Account, values: Mapping[str, Value], *, last: str) -> None:
    services().mix_drafts.change(account, values, now=clock())
    st.session_state[LAST] = last


def _percent(value: Value) -> int:
    return round(value * 100) if isinstance(value, int | float) else 0
