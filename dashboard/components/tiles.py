"""Pictures with words under them, to open or to choose from: the grid that posters, products and candidates share.

Streamlit's own image takes no address of ours (`/media/…` is signed and same-origin) and cannot be clicked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.components.v2 import component

Layout = Literal["grid", "fixed", "rows", "list"]
"""`grid` fills the width, `fixed` keeps its size; `rows` are cards with a small picture beside words, `list` one such per line."""
_HERE = Path(__file__).parent
_tiles = component(
    "feedroom.tiles",
    html='<div class="tiles" role="group"></div>',
    css=(_HERE / "tiles.css").read_text(encoding="utf-8"),
    js=(_HERE / "tiles.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture. `label` is read aloud, `alt` describes the picture, `badges` are (text, colour), `preview` plays on hover.

    `chosen` None is a plain button; True or False makes it one of several to choose from. `href` makes it a link that
    also opens in a new tab.
    """

    id: str
    label: str
    image: str = ""
    alt: str = ""
    title: str = ""
    lines: tuple[str, ...] = ()
    badges: tuple[tuple[str, str], ...] = ()
    corner: str = ""
    preview: str = ""
    blank: str = ""
    href: str = ""
    act: str = ""
    chosen: bool | None = None


def tiles(
    items: Sequence[Tile],
    *,
    key: str,
    label: str,
    layout: Layout = "grid",
    size: int = 168,
    ratio: str = "9 / 16",
    disabled: bool = False,
    on_pick: Callable[[str], None] | None = None,
) -> str | None:
    """Draw the pictures; returns the id of the one that was just clicked, else None.

    `on_pick` gets that id before the page is drawn anew. `size` is the least width of a picture in pixels.
    """

    def picked() -> None:
        if on_pick is not None and (id := st.session_state[key].picked):
            on_pick(id)

    drawn = _tiles(
        key=key,
        data={
            "items": [asdict(item) for item in items],
            "label": label,
            "layout": layout,
            "size": size,
            "ratio": ratio,
            "disabled": disabled,
        },
        on_picked_change=picked,
    )
    return drawn.picked  # type: ignore[no-any-return]
