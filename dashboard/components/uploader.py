"""Upload files in parts from the browser straight to `/api/uploads`, with progress; the bytes never pass through Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamlit.components.v2 import component

from core.domain.account import Account
from core.domain.upload import MAX_FILE
from dashboard.context import clock, services

HINT = (
    "MP4, MOV, WebM or MKV up to 3 minutes and 4K; JPEG, PNG or WebP. "
    f"Up to {MAX_FILE // 1024**3} GB each. An interrupted upload goes on where it stopped."
)
_HERE = Path(__file__).parent
_uploader = component(
    "feedroom.uploader",
    html="""<div class="uploader">
      <div class="zone" role="group" aria-label="Upload files">
        <button class="choose" type="button"></button><span class="drop"></span><span class="hint"></span>
        <input type="file" aria-label="Files to upload" tabindex="-1"
          accept="video/mp4,video/quicktime,video/webm,video/x-matroska,.mkv,.mov,image/jpeg,image/png,image/webp">
      </div>
      <ul class="transfers" aria-label="Uploads" hidden></ul>
      <section class="unfinished" hidden><h3>Unfinished uploads</h3><ul></ul></section>
      <div class="spoken" aria-live="polite"></div>
    </div>""",
    css=(_HERE / "uploader.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("upload_engine.js", "uploader.js")),
)


@dataclass(frozen=True, slots=True)
class UploadedPost:
    """A file of this tab that has become a post."""

    upload: str
    post: str
    title: str
    name: str


def uploader(
    account: Account,
    *,
    key: str,
    post: str | None = None,
    label: str | None = None,
    disabled: bool = False,
    on_complete: Callable[[], None] | None = None,
) -> list[UploadedPost]:
    """Draw the uploader; returns what this tab has uploaded through it, oldest first.

    With `post` it takes one file, for that draft; without, each file makes a draft of its own. The page runs again when a file
    is complete; `on_complete` is called before that run. Uploads go on while the person visits other pages of the console.
    """
    drawn = _uploader(
        key=key,
        data={
            "scope": key,
            "post": post,
            "label": label or ("Choose a file" if post else "Choose files"),
            "hint": HINT,
            "multiple": post is None,
            "disabled": disabled,
            "unfinished": [] if disabled else _unfinished(account, post),
        },
        default={"completed": []},
        on_completed_change=on_complete or (lambda: None),
    )
    return [UploadedPost(**{name: str(one[name]) for name in UploadedPost.__slots__}) for one in drawn.completed or []]


def _unfinished(account: Account, post: str | None) -> list[dict[str, object]]:
    """What this account began here or on another machine and has not finished; with `post`, only what is for that draft."""
    found = services().intake.open_uploads(account, now=clock())
    return [
        {"id": one.upload.id, "name": one.upload.name, "size": one.upload.size, "held": one.bytes_held}
        for one in found
        if one.held and (post is None or one.upload.post == post)
    ]
