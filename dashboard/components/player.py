"""A post's media, playable: HLS where the browser plays it natively, else the MP4 clip in parts, else the picture."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

from core.domain.feed import MediaLinks

_HERE = Path(__file__).parent
_player = component(
    "feedroom.player",
    html='<div class="player"></div>',
    css=(_HERE / "player.css").read_text(encoding="utf-8"),
    js=(_HERE / "player.js").read_text(encoding="utf-8"),
)


def player(
    links: MediaLinks,
    key: str,
    *,
    label: str = "Clip",
    height: int | None = 480,
    muted: bool = False,
    controls: bool = True,
    loop: bool = False,
    autoplay: bool = False,
) -> None:
    """Draw the video or picture behind `links`, at most `height` pixels high (None: as high as the column makes it).

    `label` is what a screen reader says. Browsers start a video by themselves only if it is `muted`.
    """
    _player(
        key=key,
        data={
            "poster": links.poster,
            "clip": links.clip,
            "hls": links.hls,
            "width": links.width,
            "height": links.height,
            "height_px": height,
            "label": label,
            "muted": muted,
            "controls": controls,
            "loop": loop,
            "autoplay": autoplay,
        },
    )
