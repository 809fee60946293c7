"""Layers that move: where each is at a time, and how a frame is put together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 540, 960
SAFE = 424
"""Pixels in the middle that phones with long screens show too; words and prices stay within."""
FPS = 24


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a layer's centre is (pixels), how large, how turned (degrees anticlockwise) and how opaque (0..1) it is."""

    x: float
    y: float
    scale: float = 1.0
    turn: float = 0.0
    alpha: float = 1.0


Path = Callable[[float], Pose]


@dataclass(slots=True)
class Layer:
    """A picture and its way through time. `slow` layers are placed between pixels, so that drifting does not jerk."""

    picture: Image.Image
    path: Path
    slow: bool = False
    _held: tuple[Pose, Image.Image, int, int] | None = None

    def put(self, picture: Image.Image, second: float) -> None:
        """Draw the layer as it is at a time. What has come to rest is not turned and scaled again."""
        pose = self.path(second)
        if pose.alpha <= 0.01 or pose.scale <= 0.02:
            return
        if self._held is not None and self._held[0] == pose:
            _, item, left, top = self._held
        elif self.slow or abs(pose.scale - 1) > 0.004 or abs(pose.turn) > 0.05:
            item, left, top = _posed(self.picture, pose)
            self._held = (pose, item, left, top)
        else:
            item = self.picture
            left, top = round(pose.x - item.width / 2), round(pose.y - item.height / 2)
        mask = item.getchannel("A") if item.mode == "RGBA" else None
        if pose.alpha < 0.99:
            alpha = pose.alpha
            mask = (mask or Image.new("L", item.size, 255)).point([round(value * alpha) for value in range(256)])
        picture.paste(item, (left, top), mask)


@dataclass(frozen=True, slots=True)
class Camera:
    """What part of the frame is seen: zoom 1 is all of it; the offset is in pixels."""

    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A clip: how long it is (seconds), its ground at a time, its layers from back to front, and a camera if it moves.

    `above` are layers that the camera does not move, such as stickers. `cover` is the second whose frame shows it best.
    """

    duration: float
    ground: Callable[[float], Image.Image]
    layers: Sequence[Layer]
    above: Sequence[Layer] = ()
    camera: Callable[[float], Camera] | None = None
    cover: float = 3.0

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return round(self.duration * FPS)

    def frame(self, second: float) -> Image.Image:
        """The picture at a time, RGB."""
        picture = self.ground(second).copy()
        for layer in self.layers:
            layer.put(picture, second)
        if self.camera is not None:
            picture = _seen(picture, self.camera(second))
        for layer in self.above:
            layer.put(picture, second)
        return picture


def still(picture: Image.Image) -> Callable[[float], Image.Image]:
    """A ground that does not move."""
    solid = picture.convert("RGB")
    return lambda second: solid


def ramp(second: float, start: float, length: float) -> float:
    """0 before `start`, 1 after `start + length`, smooth between."""
    t = min(1.0, max(0.0, (second - start) / length))
    return t * t * (3 - 2 * t)


def punch(second: float, start: float, length: float = 0.45) -> float:
    """As `ramp`, but it shoots over 1 and settles."""
    t = min(1.0, max(0.0, (second - start) / length))
    return 1 + 2.70158 * (t - 1) ** 3 + 1.70158 * (t - 1) ** 2 if t else 0.0


def fixed(x: float, y: float, *, since: float = 0.0, fade: float = 0.35) -> Path:
    """Appears in its place."""
    return lambda second: Pose(x, y, alpha=1.0 if since <= 0 else ramp(second, since, fade))


def slide(x: float, y: float, *, dx: float = 0.0, dy: float = 0.0, since: float = 0.0, length: float = 0.6) -> Path:
    """Comes in from an offset and stays."""

    def path(second: float) -> Pose:
        away = 1 - ramp(second, since, length)
        return Pose(x + dx * away, y + dy * away, alpha=ramp(second, since, length * 0.5))

    return path


def pop(x: float, y: float, *, since: float = 0.0, turn: float = 0.0, sway: float = 0.0) -> Path:
    """Springs up in its place; `sway` degrees of swinging afterwards."""

    def path(second: float) -> Pose:
        size = punch(second, since)
        swing = sway * math.sin((second - since) * 2.6) if second > since else 0.0
        return Pose(x, y, scale=size, turn=turn + swing, alpha=min(1.0, size * 1.6))

    return path


def wobble(rng: np.random.Generator, *, zoom: float = 1.10, reach: float = 13.0) -> Callable[[float], Camera]:
    """A camera held in a hand: slow drift, breath, and now and then a small correction."""
    speeds, phases = rng.uniform(0.6, 2.6, (2, 3)), rng.uniform(0, 6.28, (2, 3))
    push = rng.uniform(-0.008, 0.02)

    def camera(second: float) -> Camera:
        x, y = (np.sin(speeds * second + phases) @ np.array([0.55, 0.3, 0.15])).tolist()
        return Camera(zoom + push * second, x * reach, y * reach * 1.4)

    return camera


def _posed(item: Image.Image, pose: Pose) -> tuple[Image.Image, int, int]:
    """The picture scaled, turned and shifted by part of a pixel, cut to what can be seen, and where it goes."""
    width, height = item.size
    cos, sin = math.cos(math.radians(pose.turn)), math.sin(math.radians(pose.turn))
    reach_x = (abs(width * cos) + abs(height * sin)) * pose.scale / 2 + 1
    reach_y = (abs(width * sin) + abs(height * cos)) * pose.scale / 2 + 1
    left, top = max(0, math.floor(pose.x - reach_x)), max(0, math.floor(pose.y - reach_y))
    right, bottom = min(WIDTH, math.ceil(pose.x + reach_x)), min(HEIGHT, math.ceil(pose.y + reach_y))
    if right <= left or bottom <= top:
        return Image.new("RGBA", (1, 1)), 0, 0
    cos, sin = cos / pose.scale, sin / pose.scale
    x, y = left - pose.x, top - pose.y
    matrix = (cos, -sin, width / 2 + cos * x - sin * y, sin, cos, height / 2 + sin * x + cos * y)
    posed = item.transform(
        (right - left, bottom - top), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=None
    )
    return posed, left, top


def _seen(picture: Image.Image, camera: Camera) -> Image.Image:
    """The part that the camera sees. A window that does not turn costs 3.5 ms a frame, one that turns 8."""
    width, height = WIDTH / camera.zoom, HEIGHT / camera.zoom
    left = min(max(0.0, (WIDTH - width) / 2 + camera.x), WIDTH - width)
    top = min(max(0.0, (HEIGHT - height) / 2 + camera.y), HEIGHT - height)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))
