"""What people read when a service says no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.domain.errors import CallerError, Conflict, Duplicate, InvalidInput, ServiceError
from dashboard.literal import literal


def sentence(error: CallerError) -> str:
    """An error as Markdown for people: what is wrong with which field, without repeating what they typed. Words of people and
    names of fields in it are shown as they are."""
    text = error.detail
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
    except ServiceError:
        st.error("A server that Feedroom needs does not answer. Try again in a moment.", icon=":material/cloud_off:")
