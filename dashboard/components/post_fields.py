"""The words of a post as widgets: the same in the studio, where each is saved as it is typed, and on the post's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st
from streamlit.components.v2 import component

from core.domain.account import Account
from core.domain.post import MAX_CAPTION, MAX_TITLE, Post, PostKind
from dashboard.components.product_picker import product_picker
from dashboard.components.tag_picker import tag_picker
from dashboard.context import services

FIELDS: Final = ("title", "caption", "kind", "tags", "products", "language", "ai_generated")
LANGUAGES: Final = {"en": "English", "hi": "Hindi", "hi-Latn": "Hinglish", "uk": "Ukrainian"}

KIND_HELP: Final = {
    PostKind.UGC: "UGC: your own experience.",
    PostKind.PROMOTIONAL: "Promotional: an offer or a campaign.",
    PostKind.EDUCATIONAL: "Educational: how to use, choose or care for something.",
    PostKind.PRODUCT: "Product: shows one or more linked products.",
}

# A text area hands its text over when it loses the focus; this makes a pause in typing enough, so that nothing typed is lost.
_TYPING = component(
    "feedroom.typing",
    js="""export default function () {
      const timers = new WeakMap();
      const typed = ({ target }) => {
        if (!(target instanceof HTMLTextAreaElement)) return;
        clearTimeout(timers.get(target));
        timers.set(target, setTimeout(() => target.dispatchEvent(
          new KeyboardEvent("keydown", { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true })), 900));
      };
      document.addEventListener("input", typed);
      return () => document.removeEventListener("input", typed);
    }""",
)


def save_while_typing() -> None:
    """Let text areas of this page hand over their text after a pause in typing. Call once per page."""
    _TYPING(key="save_while_typing")


def follow(prefix: str, post: Post) -> None:
    """Give the widgets under `prefix` the stored values, without touching what this person has changed since."""
    record: dict[str, tuple[object, object]] = st.session_state.setdefault(f"{prefix}:record", {})
    for field in FIELDS:
        stored = _plain(getattr(post, field))
        key = f"{prefix}:{field}"
        mine, seen = record.get(field, (None, None))
        untouched = key in st.session_state and st.session_state[key] == mine
        if key not in st.session_state or field not in record or (untouched and stored != seen):
            st.session_state[key] = stored
            record[field] = (stored, stored)


def seen_value(prefix: str, field: str) -> object:
    """The stored value that was on the screen when the person changed the field."""
    return st.session_state[f"{prefix}:record"][field][1]


def remember_saved(prefix: str, field: str, post: Post) -> None:
    """Note that the field's widget and the store agree."""
    st.session_state[f"{prefix}:record"][field] = (st.session_state[f"{prefix}:{field}"], _plain(getattr(post, field)))


def forget_fields(prefix: str) -> None:
    """Drop what was typed, so that the widgets show the stored values again."""
    for key in [key for key in st.session_state if isinstance(key, str) and key.startswith(f"{prefix}:")]:
        del st.session_state[key]


def post_fields(
    account: Account, post: Post, *, prefix: str, on_change: Callable[[str], None] | None = None
) -> dict[str, object]:
    """Draw the widgets and return what they hold. `on_change` gets a field's name when the person has changed it."""
    follow(prefix, post)

    def changed(field: str) -> Callable[[], None] | None:
        return (lambda: on_change(field)) if on_change else None

    st.text_input(
        "Title", key=f"{prefix}:title", max_chars=MAX_TITLE, on_change=changed("title"), live="0.9s",
        placeholder="What it shows, in a few words",
    )  # fmt: skip
    st.text_area(
        "Caption", key=f"{prefix}:caption", max_chars=MAX_CAPTION, height=96, on_change=changed("caption"),
        placeholder="What viewers read under the clip",
    )  # fmt: skip
    kinds = services().catalog.kinds(account)
    if post.kind not in kinds:
        kinds = (post.kind, *kinds)
    st.segmented_control(
        "Kind", kinds, key=f"{prefix}:kind", format_func=lambda kind: kind.label, required=True,
        on_change=changed("kind"), help=" ".join(KIND_HELP[kind] for kind in kinds),
    )  # fmt: skip
    text = f"{st.session_state[f'{prefix}:title']}\n{st.session_state[f'{prefix}:caption']}"
    tag_picker(account, prefix=prefix, text=text, on_change=changed("tags"))
    product_picker(account, prefix=prefix, on_change=changed("products"))
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    languages = list(LANGUAGES) if post.language in LANGUAGES else [post.language, *LANGUAGES]
    left.selectbox(
        "Language", languages, key=f"{prefix}:language", format_func=lambda code: LANGUAGES.get(code, code),
        on_change=changed("language"),
    )  # fmt: skip
    right.checkbox(
        "Made or changed with AI", key=f"{prefix}:ai_generated", on_change=changed("ai_generated"),
        help="Viewers see the label “AI-generated”. Declare it if pictures, voice or scenes were generated.",
    )  # fmt: skip
    return {field: st.session_state[f"{prefix}:{field}"] for field in FIELDS}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
