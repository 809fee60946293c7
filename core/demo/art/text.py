"""Lettering in Latin, Cyrillic and Devanagari from the Noto fonts that come as packages."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont

from core.demo.art.pen import Colour

FAMILIES = {
    "latin": ("fontpkg_noto_sans", "NotoSans[wdth,wght].ttf"),
    "devanagari": ("fontpkg_noto_sans_devanagari", "NotoSansDevanagari[wdth,wght].ttf"),
}
WIDTH_AXIS = b"Width"


def script(character: str) -> str:
    """The family that draws a character; the danda and Hindi digits are Devanagari too."""
    return "devanagari" if "\u0900" <= character <= "\u097f" or character in "\u200c\u200d" else "latin"


def runs(text: str) -> list[tuple[str, str]]:
    """The text cut where the script changes; spaces and signs stay with what comes before them.

    >>> runs("सिर्फ ₹299")
    [('devanagari', 'सिर्फ '), ('latin', '₹299')]
    """
    found: list[tuple[str, str]] = []
    for character in text:
        family = script(character)
        if found and (family == found[-1][0] or character in " .,:;!?-…"):
            found[-1] = (found[-1][0], found[-1][1] + character)
        else:
            found.append((family, character))
    return found


@lru_cache(maxsize=64)
def font(family: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    """A font at a pixel size and weight (100..900)."""
    package, name = FAMILIES[family]
    opened = ImageFont.truetype(str(files(package) / "files" / name), size)
    axes = opened.get_variation_axes()
    opened.set_variation_by_axes([100 if axis["name"] == WIDTH_AXIS else weight for axis in axes])
    return opened


def width(text: str, size: int, weight: int) -> float:
    """Pixels that a line takes."""
    return sum(font(family, size, weight).getlength(part) for family, part in runs(text))


def wrap(text: str, size: int, weight: int, room: float) -> list[str]:
    """Lines no wider than `room` pixels, broken at spaces; a single long word stays whole."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size, weight) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def fitted(text: str, size: int, weight: int, room: float, most_lines: int = 2) -> tuple[int, list[str]]:
    """The largest size up to `size` at which the text fits `room` in at most so many lines, and those lines."""
    while True:
        lines = wrap(text, size, weight, room)
        if (len(lines) <= most_lines and max(width(line, size, weight) for line in lines) <= room) or size <= 16:
            return size, lines
        size -= 2


@lru_cache(maxsize=256)
def block(
    text: str,
    size: int,
    fill: Colour,
    *,
    weight: int = 700,
    room: int = 460,
    most_lines: int = 2,
    align: str = "left",
    edge: Colour | None = None,
) -> Image.Image:
    """The text as an RGBA picture just large enough, made smaller until it fits. `edge` draws an outline."""
    size, lines = fitted(text, size, weight, room, most_lines)
    step = round(size * 1.28)
    margin = max(4, size // 8)
    widths = [width(line, size, weight) for line in lines]
    picture = Image.new("RGBA", (round(max(widths)) + 2 * margin, step * len(lines) + 2 * margin), (*(edge or fill), 0))
    draw = ImageDraw.Draw(picture)
    for row, (line, length) in enumerate(zip(lines, widths, strict=True)):
        x = margin + (max(widths) - length) * {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        for family, part in runs(line):
            letters = font(family, size, weight)
            place = (x, margin + row * step + size * 1.02)
            if edge is None:
                draw.text(place, part, font=letters, fill=(*fill, 255), anchor="ls")
            else:
                draw.text(
                    place, part, font=letters, fill=(*fill, 255), anchor="ls", stroke_width=margin // 2,
                    stroke_fill=(*edge, 255),
                )  # fmt: skip
            x += letters.getlength(part)
    return picture


def missing(text: str) -> set[str]:
    """Characters of the text that its fonts cannot draw: those that come out as the box for an unknown one."""
    return {c for c in text if not c.isspace() and _shape(script(c), c) == _shape(script(c), "\U0010fffe")}


def _shape(family: str, character: str) -> bytes:
    return bytes(font(family, 32, 400).getmask(character))
