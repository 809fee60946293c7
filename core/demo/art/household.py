"""Things of the kitchen and the living room."""

from __future__ import annotations

from core.demo.art.pen import Colour, Pen, Point, blend, darker, lighter

STEEL: Colour = (196, 202, 210)
WOOD: Colour = (156, 106, 66)
LEAF: Colour = (62, 128, 74)
FLAME: Colour = (255, 190, 60)


def pan(pen: Pen, main: Colour, accent: Colour) -> None:
    """A frying pan from above, with something good in it."""
    pen.line([(60, 60), (93, 93)], WOOD, 8)
    pen.line([(60, 60), (70, 70)], STEEL, 5)
    pen.ellipse(40, 40, 34, 34, main)
    pen.ellipse(40, 40, 29, 29, darker(main, 0.4))
    for x, y, reach in ((32, 34, 8), (48, 42, 9), (34, 52, 6.5)):
        pen.smooth([(x - reach, y), (x, y - reach * 0.8), (x + reach, y + 1), (x + 1, y + reach)], (252, 246, 232))
        pen.ellipse(x, y, reach * 0.38, reach * 0.38, accent)
    pen.dots([(22, 44), (44, 26), (56, 54), (26, 28)], LEAF, 1.6)


def kadhai(pen: Pen, main: Colour, accent: Colour) -> None:
    """A deep kadhai with two handles and steam."""
    pen.ring(12, 48, 9, 8, darker(main, 0.2), 3.6)
    pen.ring(88, 48, 9, 8, darker(main, 0.2), 3.6)
    pen.smooth([(12, 44), (88, 44), (84, 66), (68, 84), (50, 88), (32, 84), (16, 66)], main)
    pen.ellipse(50, 45, 39, 9, lighter(main, 0.25))
    pen.ellipse(50, 45.5, 35, 7, accent)
    pen.dots([(38, 44), (52, 47), (64, 44), (46, 42), (58, 42)], LEAF, 1.7)
    for x in (36, 50, 64):
        pen.line([(x, 34), (x - 4, 26), (x + 3, 18), (x - 2, 10)], (236, 236, 240), 2, curved=True)


def cooker(pen: Pen, main: Colour, accent: Colour) -> None:
    """A pressure cooker with lid, whistle and handle."""
    pen.line([(72, 48), (96, 44)], darker(accent, 0.3), 7)
    pen.box(18, 46, 78, 88, main, 8)
    pen.smooth([(16, 48), (22, 38), (48, 33), (74, 38), (80, 48), (48, 52)], lighter(main, 0.28))
    pen.box(14, 46, 82, 51, darker(main, 0.2), 2)
    pen.box(44, 22, 52, 36, accent, 2)
    pen.ellipse(48, 20, 6, 4.5, darker(accent, 0.1))
    pen.box(26, 58, 34, 82, lighter(main, 0.55), 4)
    for x in (40, 48, 56):
        pen.line([(x, 14), (x - 2, 9), (x + 2, 4)], (232, 234, 240), 1.8, curved=True)


def tiffin(pen: Pen, main: Colour, accent: Colour) -> None:
    """A stacked tiffin carrier."""
    pen.line([(22, 30), (22, 12), (78, 12), (78, 30)], darker(accent, 0.15), 3.4, curved=True)
    for row, top in enumerate((24, 45, 66)):
        pen.box(24, top, 76, top + 20, main if row != 1 else lighter(main, 0.2), 4)
        pen.box(22, top, 78, top + 4.5, lighter(main, 0.5), 2)
        pen.box(30, top + 8, 35, top + 17, lighter(main, 0.62), 2.5)
    pen.line([(22, 26), (22, 88)], accent, 3)
    pen.line([(78, 26), (78, 88)], accent, 3)
    pen.box(20, 86, 80, 91, accent, 2)


def spicebox(pen: Pen, main: Colour, accent: Colour) -> None:
    """A round masala box with seven heaps of spice."""
    pen.ellipse(50, 53, 45, 43, darker(main, 0.3))
    pen.ellipse(50, 50, 45, 43, main)
    pen.ellipse(50, 50, 40, 38, darker(main, 0.18))
    spices = ((178, 34, 34), (230, 165, 20), (120, 72, 30), (200, 96, 30), (90, 110, 50), accent)
    places: list[Point] = [(50, 24), (72.5, 37), (72.5, 63), (50, 76), (27.5, 63), (27.5, 37)]
    for (x, y), spice in zip(places, spices, strict=True):
        pen.ellipse(x, y, 11.5, 11, STEEL)
        pen.ellipse(x, y, 9.5, 9, spice)
        pen.ellipse(x - 2, y - 2, 4, 3.4, lighter(spice, 0.3))
    pen.ellipse(50, 50, 11.5, 11, STEEL)
    pen.ellipse(50, 50, 9.5, 9, (240, 230, 210))


def kettle(pen: Pen, main: Colour, accent: Colour) -> None:
    """A kettle with a spout."""
    pen.ring(50, 34, 26, 24, darker(accent, 0.1), 4.2, 180, 360)
    pen.smooth([(20, 60), (6, 44), (4, 36), (11, 34), (28, 52)], main)
    pen.smooth([(26, 46), (50, 38), (74, 46), (84, 74), (76, 90), (50, 92), (24, 90), (16, 74)], main)
    pen.smooth([(34, 44), (50, 38), (66, 44), (50, 48)], lighter(main, 0.3))
    pen.ellipse(50, 37, 4.4, 4, accent)
    pen.smooth([(18, 76), (50, 80), (82, 76), (80, 83), (50, 87), (20, 83)], accent)


def mug(pen: Pen, main: Colour, accent: Colour) -> None:
    """A mug of chai."""
    pen.ring(74, 56, 15, 15, darker(main, 0.12), 6, -90, 90)
    pen.box(20, 32, 74, 88, main, 9)
    pen.ellipse(47, 33, 27, 6.5, lighter(main, 0.4))
    pen.ellipse(47, 33.6, 23.5, 4.8, (176, 116, 66))
    for step in range(4):
        x = 28 + 13 * step
        pen.smooth([(x, 52), (x + 5, 60), (x, 68), (x - 5, 60)], accent)
        pen.ellipse(x, 60, 1.7, 2.4, lighter(accent, 0.6))
    for x in (38, 52):
        pen.line([(x, 24), (x - 4, 17), (x + 3, 10), (x - 1, 4)], (238, 238, 240), 2.2, curved=True)


def jar(pen: Pen, main: Colour, accent: Colour) -> None:
    """A glass storage jar."""
    pen.box(22, 26, 78, 92, blend(main, (255, 255, 255), 0.72), 10)
    pen.box(26, 46, 74, 89, main, 8)
    pen.dots(
        [(32 + 9 * step + 4 * (row % 2), 52 + 8 * row) for row in range(5) for step in range(5)],
        lighter(main, 0.3),
        2.8,
    )
    pen.box(20, 14, 80, 28, accent, 4)
    pen.box(20, 23, 80, 28, darker(accent, 0.25), 2)
    pen.box(34, 58, 66, 76, (255, 250, 240), 3)
    pen.line([(40, 67), (60, 67)], darker(accent, 0.3), 1.8)


def knife(pen: Pen, main: Colour, accent: Colour) -> None:
    """A chef's knife on a board with vegetables."""
    pen.box(10, 22, 90, 88, WOOD, 9)
    pen.line([(14, 40), (86, 40)], darker(WOOD, 0.12), 0.9)
    pen.line([(14, 68), (86, 68)], darker(WOOD, 0.12), 0.9)
    pen.ellipse(30, 70, 11, 11, (214, 48, 40))
    pen.smooth([(27, 60), (31, 55), (34, 60)], LEAF)
    pen.smooth([(48, 78), (70, 60), (82, 62), (66, 80)], accent)
    pen.smooth([(22, 50), (26, 34), (66, 16), (70, 26), (52, 40)], STEEL)
    pen.line([(69, 20), (92, 8)], main, 7)
    pen.dots([(75, 17), (84, 12.4)], STEEL, 1.3)


def thali(pen: Pen, main: Colour, accent: Colour) -> None:
    """A thali with small bowls."""
    pen.ellipse(50, 52, 46, 44, darker(main, 0.25))
    pen.ellipse(50, 50, 46, 44, main)
    pen.ellipse(50, 50, 41, 39, lighter(main, 0.25))
    for x, y, food in ((30, 32, (206, 140, 30)), (52, 24, (150, 50, 34)), (72, 36, (96, 130, 50)), (76, 60, accent)):
        pen.ellipse(x, y, 11, 10.4, darker(main, 0.15))
        pen.ellipse(x, y, 8.6, 8, food)
    pen.ellipse(36, 66, 18, 15, (240, 214, 160))
    pen.ellipse(38, 64, 16, 13, (248, 228, 180))
    pen.dots([(30, 62), (40, 68), (46, 60), (36, 72)], (190, 140, 70), 1.5)
    pen.ellipse(62, 74, 8, 6, (255, 252, 244))


def lamp(pen: Pen, main: Colour, accent: Colour) -> None:
    """A table lamp."""
    pen.poly([(34, 12), (66, 12), (82, 52), (18, 52)], main)
    with pen.within([(34, 12), (66, 12), (82, 52), (18, 52)], curved=False):
        for step in range(7):
            pen.line([(34 + 5.4 * step, 12), (18 + 10.7 * step, 52)], lighter(main, 0.25), 1.5)
        pen.line([(16, 50), (84, 50)], accent, 3.4)
        pen.line([(30, 13.5), (70, 13.5)], accent, 3)
    pen.line([(50, 52), (50, 64)], darker(accent, 0.2), 3)
    pen.smooth([(42, 66), (58, 66), (62, 78), (56, 88), (44, 88), (38, 78)], accent)
    pen.box(34, 87, 66, 92, darker(accent, 0.25), 2)


def diya(pen: Pen, main: Colour, accent: Colour) -> None:
    """A row of burning diyas."""
    for x, y, size in ((26, 72, 0.8), (74, 72, 0.8), (50, 62, 1.15)):
        pen.smooth(
            [(x, y - 46 * size), (x + 10 * size, y - 24 * size), (x, y - 12 * size), (x - 10 * size, y - 24 * size)],
            FLAME,
        )
        pen.smooth(
            [(x, y - 36 * size), (x + 5 * size, y - 23 * size), (x, y - 15 * size), (x - 5 * size, y - 23 * size)],
            (255, 244, 200),
        )
        pen.smooth([(x - 26 * size, y - 11 * size), (x, y - 15 * size), (x + 26 * size, y - 11 * size), (x + 16 * size, y + 10 * size),
                    (x, y + 15 * size), (x - 16 * size, y + 10 * size)], main)  # fmt: skip
        pen.ellipse(x, y - 11.5 * size, 22 * size, 4.6 * size, darker(main, 0.45))
        pen.dots([(x + step * 6.5 * size, y + (3.5 - abs(step)) * size) for step in range(-2, 3)], accent, 1.9 * size)


def candle(pen: Pen, main: Colour, accent: Colour) -> None:
    """A scented candle in a glass."""
    pen.smooth([(50, 10), (56, 22), (50, 30), (44, 22)], FLAME)
    pen.smooth([(50, 16), (53, 23), (50, 28), (47, 23)], (255, 246, 210))
    pen.line([(50, 28), (50, 38)], (60, 48, 44), 1.4)
    pen.box(22, 34, 78, 90, blend(main, (255, 255, 255), 0.3), 8)
    pen.ellipse(50, 38, 26, 5.4, lighter(main, 0.7))
    pen.box(22, 54, 78, 80, accent, 1)
    pen.box(32, 59, 68, 75, (255, 252, 246), 2)
    pen.line([(40, 65), (60, 65)], darker(accent, 0.3), 1.6)
    pen.line([(44, 70), (56, 70)], darker(accent, 0.1), 1.3)


def cushion(pen: Pen, main: Colour, accent: Colour) -> None:
    """A printed cushion with tassels."""
    outline: list[Point] = [(14, 14), (50, 20), (86, 14), (80, 50), (86, 86), (50, 80), (14, 86), (20, 50)]
    pen.smooth(outline, main)
    with pen.within(outline):
        for row in range(4):
            for column in range(4):
                x, y = 26 + 16 * column, 26 + 16 * row
                pen.smooth(
                    [(x, y - 6.5), (x + 6.5, y), (x, y + 6.5), (x - 6.5, y)],
                    accent if (row + column) % 2 else lighter(main, 0.4),
                )
                pen.ellipse(x, y, 2, 2, main)
    for x, y in ((14, 14), (86, 14), (86, 86), (14, 86)):
        pen.ellipse(x, y, 4, 4, accent)


def vase(pen: Pen, main: Colour, accent: Colour) -> None:
    """A tall vase with stems."""
    for x, y, bloom in (
        (34, 16, accent),
        (50, 8, lighter(accent, 0.3)),
        (66, 17, accent),
        (42, 26, lighter(accent, 0.45)),
    ):
        pen.line([(50, 50), ((x + 50) / 2, (y + 52) / 2 - 2), (x, y)], LEAF, 1.5, curved=True)
        for dx, dy in ((0, -4.6), (4.4, -1.4), (2.8, 3.8), (-2.8, 3.8), (-4.4, -1.4)):
            pen.ellipse(x + dx, y + dy, 3.6, 3.6, bloom)
        pen.ellipse(x, y, 2.4, 2.4, FLAME)
    body: list[Point] = [(43, 42), (57, 42), (57, 52), (72, 68), (66, 90), (50, 93), (34, 90), (28, 68), (43, 52)]
    pen.smooth(body, main)
    with pen.within(body):
        pen.line([(24, 68), (50, 72), (76, 68)], lighter(main, 0.45), 2.4, curved=True)
        pen.line([(24, 76), (50, 80), (76, 76)], accent, 3, curved=True)


def wallart(pen: Pen, main: Colour, accent: Colour) -> None:
    """Framed wall art: hills, sun and a bird."""
    pen.box(14, 8, 86, 92, darker(WOOD, 0.2), 1.5)
    pen.box(19, 13, 81, 87, (252, 248, 238), 0.5)
    frame: list[Point] = [(24, 18), (76, 18), (76, 82), (24, 82)]
    pen.poly(frame, lighter(main, 0.55))
    with pen.within(frame, curved=False):
        pen.ellipse(60, 36, 11, 11, accent)
        pen.smooth([(14, 66), (34, 46), (52, 62), (72, 50), (90, 66), (90, 100), (10, 100)], main)
        pen.smooth([(10, 78), (36, 66), (60, 76), (90, 68), (90, 100), (10, 100)], darker(main, 0.3))
        pen.line([(34, 34), (38, 31), (41, 34), (44, 31), (48, 34)], darker(main, 0.5), 1.2, curved=True)


def planter(pen: Pen, main: Colour, accent: Colour) -> None:
    """A leafy plant in a pot."""
    for x, y, tone in (
        (24, 30, 0.0),
        (76, 28, 0.12),
        (50, 12, 0.2),
        (34, 16, 0.1),
        (66, 14, 0.0),
        (18, 46, 0.15),
        (82, 44, 0.05),
    ):
        leaf = blend(LEAF, (150, 200, 90), tone * 2)
        pen.line([(50, 64), (x, y)], darker(leaf, 0.2), 1.4)
        side, rise = (x - 50) * 0.28, (y - 64) * 0.16
        pen.smooth(
            [
                (x + (50 - x) * 0.45, y + (64 - y) * 0.45),
                (x - rise * 0.9, y + side * 0.5 + 4),
                (x, y),
                (x + rise * 0.9, y - side * 0.5 + 5),
            ],
            leaf,
        )
    pen.poly([(28, 62), (72, 62), (66, 92), (34, 92)], main)
    pen.box(25, 57, 75, 66, lighter(main, 0.18), 2)
    pen.line([(32, 76), (39, 71), (46, 76), (53, 71), (60, 76), (67, 71)], accent, 2.2)


def curtain(pen: Pen, main: Colour, accent: Colour) -> None:
    """A pair of curtains before a bright window."""
    pen.box(22, 16, 78, 78, (206, 232, 250), 2)
    pen.line([(50, 16), (50, 78)], (255, 255, 255), 2.4)
    pen.line([(22, 46), (78, 46)], (255, 255, 255), 2.4)
    pen.line([(6, 11), (94, 11)], WOOD, 3.4)
    for flip in (1, -1):

        def side(x: float, sign: int = flip) -> float:
            return x if sign == 1 else 100 - x

        cloth: list[Point] = [
            (side(8), 12),
            (side(44), 12),
            (side(36), 46),
            (side(22), 62),
            (side(30), 92),
            (side(8), 92),
        ]
        pen.poly(cloth, main)
        with pen.within(cloth, curved=False):
            for step in range(5):
                pen.line([(side(12 + 7.5 * step), 10), (side(12 + 3.6 * step), 94)], darker(main, 0.18), 1.6)
        pen.line([(side(8), 60), (side(26), 63)], accent, 4)
        pen.line([(side(8), 90), (side(29), 90)], accent, 2.6)


def rug(pen: Pen, main: Colour, accent: Colour) -> None:
    """A woven rug from above."""
    for step in range(12):
        for x in (10, 90):
            pen.line([(x - 5, 20 + 5.4 * step), (x + 5, 20 + 5.4 * step)], lighter(accent, 0.4), 1.2)
    pen.box(11, 16, 89, 84, main, 1)
    pen.box(16, 21, 84, 79, accent, 1)
    pen.box(19, 24, 81, 76, darker(main, 0.12), 1)
    for x in (32, 50, 68):
        pen.poly([(x, 32), (x + 9, 50), (x, 68), (x - 9, 50)], lighter(accent, 0.25))
        pen.poly([(x, 40), (x + 5, 50), (x, 60), (x - 5, 50)], main)


DRAW = {
    "pan": pan, "kadhai": kadhai, "cooker": cooker, "tiffin": tiffin, "spicebox": spicebox, "kettle": kettle, "mug": mug,
    "jar": jar, "knife": knife, "thali": thali, "lamp": lamp, "diya": diya, "candle": candle, "cushion": cushion,
    "vase": vase, "wallart": wallart, "planter": planter, "curtain": curtain, "rug": rug,
}  # fmt: skip
