"""Layouts of what people film themselves: a place, a product in it, a hand that shakes, stickers."""

from __future__ import annotations

import math

from PIL import Image, ImageFilter

from core.demo.art.pen import Colour, Pen, colour, darker, lighter
from core.demo.clips.brief import Brief
from core.demo.clips.motion import HEIGHT, SAFE, WIDTH, Layer, Path, Pose, Scene, fixed, pop, ramp, still, wobble
from core.demo.clips.pieces import INK, WHITE, bits, figure, hand, price_chip, product, rounded, signature, sticker
from core.demo.clips.rooms import room

SKINS: tuple[Colour, ...] = ((222, 176, 136), (196, 142, 100), (160, 108, 72), (236, 196, 164))
HAIRS: tuple[Colour, ...] = ((34, 24, 24), (58, 36, 26), (24, 22, 30))
PLACES = ("bedroom", "mirror", "floor", "terrace", "kitchen", "balcony", "desk", "street", "hills")


def filmed(brief: Brief) -> Scene:
    """A clip filmed at the place that the layout names."""
    rng = brief.rng
    place = room(brief.layout, brief.strong, brief.bright, rng)
    skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
    x, y = place.spot
    layers: list[Layer] = []
    if brief.layout == "mirror":
        dress = next(
            (i.looks for i in brief.items if i.looks.shape in ("kurta", "shirt", "saree", "lehenga")),
            brief.items[0].looks,
        )
        layers.append(Layer(figure(skin, hair, colour(dress.main), colour(dress.accent)), _breathe(x, y + 60)))
        layers += _shown(brief, 400, 760, 200, since=1.0)
    elif brief.layout in ("street", "terrace", "hills"):
        held = hand(skin, brief.bright, mirrored=bool(rng.integers(2)))
        layers.append(Layer(held, _hold(x, y + place.size * 0.44), slow=True))
        layers += _shown(brief, x, y - 60, place.size, since=0.2, sway=3.0)
    else:
        layers += _shown(brief, x, y, place.size, since=0.0)
    if brief.layout == "kitchen":
        layers += _steam(x, y - place.size * 0.4)
    if brief.layout in ("bedroom", "terrace", "balcony"):
        layers += bits(rng, [lighter(brief.bright, 0.55), (255, 240, 200)], count=10, fall=20, kind="dot")
    turn = float(rng.uniform(-5, 5))
    high = float(rng.uniform(148, 190))
    shout = sticker(brief.headline, 54, INK, WHITE, room=SAFE - 34, weight=900, radius=16)
    above = [
        Layer(shout, pop(270, high, since=0.4, turn=turn)),
        Layer(sticker(brief.lines[0], 32, WHITE, brief.strong, room=SAFE - 64), pop(270 - 30 * math.copysign(1, turn), high + 46 + shout.height / 2, since=1.3, turn=-turn / 2)),
        *(
            Layer(sticker(line, 32, INK, brief.bright, room=SAFE - 64), pop(270 + 34 * (-1) ** number, 772 + 66 * number, since=2.3 + 0.9 * number, turn=2.5 * (-1) ** number))
            for number, line in enumerate(brief.lines[1:])
        ),
        Layer(price_chip(brief.items[0], WHITE, size=28), pop(374, high + 130 + shout.height / 2, since=3.2, turn=-turn, sway=3)),
        Layer(rounded(300, 46, (20, 12, 24), 23, alpha=110), fixed(200, 46)),
        *signature(brief.publisher, *brief.colours[:2], WHITE),
    ]  # fmt: skip
    return Scene(float(rng.uniform(5.2, 6.6)), still(_darkened(place.picture)), layers, above, wobble(rng), cover=4.0)


def _shown(brief: Brief, x: float, y: float, size: int, *, since: float, sway: float = 1.2) -> list[Layer]:
    """The first product large, the others smaller at its sides and behind it."""
    layers: list[Layer] = []
    for number, item in enumerate(brief.items[1:3]):
        side = -1 if number == 0 else 1
        layers.append(
            Layer(
                product(item.looks, round(size * 0.56)),
                _arrive(x + side * size * 0.42, y - size * 0.22, since + 0.9 + 0.5 * number, 2),
                slow=True,
            )
        )
    width = 1.0 if len(brief.items) == 1 else 0.8
    layers.append(
        Layer(
            product(brief.items[0].looks, round(size * width)),
            _arrive(x, y + size * (1 - width) * 0.6, since, sway),
            slow=True,
        )
    )
    return layers


def _arrive(x: float, y: float, since: float, sway: float) -> Path:
    return lambda second: Pose(
        x,
        y + 14 * (1 - ramp(second, since, 0.5)),
        1,
        sway * math.sin(second * 1.5 + x),
        ramp(second, since, 0.4) if since > 0 else 1.0,
    )


def _breathe(x: float, y: float) -> Path:
    return lambda second: Pose(
        x - 30 + 4 * math.sin(second), y, 1 + 0.006 * math.sin(second * 2.2), 0.8 * math.sin(second * 0.9)
    )


def _hold(x: float, y: float) -> Path:
    return lambda second: Pose(x + 6 * math.sin(second * 1.5 + x), y + 70, 1, 1.5 * math.sin(second * 1.5))


def _steam(x: float, y: float) -> list[Layer]:
    layers = []
    for number in range(3):
        pen = Pen(90)
        pen.line([(50, 96), (36, 70), (62, 46), (44, 14)], (255, 255, 255), 9, curved=True)
        wisp = pen.picture(lit=False).filter(ImageFilter.GaussianBlur(3))

        def path(second: float, number: int = number) -> Pose:
            t = (second * 0.5 + number / 3) % 1
            return Pose(x - 46 + 46 * number, y + 20 - 90 * t, 0.8 + 0.5 * t, alpha=0.6 * math.sin(math.pi * t))

        layers.append(Layer(wisp, path))
    return layers


def _darkened(picture: Image.Image) -> Image.Image:
    """Darker towards the corners, as a phone's lens makes it."""
    mask = (
        Image.radial_gradient("L")
        .resize((WIDTH, HEIGHT))
        .point([max(0, value - 90) * 110 // 165 for value in range(256)])
    )
    return Image.composite(Image.new("RGB", picture.size, darker((40, 20, 40), 0.5)), picture, mask)


LAYOUTS = dict.fromkeys(PLACES, filmed)
