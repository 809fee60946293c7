"""The media side of a draft: progress while the worker makes it playable, then the poster and its candidates."""

from __future__ import annotations

import streamlit as st

from core.domain.account import Account
from core.domain.errors import CallerError, NotFound
from core.domain.job import JobState
from core.domain.post import Media, MediaKind, Post, PostStatus
from dashboard.components.player import player
from dashboard.components.tiles import Tile, tiles
from dashboard.components.told import tell, tell_later
from dashboard.components.uploader import uploader
from dashboard.context import clock, services
from dashboard.formatting import clip_length, size
from dashboard.links import media_links, poster_urls

_POLL = 1.5
"""Seconds between looks at the worker's progress."""


def is_busy(post: Post) -> bool:
    """Whether the worker still has to make this post's media."""
    return post.upload is not None and post.media is None and post.status is not PostStatus.FAILED


def draft_media(account: Account, post: Post) -> None:
    """Draw the panel; while the worker is busy it looks again by itself, without disturbing what is typed beside it."""
    busy = is_busy(post)
    st.fragment(_panel, run_every=_POLL if busy else None, key=f"media:{post.id}")(account, post.id, busy)


def media_facts(media: Media) -> str:
    """What a file is, in a line."""
    kind = "Video" if media.kind is MediaKind.VIDEO else "Picture"
    length = f", {clip_length(media.duration)}" if media.duration else ""
    return f"{kind}{length}, {media.width} × {media.height}, {size(media.bytes)}"


def poster_choice(account: Account, post: Post, *, key: str, disabled: bool = False) -> None:
    """Draw the poster candidates; picking one makes it the poster at once."""
    urls = poster_urls(post)
    if post.media is None or len(urls) < 2:
        return

    def choose(name: str) -> None:
        try:
            services().catalog.choose_poster(account, post.id, name, now=clock())
            tell_later(key, "The poster is changed.", "image")
        except CallerError as error:
            tell_later(key, error)

    tell(key)
    st.caption("Poster")
    tiles(
        [
            Tile(
                id=name,
                label=f"Use frame {number} as the poster",
                alt=f"Frame {number} of the clip",
                image=url,
                chosen=name == post.media.poster,
            )
            for number, (name, url) in enumerate(urls.items(), 1)
        ],
        key=key,
        label="Poster candidates",
        layout="fixed",
        size=52,
        on_pick=choose,
        disabled=disabled,
    )


def _panel(account: Account, id: str, was_busy: bool) -> None:
    try:
        post = services().catalog.get(account, id)
    except NotFound:
        return
    if post.media is not None:
        player(media_links(post), key=f"player:{id}", label="The draft's clip", height=300, muted=True)
        st.caption(media_facts(post.media))
        poster_choice(account, post, key=f"candidates:{id}")
    elif post.status is PostStatus.FAILED or post.problem:
        _failure(account, post)
    elif post.upload is not None:
        with st.container(border=True):
            _progress(account, id)
    else:
        uploader(account, key=f"file:{id}", post=id)
    if was_busy != is_busy(post):
        st.rerun()


def _progress(account: Account, id: str) -> None:
    job = services().catalog.progress(account, id)
    if job is None or job.state is JobState.QUEUED:
        st.progress(0.0, text="Waiting for the worker")
    else:
        st.progress(min(1.0, job.progress), text=f"{job.step or 'Starting'}, {job.progress:.0%}")


def _failure(account: Account, post: Post) -> None:
    st.error(post.problem or "The file could not be made playable.", icon=":material/error:")

    def again() -> None:
        try:
            services().catalog.retry(account, post.id, now=clock())
        except CallerError as error:
            tell_later(f"retry:{post.id}", error)

    tell(f"retry:{post.id}")
    # A refused file is gone: only one that our own fault stopped can be tried again.
    if post.upload is not None:
        st.button("Try again", key=f"retry:{post.id}", icon=":material/refresh:", on_click=again)
    uploader(account, key=f"file:{post.id}", post=post.id, label="Replace the file")
