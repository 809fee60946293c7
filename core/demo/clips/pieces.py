"""Pieces that layouts share: products with shadows, price chips, stickers, stamps, hands."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from core.demo.art.pen import Colour, Pen, blend, colour, darker, lighter, luminance, shadow
from core.demo.art.product import cut_out
from core.demo.art.text import block
from core.demo.clips.motion import WIDTH, Layer, Pose, fixed, ramp
from core.demo.products import Item, Looks

INK: Colour = (26, 20, 30)
WHITE: Colour = (255, 255, 255)


def rupees(minor: int) -> str:
    """`rupees(129900) == "₹1,299"`; groups of the Indian system from a lakh up."""
    whole = str(minor // 100)
    head, tail = whole[:-3], whole[-3:]
    while len(head) > 2:
        tail = f"{head[-2:]},{tail}"
        head = head[:-2]
    return f"₹{head},{tail}" if head else f"₹{tail}"


def on(ground: Colour) -> Colour:
    """A colour of letters that can be read on `ground`."""
    return INK if luminance(ground) > 0.58 else WHITE


@lru_cache(maxsize=32)
def product(looks: Looks, size: int, *, shade: int = 85) -> Image.Image:
    """The product with its soft shadow, on a sheet a little larger than `size`."""
    item = cut_out(looks.shape, looks.main, looks.accent, size)
    margin = size // 8
    sheet = Image.new("RGBA", (size + 2 * margin, size + 2 * margin), (20, 8, 24, 0))
    sheet.paste(item, (margin, margin))
    soft = shadow(sheet, shade, size // 22)
    under = Image.new("RGBA", sheet.size, (20, 8, 24, 0))
    under.paste(soft, (size // 40, size // 18))
    under.alpha_composite(sheet)
    return under


def rounded(width: int, height: int, fill: Colour, radius: int, *, alpha: int = 255) -> Image.Image:
    """A rectangle with smooth round corners."""
    mask = Image.new("L", (width * 2, height * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 2 - 1, height * 2 - 1), radius * 2, fill=alpha)
    sheet = Image.new("RGBA", (width, height), (*fill, 0))
    sheet.putalpha(mask.reduce(2))
    return sheet


def sticker(
    text: str, size: int, fill: Colour, ground: Colour, *, room: int = 420, weight: int = 800, radius: int = 14
) -> Image.Image:
    """Words on a rounded label."""
    words = block(text, size, fill, weight=weight, room=room, most_lines=2, align="center")
    label = rounded(words.width + 28, words.height + 12, ground, radius)
    label.alpha_composite(words, (14, 5))
    return label


def price_chip(item: Item, ground: Colour, *, size: int = 40) -> Image.Image:
    """The price; the list price struck through beside it if there is one."""
    ink = on(ground)
    now = block(rupees(item.product.price_minor), size, ink, weight=800)
    was = None
    if item.product.list_price_minor is not None:
        was = block(
            rupees(item.product.list_price_minor), round(size * 0.62), blend(ink, ground, 0.3), weight=500
        ).copy()
        ImageDraw.Draw(was).line([(2, was.height * 0.6), (was.width - 2, was.height * 0.46)], fill=(*ink, 255), width=3)
    chip = rounded(now.width + (was.width + 6 if was else 0) + 32, now.height + 12, ground, 20)
    chip.alpha_composite(now, (16, 5))
    if was is not None:
        chip.alpha_composite(was, (20 + now.width, 5 + (now.height - was.height) * 2 // 3))
    return chip


def stamp(text: str, ground: Colour, *, reach: int = 84, points: int = 18) -> Image.Image:
    """A star-shaped stamp with a few words."""
    pen = Pen(2 * reach)
    pen.poly(
        [
            (
                50 + (48 if step % 2 else 41) * math.cos(step * math.pi / points),
                50 + (48 if step % 2 else 41) * math.sin(step * math.pi / points),
            )
            for step in range(2 * points)
        ],
        ground,
    )
    sheet = pen.picture(lit=False)
    words = block(text, reach // 2, on(ground), weight=900, room=round(reach * 1.35), most_lines=2, align="center")
    sheet.alpha_composite(words, ((sheet.width - words.width) // 2, (sheet.height - words.height) // 2 - 2))
    return sheet


def hand(skin: Colour, sleeve: Colour, *, mirrored: bool = False) -> Image.Image:
    """A forearm that reaches in from below, palm up."""
    pen = Pen(300)
    pen.smooth([(30, 100), (36, 62), (30, 40), (44, 30), (66, 34), (70, 56), (66, 100)], skin)
    for x, y in ((30, 28), (42, 18), (54, 16), (66, 24)):
        pen.line([(x + 4, 46), (x, y)], skin, 9.5)
    pen.line([(66, 58), (82, 44)], skin, 10)
    pen.poly([(24, 100), (28, 74), (74, 74), (78, 100)], sleeve)
    pen.line([(28, 75), (74, 75)], lighter(sleeve, 0.3), 3)
    drawn = pen.picture()
    return drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else drawn


def figure(skin: Colour, hair: Colour, dress: Colour, accent: Colour, *, phone: bool = True) -> Image.Image:
    """Somebody without a face, from the waist up, as in a mirror: hair, kurta, a phone before them."""
    pen = Pen(360)
    pen.smooth([(28, 14), (50, 2), (72, 14), (78, 44), (74, 66), (26, 66), (22, 44)], hair)
    pen.smooth([(42, 40), (58, 40), (60, 58), (40, 58)], darker(skin, 0.1))
    pen.ellipse(50, 30, 16, 19, skin)
    pen.smooth([(33, 26), (40, 10), (62, 10), (67, 28), (58, 17), (46, 20)], hair)
    pen.smooth([(8, 100), (14, 66), (36, 55), (50, 62), (64, 55), (86, 66), (92, 100)], dress)
    pen.line([(37, 55), (50, 70), (63, 55)], accent, 2.4)
    pen.dots([(50, 76), (50, 84), (50, 92)], accent, 1.5)
    if phone:
        pen.line([(86, 90), (70, 74), (62, 56)], dress, 11)
        pen.box(50, 34, 72, 68, (34, 34, 44), 3)
        pen.ellipse(56, 40, 2.6, 2.6, (120, 130, 150))
        pen.ellipse(63, 58, 6, 8, skin)
    return pen.picture()


def bits(
    rng: np.random.Generator, tones: list[Colour], *, count: int = 26, fall: float = 120.0, kind: str = "paper"
) -> list[Layer]:
    """Confetti, petals or sparks that drift down past the camera, forever."""
    layers: list[Layer] = []
    for _ in range(count):
        size = int(rng.integers(9, 22))
        pen = Pen(size)
        tone = tones[int(rng.integers(len(tones)))]
        if kind == "petal":
            pen.smooth([(50, 2), (88, 46), (50, 98), (12, 46)], tone)
        elif kind == "spark":
            pen.poly([(50, 0), (60, 40), (100, 50), (60, 60), (50, 100), (40, 60), (0, 50), (40, 40)], tone)
        elif kind == "dot":
            pen.ellipse(50, 50, 46, 46, tone)
        else:
            pen.box(8, 28, 92, 72, tone, 4)
        x, start, speed, spin, drift = (
            rng.uniform(0, WIDTH), rng.uniform(0, 1060), rng.uniform(0.6, 1.4) * fall, rng.uniform(-140, 140), rng.uniform(8, 34),
        )  # fmt: skip

        def path(
            second: float,
            x: float = x,
            start: float = start,
            speed: float = speed,
            spin: float = spin,
            drift: float = drift,
        ) -> Pose:
            return Pose(
                x + drift * math.sin(second * 1.7 + start), (start + speed * second) % 1060 - 50, turn=spin * second
            )

        layers.append(Layer(pen.picture(lit=False), path))
    return layers


def signature(name: str, strong: str, bright: str, ink: Colour) -> list[Layer]:
    """Who published it, at the top left, and that it was generated, at the top right."""
    sheet = Image.new("RGBA", (300, 44), (*ink, 0))
    disc = Pen(38)
    disc.ellipse(50, 50, 49, 49, colour(strong))
    disc.ellipse(50, 50, 20, 20, colour(bright))
    sheet.alpha_composite(disc.picture(lit=False), (0, 3))
    words = block(name, 20, ink, weight=700, room=250, most_lines=1)
    sheet.alpha_composite(words, (44, (44 - words.height) // 2))
    mark = block("generated", 14, ink, weight=500, room=120, most_lines=1)
    return [Layer(sheet, fixed(208, 46)), Layer(mark, lambda second: Pose(WIDTH - 92, 46, alpha=0.6))]


def fade_in(second: float, start: float) -> float:
    """Opacity of something that appears at `start`."""
    return ramp(second, start, 0.3)
