"""Layouts of product films: pedestal, spotlight, split, grid, float."""

from __future__ import annotations

import math

from PIL import Image

from core.demo.art.pen import Pen, blend, colour, darker, lighter, luminance
from core.demo.art.text import block
from core.demo.clips import grounds
from core.demo.clips.brief import Brief
from core.demo.clips.motion import HEIGHT, SAFE, WIDTH, Layer, Path, Pose, Scene, fixed, pop, ramp, slide, still
from core.demo.clips.pieces import bits, on, price_chip, product, rounded, signature, sticker


def _drift(x: float, y: float, *, grow: float = 0.012, sway: float = 1.4, since: float = 0.0) -> Path:
    """Grows slowly and sways a little."""

    def path(second: float) -> Pose:
        seen = ramp(second, since, 0.5)
        return Pose(x, y + 24 * (1 - seen), 0.94 + grow * second, sway * math.sin(second * 1.3), seen)

    return path


def pedestal(brief: Brief) -> Scene:
    """The product on a podium in soft light."""
    tint = blend(lighter(brief.main, 0.72), brief.pale, 0.35)
    ground = grounds.glow(lighter(tint, 0.55), blend(tint, brief.main, 0.32), 270, 430, 620)
    pen = Pen(WIDTH, HEIGHT)
    stone = blend(brief.strong, brief.pale, 0.25)
    pen.box(22, 128, 78, 180, stone)
    pen.ellipse(50, 128, 28, 6.5, lighter(stone, 0.3))
    pen.box(8, 150, 92, 180, darker(stone, 0.18))
    pen.ellipse(50, 150, 42, 8, lighter(stone, 0.14))
    pen.ring(50, 80, 40, 40, lighter(brief.bright, 0.35), 0.9)
    podium = pen.picture(lit=False)
    ink = brief.strong if luminance(brief.strong) < 0.4 else on(tint)
    layers = [
        *bits(brief.rng, [lighter(brief.bright, 0.4), lighter(brief.main, 0.5)], count=14, fall=46, kind="petal"),
        Layer(podium, fixed(WIDTH / 2, HEIGHT / 2)),
        Layer(product(brief.items[0].looks, 400), _drift(270, 500, since=0.15), slow=True),
        Layer(
            block(brief.headline, 66, ink, weight=800, room=SAFE, align="center", most_lines=1),
            slide(270, 142, dy=-60, since=0.2),
        ),
        Layer(block(brief.lines[0], 27, ink, weight=500, room=SAFE, align="center"), slide(270, 226, dy=30, since=0.9)),
        Layer(
            sticker(brief.lines[1], 24, on(brief.strong), brief.strong, weight=600), slide(270, 786, dx=-200, since=2.5)
        ),
        Layer(price_chip(brief.items[0], brief.bright), pop(372, 292, since=1.7, turn=4, sway=2)),
    ]
    return Scene(5.5, still(ground), layers, signature(brief.publisher, *brief.colours[:2], ink), cover=3.4)


def spotlight(brief: Brief) -> Scene:
    """The product in a cone of light, in the dark."""
    night = blend(darker(brief.strong, 0.55), (12, 10, 22), 0.45)
    ground = grounds.glow(blend(night, brief.main, 0.5), night, 270, 430, 520)
    pen = Pen(WIDTH, HEIGHT)
    pen.poly([(40, -4), (60, -4), (96, 132), (4, 132)], lighter(brief.bright, 0.5), 46)
    pen.poly([(46, -4), (54, -4), (78, 132), (22, 132)], lighter(brief.bright, 0.7), 52)
    pen.ellipse(50, 132, 46, 11, lighter(brief.bright, 0.35), 120)
    pen.ellipse(50, 132, 30, 7, lighter(brief.bright, 0.7), 150)
    cone = pen.picture(lit=False)
    layers = [
        Layer(
            cone,
            lambda s: Pose(WIDTH / 2, HEIGHT / 2, turn=2.2 * math.sin(s * 0.8), alpha=0.35 + 0.65 * ramp(s, 0, 0.7)),
            slow=True,
        ),
        *bits(brief.rng, [lighter(brief.bright, 0.5)], count=18, fall=-24, kind="spark"),
        Layer(
            product(brief.items[0].looks, 410, shade=150), _drift(270, 490, grow=0.02, sway=2.2, since=0.3), slow=True
        ),
        Layer(
            block(brief.headline, 92, brief.bright, weight=900, room=SAFE, align="center", most_lines=1),
            pop(270, 170, since=0.6),
        ),
        Layer(
            block(brief.lines[0], 30, (250, 246, 240), weight=500, room=SAFE, align="center"),
            slide(270, 776, dy=40, since=1.3),
        ),
        Layer(
            block(brief.lines[1], 30, (250, 246, 240), weight=500, room=SAFE, align="center"),
            slide(270, 826, dy=40, since=2.1),
        ),
        Layer(price_chip(brief.items[0], brief.bright, size=34), pop(270, 252, since=2.8)),
    ]
    return Scene(5.5, still(ground), layers, signature(brief.publisher, *brief.colours[:2], (244, 240, 236)), cover=3.8)


def split(brief: Brief) -> Scene:
    """Two fields, two products, or the same one near and far."""
    second = brief.items[1] if len(brief.items) > 1 else brief.items[0]
    top, bottom = lighter(brief.main, 0.62), brief.strong
    ground = grounds.halves(top, bottom, brief.bright)
    big = product(brief.items[0].looks, 370)
    other = product(second.looks, 330)
    layers = [
        Layer(big, lambda s: Pose(300 + 320 * (1 - ramp(s, 0.1, 0.8)), 300, 1 + 0.02 * s, -4 + 1.5 * s), slow=True),
        Layer(other, lambda s: Pose(250 - 420 * (1 - ramp(s, 0.6, 0.8)), 664, 1 + 0.02 * s, 5 - 1.5 * s), slow=True),
        Layer(sticker(brief.headline, 52, on(brief.bright), brief.bright, room=SAFE - 34, weight=900), slide(270, 470, dx=-500, since=0.9, length=0.5)),
        Layer(block(brief.lines[0], 28, on(top), weight=700, room=240), slide(190, 128, dx=-120, since=1.5)),
        Layer(sticker(brief.lines[1], 25, on(top), top, room=300, weight=700), slide(336, 822, dx=200, since=2.1)),
        Layer(price_chip(brief.items[0], (255, 255, 255), size=32), pop(380, 392, since=2.5, turn=-5, sway=3)),
    ]  # fmt: skip
    return Scene(5.2, still(ground), layers, signature(brief.publisher, *brief.colours[:2], on(top)), cover=3.6)


def grid(brief: Brief) -> Scene:
    """Tiles of products that come up one by one and take turns in being large."""
    items = [brief.items[number % len(brief.items)] for number in range(4)]
    ground = Image.new("RGB", (WIDTH, HEIGHT), blend(brief.pale, brief.bright, 0.12))
    ornament = grounds.rangoli(250, lighter(brief.bright, 0.3), lighter(brief.strong, 0.55))
    layers: list[Layer] = [
        Layer(ornament, lambda s: Pose(480, 140, 1, 8 * s, 0.5), slow=True),
        Layer(ornament, lambda s: Pose(40, 880, 1, -8 * s, 0.5), slow=True),
    ]
    for number, item in enumerate(items):
        tile = rounded(
            216, 246, lighter(colour(item.looks.main), 0.7) if number % 3 else lighter(colour(item.looks.main), 0.4), 26
        )
        picture = product(item.looks, 172)
        tile.alpha_composite(picture, (108 - picture.width // 2, 123 - picture.height // 2))
        x, y = 158 + 224 * (number % 2), 400 + 270 * (number // 2)
        layers.append(Layer(tile, _turn_taking(x, y, number)))
    layers += [
        Layer(block(brief.headline, 62, brief.strong, weight=900, room=SAFE, most_lines=1), slide(58 + _half(brief.headline, 62), 148, dx=-200, since=0.1)),
        Layer(block(brief.lines[0], 28, brief.strong, weight=500, room=SAFE, most_lines=1), slide(58 + _half(brief.lines[0], 28, 500), 214, dx=-200, since=0.5)),
        Layer(sticker(brief.lines[1], 26, on(brief.strong), brief.strong), pop(270, 838, since=3.2)),
        Layer(price_chip(brief.items[0], brief.bright, size=30), pop(376, 282, since=2.4, turn=3, sway=2)),
    ]  # fmt: skip
    return Scene(5.4, still(ground), layers, signature(brief.publisher, *brief.colours[:2], brief.strong), cover=4.0)


def float_film(brief: Brief) -> Scene:
    """The product floats before very large letters."""
    tint = lighter(brief.main, 0.55) if luminance(brief.main) < 0.75 else blend(brief.main, brief.strong, 0.18)
    ground = grounds.gradient(lighter(tint, 0.5), blend(tint, brief.bright, 0.3))
    disc = Pen(430)
    disc.ellipse(50, 50, 50, 50, lighter(brief.bright, 0.15))
    ink = brief.strong
    words = block(brief.headline, 118, ink, weight=900, room=SAFE, most_lines=2, align="center")
    layers = [
        Layer(disc.picture(lit=False), lambda s: Pose(270, 480, 0.9 + 0.1 * ramp(s, 0, 0.8)), slow=True),
        Layer(words, lambda s: Pose(270, 196 - 30 * (1 - ramp(s, 0.2, 0.8)), alpha=ramp(s, 0.2, 0.6))),
        *bits(brief.rng, [(255, 255, 255), lighter(brief.accent, 0.3)], count=16, fall=-38, kind="dot"),
        Layer(product(brief.items[0].looks, 420), lambda s: Pose(270, 486 + 16 * math.sin(s * 1.9), 1, 3.2 * math.sin(s * 1.15), ramp(s, 0.1, 0.5)), slow=True),
        Layer(block(brief.lines[0], 30, ink, weight=700, room=SAFE, align="center"), slide(270, 762, dy=40, since=1.2)),
        Layer(block(brief.lines[1], 26, ink, weight=500, room=SAFE, align="center"), slide(270, 812, dy=40, since=1.8)),
        Layer(price_chip(brief.items[0], brief.strong, size=36), pop(366, 650, since=2.4, turn=-4, sway=3)),
    ]  # fmt: skip
    return Scene(5.4, still(ground), layers, signature(brief.publisher, *brief.colours[:2], ink), cover=3.2)


def _turn_taking(x: float, y: float, number: int) -> Path:
    def path(second: float) -> Pose:
        up = pop(x, y, since=0.4 + 0.3 * number)(second)
        turn = (
            max(0.0, math.sin((second - 1.8 - 0.8 * number) * math.pi / 0.8))
            if 0 < second - 1.8 - 0.8 * number < 0.8
            else 0.0
        )
        return Pose(x, y, up.scale * (1 + 0.08 * turn), 0, up.alpha)

    return path


def _half(text: str, size: int, weight: int = 900) -> float:
    return block(text, size, (0, 0, 0), weight=weight, room=SAFE, most_lines=1).width / 2


LAYOUTS = {"pedestal": pedestal, "spotlight": spotlight, "split": split, "grid": grid, "float": float_film}
