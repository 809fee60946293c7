"""What a layout is told: the words, the products, the publisher's colours, and chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.demo.art.pen import Colour, colour
from core.demo.products import Item


@dataclass(frozen=True, slots=True)
class Brief:
    """One clip to be made. There is at least one item; `lines` are two or three short sentences."""

    publisher: str
    colours: tuple[str, str, str]
    layout: str
    headline: str
    lines: tuple[str, ...]
    items: tuple[Item, ...]
    rng: np.random.Generator

    @property
    def strong(self) -> Colour:
        """The publisher's dark colour."""
        return colour(self.colours[0])

    @property
    def bright(self) -> Colour:
        """The publisher's light, saturated colour."""
        return colour(self.colours[1])

    @property
    def pale(self) -> Colour:
        """The publisher's ground."""
        return colour(self.colours[2])

    @property
    def main(self) -> Colour:
        """The first product's colour."""
        return colour(self.items[0].looks.main)

    @property
    def accent(self) -> Colour:
        """The first product's second colour."""
        return colour(self.items[0].looks.accent)
