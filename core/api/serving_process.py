"""How a process that makes pages sets its interpreter up."""

from __future__ import annotations

import gc
import sys
from typing import Final

from core.api.collector import SmallCollector

SWITCH: Final = 0.002
"""Seconds after which a busy loop lets the thread in that makes events durable: it asks for the interpreter several times per
write, and with Python's own 5 ms each of them could wait that long behind the making of pages. Each change of hands costs both."""

YOUNG: Final = 5_000
"""So many objects more than at the last collection bring the next one. Pages leave nothing behind that needs a collector, and with
Python's own 700 it comes in the middle of a group of them, when all that they are made from is alive and has to be looked at."""

SET_ASIDE: Final = 5
"""Collections of the youngest objects after which the survivors are set aside: what pages leave behind is freed without them."""


def settle() -> None:
    """For the time after everything is loaded and warm: what is there is set aside, and nothing holds a page up for long."""
    SmallCollector(every=SET_ASIDE).start()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    sys.setswitchinterval(SWITCH)
