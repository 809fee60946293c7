"""Layouts of promotions: burst, stripes, ticket, shelf."""

from __future__ import annotations

import math
import re

from PIL import Image, ImageDraw

from core.demo.art.pen import Colour, Pen, blend, darker, lighter
from core.demo.art.text import block
from core.demo.clips import grounds
from core.demo.clips.brief import Brief
from core.demo.clips.motion import HEIGHT, SAFE, WIDTH, Layer, Path, Pose, Scene, pop, ramp, slide, still
from core.demo.clips.pieces import WHITE, bits, on, price_chip, product, rounded, signature, stamp, sticker


def _discount(brief: Brief) -> str:
    """What the words promise; if they name no share, what the first product's prices say."""
    if promised := re.search(r"\d+%", " ".join((brief.headline, *brief.lines))):
        return f"{promised[0]} off"
    product_ = brief.items[0].product
    if product_.list_price_minor is None:
        return "New"
    return f"{100 - round(100 * product_.price_minor / product_.list_price_minor)}% off"


def _bounce(x: float, y: float, since: float) -> Path:
    """Falls in and bounces."""

    def path(second: float) -> Pose:
        t = min(1.0, max(0.0, (second - since) / 0.9))
        fall = abs(math.cos(t * math.pi * 1.5)) * (1 - t) ** 1.4
        return Pose(x, y - 620 * fall, turn=6 * fall, alpha=1.0 if second > since else 0.0)

    return path


def burst(brief: Brief) -> Scene:
    """Sun rays, a shout, products that drop in."""
    ground = grounds.rays(brief.strong, blend(brief.strong, brief.bright, 0.28))
    shout = block(
        brief.headline,
        96,
        brief.bright,
        weight=900,
        room=SAFE,
        align="center",
        edge=darker(brief.strong, 0.5),
        most_lines=1,
    )
    count = min(3, len(brief.items))
    size = {1: 380, 2: 270, 3: 214}[count]
    places = {1: [270.0], 2: [150.0, 390.0], 3: [102.0, 270.0, 438.0]}[count]
    layers = [
        *bits(brief.rng, [brief.bright, WHITE, lighter(brief.main, 0.3)], count=30, fall=150),
        Layer(shout, pop(270, 200, since=0.15, sway=1.5)),
        Layer(sticker(brief.lines[0], 34, on(brief.bright), brief.bright, room=SAFE), slide(270, 226 + shout.height / 2, dx=420, since=0.8, length=0.4)),
        *(Layer(product(item.looks, size), _bounce(places[number], 564 - 26 * (number % 2), 1.0 + 0.28 * number)) for number, item in enumerate(brief.items[:count])),
        Layer(sticker(brief.lines[1], 32, brief.strong, WHITE, room=SAFE), slide(270, 788, dx=-420, since=2.2, length=0.4)),
        Layer(stamp(_discount(brief), (222, 38, 60)), pop(402, 430, since=2.6, turn=12, sway=5)),
    ]  # fmt: skip
    return Scene(5.0, ground, layers, signature(brief.publisher, *brief.colours[:2], on(brief.strong)), cover=3.6)


def stripes(brief: Brief) -> Scene:
    """Wandering stripes, running bands of words, products that take turns."""
    loud, dark = blend(brief.bright, brief.main, 0.2), brief.strong
    shout = block(
        brief.headline, 92, dark, weight=900, room=SAFE, align="center", most_lines=1 if len(brief.headline) < 9 else 2
    )
    ground = grounds.stripes(loud, lighter(loud, 0.22), speed=70)
    layers = [
        Layer(shout, slide(270, 154 + shout.height / 2, dx=-480, since=0.1, length=0.4)),
        *(Layer(product(item.looks, 380), _pass(number, len(brief.items))) for number, item in enumerate(brief.items)),
        *(Layer(price_chip(item, dark, size=40), _pass(number, len(brief.items), dx=84, dy=186)) for number, item in enumerate(brief.items)),
        Layer(sticker(brief.lines[0], 34, on(dark), dark, room=SAFE), pop(270, 190 + shout.height, since=0.9)),
        _band(f"{brief.lines[-1]}  •  ", 116, dark, -90),
        _band(f"{brief.headline}  •  {brief.lines[-1]}  •  ", 840, dark, 110),
    ]  # fmt: skip
    return Scene(5.0, ground, layers, signature(brief.publisher, *brief.colours[:2], on(loud)), cover=1.9)


def ticket(brief: Brief) -> Scene:
    """A coupon that swings under its product."""
    ground = grounds.gradient(lighter(brief.bright, 0.35), blend(brief.bright, brief.strong, 0.55))
    coupon = rounded(456, 236, (255, 252, 244), 26)
    draw = ImageDraw.Draw(coupon)
    draw.rounded_rectangle((12, 12, 443, 223), 18, outline=(*brief.strong, 255), width=3)
    for y in range(24, 216, 18):
        draw.ellipse((324, y, 332, y + 8), fill=(*brief.strong, 255))
    words = block(brief.headline, 50, brief.strong, weight=900, room=286, most_lines=2)
    coupon.alpha_composite(words, (28, 30))
    first = block(brief.lines[0], 26, blend(brief.strong, WHITE, 0.2), weight=600, room=286, most_lines=1)
    coupon.alpha_composite(first, (28, 36 + words.height))
    tag = block(_discount(brief), 34, (200, 30, 54), weight=900, room=90, most_lines=2, align="center")
    coupon.alpha_composite(tag, (386 - tag.width // 2, 118 - tag.height // 2))
    ornament = grounds.rangoli(300, lighter(brief.bright, 0.1), blend(brief.strong, brief.bright, 0.5), petals=10)
    layers = [
        Layer(ornament, lambda s: Pose(270, 370, 0.92 + 0.05 * ramp(s, 0, 1), 12 * s, 0.85), slow=True),
        Layer(product(brief.items[0].looks, 360), _bounce(270, 362, 0.2)),
        Layer(coupon, lambda s: Pose(270, 690 + 360 * (1 - ramp(s, 0.7, 0.6)), 1, -4 + 3 * math.sin(s * 2)), slow=True),
        Layer(sticker(brief.lines[1], 40, on(brief.strong), brief.strong), pop(270, 150, since=1.6, sway=2)),
        *bits(brief.rng, [WHITE, brief.bright, brief.strong, brief.main], count=24, fall=110),
    ]
    return Scene(
        5.0,
        still(ground),
        layers,
        signature(brief.publisher, *brief.colours[:2], on(lighter(brief.bright, 0.35))),
        cover=3.0,
    )


def shelf(brief: Brief) -> Scene:
    """A shop shelf with swinging price tags under bunting."""
    wall = blend(brief.pale, brief.bright, 0.25)
    pen = Pen(WIDTH, HEIGHT)
    pen.box(0, 0, 100, 178, wall)
    for step in range(12):
        pen.line([(4 + 8.6 * step, 0), (4 + 8.6 * step, 178)], blend(wall, brief.bright, 0.1), 0.6)
    wood: Colour = (150, 102, 62)
    for y in (98, 152):
        pen.box(3, y, 97, y + 4, wood)
        pen.box(5, y + 4, 95, y + 6, darker(wood, 0.4))
    for step in range(7):
        pen.poly(
            [(1 + 14.4 * step, 17), (13.6 + 14.4 * step, 17), (7.3 + 14.4 * step, 29)],
            (brief.strong, brief.bright, lighter(brief.main, 0.2))[step % 3],
        )
    pen.line([(0, 17), (100, 17)], brief.strong, 0.7)
    ground = pen.picture(lit=False)
    items = [brief.items[number % len(brief.items)] for number in range(4)]
    layers: list[Layer] = [
        Layer(
            block(brief.headline, 82, brief.strong, weight=900, room=SAFE, align="center", most_lines=1),
            pop(270, 214, since=0.2),
        ),
        Layer(
            block(brief.lines[0], 30, brief.strong, weight=600, room=SAFE, align="center"),
            slide(270, 284, dy=-30, since=0.7),
        ),
    ]
    for number, item in enumerate(items):
        x, y = 148 + 244 * (number % 2), (421, 712)[number // 2]
        layers.append(
            Layer(product(item.looks, 196), slide(x, y, dx=-520 if number % 2 == 0 else 520, since=0.6 + 0.3 * number))
        )
        chip = price_chip(item, (255, 252, 240), size=26)
        layers.append(Layer(chip, pop(x, y + 136, since=1.4 + 0.3 * number, sway=5)))
    layers.append(Layer(stamp(brief.lines[1], brief.strong, reach=78), pop(404, 372, since=2.9, turn=10, sway=4)))
    return Scene(5.2, still(ground), layers, signature(brief.publisher, *brief.colours[:2], brief.strong), cover=4.0)


def _pass(number: int, count: int, *, dx: float = 0.0, dy: float = 0.0) -> Path:
    """On stage for its share of the time: in from the right, out to the left."""
    share = 4.4 / count
    start = 0.5 + share * number

    def path(second: float) -> Pose:
        come, go = ramp(second, start, 0.35), ramp(second, start + share - 0.2, 0.3) if number < count - 1 else 0.0
        return Pose(
            270 + 560 * (1 - come) - 560 * go + dx,
            606 + dy,
            1,
            (1 - come) * 14 - go * 14,
            1.0 if come > 0 and go < 1 else 0.0,
        )

    return path


def _band(text: str, y: float, ground: Colour, speed: float) -> Layer:
    words = block(text, 30, on(ground), weight=800, room=4000, most_lines=1)
    copies = math.ceil(2.2 * WIDTH / words.width) + 1
    sheet = Image.new("RGBA", (words.width * copies, 58), (*ground, 255))
    for copy in range(copies):
        sheet.alpha_composite(words, (copy * words.width, (58 - words.height) // 2))

    def path(second: float) -> Pose:
        offset = (speed * second) % words.width
        return Pose(sheet.width / 2 - words.width + offset, y)

    return Layer(sheet, path)


LAYOUTS = {"burst": burst, "stripes": stripes, "ticket": ticket, "shelf": shelf}
