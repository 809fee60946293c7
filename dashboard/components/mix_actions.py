"""What is done with a draft and with versions: save, publish, roll back; each says what it changes before it does."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError, Conflict, ServiceError
from core.domain.mix import MixPolicy
from core.domain.mix_life import MAX_NAME, MAX_NOTE, MAX_WHY
from core.domain.mix_words import differences
from core.services.mix import InForce
from core.services.mix_drafts import Work
from dashboard.components.mix_form import TOLD
from dashboard.components.mix_outcome import differences_list, expected
from dashboard.components.told import tell_later
from dashboard.context import clock, services
from dashboard.literal import literal
from dashboard.messages import sentence


def post_title(account: Account, id: str) -> str:
    """A post by its title, for sentences."""
    try:
        return services().catalog.get(account, id).title or id
    except CallerError:
        return id


def said_differences(account: Account, before: MixPolicy, after: MixPolicy) -> tuple[str, ...]:
    """What differs, with pinned posts by their titles."""
    return differences(before, after, lambda post: post_title(account, post))


@st.dialog("Save as a version", icon=":material/save:")
def save_dialog(account: Account, work: Work) -> None:
    """Ask for a name and a note, and save. A version never changes afterwards."""
    if work.policy is None:
        st.write("The draft holds settings that cannot be. Nothing was saved.")
        return
    st.markdown(f"What differs from **{literal(work.base.name)}** ({literal(work.base.id)}):")
    differences_list(said_differences(account, work.base, work.policy), "Nothing.")
    name = st.text_input("Name", work.base.name, max_chars=MAX_NAME, key="mix_save_name")
    note = st.text_area("Note", max_chars=MAX_NOTE, placeholder="What it is for", key="mix_save_note", height=80)
    st.caption("A version cannot be changed afterwards. Viewers see nothing of it until it is published.")
    if st.button("Save", key="mix_save_confirm", type="primary"):
        try:
            saved = services().mix.save(account, work.typed, base=work.base.id, name=name, note=note, now=clock())
        except CallerError as error:
            st.error(sentence(error), icon=":material/error:")
        except ServiceError:
            st.error("A server does not answer. What you typed is kept; try again in a moment.")
        else:
            _go_on_from(account, saved)
            st.rerun()


def _go_on_from(account: Account, saved: MixPolicy) -> None:
    """Whatever comes of the draft, the version is there: saving once more would make a second one."""
    said = f"Saved as {literal(saved.id)}. It is not in force yet."
    try:
        services().mix_drafts.go_on(account, saved, now=clock())
    except (CallerError, ServiceError):
        tell_later(TOLD, f"{said} The draft could not be moved on to it: choose it under Draft from.", "error")
    else:
        tell_later(TOLD, said)


@st.dialog("Publish", icon=":material/rocket_launch:", on_dismiss="rerun")
def publish_dialog(account: Account, policy: MixPolicy, present: InForce) -> None:
    """Show what changes for viewers, ask for a reason, and put the version in force."""
    st.markdown(
        f"**{literal(policy.name)}** ({literal(policy.id)}) replaces **{literal(present.policy.name)}** "
        f"({literal(present.policy.id)}) for every viewer outside experiments, from the next page on:"
    )
    differences_list(said_differences(account, present.policy, policy), "No setting differs.")
    if effect := expected(policy, present.policy):
        st.caption(effect)
    _confirm(
        "Publish", "Why is it published?",
        lambda why: services().mix.publish(account, policy.id, why, seen=present.number, now=clock()).policy,
        "{} is in force.",
    )  # fmt: skip


@st.dialog("Roll back", icon=":material/undo:", on_dismiss="rerun")
def roll_back_dialog(account: Account, present: InForce, target: MixPolicy) -> None:
    """Show what changes for viewers, ask for a reason, and put the version before in force again."""
    st.markdown(
        f"**{literal(target.name)}** ({literal(target.id)}) is put in force again instead of "
        f"**{literal(present.policy.name)}** ({literal(present.policy.id)}):"
    )
    differences_list(said_differences(account, present.policy, target), "No setting differs.")
    _confirm(
        "Roll back", "Why is it rolled back?",
        lambda why: services().mix.roll_back(account, why, seen=present.number, now=clock()).policy,
        "Rolled back: {} is in force again.",
    )  # fmt: skip


def _confirm(verb: str, question: str, act: Callable[[str], str], done: str) -> None:
    """A reason and the button that does it; a refusal stays under them."""
    key = verb.lower().replace(" ", "_")
    why = st.text_area(question, key=f"mix_{key}_why", max_chars=MAX_WHY, height=80)
    with st.container(horizontal=True):
        confirmed = st.button(verb, key=f"mix_{key}_confirm", type="primary")
        if st.button("Cancel", key=f"mix_{key}_cancel"):
            st.rerun()
    if not confirmed:
        return
    try:
        policy = act(why)
    except Conflict as error:
        st.error(f"{sentence(error)} Close this to see what is in force.", icon=":material/error:")
    except CallerError as error:
        st.error(sentence(error), icon=":material/error:")
    except ServiceError:
        st.error("A server does not answer. Nothing was changed; try again in a moment.", icon=":material/cloud_off:")
    else:
        tell_later(TOLD, done.format(literal(policy)))
        st.rerun()
