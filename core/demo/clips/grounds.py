"""Grounds: what is behind everything in clips that are designed rather than filmed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from core.demo.art.pen import Colour, Pen, blend, darker, lighter
from core.demo.clips.motion import HEIGHT, WIDTH

Ground = Callable[[float], Image.Image]


def gradient(top: Colour, bottom: Colour, *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """From one colour down to another."""
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)


def glow(middle: Colour, outside: Colour, x: float, y: float, reach: float) -> Image.Image:
    """Light around a point, fading outwards; `reach` in pixels."""
    side = round(2 * reach)
    disc = (
        Image.radial_gradient("L")
        .point([min(255, round(value * math.sqrt(2))) for value in range(256)])
        .resize((side, side))
    )
    mask = Image.new("L", (WIDTH, HEIGHT), 255)
    mask.paste(disc, (round(x - reach), round(y - reach)))
    return Image.composite(Image.new("RGB", (WIDTH, HEIGHT), outside), Image.new("RGB", (WIDTH, HEIGHT), middle), mask)


def rays(one: Colour, other: Colour, *, count: int = 14, speed: float = 9.0, x: float = 270, y: float = 430) -> Ground:
    """A sunburst that turns slowly."""
    side = 2200
    sheet = Image.new("RGB", (side, side), one)
    draw = ImageDraw.Draw(sheet)
    for step in range(count):
        start = step * 360 / count
        draw.pieslice((-400, -400, side + 400, side + 400), start, start + 180 / count, fill=other)
    sheet = sheet.filter(ImageFilter.GaussianBlur(1.2))

    def at(second: float) -> Image.Image:
        angle = math.radians(speed * second)
        cos, sin = math.cos(angle), math.sin(angle)
        matrix = (cos, -sin, side / 2 - cos * x + sin * y, sin, cos, side / 2 - sin * x - cos * y)
        return sheet.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)

    return at


def stripes(one: Colour, other: Colour, *, step: int = 90, speed: float = 40.0) -> Ground:
    """Diagonal stripes that wander."""
    sheet = Image.new("RGB", (WIDTH + 4 * step, HEIGHT), one)
    draw = ImageDraw.Draw(sheet)
    for left in range(-HEIGHT, WIDTH + 6 * step, 2 * step):
        draw.polygon(
            [(left, HEIGHT), (left + step, HEIGHT), (left + step + HEIGHT // 2, 0), (left + HEIGHT // 2, 0)], fill=other
        )

    def at(second: float) -> Image.Image:
        offset = round(speed * second) % (2 * step)
        return sheet.crop((offset, 0, offset + WIDTH, HEIGHT))

    return at


def halves(top: Colour, bottom: Colour, band: Colour) -> Image.Image:
    """Two fields cut by a slanting band."""
    sheet = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), top)
    draw = ImageDraw.Draw(sheet)
    draw.polygon([(0, 1010), (WIDTH * 2, 790), (WIDTH * 2, HEIGHT * 2), (0, HEIGHT * 2)], fill=bottom)
    draw.polygon([(0, 1010), (WIDTH * 2, 790), (WIDTH * 2, 830), (0, 1050)], fill=band)
    return sheet.reduce(2)


def rangoli(reach: int, one: Colour, other: Colour, petals: int = 8) -> Image.Image:
    """A rangoli of petals and dots, RGBA, `reach` pixels from the middle."""
    pen = Pen(2 * reach)
    for ring, (distance, size) in enumerate(((36, 11), (24, 9), (12, 7))):
        for step in range(petals + 4 * (2 - ring) // 2):
            angle = 2 * math.pi * (step + ring % 2 / 2) / (petals + 4 * (2 - ring) // 2)
            cos, sin = math.cos(angle), math.sin(angle)
            x, y = 50 + distance * cos, 50 + distance * sin
            tone = one if (step + ring) % 2 else other
            pen.smooth(
                [(x - size * cos, y - size * sin), (x - size * 0.5 * sin, y + size * 0.5 * cos),
                 (x + size * cos, y + size * sin), (x + size * 0.5 * sin, y - size * 0.5 * cos)], tone,
            )  # fmt: skip
            pen.ellipse(
                50 + (distance + size + 1.6) * cos, 50 + (distance + size + 1.6) * sin, 1.3, 1.3, lighter(tone, 0.4)
            )
    pen.ellipse(50, 50, 6, 6, one)
    pen.ellipse(50, 50, 3, 3, other)
    return pen.picture(lit=False)


def paper(tint: Colour, rng: np.random.Generator) -> Image.Image:
    """Paper with a little grain."""
    grain = rng.normal(0, 3.2, (HEIGHT // 2, WIDTH // 2, 1)).repeat(3, axis=2)
    sheet = np.clip(np.array(tint, dtype=float) + grain, 0, 255).astype(np.uint8)
    return Image.fromarray(sheet).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def ruled(tint: Colour, line: Colour, margin: Colour, rng: np.random.Generator) -> Image.Image:
    """A page of an exercise book."""
    sheet = paper(tint, rng)
    draw = ImageDraw.Draw(sheet)
    for y in range(150, HEIGHT, 46):
        draw.line([(0, y), (WIDTH, y)], fill=line, width=2)
    draw.line([(78, 0), (78, HEIGHT)], fill=margin, width=3)
    for y in range(80, HEIGHT, 160):
        draw.ellipse((22, y, 48, y + 26), fill=blend(tint, (60, 60, 70), 0.55))
    return sheet


def chalkboard(rng: np.random.Generator, tone: Colour = (33, 62, 54)) -> Image.Image:
    """A school board in a wooden frame."""
    sheet = paper(tone, rng)
    dust = Image.effect_noise((WIDTH // 6, HEIGHT // 6), 40).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    sheet = Image.composite(Image.new("RGB", sheet.size, lighter(tone, 0.35)), sheet, dust.point(lambda v: v // 7))
    draw = ImageDraw.Draw(sheet)
    wood: Colour = (142, 98, 60)
    for inset, shade in ((0, darker(wood, 0.2)), (6, wood), (20, darker(wood, 0.45))):
        draw.rectangle(
            (inset, inset, WIDTH - 1 - inset, HEIGHT - 1 - inset), outline=shade, width=14 if inset < 20 else 3
        )
    return sheet
