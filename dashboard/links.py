"""Ways from one page of the console to another, and addresses of pictures."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from core.domain.feed import MediaLinks
from core.domain.post import Post
from dashboard.context import clock, services
from dashboard.navigation import PAGES


def open_page(name: str, **query: str) -> NoReturn:
    """Go to a page of the console, with these query parameters and no others."""
    st.switch_page(PAGES / f"{name}.py", query_params=query)


def page_link(name: str, label: str, *, icon: str | None = None, help: str | None = None, **query: str) -> None:
    """Draw a link to a page of the console."""
    st.page_link(PAGES / f"{name}.py", label=label, icon=icon, help=help, query_params=query)


def page_path(name: str, **query: str) -> str:
    """A page's address, for a link that may open in a new tab."""
    return f"./{name}" + (f"?{urlencode(query)}" if query else "")


def media_links(post: Post) -> MediaLinks:
    """Signed addresses of a post's media."""
    return services().delivery.links(post.media, now=clock())


def picture_url(key: str) -> str:
    """The signed address of a picture in the object store; "" for no key."""
    folder, _, name = key.rpartition("/")
    return services().delivery.url(folder, name, now=clock())


def poster_urls(post: Post) -> dict[str, str]:
    """Signed addresses of the poster candidates, by name."""
    if post.media is None:
        return {}
    return {name: services().delivery.url(post.media.prefix, name, now=clock()) for name in post.media.posters}
