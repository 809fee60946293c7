"""What people read when a service says no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.domain.errors import CallerError, Conflict, Duplicate, InvalidInput, ServiceError
from dashboard.literal import literal


def sentence(error: CallerError | ServiceError) -> str:
    """An error as Markdown for people: what is wrong with which field, without repeating what they typed. Words of people and
    names of fields in it are shown as they are."""
    text = error.detail
    if isinstance(error, ServiceError):
        # Which server it is, and where, is for the log.
        text = "A server that Feedroom needs does not answer. Try again in a moment"
    if isinstance(error, InvalidInput):
        text = f"{(error.field or '').replace('_', ' ')}: {error.why}"
    return literal(f"{text[:1].upper()}{text[1:].rstrip('.')}.")


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal of the services as a message where the work was asked for, and go on after the block."""
    try:
        yield
    except CallerError as error:
        hint = (
            " Reload the page to see what changed."
            if isinstance(error, Conflict) and not isinstance(error, Duplicate)
            else ""
        )
        st.error(sentence(error) + hint, icon=":material/error:")
    except ServiceError as error:
        st.error(sentence(error), icon=":material/cloud_off:")


def unanswered(error: Exception) -> bool:
    """What Streamlit asks when a page, a fragment or a callback has failed: says in words that a server does not answer.

    Whether it was that; anything else is a bug, and stays one. Streamlit keeps what was typed into the fields.
    """
    if not isinstance(error, ServiceError):
        return False
    st.error(f"{sentence(error)} What you typed is kept.", icon=":material/cloud_off:")
    st.button("Try again", icon=":material/refresh:")
    return True
