"""What is written down of a served page, for later estimates of other policies and for replay."""

from __future__ import annotations

import msgspec

from core.domain.ids import Millis
from core.domain.ports.event_log import NewEvent

SERVED_TOPIC = "served-pages"


class ServedSlot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One slot: the chance it had to hold this post, given everything but the drawing of lots, and the score it was placed by.

    `odds` are the predicted log-odds of each of ACTIONS, in hundredths and before calibration, so that any calibration can be
    fitted and measured on them later; empty where nothing was predicted. `products` are those that the slot offered, `campaign`
    the one it was given to; an order finds its way back by them.
    """

    post: str
    kind: str
    propensity: float
    score: float
    sources: int
    rule: str = ""
    odds: tuple[int, ...] = ()
    products: tuple[str, ...] = ()
    campaign: str = ""


class ServedPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page as it was served; `index` is the catalogue's version, `sources` bits follow `source_names`. `model` and
    `segment` are those that it was made with, "" for none."""

    request: str
    viewer: str
    policy: str
    at: Millis
    index: int
    slots: tuple[ServedSlot, ...]
    source_names: tuple[str, ...] = ()
    session: str = ""
    model: str = ""
    segment: str = ""
    process: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ServedPage)


def served_event(page: ServedPage) -> NewEvent:
    """The page as an event of the log, keyed by viewer, so that a viewer's pages keep their order."""
    return NewEvent(page.request, page.viewer, _encoder.encode(page))


def read_served(payload: bytes) -> ServedPage:
    """The page back from the log. Raises msgspec.ValidationError."""
    return _decoder.decode(payload)
