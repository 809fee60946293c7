"""Layouts of educational clips: cards, notebook, board."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image, ImageDraw

from core.demo.art.pen import Colour, Pen, blend, darker, lighter, luminance
from core.demo.art.text import block
from core.demo.clips import grounds
from core.demo.clips.brief import Brief
from core.demo.clips.motion import SAFE, WIDTH, Layer, Path, Pose, Scene, fixed, pop, ramp, slide, still
from core.demo.clips.pieces import INK, WHITE, on, product, rounded, signature


def cards(brief: Brief) -> Scene:
    """A title card, then one card per step that slides over the last; a bar on top shows how far it is."""
    opening, length = 1.5, 1.5
    duration = opening + length * len(brief.lines)
    ground = grounds.gradient(blend(brief.pale, brief.bright, 0.2), blend(brief.pale, brief.strong, 0.25))
    layers: list[Layer] = [
        Layer(block(brief.headline, 70, brief.strong, weight=900, room=SAFE, align="center", most_lines=3), lambda s: Pose(270, 250 - 24 * ramp(s, opening, 0.4), alpha=1 - ramp(s, opening, 0.3))),
        Layer(product(brief.items[0].looks, 400), lambda s: Pose(270, 590, 0.96 + 0.03 * s, 2 * math.sin(s * 1.4), 1 - ramp(s, opening, 0.3)), slow=True),
        Layer(block(brief.headline, 34, brief.strong, weight=800, room=SAFE, align="center"), fixed(270, 128, since=opening + 0.2)),
    ]  # fmt: skip
    tones = (brief.strong, blend(brief.bright, brief.strong, 0.35), darker(brief.main, 0.1))
    for number, line in enumerate(brief.lines):
        item = brief.items[number % len(brief.items)]
        layers.append(
            Layer(
                _card(number, line, product(item.looks, 270), tones[number % 3]),
                _deal(opening + length * number, number, len(brief.lines), length),
            )
        )
    layers += [
        Layer(_bar(WIDTH - 60, 10, blend(brief.strong, brief.pale, 0.75)), fixed(270, 84)),
        _progress(brief.strong, duration, 84),
    ]
    return Scene(
        duration,
        still(ground),
        layers,
        signature(brief.publisher, *brief.colours[:2], brief.strong),
        cover=opening + 0.9,
    )


def notebook(brief: Brief) -> Scene:
    """A page of an exercise book on which points are written and ticked."""
    ground = grounds.ruled((253, 249, 238), (186, 206, 228), (228, 120, 120), brief.rng)
    photo = rounded(300, 316, WHITE, 6)
    ImageDraw.Draw(photo).rectangle((14, 14, 285, 270), fill=(*lighter(brief.main, 0.6), 255))
    picture = product(brief.items[0].looks, 210)
    photo.alpha_composite(picture, (150 - picture.width // 2, 142 - picture.height // 2))
    tape = rounded(110, 34, blend(brief.bright, WHITE, 0.3), 2, alpha=190)
    ink: Colour = brief.strong if luminance(brief.strong) < 0.45 else INK
    title = block(brief.headline, 56, ink, weight=900, room=370, most_lines=2)
    layers: list[Layer] = [
        Layer(title, lambda s: Pose(100 + title.width / 2, 136, alpha=ramp(s, 0.1, 0.4))),
        Layer(_underline(title.width, blend(brief.bright, (230, 60, 60), 0.3)), _drawn(104, 146 + title.height / 2, 0.5, title.width)),
        Layer(photo, lambda s: Pose(330, 318 + title.height / 2 + 30 * (1 - ramp(s, 0.4, 0.5)), 1, -5 + 0.6 * math.sin(s), ramp(s, 0.4, 0.4)), slow=True),
        Layer(tape, fixed(332, 166 + title.height / 2, since=0.8)),
    ]  # fmt: skip
    for number, line in enumerate(brief.lines):
        since = 1.3 + 1.2 * number
        words = block(line, 34, ink, weight=600, room=320, most_lines=2)
        y = 590 + 92 * number
        layers.append(Layer(words, slide(152 + words.width / 2, y, dx=60, since=since, length=0.5)))
        layers.append(Layer(_tick((46, 150, 90)), pop(118, y, since=since + 0.45)))
    return Scene(
        1.6 + 1.2 * len(brief.lines) + 0.9,
        still(ground),
        layers,
        signature(brief.publisher, *brief.colours[:2], ink),
        cover=4.4,
    )


def board(brief: Brief) -> Scene:
    """A school board: chalk letters, arrows, the product on the ledge."""
    tone = blend((33, 62, 54), darker(brief.strong, 0.4), 0.45)
    ground = grounds.chalkboard(brief.rng, tone)
    chalk: Colour = (246, 244, 232)
    coloured = lighter(brief.bright, 0.25)
    layers: list[Layer] = [
        Layer(
            block(brief.headline, 60, coloured, weight=800, room=SAFE, align="center"),
            slide(270, 172, dy=-30, since=0.1),
        ),
        Layer(_chalk_line(380, chalk), _drawn(80, 246, 0.5, 380)),
    ]
    for number, line in enumerate(brief.lines):
        since, y = 0.9 + 1.2 * number, 322 + 104 * number
        disc = Pen(62)
        disc.ring(50, 50, 42, 42, coloured, 6)
        mark = disc.picture(lit=False)
        digit = block(str(number + 1), 30, chalk, weight=800)
        mark.alpha_composite(digit, ((mark.width - digit.width) // 2, (mark.height - digit.height) // 2))
        words = block(line, 34, chalk, weight=500, room=326, most_lines=2)
        layers.append(Layer(mark, pop(92, y, since=since)))
        layers.append(Layer(words, slide(144 + words.width / 2, y, dx=50, since=since + 0.2)))
    spread = len(brief.items[:2])
    for number, item in enumerate(brief.items[:2]):
        x = 270 if spread == 1 else 160 + 220 * number
        layers.append(
            Layer(product(item.looks, 290 if spread == 1 else 226), _peep(x, 748, 0.6 + 0.5 * number), slow=True)
        )
    return Scene(
        1.4 + 1.2 * len(brief.lines) + 0.8,
        still(ground),
        layers,
        signature(brief.publisher, *brief.colours[:2], chalk),
        cover=4.6,
    )


def _card(number: int, line: str, picture: Image.Image, tone: Colour) -> Image.Image:
    card = rounded(452, 610, (255, 253, 249), 34)
    ImageDraw.Draw(card).rounded_rectangle((0, 0, 451, 120), 34, fill=(*tone, 255))
    ImageDraw.Draw(card).rectangle((0, 80, 451, 128), fill=(*tone, 255))
    digit = block(str(number + 1), 76, on(tone), weight=900)
    card.alpha_composite(digit, (34, 64 - digit.height // 2))
    dots = ImageDraw.Draw(card)
    for step in range(3):
        dots.ellipse(
            (330 + 32 * step, 54, 346 + 32 * step, 70),
            fill=(*(on(tone) if step <= number else blend(tone, WHITE, 0.35)), 255),
        )
    words = block(line, 40, INK, weight=700, room=390, most_lines=2, align="center")
    card.alpha_composite(words, (226 - words.width // 2, 176 + 40 - words.height // 2))
    card.alpha_composite(picture, (226 - picture.width // 2, 426 - picture.height // 2))
    return card


def _deal(start: float, number: int, count: int, length: float) -> Path:
    last = number == count - 1

    def path(second: float) -> Pose:
        come = ramp(second, start, 0.45)
        go = 0.0 if last else ramp(second, start + length, 0.45)
        lean = (-2.5, 2.0, -1.2)[number % 3]
        return Pose(
            270 + 560 * (1 - come) - 80 * go, 510, 1 - 0.06 * go, lean * come + 6 * (1 - come), 1.0 if come > 0 else 0.0
        )

    return path


def _bar(width: int, height: int, tone: Colour) -> Image.Image:
    return rounded(width, height, tone, height // 2)


def _progress(tone: Colour, duration: float, y: float) -> Layer:
    room = WIDTH - 60
    bar = _bar(room, 10, tone)
    return Layer(bar, _reveal(bar, 30, y, lambda s: s / duration))


def _drawn(left: float, y: float, since: float, width: float) -> Path:
    """Where a stroke that grows from the left is; the stroke is scaled, which no eye sees in a line."""
    return lambda second: Pose(
        left + width * ramp(second, since, 0.6) / 2,
        y,
        max(0.03, ramp(second, since, 0.6)),
        alpha=1.0 if second > since else 0.0,
    )


def _reveal(bar: Image.Image, left: float, y: float, share: Callable[[float], float]) -> Path:
    """Slides a bar in from the left edge so that `share` of it shows."""
    return lambda second: Pose(
        left + bar.width * (min(1.0, share(second)) - 0.5) - (left if share(second) < 1 else 0), y
    )


def _underline(width: int, tone: Colour) -> Image.Image:
    pen = Pen(max(60, width), 24)
    pen.line([(1, 3), (30, 1.2), (62, 3.2), (98, 1.6)], tone, 1.6, curved=True)
    return pen.picture(lit=False)


def _chalk_line(width: int, tone: Colour) -> Image.Image:
    pen = Pen(width, 14)
    pen.line([(1, 2), (50, 1.4), (99, 2.2)], tone, 0.9, curved=True)
    return pen.picture(lit=False)


def _tick(tone: Colour) -> Image.Image:
    pen = Pen(48)
    pen.line([(14, 54), (40, 80), (88, 18)], tone, 14)
    return pen.picture(lit=False)


def _peep(x: float, y: float, since: float) -> Path:
    return lambda second: Pose(
        x, y + 260 * (1 - ramp(second, since, 0.7)), 1, 2.4 * math.sin(second * 1.6 + x), ramp(second, since, 0.4)
    )


LAYOUTS = {"cards": cards, "notebook": notebook, "board": board}
