"""Toys and things for training."""

from __future__ import annotations

from core.demo.art.pen import Colour, Pen, blend, darker, lighter

INK: Colour = (40, 40, 48)
WOOD: Colour = (214, 172, 116)


def rickshaw(pen: Pen, main: Colour, accent: Colour) -> None:
    """A toy auto-rickshaw."""
    pen.smooth([(16, 30), (40, 16), (78, 18), (86, 34), (84, 44), (18, 44)], accent)
    pen.smooth([(10, 50), (30, 44), (86, 44), (92, 62), (90, 76), (14, 76), (8, 64)], main)
    pen.poly([(24, 30), (42, 24), (42, 46), (20, 46)], (210, 234, 246))
    pen.box(50, 26, 74, 46, darker(accent, 0.5), 2)
    pen.line([(20, 46), (24, 30)], INK, 2)
    pen.line([(84, 46), (84, 34)], INK, 2)
    for x in (24, 74):
        pen.ellipse(x, 78, 11, 11, INK)
        pen.ellipse(x, 78, 5, 5, lighter(accent, 0.4))
    pen.ellipse(11, 58, 4, 4, (255, 240, 170))
    pen.line([(30, 60), (86, 60)], lighter(main, 0.5), 2)


def train(pen: Pen, main: Colour, accent: Colour) -> None:
    """A wooden train with one wagon."""
    pen.line([(2, 86), (98, 86)], darker(WOOD, 0.3), 2)
    pen.box(6, 56, 38, 76, accent, 3)
    pen.dots([(14, 50), (23, 48), (31, 51)], WOOD, 5.4)
    pen.line([(38, 70), (46, 70)], INK, 2)
    pen.box(46, 36, 66, 76, main, 3)
    pen.box(50, 41, 62, 54, (222, 240, 250), 2)
    pen.box(42, 31, 70, 38, accent, 2)
    pen.box(64, 54, 92, 76, lighter(main, 0.15), 6)
    pen.box(78, 38, 86, 56, accent, 1)
    for x, y, reach in ((82, 30, 5), (88, 21, 6.5), (78, 13, 5)):
        pen.ellipse(x, y, reach, reach, (240, 240, 244))
    for x in (14, 30, 54, 70, 85):
        pen.ellipse(x, 79, 7, 7, darker(WOOD, 0.15))
        pen.ellipse(x, 79, 2.4, 2.4, INK)


def teddy(pen: Pen, main: Colour, accent: Colour) -> None:
    """A sitting bear with a bow."""
    for x in (28, 72):
        pen.ellipse(x, 16, 10, 10, main)
        pen.ellipse(x, 16, 5.4, 5.4, lighter(main, 0.45))
        pen.ellipse(x - (50 - x) * 0.05, 86, 13, 10, darker(main, 0.08))
        pen.ellipse(x + (50 - x) * 0.02, 86, 7, 5.4, lighter(main, 0.45))
    pen.smooth([(26, 56), (14, 66), (16, 76), (30, 70)], darker(main, 0.06))
    pen.smooth([(74, 56), (86, 66), (84, 76), (70, 70)], darker(main, 0.06))
    pen.ellipse(50, 68, 25, 23, main)
    pen.ellipse(50, 70, 15, 14, lighter(main, 0.4))
    pen.ellipse(50, 32, 26, 23, main)
    pen.ellipse(50, 40, 11.5, 9, lighter(main, 0.5))
    pen.dots([(40, 28), (60, 28)], INK, 2.8)
    pen.ellipse(50, 36.5, 4, 2.8, INK)
    pen.line([(45, 43), (50, 45.5), (55, 43)], INK, 1.2, curved=True)
    pen.poly([(50, 56), (36, 50), (36, 63)], accent)
    pen.poly([(50, 56), (64, 50), (64, 63)], accent)
    pen.ellipse(50, 56.4, 3.6, 3.6, darker(accent, 0.2))


def stacker(pen: Pen, main: Colour, accent: Colour) -> None:
    """Wooden stacking rings."""
    pen.box(47, 10, 53, 84, WOOD, 2)
    tones = (main, accent, lighter(main, 0.35), (246, 196, 60), blend(main, accent, 0.5))
    for row, tone in enumerate(tones):
        reach = 34 - row * 5.2
        y = 78 - row * 13
        pen.box(50 - reach, y - 6, 50 + reach, y + 7, tone, 6.4)
        pen.box(50 - reach + 4, y - 4, 50 + reach * 0.2, y - 1.6, lighter(tone, 0.4), 1)
    pen.ellipse(50, 13, 7, 7, darker(accent, 0.1))
    pen.box(12, 85, 88, 93, WOOD, 3)


def blocks(pen: Pen, main: Colour, accent: Colour) -> None:
    """A tower of building blocks."""
    tiles = (
        (10, 64, main, "ka"),
        (38, 64, accent, "o"),
        (66, 64, (246, 190, 60), "t"),
        (24, 36, lighter(main, 0.3), "s"),
        (52, 36, (90, 170, 120), "o"),
        (38, 8, accent, "t"),
    )
    for x, y, tone, mark in tiles:
        pen.box(x, y, x + 26, y + 26, tone, 3)
        pen.box(x + 4, y + 4, x + 22, y + 22, lighter(tone, 0.65), 2)
        if mark == "o":
            pen.ellipse(x + 13, y + 13, 5.4, 5.4, tone)
        elif mark == "t":
            pen.poly([(x + 13, y + 7), (x + 19, y + 18), (x + 7, y + 18)], tone)
        elif mark == "s":
            pen.box(x + 8, y + 8, x + 18, y + 18, tone, 1)
        else:
            pen.poly([(x + 13, y + 6), (x + 15, y + 11), (x + 20, y + 11.5), (x + 16, y + 15), (x + 17.4, y + 20), (x + 13, y + 17.2),
                      (x + 8.6, y + 20), (x + 10, y + 15), (x + 6, y + 11.5), (x + 11, y + 11)], tone)  # fmt: skip


def puzzle(pen: Pen, main: Colour, accent: Colour) -> None:
    """Four jigsaw pieces, one of them apart."""
    for x, y, tone in ((14, 44, main), (46, 44, accent), (14, 12, lighter(accent, 0.3)), (58, 4, lighter(main, 0.3))):
        pen.box(x, y, x + 32, y + 32, tone, 2)
        pen.ellipse(x + 16, y + 34, 5.6, 5.6, tone)
        pen.ellipse(x + 34, y + 16, 5.6, 5.6, tone)
        pen.ellipse(x + 16, y + 3, 5.6, 5.6, darker(tone, 0.32))


def kite(pen: Pen, main: Colour, accent: Colour) -> None:
    """A paper kite with a tail."""
    pen.line([(50, 74), (44, 82), (56, 88), (46, 96)], darker(accent, 0.1), 1.6, curved=True)
    pen.poly([(50, 4), (86, 36), (50, 76), (14, 36)], main)
    pen.poly([(50, 4), (86, 36), (50, 36)], accent)
    pen.poly([(14, 36), (50, 36), (50, 76)], lighter(accent, 0.35))
    pen.line([(50, 4), (50, 76)], darker(main, 0.5), 1)
    pen.line([(14, 36), (50, 29), (86, 36)], darker(main, 0.5), 1, curved=True)
    pen.poly([(50, 72), (40, 86), (60, 86)], accent)


def dumbbell(pen: Pen, main: Colour, accent: Colour) -> None:
    """A pair of dumbbells."""
    for x, y in ((47, 30), (53, 70)):
        pen.line([(x - 28, y), (x + 28, y)], (176, 180, 188), 5)
        for side in (-1, 1):
            for reach, height, tone in ((21, 13, main), (29, 16, darker(main, 0.2)), (36, 9, accent)):
                cx, cy = x + side * reach, y
                pen.box(cx - 4, cy - height, cx + 4, cy + height, tone, 2.6)


def kettlebell(pen: Pen, main: Colour, accent: Colour) -> None:
    """A kettlebell."""
    pen.ring(50, 34, 21, 22, darker(main, 0.15), 8.5, 140, 400)
    pen.ellipse(50, 66, 30, 27, main)
    pen.box(32, 86, 68, 93, darker(main, 0.25), 2)
    pen.ellipse(50, 66, 14, 13, accent)
    pen.ellipse(50, 66, 9.5, 8.8, lighter(accent, 0.7))


def mat(pen: Pen, main: Colour, accent: Colour) -> None:
    """A yoga mat, half unrolled."""
    pen.poly([(20, 40), (94, 40), (94, 80), (20, 80)], lighter(main, 0.12))
    for step in range(6):
        pen.line([(36 + 11 * step, 42), (36 + 11 * step, 78)], blend(main, accent, 0.35), 0.9)
    pen.ellipse(66, 60, 12, 12, accent)
    pen.ellipse(66, 60, 8, 8, lighter(main, 0.12))
    pen.box(6, 30, 30, 86, main, 11)
    pen.ellipse(18, 35, 12, 8, darker(main, 0.2))
    pen.ring(18, 35, 8, 5, lighter(main, 0.3), 1.4)
    pen.ring(18, 35, 4, 2.4, lighter(main, 0.3), 1.4)
    pen.box(6, 52, 30, 57, accent)


def bottle(pen: Pen, main: Colour, accent: Colour) -> None:
    """A sports bottle."""
    pen.ring(50, 14, 10, 9, darker(accent, 0.2), 3.4, 150, 390)
    pen.box(38, 14, 62, 28, accent, 3)
    pen.smooth(
        [(35, 28), (65, 28), (68, 38), (65, 54), (68, 72), (66, 92), (34, 92), (32, 72), (35, 54), (32, 38)], main
    )
    pen.box(39, 36, 43, 86, lighter(main, 0.45), 2)
    pen.poly([(56, 46), (47, 62), (53, 62), (50, 76), (61, 57), (54, 57)], accent)


def bat(pen: Pen, main: Colour, accent: Colour) -> None:
    """A cricket bat and ball."""
    pen.line([(76, 10), (62, 32)], main, 6)
    for step in range(4):
        pen.line([(73 - 3.4 * step, 12 + 5.4 * step), (77 - 3.4 * step, 15 + 5.4 * step)], lighter(main, 0.5), 1.2)
    pen.poly([(67, 27), (76, 36), (38, 93), (20, 86)], WOOD)
    pen.poly([(60, 42), (66, 48), (52, 68), (45, 62)], accent)
    pen.line([(64, 33), (27, 87)], lighter(WOOD, 0.5), 1.6)
    pen.ellipse(78, 74, 14, 14, (176, 30, 36))
    pen.ring(78, 74, 5, 13, (250, 230, 220), 1, -80, 80)
    pen.ring(76, 74, 5, 13, (250, 230, 220), 1, -80, 80)


def rope(pen: Pen, main: Colour, accent: Colour) -> None:
    """A skipping rope."""
    pen.line([(24, 40), (14, 70), (36, 90), (60, 70), (46, 46), (60, 26), (84, 50), (78, 66)], accent, 3, curved=True)
    pen.line([(27, 12), (24, 40)], main, 7.5)
    pen.line([(78, 66), (74, 92)], main, 7.5)
    for y in (18, 24, 30):
        pen.line([(23, y), (29.6, y + 0.6)], lighter(main, 0.5), 1.2)


DRAW = {
    "rickshaw": rickshaw, "train": train, "teddy": teddy, "stacker": stacker, "blocks": blocks, "puzzle": puzzle, "kite": kite,
    "dumbbell": dumbbell, "kettlebell": kettlebell, "mat": mat, "bottle": bottle, "bat": bat, "rope": rope,
}  # fmt: skip
