"""A product's picture: its shape in its colours, alone or on a tinted card."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image

from core.demo.art import household, play, pocket, wear
from core.demo.art.pen import Colour, Pen, colour, lighter, shadow

SHAPES = wear.DRAW | household.DRAW | pocket.DRAW | play.DRAW
CARD = 360


@lru_cache(maxsize=64)
def cut_out(shape: str, main: str, accent: str, size: int) -> Image.Image:
    """The product on nothing, RGBA, `size` pixels square."""
    pen = Pen(size)
    SHAPES[shape](pen, colour(main), colour(accent))
    return pen.picture()


def card(shape: str, main: str, accent: str, size: int = CARD) -> bytes:
    """The catalogue picture: the product on a light tint of its colour, as JPEG."""
    ground: Colour = lighter(colour(main), 0.84)
    picture = Image.new("RGB", (size, size), ground)
    item = cut_out(shape, main, accent, size * 4 // 5)
    inset = size // 10
    soft = shadow(item, 70, size // 30)
    picture.paste(soft, (inset + size // 60, inset + size // 30), soft)
    picture.paste(item, (inset, inset), item)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=84)
    return file.getvalue()
