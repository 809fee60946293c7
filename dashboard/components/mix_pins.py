"""Pinned posts: each with its poster and slot, and a search that pins more."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.errors import CallerError
from core.domain.mix import MAX_PINNED
from core.domain.post import Post, PostStatus
from dashboard.components.mix_form import LAST, MixForm, later, show
from dashboard.components.post_grid import title_of
from dashboard.components.tiles import Tile, tiles
from dashboard.context import clock, services
from dashboard.links import media_links
from dashboard.literal import literal

_FOUND: Final = 6
_TITLE: Final = 32


def mix_pins(form: MixForm) -> None:
    """Draw the pins of the draft."""
    st.caption(
        "A pinned post stands in its slot of the first page of a session, for every viewer who may see it and has not."
    )
    value = form.table["pins"]
    pins = [(int(place), str(post)) for place, post in value] if isinstance(value, list) else []
    form.refusal("pins")
    for place, id in pins:
        post = _post(form, id)
        with st.container(border=True):
            title = literal(_short(title_of(post) if post else id))
            with st.container(horizontal=True, vertical_alignment="bottom"):
                _slot(form, id, place, title)
                st.button(
                    f"Remove {title}", key=f"mix:unpin:{id}", icon=":material/close:", type="tertiary",
                    on_click=_pin_later, args=(form, id, None),
                )  # fmt: skip
            if post is None:
                st.caption("This post is no longer here.")
                continue
            form.price(f"pins.{place}", "pin")
            tiles([_tile(post)], key=f"mix:pinned:{id}", label="Pinned post", layout="list", disabled=True)
            if post.status is not PostStatus.LIVE:
                st.warning(f"It is {post.status.label.lower()} and is not shown; the slot goes to another post.")
    _search(form, pins)


def _slot(form: MixForm, id: str, place: int, title: str) -> None:
    field = show(f"mix:pin:{id}", place + 1)

    def moved(slot: int) -> None:
        _pin_later(form, id, int(slot) - 1)

    st.number_input(
        f"Slot of {title}", 1, MAX_PINNED, place + 1, key=field.key, on_change=field.typed, args=(moved,), width=240
    )


def _search(form: MixForm, pins: list[tuple[int, str]]) -> None:
    if len(pins) >= MAX_PINNED:
        st.caption(f"All {MAX_PINNED} slots that can be pinned are.")
        return
    searched = st.text_input(
        "Find a post to pin",
        key="mix:find_post",
        type="search",
        live=True,
        placeholder="Title, caption, tag or product",
    )
    if not searched:
        return
    taken = {post for _, post in pins}
    page = services().catalog.find(form.account, text=searched, statuses=(PostStatus.LIVE,), limit=_FOUND)
    found = [post for post in page.items if post.id not in taken]
    if not found:
        st.caption(
            f"No other live post fits “{literal(searched)}”. Try another word of its title, caption, tags or product."
        )
    places = {place for place, _ in pins}
    free = next(place for place in range(MAX_PINNED) if place not in places)
    tiles(
        [_tile(post, act="Pin") for post in found],
        key="mix:found_posts",
        label="Posts found",
        layout="rows",
        on_pick=lambda picked: _pin_later(form, picked, free),
    )


def _pin_later(form: MixForm, id: str, place: int | None) -> None:
    def act() -> None:
        services().mix_drafts.pin(form.account, id, place, now=clock())
        st.session_state[LAST] = "pins"

    later(act)


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip()}…"


def _post(form: MixForm, id: str) -> Post | None:
    try:
        return services().catalog.get(form.account, id)
    except CallerError:
        return None


def _tile(post: Post, *, act: str = "") -> Tile:
    title = title_of(post)
    return Tile(
        id=post.id, label=f"{act} {title}".strip(), image=media_links(post).poster, alt=f"Poster of {title}",
        title=title, lines=(post.caption[:80],), badges=((post.kind.label, "gray"),), blank="No media yet", act=act,
    )  # fmt: skip
