"""What a draft would do to the pages of sample viewers, and the price of each of its rules."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from core.domain.account import Account
from core.domain.mix import MixPolicy, Share
from core.domain.mix_rules import rules
from core.domain.post import PostKind
from core.services.mix_effects import Estimate, MixEffect, RulePrice
from dashboard.components.mix_charts import mix_change
from dashboard.components.mix_form import MixForm
from dashboard.context import clock, services
from dashboard.formatting import UNKNOWN, interval, number, percent, plural
from dashboard.literal import literal

_EXPECTED = "mix:expected"
TINY = 5e-6
SHOWN = 5e-5
"""A smaller price would be rounded to 0.00%."""


def effect_of(account: Account, policy: MixPolicy, against: MixPolicy) -> MixEffect | None:
    """Pages of the sample viewers under both, with progress while they are made; None without sample viewers."""
    bar = st.empty()

    def progress(part: float) -> None:
        bar.progress(part, text="Making the pages of sample viewers")

    effect = services().mix_effects.compare(account, policy, against, now=clock(), progress=progress)
    bar.empty()
    if not effect.viewers:
        st.info("There are no sample viewers, so nothing can be said about pages. They come with the demo world.")
        return None
    return effect


def keep_expected(policy: MixPolicy, against: MixPolicy, effect: MixEffect | None) -> None:
    """Keep in words what one policy is expected to change against the other, for who publishes it; None without sample viewers."""
    st.session_state[_EXPECTED] = policy.id, against.id, "" if effect is None else in_words(effect)


def expected(policy: MixPolicy, against: MixPolicy) -> str:
    """What was kept of these two; "" if there are no sample viewers."""
    of, compared, words = st.session_state.get(_EXPECTED, ("", "", ""))
    return str(words) if (of, compared) == (policy.id, against.id) else "What it would do is still being worked out."


def in_words(effect: MixEffect) -> str:
    """The expected changes as a sentence."""
    changes = ", ".join(
        f"{name} {signed(change.value)} ({_between(change)})"
        for name, change in (("engagement", effect.engagement), ("business value", effect.business))
    )
    return f"Expected on the pages of {plural(effect.viewers, 'sample viewer')}: {changes}."


def mix_outcome(effect: MixEffect, policy: MixPolicy, *, draft: bool) -> None:
    """Draw the expected changes and the shares of the kinds."""
    if draft:
        for column, name, change in zip(
            st.columns(2), ("Engagement", "Business value"), (effect.engagement, effect.business), strict=True
        ):
            column.metric(
                name, signed(change.value), border=True,
                help="Expected change of a page against the version in force, paired by sample viewer.",
            )  # fmt: skip
            column.caption(_between(change))
    rows = tuple((kind, effect.before[kind], effect.after[kind], *_band(policy, kind)) for kind in PostKind)
    words = "Shares now and with this draft: " if draft else "Shares: "
    st.plotly_chart(
        mix_change(rows, draft), key="mix_change",
        config={"displayModeBar": False},
        alt=words + ", ".join(f"{kind.label} {percent(old, 0)} and {percent(new, 0)}" for kind, old, new, *_ in rows),
    )  # fmt: skip
    st.caption(
        f"Pages of {effect.slots} slots for {plural(effect.viewers, 'sample viewer')}. "
        + ("Faint: in force. Full: this draft. " if draft else "")
        + "Band: what the page shares allow."
    )
    if effect.gave_way:
        names, of = dict(rules(policy)), plural(effect.viewers, "page")
        said = "\n".join(f"- {literal(names.get(f, f))}: on {pages} of {of}" for f, pages in effect.gave_way.items())
        st.warning(f"Too few posts can be shown to keep these:\n{said}", icon=":material/rule:")
    if effect.notes:
        with st.expander("What the feed says about these pages", icon=":material/rule:"):
            for note, pages in effect.notes:
                st.caption(f"{literal(note)} (on {pages} of {plural(effect.viewers, 'page')})")


def fill_prices(form: MixForm, effect: MixEffect, *, draft: bool) -> None:
    """Put every price beside its rule, and each kind's share beside its name."""
    for kind, room in form.shares.items():
        now, then = percent(effect.before[kind], 0), percent(effect.after[kind], 0)
        room.caption(
            f"{now} of the slots now, {then} with this draft" if draft and now != then else f"{then} of the slots"
        )
    for name, price in form.prices.items():
        words = price_in_words(effect.prices.get(name), price.step, effect.viewers)
        if pages := effect.gave_way.get(name):
            words += f". :red[Cannot be kept on {pages} of {plural(effect.viewers, 'page')}.]"
        if ":" in words:  # in colour: a caption's grey would take the contrast away
            price.room.markdown(f":small[{words}]")
        else:
            price.room.caption(words)


def price_in_words(price: RulePrice | None, step: str, pages: int) -> str:
    """What one more step of a rule costs.

    >>> price_in_words(None, "point", 12)
    'Costs nothing now'
    """
    if price is None or price.price.value < TINY:
        return "Costs nothing now"
    shown = price.price.value >= SHOWN
    known = shown and not math.isnan(price.price.low)
    between = f" ({interval(max(price.price.low, 0) * 100, price.price.high * 100, 2, '%')})" if known else ""
    worth = percent(price.price.value, 2) if shown else "under 0.01%"
    return f":orange[Costs **{worth}** per {step}]{between}, on {price.binding} of {plural(pages, 'page')}"


def differences_list(sentences: Sequence[str], nothing: str) -> None:
    """Draw what differs, one line each."""
    if not sentences:
        st.caption(nothing)
    st.markdown("\n".join(f"- {literal(one)}" for one in sentences))


def signed(change: float) -> str:
    """A relative change with its sign.

    >>> signed(0.0123), signed(-0.004), signed(0.0)
    ('+1.2%', '−0.4%', '0.0%')
    """
    if math.isnan(change):
        return UNKNOWN
    text = number(change * 100, 1)
    return f"+{text}%" if change >= 0.0005 else f"{text}%"


def _between(change: Estimate) -> str:
    return (
        "no interval: too few sample viewers"
        if math.isnan(change.low)
        else (f"{interval(change.low * 100, change.high * 100, 1, '%')}, 95% interval")
    )


def _band(policy: MixPolicy, kind: PostKind) -> tuple[float, float]:
    share = policy.shares.get(kind, Share())
    return share.least, share.most
