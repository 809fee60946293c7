"""Where a short test misleads: what a mix changes that viewers feel only after weeks."""

from __future__ import annotations

import math

from core.domain.mix import CAPS, DEFAULT_WEIGHTS, UNWANTED, MixPolicy
from core.domain.post import PostKind

_WATCH = {
    PostKind.PROMOTIONAL: "watch active days, not-interested taps and returning viewers",
    PostKind.PRODUCT: "watch active days and product clicks per impression",
}


def cautions(control: MixPolicy, treatment: MixPolicy) -> tuple[str, ...]:
    """Sentences on what a short test cannot show of `treatment` against `control`; empty if nothing of the kind differs."""
    found = []
    for kind, watch in _WATCH.items():
        (least, most), (least_after, most_after) = _bounds(control, kind), _bounds(treatment, kind)
        rose, fell = least_after > least or most_after > most, least_after < least or most_after < most
        if rose or fell:
            how = "more" if rose and not fell else "less" if fell and not rose else "a different share of"
            found.append(
                f"This mix shows {how} {kind.value} content ({_span(least_after, most_after)} of a page instead of "
                f"{_span(least, most)}). Viewers get used to it, or tired of it, over weeks: {watch}, run for four weeks or "
                "longer, and keep the holdout on the old mix after shipping."
            )
    if treatment.explore < control.explore:
        found.append(
            f"It tries fewer new posts ({treatment.explore:.0%} of slots instead of {control.explore:.0%}). That looks good at "
            "once and costs later, as new posts and publishers are no longer found: watch impressions of posts under a week old, "
            "and test by publisher or for longer."
        )
    elif treatment.explore > control.explore:
        found.append(
            f"It tries more new posts ({treatment.explore:.0%} of slots instead of {control.explore:.0%}). The cost shows at once, "
            "the gain only when what was learned is used: a loss now may turn round in the weeks after."
        )
    if (caps := _caps(control, treatment)) is not None:
        found.append(caps)
    for name in UNWANTED:
        before, after = (abs(policy.weights.get(name, DEFAULT_WEIGHTS[name])) for policy in (control, treatment))
        if not math.isclose(before, after) and after < before:
            found.append(
                f"It minds {name.replace('_', ' ')} signals less ({after:g} instead of {before:g}). Annoyance adds up slowly: "
                "watch active days over four weeks before shipping to everybody."
            )
    return tuple(found)


def _bounds(policy: MixPolicy, kind: PostKind) -> tuple[float, float]:
    """The tightest shares that hold, on a page and over a session."""
    shares = [held[kind] for held in (policy.shares, policy.session_shares) if kind in held]
    return max((share.least for share in shares), default=0.0), min((share.most for share in shares), default=1.0)


def _span(least: float, most: float) -> str:
    return f"{least:.0%} to {most:.0%}"


def _caps(control: MixPolicy, treatment: MixPolicy) -> str | None:
    """Diversity: how many posts one publisher, brand or topic may have on a page."""
    looser, tighter = [], []
    for field, name in CAPS.items():
        before, after = (getattr(policy, field) or math.inf for policy in (control, treatment))
        if after > before:
            looser.append(name)
        elif after < before:
            tighter.append(name)
    if looser:
        return (
            f"A page is less diverse: more posts of one {' and one '.join(looser)} may follow each other. More of the same usually "
            "wins for some weeks and then tires: watch active days and topics seen per viewer, and keep a holdout for longer."
        )
    if tighter:
        return (
            f"A page is more diverse: fewer posts of one {' and one '.join(tighter)}. Diversity tends to cost clicks at first and "
            "to bring viewers back later: run for four weeks or longer before calling it a loss."
        )
    return None
