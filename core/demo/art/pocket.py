"""Small things: beauty, jewellery and electronics."""

from __future__ import annotations

import math

from core.demo.art.pen import Colour, Pen, Point, blend, darker, lighter

INK: Colour = (38, 38, 46)
GLASS: Colour = (226, 238, 246)


def lipstick(pen: Pen, main: Colour, accent: Colour) -> None:
    """Two lipsticks and a swatch."""
    pen.smooth([(8, 76), (30, 68), (52, 74), (74, 68), (94, 74), (88, 84), (50, 84), (14, 86)], main)
    for x, height, lip in ((36, 0, main), (64, 10, darker(main, 0.2))):
        pen.box(x - 10, 48 + height, x + 10, 88, INK, 2)
        pen.box(x - 9, 36 + height, x + 9, 52 + height, accent, 1)
        pen.poly([(x - 7, 38 + height), (x - 7, 18 + height), (x + 7, 9 + height), (x + 7, 38 + height)], lip)
        pen.box(x - 10, 62 + height / 2, x + 10, 65 + height / 2, accent)


def serum(pen: Pen, main: Colour, accent: Colour) -> None:
    """A dropper bottle."""
    pen.ellipse(50, 10, 7, 7, darker(accent, 0.1))
    pen.box(43, 10, 57, 22, darker(accent, 0.1), 3)
    pen.box(38, 20, 62, 34, accent, 2)
    pen.box(26, 34, 74, 92, main, 10)
    pen.box(32, 42, 37, 84, lighter(main, 0.5), 2.5)
    pen.box(42, 50, 70, 80, (255, 252, 246), 2)
    pen.smooth([(56, 54), (61, 62), (56, 67), (51, 62)], main)
    pen.line([(48, 72), (64, 72)], darker(main, 0.3), 1.5)
    pen.line([(50, 76), (62, 76)], darker(main, 0.1), 1.2)


def cream(pen: Pen, main: Colour, accent: Colour) -> None:
    """An open jar of cream with its lid."""
    pen.ellipse(72, 78, 24, 13, darker(accent, 0.2))
    pen.ellipse(72, 75, 24, 13, accent)
    pen.box(14, 42, 70, 82, main, 9)
    pen.ellipse(42, 43, 28, 9, lighter(main, 0.3))
    pen.ellipse(42, 42, 24, 7, (255, 250, 242))
    pen.smooth([(28, 40), (42, 24), (50, 34), (58, 41), (42, 45)], (255, 252, 248))
    pen.box(22, 54, 62, 72, (255, 252, 246), 2)
    pen.line([(30, 61), (54, 61)], darker(main, 0.2), 1.8)
    pen.line([(34, 66), (50, 66)], accent, 1.4)


def tube(pen: Pen, main: Colour, accent: Colour) -> None:
    """A squeeze tube, as of sunscreen."""
    pen.poly([(26, 8), (74, 8), (66, 76), (34, 76)], main)
    pen.box(25, 5, 75, 12, darker(main, 0.15), 1)
    pen.box(37, 75, 63, 93, accent, 3)
    pen.ellipse(50, 36, 11, 11, lighter(accent, 0.15))
    for step in range(8):
        angle = step * math.pi / 4
        pen.line([(50 + 14 * math.cos(angle), 36 + 14 * math.sin(angle)), (50 + 18 * math.cos(angle), 36 + 18 * math.sin(angle))],
                 lighter(accent, 0.15), 2.2)  # fmt: skip
    pen.line([(40, 62), (60, 62)], lighter(main, 0.7), 2)
    pen.line([(43, 67), (57, 67)], lighter(main, 0.7), 1.5)


def soap(pen: Pen, main: Colour, accent: Colour) -> None:
    """A bar of soap on a dish, with bubbles and leaves."""
    pen.smooth([(10, 66), (90, 66), (80, 84), (20, 84)], blend(accent, (255, 255, 255), 0.35))
    pen.box(18, 44, 82, 70, main, 9)
    pen.box(26, 49, 74, 63, lighter(main, 0.25), 5)
    pen.smooth([(40, 58), (50, 51), (60, 58), (50, 61)], accent)
    for x, y, reach in ((26, 34, 6), (40, 24, 8.5), (58, 32, 5), (72, 22, 7), (84, 38, 4)):
        pen.ellipse(x, y, reach, reach, GLASS, 190)
        pen.ellipse(x - reach * 0.3, y - reach * 0.3, reach * 0.28, reach * 0.28, (255, 255, 255))


def nailpolish(pen: Pen, main: Colour, accent: Colour) -> None:
    """Three bottles of nail polish."""
    for x, tone in ((22, main), (50, blend(main, accent, 0.5)), (78, accent)):
        pen.box(x - 6, 16, x + 6, 52, INK, 3)
        pen.box(x - 11, 50, x + 11, 88, tone, 7)
        pen.box(x - 7, 56, x - 4, 80, lighter(tone, 0.55), 1.5)


def perfume(pen: Pen, main: Colour, accent: Colour) -> None:
    """An attar bottle of cut glass."""
    pen.ellipse(50, 14, 9, 9, accent)
    pen.box(44, 20, 56, 32, darker(accent, 0.2), 1)
    outline: list[Point] = [(34, 32), (66, 32), (84, 58), (72, 90), (28, 90), (16, 58)]
    pen.poly(outline, blend(main, (255, 255, 255), 0.55))
    pen.poly([(24, 58), (76, 58), (68, 86), (32, 86)], main)
    pen.line([(34, 33), (50, 58), (66, 33)], (255, 255, 255), 1)
    pen.line([(17, 58), (83, 58)], (255, 255, 255), 1)
    pen.line([(50, 58), (34, 89)], lighter(main, 0.4), 0.9)
    pen.line([(50, 58), (66, 89)], lighter(main, 0.4), 0.9)


def jhumka(pen: Pen, main: Colour, accent: Colour) -> None:
    """A pair of bell earrings."""
    for x in (29, 71):
        pen.ellipse(x, 16, 8.5, 8.5, main)
        pen.ellipse(x, 16, 4.4, 4.4, accent)
        pen.dots(
            [(x + 6.6 * math.cos(a * math.pi / 4), 16 + 6.6 * math.sin(a * math.pi / 4)) for a in range(8)],
            lighter(main, 0.5),
            1,
        )
        pen.line([(x, 24), (x, 34)], darker(main, 0.15), 1.8)
        pen.smooth(
            [(x, 32), (x + 10, 40), (x + 16, 60), (x + 19, 70), (x, 74), (x - 19, 70), (x - 16, 60), (x - 10, 40)], main
        )
        pen.line([(x - 15, 56), (x, 59), (x + 15, 56)], darker(main, 0.3), 1.6, curved=True)
        pen.dots([(x + 6 * step, 64.5 - abs(step) * 0.7) for step in range(-2, 3)], accent, 2.1)
        pen.dots([(x + 5 * step, 47 - abs(step)) for step in (-1, 0, 1)], accent, 1.4)
        for step in range(-3, 4):
            y = 75 - abs(step) * 0.8
            pen.line([(x + 5.4 * step, y), (x + 5.4 * step, y + 6)], darker(main, 0.1), 1)
            pen.ellipse(x + 5.4 * step, y + 9, 2.2, 2.2, lighter(accent, 0.35))


def necklace(pen: Pen, main: Colour, accent: Colour) -> None:
    """A necklace on a bust."""
    pen.smooth([(40, 4), (60, 4), (62, 28), (90, 44), (92, 92), (8, 92), (10, 44), (38, 28)], (54, 36, 48))
    for step in range(25):
        angle = math.pi * (0.06 + 0.88 * step / 24)
        x, y = 50 - 27 * math.cos(angle), 30 + 36 * math.sin(angle)
        pen.ellipse(x, y, 2.6, 2.6, main)
        if step % 3 == 0 and 2 < step < 22:
            px, py = 50 - 31 * math.cos(angle), 32 + 43 * math.sin(angle)
            pen.smooth([(x, y), (px + 2.6, py), (px, py + 4), (px - 2.6, py)], accent)
    pen.smooth([(50, 64), (59, 74), (50, 88), (41, 74)], main)
    pen.smooth([(50, 68), (55, 75), (50, 83), (45, 75)], accent)
    pen.ellipse(48.6, 73, 1.4, 1.8, lighter(accent, 0.7))


def bangles(pen: Pen, main: Colour, accent: Colour) -> None:
    """A stack of bangles."""
    for row in range(6):
        tone = (main, accent, lighter(main, 0.25))[row % 3]
        y = 74 - row * 8.6
        pen.ring(50, y, 37, 15, darker(tone, 0.28), 5.2)
        pen.ring(50, y - 1.2, 37, 15, tone, 4)
        if row % 2 == 0:
            pen.dots(
                [(50 + 37 * math.cos(a), y - 1 + 15 * math.sin(a)) for a in (0.5, 0.95, 1.4, 1.85, 2.3, 2.7)],
                lighter(accent, 0.55),
                1.5,
            )


def ring(pen: Pen, main: Colour, accent: Colour) -> None:
    """A ring with a stone."""
    pen.ring(50, 64, 26, 26, darker(main, 0.25), 7.5)
    pen.ring(50, 63, 26, 26, main, 5.5)
    pen.poly([(50, 44), (30, 22), (38, 11), (62, 11), (70, 22)], accent)
    pen.poly([(38, 11), (62, 11), (58, 22), (42, 22)], lighter(accent, 0.5))
    pen.poly([(30, 22), (42, 22), (50, 44)], lighter(accent, 0.25))
    pen.poly([(70, 22), (58, 22), (50, 44)], darker(accent, 0.25))
    pen.dots([(34, 40), (66, 40), (28, 46), (72, 46)], lighter(main, 0.5), 1.8)


def potli(pen: Pen, main: Colour, accent: Colour) -> None:
    """A drawstring potli bag."""
    pen.ring(50, 26, 22, 20, accent, 2, 180, 360)
    pen.smooth([(34, 26), (42, 22), (50, 27), (58, 22), (66, 26), (60, 38), (40, 38)], lighter(main, 0.15))
    body: list[Point] = [(40, 38), (60, 38), (80, 62), (74, 86), (50, 92), (26, 86), (20, 62)]
    pen.smooth(body, main)
    with pen.within(body):
        for row in range(5):
            pen.dots([(24 + 9 * step + 4.5 * (row % 2), 52 + 8 * row) for step in range(7)], accent, 1.7)
    pen.line([(38, 38), (62, 38)], accent, 3.4)
    for x in (44, 56):
        pen.line([(x, 39), (x - 2, 56)], accent, 1.4)
        pen.ellipse(x - 2, 58, 2.8, 3.4, lighter(accent, 0.3))


def headphones(pen: Pen, main: Colour, accent: Colour) -> None:
    """Over-ear headphones."""
    pen.ring(50, 52, 34, 40, darker(main, 0.1), 6.5, 180, 360)
    pen.ring(50, 54, 31, 37, accent, 2, 200, 340)
    for x, sign in ((17, 1), (83, -1)):
        pen.box(x - 8, 46, x + 8, 84, main, 8)
        pen.smooth([(x + 6 * sign, 48), (x + 14 * sign, 54), (x + 14 * sign, 76), (x + 6 * sign, 82)], INK)
        pen.ellipse(x - 2 * sign, 65, 3.6, 8, accent)


def earbuds(pen: Pen, main: Colour, accent: Colour) -> None:
    """Earbuds above their case."""
    pen.smooth([(14, 58), (86, 58), (88, 78), (76, 92), (24, 92), (12, 78)], main)
    pen.smooth([(14, 58), (86, 58), (82, 64), (18, 64)], darker(main, 0.35))
    pen.ellipse(50, 78, 2.2, 2.2, accent)
    for x, sign in ((34, 1), (66, -1)):
        pen.line([(x, 30), (x - 3 * sign, 52)], lighter(main, 0.12), 7)
        pen.ellipse(x, 24, 11, 11, lighter(main, 0.12))
        pen.ellipse(x + 7 * sign, 20, 6, 7, INK)
        pen.ellipse(x - 3 * sign, 25, 3, 3, accent)


def phonecase(pen: Pen, main: Colour, accent: Colour) -> None:
    """A phone in a patterned case."""
    pen.box(26, 5, 74, 95, darker(main, 0.4), 9)
    outline: list[Point] = [(28, 7), (72, 7), (72, 93), (28, 93)]
    pen.box(28, 7, 72, 93, main, 7.5)
    with pen.within(outline, curved=False):
        for row in range(5):
            for step in range(3):
                x, y = 36 + 14 * step + 7 * (row % 2), 42 + 12 * row
                for angle in range(5):
                    turn = angle * 2 * math.pi / 5
                    pen.ellipse(x + 3.2 * math.cos(turn), y + 3.2 * math.sin(turn), 2.6, 2.6, accent)
                pen.ellipse(x, y, 1.6, 1.6, lighter(main, 0.6))
    pen.box(33, 12, 53, 34, INK, 5)
    pen.dots([(39, 18), (47, 18), (39, 28)], (96, 110, 130), 3.4)
    pen.ellipse(47, 28, 1.5, 1.5, (250, 250, 230))


def powerbank(pen: Pen, main: Colour, accent: Colour) -> None:
    """A power bank with its cable."""
    pen.line([(66, 14), (84, 10), (92, 30), (86, 60), (94, 84)], INK, 2.4, curved=True)
    pen.box(91, 82, 97, 93, (120, 120, 130), 1)
    pen.box(22, 12, 70, 92, main, 7)
    pen.box(26, 16, 31, 88, lighter(main, 0.3), 2)
    pen.poly([(50, 34), (38, 56), (46, 56), (43, 72), (56, 48), (48, 48)], accent)
    pen.dots([(38 + 6 * step, 83) for step in range(4)], lighter(accent, 0.4), 1.6)


def smartwatch(pen: Pen, main: Colour, accent: Colour) -> None:
    """A smartwatch with rings on its face."""
    pen.poly([(36, 4), (64, 4), (68, 30), (32, 30)], main)
    pen.poly([(32, 70), (68, 70), (64, 97), (36, 97)], main)
    pen.box(24, 24, 76, 76, (70, 72, 82), 13)
    pen.box(28, 28, 72, 72, (14, 14, 20), 10)
    for reach, tone, end in ((16, accent, 200), (11.5, lighter(main, 0.35), 120), (7, (250, 210, 70), 60)):
        pen.ring(50, 50, reach, reach, blend(tone, (14, 14, 20), 0.7), 3)
        pen.ring(50, 50, reach, reach, tone, 3, -90, end)
    pen.box(76, 44, 80, 56, (110, 112, 122), 1.5)


def speaker(pen: Pen, main: Colour, accent: Colour) -> None:
    """A portable speaker."""
    pen.ring(50, 24, 20, 14, darker(main, 0.2), 3.6, 180, 360)
    pen.box(16, 22, 84, 90, main, 13)
    pen.ellipse(50, 62, 22, 22, INK)
    pen.ellipse(50, 62, 17, 17, (74, 74, 86))
    pen.ellipse(50, 62, 7.5, 7.5, accent)
    pen.ellipse(50, 33, 7, 6, INK)
    pen.dots([(26, 32), (74, 32)], accent, 2)


def keyboard(pen: Pen, main: Colour, accent: Colour) -> None:
    """A compact keyboard and a mouse."""
    pen.box(4, 34, 74, 74, darker(main, 0.3), 4)
    for row in range(4):
        for column in range(9):
            tone = accent if (row, column) in {(0, 0), (3, 8), (1, 8)} else lighter(main, 0.25 if row % 2 else 0.35)
            pen.box(7 + 7.2 * column, 38 + 8.4 * row, 12.8 + 7.2 * column, 44.6 + 8.4 * row, tone, 1.2)
    pen.smooth([(80, 44), (88, 40), (96, 44), (97, 64), (88, 72), (79, 64)], main)
    pen.line([(88, 42), (88, 53)], accent, 1.8)


def ringlight(pen: Pen, main: Colour, accent: Colour) -> None:
    """A ring light on a tripod."""
    pen.line([(50, 60), (50, 84)], INK, 2.8)
    pen.line([(50, 80), (30, 96)], INK, 2.4)
    pen.line([(50, 80), (70, 96)], INK, 2.4)
    pen.ring(50, 34, 25, 25, main, 9)
    pen.ring(50, 34, 25, 25, lighter(accent, 0.75), 5)
    pen.box(43, 22, 57, 47, INK, 2)
    pen.box(44.5, 24, 55.5, 45, lighter(accent, 0.3), 1)


DRAW = {
    "lipstick": lipstick, "serum": serum, "cream": cream, "tube": tube, "soap": soap, "nailpolish": nailpolish,
    "perfume": perfume, "jhumka": jhumka, "necklace": necklace, "bangles": bangles, "ring": ring, "potli": potli,
    "headphones": headphones, "earbuds": earbuds, "phonecase": phonecase, "powerbank": powerbank, "smartwatch": smartwatch,
    "speaker": speaker, "keyboard": keyboard, "ringlight": ringlight,
}  # fmt: skip
