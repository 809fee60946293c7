"""Look into one untrusted file, in a process of its own with hard limits, and print what was seen as one line of JSON.

`python media_probe.py video FILE DEMUXER CODEC,CODEC…` or `python media_probe.py picture FILE INTO MAX_PIXELS`. Nothing of
Feedroom is imported: whatever a file does to a decoder happens here and ends here. An answer with `error` names a reason.
"""

from __future__ import annotations

import json
import sys
from typing import Any

LONG_SCAN = 400_000
"""Packets looked at for the length of a file whose header does not tell: over an hour at 100 a second."""

_HDR_TRANSFERS = (16, 18)
"""SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), which phones record; shown as they are they look washed out."""
_LONG_SIDE = 1920
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)


def look_at_video(path: str, demuxer: str, codecs: str) -> dict[str, Any]:
    """Facts of the best video stream; its first frame is decoded, the rest is only counted if the header tells no length."""
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": demuxer, "codec_whitelist": codecs}
    with av.open(path, format=demuxer, options=options, metadata_errors="replace") as container:
        videos = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not videos:
            return {"error": "no video"}
        stream = videos[0]
        index = int(stream.index)
        codec = stream.codec_context
        facts: dict[str, Any] = {
            "container": container.format.name,
            "codec": codec.name if codec is not None else "unknown",
            "width": stream.width if codec is not None else 0,
            "height": stream.height if codec is not None else 0,
            "fps": float(stream.average_rate or 0),
            "sound": container.streams.audio[0].codec_context.name if _sound(container) else "",
            "duration": _declared(container, stream),
            "hdr": codec is not None and int(codec.color_trc or 0) in _HDR_TRANSFERS,
        }
        if facts["codec"] not in codecs.split(","):
            return facts | {"error": "codec"}
        aspect = stream.sample_aspect_ratio
        facts["pixel_aspect"] = float(aspect) if aspect else 1.0
        facts["rotation"] = 0
        for frame in container.decode(stream):
            facts |= {"rotation": int(frame.rotation) % 360, "width": frame.width, "height": frame.height}
            break
        else:
            return facts | {"error": "no frame"}
    if facts["duration"] <= 0:
        facts["duration"] = _counted(path, demuxer, options, index)
    return facts


def look_at_picture(path: str, into: str, max_pixels: int) -> dict[str, Any]:
    """Decode a picture within the limit, turn it upright, and write it into `into` as a clean JPEG without metadata."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as picture:
            facts: dict[str, Any] = {"container": (picture.format or "").lower(), "width": picture.width}
            facts["height"] = picture.height
            if picture.width * picture.height > max_pixels:
                return facts | {"error": "pixels"}
            if picture.getexif().get(_ORIENTATION, 1) in _TURNED:
                facts |= {"width": facts["height"], "height": facts["width"]}
            picture.draft("RGB", (2 * _LONG_SIDE, 2 * _LONG_SIDE))
            picture.load()
            clean = _on_white(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"error": "pixels"}
    except UnidentifiedImageError:
        return {"error": "unreadable"}
    clean.thumbnail((_LONG_SIDE, _LONG_SIDE))
    clean.save(into, "JPEG", quality=88, optimize=True, progressive=True)
    return facts


def _on_white(picture: Any) -> Any:
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        base = Image.new("RGB", layer.size, "white")
        base.paste(layer, mask=layer.getchannel("A"))
        return base
    return picture.convert("RGB")


def _sound(container: Any) -> bool:
    return bool(container.streams.audio) and container.streams.audio[0].codec_context is not None


def _declared(container: Any, stream: Any) -> float:
    """The longest length that the header tells, in seconds; 0 if it tells none."""
    of_stream = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
    return max(of_stream, (container.duration or 0) / 1_000_000)


def _counted(path: str, demuxer: str, options: dict[str, str], index: int) -> float:
    import av

    last = 0.0
    with av.open(path, format=demuxer, options=options, metadata_errors="replace") as container:
        for number, packet in enumerate(container.demux(container.streams[index])):
            if packet.pts is not None and packet.time_base is not None:
                last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if number > LONG_SCAN:
                break
    return last


def main(arguments: list[str]) -> None:
    """Answer on standard output; any failure of a decoder is the answer `unreadable`."""
    try:
        if arguments[0] == "video":
            answer = look_at_video(arguments[1], arguments[2], arguments[3])
        else:
            answer = look_at_picture(arguments[1], arguments[2], int(arguments[3]))
    except MemoryError:
        answer = {"error": "memory"}
    except Exception as error:  # noqa: BLE001 - decoders raise whatever they like; the reason is told, not the trace
        answer = {"error": "unreadable", "reason": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
