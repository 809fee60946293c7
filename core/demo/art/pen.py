"""A pen that draws smooth, softly lit shapes on a transparent sheet, 100 units wide."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]
FINE = 2
"""Everything is drawn this many times larger and then averaged down, so that edges are smooth."""


def colour(text: str) -> Colour:
    """`colour("#ff8000") == (255, 128, 0)`"""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0..1) of `other`."""
    first, second, third = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return first, second, third


def lighter(base: Colour, share: float = 0.25) -> Colour:
    """Towards white."""
    return blend(base, (255, 255, 255), share)


def darker(base: Colour, share: float = 0.25) -> Colour:
    """Towards a warm black."""
    return blend(base, (24, 14, 20), share)


def luminance(base: Colour) -> float:
    """Perceived brightness, 0..1."""
    return (0.299 * base[0] + 0.587 * base[1] + 0.114 * base[2]) / 255


def smooth_path(points: Sequence[Point], *, closed: bool, steps: int = 10) -> list[Point]:
    """A Catmull-Rom curve through `points`."""
    count = len(points)
    if count < 3:
        return list(points)
    path: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            p0, p1, p2, p3 = (points[(index + offset) % count] for offset in (-1, 0, 1, 2))
        else:
            p0, p1 = points[max(index - 1, 0)], points[index]
            p2, p3 = points[index + 1], points[min(index + 2, count - 1)]
        for step in range(steps):
            t = step / steps
            path.append(
                tuple(  # type: ignore[arg-type]  # points of two coordinates, which a generator cannot say
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    return path if closed else [*path, points[-1]]


class Pen:
    """Draws in units of a hundredth of the width; `picture()` gives the finished RGBA sheet of `width` by `height` pixels.

    Without a height the sheet is square, 100 by 100 units.
    """

    def __init__(self, width: int = 480, height: int | None = None) -> None:
        self._scale = width * FINE / 100
        self._image = Image.new("RGBA", (width * FINE, (height or width) * FINE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)

    def poly(self, points: Sequence[Point], fill: Colour, alpha: int = 255) -> None:
        """A polygon with straight sides."""
        self._fill([self._at(point) for point in points], fill, alpha)

    def smooth(self, points: Sequence[Point], fill: Colour, alpha: int = 255) -> None:
        """A closed curve through the points."""
        self._fill([self._at(point) for point in smooth_path(points, closed=True)], fill, alpha)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour, alpha: int = 255) -> None:
        """An ellipse around (x, y)."""
        path = [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 64, endpoint=False)]
        self._fill([self._at(point) for point in path], fill, alpha)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0.0) -> None:
        """A rectangle with round corners."""
        self._draw.rounded_rectangle(
            [*self._at((left, top)), *self._at((right, bottom))], radius * self._scale, fill=(*fill, 255)
        )

    def line(self, points: Sequence[Point], fill: Colour, width: float, *, curved: bool = False) -> None:
        """A stroke with round ends and joints."""
        path = smooth_path(points, closed=False) if curved else list(points)
        pixels = [self._at(point) for point in path]
        self._draw.line(pixels, fill=(*fill, 255), width=max(1, round(width * self._scale)), joint="curve")
        reach = width * self._scale / 2
        for x, y in (pixels[0], pixels[-1]):
            self._draw.ellipse([x - reach, y - reach, x + reach, y + reach], fill=(*fill, 255))

    def ring(
        self, x: float, y: float, rx: float, ry: float, fill: Colour, width: float, start: float = 0, end: float = 360
    ) -> None:
        """An arc of an ellipse, degrees clockwise from three o'clock."""
        angles = np.radians(np.linspace(start, end, 60))
        self.line([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles], fill, width)

    def dots(self, points: Sequence[Point], fill: Colour, radius: float) -> None:
        """Small discs."""
        for x, y in points:
            self.ellipse(x, y, radius, radius, fill)

    @contextmanager
    def within(self, outline: Sequence[Point], *, curved: bool = True) -> Iterator[None]:
        """What is drawn inside this block shows only inside the outline."""
        path = smooth_path(outline, closed=True) if curved else list(outline)
        mask = Image.new("L", self._image.size, 0)
        ImageDraw.Draw(mask).polygon([self._at(point) for point in path], fill=255)
        below, self._image = self._image, Image.new("RGBA", self._image.size, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)
        yield
        below.paste(self._image, (0, 0), ImageChops.multiply(mask, self._image.getchannel("A")))
        self._image, self._draw = below, ImageDraw.Draw(below)

    def picture(self, *, lit: bool = True) -> Image.Image:
        """The drawing at its size; `lit` adds light from the upper left and a soft shade at the lower right edge."""
        image = self._image.reduce(FINE)
        return _lit(image) if lit else image

    def _at(self, point: Point) -> Point:
        return point[0] * self._scale, point[1] * self._scale

    def _fill(self, pixels: list[Point], fill: Colour, alpha: int) -> None:
        if alpha == 255:
            self._draw.polygon(pixels, fill=(*fill, 255))
            return
        left, top = (max(0, math.floor(min(p[axis] for p in pixels))) for axis in (0, 1))
        right, bottom = (math.ceil(max(p[axis] for p in pixels)) + 1 for axis in (0, 1))
        patch = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)), (*fill, 0))
        ImageDraw.Draw(patch).polygon([(x - left, y - top) for x, y in pixels], fill=(*fill, alpha))
        self._image.alpha_composite(patch, (left, top))


def _lit(image: Image.Image) -> Image.Image:
    """Light as on a soft box: the same for every drawing, so that they belong together."""
    alpha = image.getchannel("A")
    reach = max(2, image.width // 40)
    blurred = alpha.filter(ImageFilter.BoxBlur(reach))
    shade = ImageChops.subtract(alpha, ImageChops.offset(blurred, -reach, -reach))
    light = ImageChops.subtract(alpha, ImageChops.offset(blurred, reach, reach))
    solid = image.convert("RGB")
    solid = Image.composite(Image.new("RGB", image.size, (255, 255, 255)), solid, light.point(lambda v: v * 0.30))
    solid = Image.composite(Image.new("RGB", image.size, (30, 8, 40)), solid, shade.point(lambda v: v * 0.42))
    solid.putalpha(alpha)
    return solid


def shadow(image: Image.Image, strength: int = 90, spread: int = 14) -> Image.Image:
    """The picture's soft shadow, as an RGBA layer of the same size."""
    small = image.getchannel("A").reduce(4).filter(ImageFilter.GaussianBlur(spread / 4))
    mask = small.resize(image.size, Image.Resampling.BILINEAR).point(lambda v: v * strength // 255)
    layer = Image.new("RGBA", image.size, (20, 8, 24, 0))
    layer.putalpha(mask)
    return layer
