"""Pinned posts: each with its poster and slot, and a search that pins more."""

from __future__ import annotations

from typing import Final

import streamlit as st

from core.domain.errors import CallerError
from core.domain.mix import MAX_PINNED
from core.domain.post import Post, PostStatus
from dashboard.components.mix_form import MixForm, keep, later, show
from dashboard.components.post_grid import title_of
from dashboard.components.tiles import Tile, tiles
from dashboard.context import services
from dashboard.links import media_links

_FOUND: Final = 6


def mix_pins(form: MixForm) -> None:
    """Draw the pins of the draft."""
    st.caption(
        "A pinned post stands in its slot of the first page of a session, for every viewer who may see it and has not."
    )
    value = form.table["pins"]
    pins = [(int(place), str(post)) for place, post in value] if isinstance(value, list) else []
    form.refusal("pins")
    posts = {post: _post(form, post) for _, post in pins}
    for number, (place, id) in enumerate(pins):
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                _slot(form, pins, number, place)
                st.button(
                    "Remove", key=f"mix:unpin:{id}", icon=":material/close:", type="tertiary", on_click=_pin,
                    args=(form, [pin for pin in pins if pin[1] != id]),
                )  # fmt: skip
            post = posts[id]
            if post is None:
                st.caption("This post is no longer here.")
                continue
            form.price(f"pins.{place}", "pin")
            tiles([_tile(post)], key=f"mix:pinned:{id}", label="Pinned post", layout="list", disabled=True)
            if post.status is not PostStatus.LIVE:
                st.warning(f"It is {post.status.label.lower()} and is not shown; the slot goes to another post.")
    _search(form, pins)


def _slot(form: MixForm, pins: list[tuple[int, str]], number: int, place: int) -> None:
    key = f"mix:pin:{pins[number][1]}"
    show(key, place + 1)

    def moved() -> None:
        new = list(pins)
        new[number] = (int(st.session_state[key]) - 1, pins[number][1])
        _pin(form, new)

    st.number_input("Slot", 1, MAX_PINNED, place + 1, key=key, on_change=later, args=(key, moved), width=120)


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
        st.caption(f"No other live post fits “{searched}”.")
    places = {place for place, _ in pins}
    free = next(place for place in range(MAX_PINNED) if place not in places)
    tiles(
        [_tile(post, act="Pin") for post in found],
        key="mix:found_posts",
        label="Posts found",
        layout="rows",
        on_pick=lambda picked: _pin(form, [*pins, (free, picked)]),
    )


def _pin(form: MixForm, pins: list[tuple[int, str]]) -> None:
    keep(form.account, {"pins": sorted(pins)}, last="pins")


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
