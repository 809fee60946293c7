"""Places where clips of people seem to be filmed; each is drawn 100 by 177.8 units and has a spot for the product."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.demo.art.pen import Colour, Pen, Point, blend, darker, lighter
from core.demo.clips.motion import HEIGHT, WIDTH

TALL = 100 * HEIGHT / WIDTH
WOOD: Colour = (158, 112, 74)
LEAF: Colour = (72, 134, 84)


@dataclass(frozen=True, slots=True)
class Room:
    """A backdrop, and where the product stands in it: centre and size in pixels."""

    picture: Image.Image
    spot: tuple[float, float]
    size: int


def _plant(pen: Pen, x: float, y: float, size: float, pot: Colour) -> None:
    for angle in (-70, -35, 0, 35, 70):
        rise = math.radians(angle)
        tip: Point = (x + 16 * size * math.sin(rise), y - (20 + 6 * math.cos(rise * 2)) * size * math.cos(rise * 0.7))
        side = 3.2 * size
        pen.smooth([(x, y), ((x + tip[0]) / 2 - side, (y + tip[1]) / 2), tip, ((x + tip[0]) / 2 + side, (y + tip[1]) / 2)],
                   blend(LEAF, (150, 196, 96), abs(angle) / 140))  # fmt: skip
    pen.poly(
        [(x - 7 * size, y - 1), (x + 7 * size, y - 1), (x + 5 * size, y + 12 * size), (x - 5 * size, y + 12 * size)],
        pot,
    )


def _window(pen: Pen, left: float, top: float, right: float, bottom: float, sky: Colour) -> None:
    pen.box(left - 2, top - 2, right + 2, bottom + 2, (250, 248, 242), 1)
    pen.box(left, top, right, bottom, sky)
    pen.smooth(
        [(left, bottom), (left, bottom - 10), ((left + right) / 2, bottom - 18), (right, bottom - 8), (right, bottom)],
        lighter(LEAF, 0.35),
    )
    pen.line([((left + right) / 2, top), ((left + right) / 2, bottom)], (250, 248, 242), 1.4)
    pen.line([(left, (top + bottom) / 2), (right, (top + bottom) / 2)], (250, 248, 242), 1.4)


def bedroom(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A bed under fairy lights."""
    pen.box(0, 0, 100, TALL, lighter(wall, 0.55))
    _window(pen, 8, 22, 36, 62, (190, 222, 244))
    pen.box(58, 26, 88, 60, darker(cloth, 0.2), 1)
    pen.box(61, 29, 85, 57, lighter(cloth, 0.7))
    pen.ellipse(73, 41, 7, 7, cloth)
    pen.line([(0, 14), (25, 20), (50, 14), (75, 20), (100, 13)], darker(wall, 0.5), 0.5, curved=True)
    for step in range(12):
        pen.ellipse(4 + 8.4 * step, 18 + 2.4 * math.sin(step * 1.5), 1.5, 1.5, (255, 224, 140))
    pen.box(0, 78, 100, 118, darker(WOOD, 0.15), 4)
    pen.smooth([(6, 108), (10, 88), (40, 86), (46, 106)], (252, 250, 246))
    pen.smooth([(54, 108), (58, 88), (90, 86), (96, 106)], lighter(cloth, 0.35))
    pen.box(0, 106, 100, TALL, lighter(cloth, 0.62))
    for step in range(6):
        pen.line([(-4, 122 + 12 * step), (104, 114 + 12 * step)], lighter(cloth, 0.45), 1.6)
    pen.poly([(0, 150), (100, 140), (100, TALL), (0, TALL)], cloth)
    for step in range(8):
        pen.ellipse(6 + 13 * step, 166 - 1.2 * step, 2.4, 2.4, lighter(cloth, 0.5))


def mirror(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A tall mirror with the room in it."""
    pen.box(0, 0, 100, TALL, lighter(wall, 0.4))
    for step in range(9):
        pen.line([(6 + 11 * step, 0), (6 + 11 * step, 138)], lighter(wall, 0.32), 0.7)
    pen.box(0, 138, 100, TALL, blend(WOOD, (255, 240, 220), 0.35))
    for step in range(5):
        pen.line([(0, 144 + 8 * step), (100, 144 + 8 * step)], darker(WOOD, 0.05), 0.6)
    frame: list[Point] = [(50, 10), (82, 24), (86, 70), (86, 144), (14, 144), (14, 70), (18, 24)]
    pen.smooth(frame, darker(WOOD, 0.3))
    glass: list[Point] = [(50, 14), (78, 27), (82, 70), (82, 140), (18, 140), (18, 70), (22, 27)]
    pen.smooth(glass, (224, 234, 240))
    with pen.within(glass):
        pen.box(0, 0, 100, 120, blend(wall, (235, 240, 246), 0.7))
        pen.box(58, 34, 90, 120, lighter(cloth, 0.3), 1)
        for step in range(5):
            pen.line([(61 + 5 * step, 34), (61 + 5 * step, 120)], lighter(cloth, 0.15), 1.2)
        pen.box(0, 118, 100, 150, blend(WOOD, (235, 240, 246), 0.5))
        pen.poly([(24, 12), (36, 12), (18, 150), (6, 150)], (240, 246, 250), 120)
    _plant(pen, 92, 140, 0.9, cloth)


def floor(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A patterned tile floor from above, with the edge of a dhurrie."""
    pen.box(0, 0, 100, TALL, (236, 226, 208))
    tones = (lighter(wall, 0.25), lighter(cloth, 0.35), (236, 226, 208))
    for row in range(9):
        for column in range(5):
            x, y = column * 20.0, row * 20.0
            tone = tones[(row + column) % 2]
            pen.poly([(x + 10, y + 1), (x + 19, y + 10), (x + 10, y + 19), (x + 1, y + 10)], tone)
            pen.ellipse(x + 10, y + 10, 4, 4, tones[2])
            pen.ellipse(x, y, 3.4, 3.4, tones[(row + column + 1) % 2])
    pen.poly([(-5, 150), (105, 132), (105, TALL + 5), (-5, TALL + 5)], cloth)
    for step in range(4):
        pen.line([(-5, 156 + 7 * step), (105, 138 + 7 * step)], lighter(cloth, 0.25 + 0.15 * (step % 2)), 2)


def terrace(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A roof terrace at dusk, with the town behind."""
    for step in range(60):
        pen.box(
            0,
            step * 2,
            100,
            step * 2 + 2.4,
            blend(blend((58, 72, 140), cloth, 0.2), (255, 176, 112), (step / 60) ** 1.2),
        )
    pen.ellipse(68, 82, 13, 13, (255, 226, 160))
    for row, tone in ((0, 0.45), (1, 0.62)):
        x = -4.0
        while x < 100:
            wide, high = rng.uniform(9, 18), rng.uniform(14, 40) - 9 * row
            top = 124 - high
            pen.box(x, top, x + wide, 130, blend((255, 170, 120), (60, 44, 84), tone))
            for lit in range(int(high / 7)):
                if rng.random() < 0.6:
                    pen.box(
                        x + 2 + 3 * (lit % 2),
                        top + 3 + 6 * lit,
                        x + 4 + 3 * (lit % 2),
                        top + 6 + 6 * lit,
                        (255, 214, 130),
                    )
            x += wide + rng.uniform(0, 3)
    pen.line([(0, 46), (50, 52), (100, 44)], (60, 50, 60), 0.5, curved=True)
    for left, cloth_tone in (
        (16, lighter(cloth, 0.2)),
        (38, (250, 246, 240)),
        (62, lighter(wall, 0.2)),
        (84, darker(cloth, 0.1)),
    ):
        pen.poly([(left - 8, 48), (left + 8, 49), (left + 9, 68), (left - 7, 67)], cloth_tone)
    pen.box(0, 122, 100, 134, blend(wall, (232, 214, 200), 0.6))
    pen.box(0, 132, 100, TALL, blend(wall, (196, 168, 150), 0.75))
    for step in range(5):
        pen.line([(0, 140 + 9 * step), (100, 140 + 9 * step)], blend(wall, (176, 148, 132), 0.75), 0.7)


def kitchen(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A tiled kitchen with a hob and a shelf of jars."""
    pen.box(0, 0, 100, TALL, lighter(wall, 0.72))
    for row in range(8):
        for column in range(8):
            tone = lighter(wall, 0.45) if (row * 3 + column * 5) % 7 == 0 else lighter(wall, 0.78)
            pen.box(column * 13 - 2, 36 + row * 11, column * 13 + 10.4, 46.4 + row * 11, tone, 0.8)
    pen.box(4, 30, 96, 33, WOOD)
    for step in range(6):
        tone = (cloth, (196, 90, 40), (226, 176, 60), LEAF, darker(cloth, 0.2), (120, 74, 46))[step]
        pen.box(9 + 14.4 * step, 16, 18 + 14.4 * step, 30, lighter(tone, 0.2), 1.5)
        pen.box(8.5 + 14.4 * step, 13, 18.5 + 14.4 * step, 17, darker(tone, 0.3), 1)
    for x in (20, 34, 48):
        pen.line([(x, 33), (x, 46)], (120, 120, 128), 0.8)
        pen.ellipse(x, 51, 4.6, 5.4, (176, 180, 188))
    pen.box(0, 120, 100, 127, darker(wall, 0.55))
    pen.box(8, 114, 92, 121, (52, 52, 60), 2)
    for x in (28, 72):
        for flame in range(-3, 4):
            pen.smooth(
                [(x + 4 * flame, 106), (x + 4 * flame + 1.6, 112), (x + 4 * flame, 115), (x + 4 * flame - 1.6, 112)],
                (86, 156, 240),
            )
    pen.box(0, 127, 100, TALL, lighter(cloth, 0.25))
    for x in (3, 52):
        pen.box(x, 132, x + 45, TALL - 3, lighter(cloth, 0.4), 1.5)
        pen.ellipse(x + 39, 148, 1.8, 1.8, darker(cloth, 0.3))


def balcony(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A balcony with plants, railing and palms beyond."""
    for step in range(50):
        pen.box(0, step * 2.2, 100, step * 2.2 + 2.6, blend((126, 196, 232), (250, 244, 222), step / 50))
    for x, y, size in ((14, 70, 1.5), (82, 62, 1.9)):
        pen.line([(x, y + 46), (x + 3, y)], (122, 92, 64), 2.2)
        for angle in range(0, 360, 51):
            turn = math.radians(angle)
            pen.smooth([(x + 3, y), (x + 3 + 8 * size * math.cos(turn), y + 4 * size * math.sin(turn) - 4),
                        (x + 3 + 15 * size * math.cos(turn), y + 9 * size * math.sin(turn) + 2),
                        (x + 3 + 8 * size * math.cos(turn), y + 6 * size * math.sin(turn))], darker(LEAF, 0.1))  # fmt: skip
    pen.box(0, 104, 100, 124, (118, 190, 206))
    pen.line([(0, 92), (100, 92)], darker(wall, 0.3), 2.4)
    for step in range(13):
        pen.line([(2 + 8 * step, 92), (2 + 8 * step, 126)], darker(wall, 0.3), 1)
    pen.box(0, 124, 100, TALL, (222, 190, 158))
    for row in range(5):
        for column in range(9):
            if (row + column) % 2:
                pen.box(column * 12 - 4, 124 + row * 11, column * 12 + 8, 135 + row * 11, (208, 170, 136))
    pen.line([(0, 6), (100, 10)], darker(wall, 0.4), 0.6)
    for step in range(7):
        pen.poly([(6 + 14 * step, 7 + 0.5 * step), (15 + 14 * step, 7.4 + 0.5 * step), (10.5 + 14 * step, 20)],
                 (cloth, lighter(wall, 0.2), (250, 204, 90))[step % 3])  # fmt: skip
    _plant(pen, 13, 122, 1.25, cloth)
    _plant(pen, 88, 120, 1.1, darker(wall, 0.05))


def desk(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A desk at night: a screen, a lamp, a shelf of books."""
    base = blend(wall, (30, 30, 52), 0.72)
    pen.box(0, 0, 100, TALL, base)
    pen.ellipse(22, 62, 34, 44, lighter(base, 0.12), 150)
    pen.box(50, 30, 96, 33, darker(WOOD, 0.3))
    x = 53.0
    for step in range(9):
        wide, high = rng.uniform(2.6, 5.4), rng.uniform(11, 18)
        pen.box(
            x,
            30 - high,
            x + wide,
            30,
            blend((cloth, lighter(wall, 0.3), (232, 186, 96), (96, 150, 140))[step % 4], base, 0.25),
        )
        x += wide + 0.4
    pen.box(40, 52, 94, 90, (16, 18, 28), 2)
    pen.box(42, 54, 92, 88, blend(cloth, (60, 90, 190), 0.55))
    for step in range(6):
        pen.box(46, 59 + 4.4 * step, 46 + (34, 22, 28, 16, 30, 20)[step], 61 + 4.4 * step, lighter(cloth, 0.55), 0.6)
    pen.box(62, 90, 72, 104, (40, 42, 54))
    pen.line([(14, 106), (22, 74), (12, 50)], (214, 216, 224), 1.8)
    pen.poly([(4, 46), (22, 40), (26, 54), (8, 60)], cloth)
    pen.poly([(8, 60), (26, 54), (52, 106), (0, 106)], (255, 226, 160), 46)
    pen.box(0, 104, 100, TALL, darker(WOOD, 0.1))
    for step in range(7):
        pen.line([(0, 110 + 10 * step), (100, 108 + 10 * step)], darker(WOOD, 0.18), 0.8)
    _plant(pen, 90, 102, 0.6, (232, 228, 220))


def street(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """A market street: awnings, bunting, scooters' worth of colour."""
    for step in range(30):
        pen.box(0, step * 2, 100, step * 2 + 2.4, blend((140, 204, 240), (252, 246, 230), step / 30))
    for index, (left, right, top) in enumerate(((-4, 32, 34), (30, 68, 24), (66, 104, 40))):
        tone = (lighter(wall, 0.45), lighter(cloth, 0.4), blend(wall, (240, 206, 140), 0.7))[index]
        pen.box(left, top, right, 132, tone)
        for row in range(2):
            for column in range(2):
                pen.box(
                    left + 6 + 14 * column,
                    top + 8 + 20 * row,
                    left + 14 + 14 * column,
                    top + 21 + 20 * row,
                    darker(tone, 0.45),
                    1,
                )
        pen.box(left + 3, 96, right - 3, 132, darker(tone, 0.5), 1)
        for item in range(5):
            pen.ellipse(
                left + 7 + 6 * item,
                112 + 3 * (item % 2),
                3,
                4,
                ((232, 90, 60), (244, 190, 70), (80, 160, 130), lighter(cloth, 0.3), (240, 240, 236))[item],
            )
        awning = (cloth, (38, 110, 120), (222, 120, 50))[index]
        for step in range(6):
            wide = (right - left) / 6
            pen.poly([(left + wide * step, 82), (left + wide * (step + 1), 82), (left + wide * (step + 1), 94), (left + wide * step, 94)],
                     awning if step % 2 else (250, 246, 238))  # fmt: skip
            pen.ellipse(left + wide * (step + 0.5), 94, wide / 2, 3, awning if step % 2 else (250, 246, 238))
    pen.line([(0, 20), (50, 32), (100, 16)], (90, 80, 90), 0.5, curved=True)
    for step in range(10):
        y = 21 + 10 * math.sin(math.pi * (step + 0.5) / 10)
        pen.poly(
            [(2 + 10 * step, y), (9 + 10 * step, y), (5.5 + 10 * step, y + 8)],
            (cloth, (250, 200, 80), (60, 150, 150))[step % 3],
        )
    pen.box(0, 132, 100, TALL, (150, 144, 142))
    pen.poly([(0, 132), (100, 132), (100, 139), (0, 142)], (196, 190, 184))
    for step in range(4):
        pen.poly(
            [(6 + 28 * step, 158), (20 + 28 * step, 157), (22 + 28 * step, 161), (6 + 28 * step, 162)], (226, 222, 214)
        )


def hills(pen: Pen, wall: Colour, cloth: Colour, rng: np.random.Generator) -> None:
    """Snow hills, prayer flags and a stony path."""
    for step in range(50):
        pen.box(0, step * 2, 100, step * 2 + 2.4, blend((84, 150, 214), (234, 242, 248), step / 50))
    pen.poly([(-10, 110), (24, 34), (44, 74), (62, 46), (112, 112)], (126, 140, 170))
    pen.poly([(24, 34), (13, 58), (22, 54), (27, 60), (35, 57)], (250, 252, 255))
    pen.poly([(62, 46), (54, 60), (62, 58), (68, 64), (76, 60)], (250, 252, 255))
    pen.smooth([(-12, 120), (20, 88), (50, 104), (84, 84), (116, 112), (116, 140), (-12, 140)], (142, 124, 104))
    pen.smooth([(-12, 134), (30, 114), (70, 124), (116, 110), (116, TALL + 20), (-12, TALL + 20)], (118, 100, 82))
    for _ in range(40):
        x, y = rng.uniform(0, 100), rng.uniform(134, TALL)
        pen.ellipse(x, y, rng.uniform(1, 4), rng.uniform(0.7, 2), blend((160, 146, 130), (92, 80, 70), rng.random()))
    for rise in (0, 14):
        pen.line([(-2, 70 + rise), (50, 82 + rise), (102, 58 + rise)], (90, 80, 80), 0.5, curved=True)
        for step in range(12):
            x = 2 + 8.4 * step
            y = 70 + rise + 12 * math.sin(math.pi * step / 11) * 0.9 - step * 1.0
            pen.poly([(x, y), (x + 6.4, y), (x + 6.4, y + 8), (x, y + 8)],
                     ((66, 120, 200), (250, 250, 246), (206, 60, 56), (80, 150, 90), (240, 200, 80))[step % 5])  # fmt: skip


_DRAW: dict[str, Callable[[Pen, Colour, Colour, np.random.Generator], None]] = {
    "bedroom": bedroom, "mirror": mirror, "floor": floor, "terrace": terrace, "kitchen": kitchen, "balcony": balcony,
    "desk": desk, "street": street, "hills": hills,
}  # fmt: skip
_SPOTS = {
    "bedroom": (270, 640, 400), "mirror": (270, 470, 350), "floor": (270, 500, 430), "terrace": (270, 590, 400),
    "kitchen": (270, 490, 360), "balcony": (270, 610, 380), "desk": (270, 630, 360), "street": (270, 640, 400),
    "hills": (270, 660, 380),
}  # fmt: skip


def room(name: str, wall: Colour, cloth: Colour, rng: np.random.Generator) -> Room:
    """A place by name, in a publisher's colours."""
    pen = Pen(WIDTH, HEIGHT)
    _DRAW[name](pen, wall, cloth, rng)
    x, y, size = _SPOTS[name]
    return Room(pen.picture(lit=False).convert("RGB"), (x, y), size)
