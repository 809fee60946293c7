"""What a process remembers of the store: how long, how much, and what it gives while the store is down."""

from __future__ import annotations

import pytest

from core.domain.errors import Unavailable
from core.domain.ids import DAY, MINUTE, SECOND
from core.domain.viewer import SampleViewer
from core.services.remembered import RETRY, Remembered, RememberedWhole
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000


def viewer(id: str, name: str = "", at: int = 0) -> SampleViewer:
    return SampleViewer(id=id, name=name or id, updated_at=at)


@pytest.fixture
def stores() -> Stores:
    made = memory_stores()
    made.sample_viewers.insert(viewer("asha"))
    return made


def down(*_: object, **__: object) -> object:
    raise Unavailable("the document store does not answer")


def test_what_was_put_in_is_given_without_asking_the_store_until_it_is_old(stores: Stores) -> None:
    held = Remembered(stores.sample_viewers, lifetime=DAY)
    held.put([viewer("asha", "Put in")], now=NOW)
    assert held.get_many(["asha"], now=NOW)["asha"].name == "Put in"
    assert held.get_many(["asha"], now=NOW + DAY + 1)["asha"].name == "asha"


def test_what_is_held_can_be_had_whatever_its_age_and_nothing_else(stores: Stores) -> None:
    held = Remembered(stores.sample_viewers, lifetime=SECOND)
    assert held.get_many(["asha", "nobody"], now=NOW).keys() == {"asha"}
    stores.documents.get_many = down  # type: ignore[method-assign]
    assert held.held(["asha", "nobody", "unasked"]).keys() == {"asha"}


def test_those_held_longest_make_room(stores: Stores) -> None:
    held = Remembered(stores.sample_viewers, capacity=10)
    held.put([viewer(f"v{number}") for number in range(8)], now=NOW)
    held.put([viewer(f"w{number}") for number in range(8)], now=NOW)
    kept = held.held([f"{letter}{number}" for letter in "vw" for number in range(8)])
    assert len(kept) <= 10
    assert {f"w{number}" for number in range(8)} <= kept.keys()


def test_a_collection_that_is_held_whole_is_read_once_a_minute(stores: Stores) -> None:
    held = RememberedWhole(stores.sample_viewers)
    assert held.get("asha", now=NOW) == stores.sample_viewers.get("asha")
    stores.sample_viewers.insert(viewer("olena"))
    assert held.get("olena", now=NOW + MINUTE - 1) is None
    assert held.get("olena", now=NOW + MINUTE) is not None


def test_a_collection_that_is_held_whole_stays_while_the_store_is_down_and_is_asked_for_again_soon(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = RememberedWhole(stores.sample_viewers)
    assert held.get("asha", now=NOW) is not None
    stores.sample_viewers.insert(viewer("olena"))
    with monkeypatch.context() as broken:
        broken.setattr(stores.documents, "find", down)
        assert held.get("asha", now=NOW + MINUTE) is not None
    assert held.get("olena", now=NOW + MINUTE + RETRY - 1) is None
    assert held.get("olena", now=NOW + MINUTE + RETRY) is not None
