"""What is worn: garments on a dress form, and shoes."""

from __future__ import annotations

from core.demo.art.pen import Colour, Pen, Point, blend, darker, lighter

WOOD: Colour = (139, 94, 60)
SKIN: Colour = (226, 205, 184)


def _form(pen: Pen, *, arms: bool = False) -> None:
    """A dress form: neck, shoulders, stand."""
    pen.line([(50, 78), (50, 95)], WOOD, 2.4)
    pen.line([(36, 96), (64, 96)], WOOD, 2.6)
    pen.smooth([(46, 8), (54, 8), (55, 17), (66, 21), (66, 40), (50, 46), (34, 40), (34, 21), (45, 17)], SKIN)
    pen.ellipse(50, 7.5, 5, 2.6, darker(WOOD, 0.1))
    if arms:
        pen.line([(35, 24), (29, 42)], SKIN, 5)
        pen.line([(65, 24), (71, 42)], SKIN, 5)


def saree(pen: Pen, main: Colour, accent: Colour) -> None:
    """A saree with pleats, a falling pallu and a bordered hem."""
    _form(pen)
    pen.smooth([(35, 21), (44, 18), (50, 22), (56, 18), (65, 21), (69, 32), (62, 36), (60, 40), (40, 40), (38, 36),
                (31, 32)], darker(accent, 0.12))  # fmt: skip
    skirt: list[Point] = [(38, 42), (62, 42), (69, 62), (76, 90), (50, 94), (24, 90), (31, 62)]
    pen.smooth(skirt, main)
    with pen.within(skirt):
        for index in range(7):
            x = 40 + index * 3.4
            pen.line([(x, 42), (x - 8 + index * 2.6, 95)], darker(main, 0.22), 0.8)
        pen.line([(22, 86), (50, 90.5), (78, 86)], accent, 6, curved=True)
        pen.line([(22, 80.6), (50, 85), (78, 80.6)], lighter(accent, 0.4), 0.9, curved=True)
        pen.dots([(28 + 8 * column + 4 * (row % 2), 50 + 7 * row) for row in range(5) for column in range(6)],
                 lighter(accent, 0.15), 0.8)  # fmt: skip
    pallu: list[Point] = [(62, 20), (68, 23), (63, 36), (44, 50), (36, 44), (50, 34)]
    pen.smooth(pallu, lighter(main, 0.08))
    fall: list[Point] = [(63, 19), (70, 23), (80, 48), (84, 80), (70, 82), (69, 54)]
    pen.smooth(fall, lighter(main, 0.05))
    with pen.within(fall):
        pen.line([(68, 80), (88, 78)], accent, 7)
        pen.line([(64, 71), (88, 69)], lighter(accent, 0.3), 1.2)
        for row in range(5):
            pen.dots([(71 + 4 * step, 36 + row * 8) for step in range(4)], accent, 0.9)
    pen.line([(63, 20), (50, 34), (38, 45)], accent, 1.8, curved=True)


def kurta(pen: Pen, main: Colour, accent: Colour) -> None:
    """A long kurta on a hanger, with placket and side slits."""
    pen.ring(50, 8, 4, 4, (120, 120, 128), 1.3, 180, 420)
    pen.line([(50, 12), (24, 22)], WOOD, 1.8)
    pen.line([(50, 12), (76, 22)], WOOD, 1.8)
    body: list[Point] = [(42, 15), (58, 15), (70, 20), (69, 46), (74, 90), (50, 92), (26, 90), (31, 46), (30, 20)]
    pen.poly([(31, 19), (40, 16), (36, 34), (24, 60), (12, 55)], darker(main, 0.07))
    pen.poly([(69, 19), (60, 16), (64, 34), (76, 60), (88, 55)], darker(main, 0.07))
    pen.poly([(12, 55), (24, 60), (22.5, 64), (10.5, 58.6)], accent)
    pen.poly([(88, 55), (76, 60), (77.5, 64), (89.5, 58.6)], accent)
    pen.poly(body, main)
    with pen.within(body, curved=False):
        pen.poly([(20, 85), (80, 85), (80, 95), (20, 95)], accent)
        for row in range(7):
            pen.dots(
                [(32 + 9 * step + 4.5 * (row % 2), 50 + 5 * row) for step in range(6)], blend(main, accent, 0.5), 0.9
            )
        pen.line([(31, 70), (29, 92)], darker(main, 0.35), 1.2)
        pen.line([(69, 70), (71, 92)], darker(main, 0.35), 1.2)
    pen.smooth([(43, 15), (50, 25), (57, 15), (50, 17)], darker(main, 0.5))
    pen.line([(43, 15), (50, 25), (57, 15)], accent, 2)
    pen.line([(50, 25), (50, 46)], accent, 3)
    pen.dots([(50, 28 + 5 * step) for step in range(4)], lighter(accent, 0.6), 0.9)


def lehenga(pen: Pen, main: Colour, accent: Colour) -> None:
    """A flared skirt with panels, a blouse and a dupatta."""
    _form(pen)
    pen.smooth([(35, 20), (44, 18), (50, 23), (56, 18), (65, 20), (70, 31), (62, 35), (60, 41), (40, 41), (38, 35),
                (30, 31)], accent)  # fmt: skip
    skirt: list[Point] = [(40, 46), (60, 46), (74, 66), (93, 92), (50, 97), (7, 92), (26, 66)]
    pen.smooth(skirt, main)
    with pen.within(skirt):
        for index in range(9):
            x = 8 + index * 10.5
            pen.poly([(50, 40), (x, 100), (x + 4.4, 100)], darker(main, 0.14))
        pen.line([(2, 84), (50, 92), (98, 84)], accent, 5.5, curved=True)
        pen.line([(6, 75), (50, 83), (94, 75)], lighter(accent, 0.35), 1.3, curved=True)
        pen.dots(
            [(12 + 8 * step, 77 + 5.4 * (1 - abs(step - 4.75) / 5)) for step in range(10)], lighter(accent, 0.2), 1.5
        )
        pen.dots([(30 + 8 * step, 64 + 3 * (1 - abs(step - 2.5) / 3)) for step in range(6)], accent, 1.3)
    pen.line([(39, 46.5), (61, 46.5)], lighter(accent, 0.15), 4)
    pen.smooth([(64, 18), (70, 22), (84, 60), (88, 84), (80, 86), (72, 54)], lighter(main, 0.3), 215)
    pen.line([(80, 86), (88, 84)], accent, 2.2)


def stole(pen: Pen, main: Colour, accent: Colour) -> None:
    """A dupatta draped over a rod, with tassels."""
    pen.line([(8, 14), (92, 14)], WOOD, 3)
    pen.ellipse(8, 14, 3, 3, darker(WOOD))
    pen.ellipse(92, 14, 3, 3, darker(WOOD))
    cloth: list[Point] = [(24, 12), (74, 12), (76, 50), (72, 84), (50, 86), (28, 84), (26, 50)]
    pen.poly(cloth, main)
    with pen.within(cloth, curved=False):
        for step in range(5):
            pen.line([(32 + 9 * step, 12), (30 + 10 * step, 90)], darker(main, 0.16), 2.6)
        for top in (24, 66, 76):
            pen.poly([(20, top), (80, top), (80, top + 4), (20, top + 4)], accent)
        for row in range(3):
            pen.dots([(31 + 9.5 * step + 4 * (row % 2), 36 + row * 11) for step in range(5)], lighter(accent, 0.1), 2.4)
            pen.dots([(31 + 9.5 * step + 4 * (row % 2), 36 + row * 11) for step in range(5)], main, 1.1)
    for step in range(9):
        pen.line([(30 + 5 * step, 86), (30 + 5 * step, 93)], accent, 1.2)


def shirt(pen: Pen, main: Colour, accent: Colour) -> None:
    """A folded shirt with collar and buttons."""
    pen.poly([(30, 20), (44, 14), (40, 42), (18, 60), (6, 48)], darker(main, 0.08))
    pen.poly([(70, 20), (56, 14), (60, 42), (82, 60), (94, 48)], darker(main, 0.08))
    body: list[Point] = [(34, 17), (66, 17), (73, 46), (73, 88), (27, 88), (27, 46)]
    pen.poly(body, main)
    with pen.within(body, curved=False):
        for step in range(8):
            pen.line([(28 + 6.4 * step, 10), (28 + 6.4 * step, 92)], blend(main, accent, 0.35), 0.7)
    pen.poly([(38, 12), (50, 20), (44, 32), (33, 18)], lighter(main, 0.2))
    pen.poly([(62, 12), (50, 20), (56, 32), (67, 18)], lighter(main, 0.2))
    pen.line([(50, 22), (50, 88)], darker(main, 0.2), 0.8)
    pen.dots([(50, 34 + 12 * step) for step in range(5)], accent, 1.4)
    pen.box(58, 40, 68, 52, lighter(main, 0.1), 1)


def sneaker(pen: Pen, main: Colour, accent: Colour) -> None:
    """A running shoe from the side."""
    pen.smooth([(8, 66), (92, 64), (96, 72), (88, 80), (14, 80), (6, 74)], (250, 250, 248))
    pen.smooth([(8, 76), (94, 75), (90, 81), (12, 82)], darker(accent, 0.15))
    upper: list[Point] = [
        (10, 66),
        (10, 42),
        (20, 34),
        (30, 42),
        (42, 40),
        (56, 48),
        (76, 56),
        (93, 60),
        (94, 68),
        (50, 70),
    ]
    pen.smooth(upper, main)
    with pen.within(upper):
        pen.smooth([(4, 30), (22, 30), (28, 72), (4, 72)], accent)
        pen.smooth([(74, 50), (100, 56), (100, 76), (78, 74)], darker(main, 0.2))
        pen.line([(34, 70), (52, 56), (66, 70)], lighter(accent, 0.2), 4, curved=True)
    pen.smooth([(12, 40), (20, 33), (30, 42), (25, 46)], darker(main, 0.55))
    for step in range(4):
        pen.line([(36 + 8 * step, 41 + 3.4 * step), (42 + 8 * step, 50 + 2.4 * step)], (252, 252, 252), 1.8)


def jutti(pen: Pen, main: Colour, accent: Colour) -> None:
    """A pair of embroidered juttis from above."""
    for x in (31, 69):
        outline: list[Point] = [
            (x, 8),
            (x + 11, 24),
            (x + 14, 46),
            (x + 11, 80),
            (x, 92),
            (x - 11, 80),
            (x - 14, 46),
            (x - 11, 24),
        ]
        pen.smooth(outline, darker(accent, 0.25))
        pen.smooth([(x + (px - x) * 0.88, 50 + (py - 50) * 0.94) for px, py in outline], main)
        pen.smooth(
            [(x - 8, 50), (x, 42), (x + 8, 50), (x + 8, 76), (x, 86), (x - 8, 76)], blend(WOOD, (255, 230, 200), 0.6)
        )
        pen.line([(x - 9.5, 52), (x, 41), (x + 9.5, 52)], accent, 2.2, curved=True)
        pen.smooth([(x, 16), (x + 6, 26), (x, 37), (x - 6, 26)], accent)
        pen.ellipse(x, 26.5, 2.6, 4.5, lighter(main, 0.3))
        pen.dots([(x - 9, 40), (x + 9, 40), (x - 9, 32), (x + 9, 32)], lighter(accent, 0.3), 1.2)
        pen.line([(x, 10), (x, 5)], accent, 2)


def sandal(pen: Pen, main: Colour, accent: Colour) -> None:
    """A pair of flat sandals from above."""
    for x, lean in ((32, -2), (68, 2)):
        pen.smooth([(x + lean, 8), (x + 13, 22), (x + 10, 50), (x + 10, 82), (x, 93), (x - 10, 82), (x - 10, 50),
                    (x - 13, 22)], darker(accent, 0.3))  # fmt: skip
        pen.smooth([(x + lean, 11), (x + 11, 23), (x + 8, 50), (x + 8, 81), (x, 90), (x - 8, 81), (x - 8, 50),
                    (x - 11, 23)], lighter(accent, 0.35))  # fmt: skip
        pen.line([(x - 12, 42), (x - 5, 30), (x, 22)], main, 4.4, curved=True)
        pen.line([(x + 12, 42), (x + 5, 30), (x, 22)], main, 4.4, curved=True)
        pen.line([(x - 11, 62), (x, 56), (x + 11, 62)], main, 4.4, curved=True)
        pen.ellipse(x, 24, 3.2, 3.2, lighter(main, 0.4))


def heel(pen: Pen, main: Colour, accent: Colour) -> None:
    """A heeled sandal from the side."""
    pen.poly([(13, 46), (25, 50), (20, 88), (15, 88)], darker(main, 0.2))
    pen.smooth(
        [(10, 40), (24, 42), (48, 66), (70, 80), (94, 82), (95, 88), (64, 88), (42, 76), (20, 52)], darker(accent, 0.2)
    )
    pen.smooth(
        [(10, 36), (18, 34), (26, 42), (48, 64), (70, 78), (94, 80), (94, 84), (62, 84), (40, 71), (18, 48)], main
    )
    pen.line([(12, 38), (16, 20), (34, 22), (30, 44)], main, 3.6, curved=True)
    pen.smooth([(62, 78), (70, 62), (84, 64), (92, 80)], accent)
    pen.dots([(71, 69), (77, 70), (83, 74)], lighter(accent, 0.5), 1.4)
    pen.ellipse(34, 22, 2.4, 2.4, lighter(accent, 0.5))


def boot(pen: Pen, main: Colour, accent: Colour) -> None:
    """An ankle boot from the side."""
    pen.smooth([(24, 12), (56, 12), (56, 46), (78, 58), (92, 70), (91, 80), (22, 80), (22, 46)], main)
    pen.poly([(20, 79), (93, 79), (92, 86), (44, 86), (42, 90), (20, 90)], darker(main, 0.55))
    pen.poly([(44, 14), (52, 14), (50, 52), (42, 46)], accent)
    for step in range(5):
        pen.line([(46, 20 + 7 * step), (58 + step, 22 + 7 * step)], lighter(accent, 0.5), 1.6)
    pen.line([(24, 15), (55, 15)], darker(main, 0.3), 3)
    pen.line([(24, 62), (58, 60)], darker(main, 0.25), 1.2, curved=True)


DRAW = {
    "saree": saree, "kurta": kurta, "lehenga": lehenga, "stole": stole, "shirt": shirt, "sneaker": sneaker,
    "jutti": jutti, "sandal": sandal, "heel": heel, "boot": boot,
}  # fmt: skip
