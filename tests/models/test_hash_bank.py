"""Known pictures are recognised: the same, changed a little, mirrored; plain ones are not mistaken for each other."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from core.domain.moderation import BankList, KnownHash
from core.models.hash_bank import QUEUE_DISTANCE, HashBank, distance, is_flat, mirror

HASHES = st.integers(0, 2**64 - 1).map(lambda value: f"{value:016x}")
TELLING = HASHES.filter(lambda dhash: not is_flat(dhash))


def picture(seed: int) -> Image.Image:
    """A picture of soft random shapes."""
    coarse = np.random.default_rng(seed).integers(0, 255, (7, 7), dtype=np.uint8)
    return Image.fromarray(coarse).resize((320, 320), Image.Resampling.BICUBIC)


def blocked(*hashes: str) -> HashBank:
    return HashBank(KnownHash(id=f"k{n}", bank=BankList.BLOCK, dhash=h) for n, h in enumerate(hashes))


def naive_distance(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(f"{int(one, 16):064b}", f"{int(other, 16):064b}", strict=True))


@given(HASHES, HASHES)
def test_distance_counts_bits(one: str, other: str) -> None:
    assert distance(one, other) == naive_distance(one, other)


@given(st.lists(TELLING, min_size=1, max_size=30), TELLING)
def test_the_bank_finds_the_nearest_as_a_slow_search_does(bank: list[str], asked: str) -> None:
    mirrored = f"{mirror(asked):016x}"
    nearest = min(min(naive_distance(asked, held), naive_distance(mirrored, held)) for held in bank)
    found = blocked(*bank).nearest_blocked(asked)
    assert (found.distance if found else None) == (nearest if nearest <= QUEUE_DISTANCE else None)


@given(HASHES)
def test_mirroring_twice_gives_the_same_picture(dhash: str) -> None:
    assert mirror(f"{mirror(dhash):016x}") == int(dhash, 16)


@pytest.mark.parametrize("seed", range(12))
def test_a_real_picture_is_recognised_smaller_brighter_and_mirrored(seed: int) -> None:
    original = picture(seed)
    bank = blocked(str(imagehash.dhash(original)))
    for changed in (
        original.resize((97, 97)),
        original.point(lambda value: int(value * 0.8 + 20)),
        ImageOps.mirror(original),
    ):
        found = bank.nearest_blocked(str(imagehash.dhash(changed)))
        assert found is not None
        assert found.distance <= QUEUE_DISTANCE


def test_different_pictures_are_not_confused() -> None:
    bank = blocked(*(str(imagehash.dhash(picture(seed))) for seed in range(50)))
    strangers = [bank.nearest_blocked(str(imagehash.dhash(picture(seed)))) for seed in range(1_000, 1_200)]
    assert sum(found is not None for found in strangers) <= 2


def test_a_plain_picture_is_like_no_other() -> None:
    plain = str(imagehash.dhash(Image.new("L", (64, 64), 128)))
    assert is_flat(plain)
    assert blocked(plain, "a5c3f00f12345678").nearest_blocked(plain) is None


def test_an_empty_bank_knows_nothing() -> None:
    bank = HashBank([])
    assert bank.nearest_blocked("a5c3f00f12345678") is None
    assert bank.blocked("ab" * 32) is None
