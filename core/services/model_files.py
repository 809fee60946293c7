"""A model as files: written once, named by checksums, opened memory-mapped, and refused if anything about them is odd."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.errors import ServiceError
from core.domain.ports.objects import Objects
from core.feed.serving_model import SegmentPrior, ServingModel, usual_unit
from core.models.content_features import BUCKETS
from core.models.neighbours import Neighbours
from core.models.placing import Placing

MANIFEST: Final = "manifest.json"
FILES: Final = ("rows.npy", "weights.npy", "ids.json", "segments.json")
CONTENT: Final = ("vectors.npy", "buckets.npy", "projection.npy", "parents.json")
"""By which posts that come after the training are placed; models of older versions are without."""
LARGEST_MANIFEST: Final = 64 * 1024
MOST_NEIGHBOURS: Final = 1_000
STRONGEST: Final = 1e6
_CHUNK: Final = 1 << 20
_ROWS: Final = 1 << 16
"""Rows that are checked at a time: a model of a million posts has 400 MB."""


class UnfitModel(ServiceError):
    """The files are not what was trained, or no model at all; what serves goes on serving."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SHA-256 and size in bytes of every file but the manifest itself."""

    sha256: dict[str, str]
    sizes: dict[str, int]


def write(
    folder: Path, neighbours: Neighbours, segments: Mapping[str, SegmentPrior], placing: Placing | None = None
) -> str:
    """Write a model's files into an empty folder; returns the SHA-256 of the manifest."""
    np.save(folder / "rows.npy", np.ascontiguousarray(neighbours.rows, np.int32))
    np.save(folder / "weights.npy", np.ascontiguousarray(neighbours.weights, np.float32))
    (folder / "ids.json").write_bytes(msgspec.json.encode(list(neighbours.ids)))
    (folder / "segments.json").write_bytes(msgspec.json.encode(segments))
    if placing is not None:
        np.save(folder / "vectors.npy", placing.vectors)
        np.save(folder / "buckets.npy", placing.buckets)
        np.save(folder / "projection.npy", placing.projection)
        (folder / "parents.json").write_bytes(msgspec.json.encode(placing.parents))
    names = FILES if placing is None else (*FILES, *CONTENT)
    manifest = Manifest(
        sha256={name: digest(folder / name) for name in names},
        sizes={name: (folder / name).stat().st_size for name in names},
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return digest(folder / MANIFEST)


def upload(objects: Objects, folder: Path, prefix: str) -> int:
    """Put the files under `prefix`, the manifest last; returns how many bytes. Durable when it returns."""
    names = [name for name in (*FILES, *CONTENT) if (folder / name).exists()]
    for name in (*names, MANIFEST):
        kind = "application/json" if name.endswith(".json") else "application/octet-stream"
        objects.put_file(f"{prefix}/{name}", folder / name, kind)
    return sum((folder / name).stat().st_size for name in (*names, MANIFEST))


def read_manifest(folder: Path, sha256: str) -> Manifest:
    """The manifest of a folder. Raises UnfitModel unless it is the one with this checksum and names exactly our files."""
    try:
        if (folder / MANIFEST).stat().st_size > LARGEST_MANIFEST or digest(folder / MANIFEST) != sha256:
            raise UnfitModel("the manifest is not the one that was trained")
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise UnfitModel(f"the manifest cannot be read: {error}") from None
    if set(found.sha256) != set(found.sizes) or set(found.sizes) not in (set(FILES), {*FILES, *CONTENT}):
        raise UnfitModel("the manifest names other files")
    return found


def load(folder: Path, id: str, sha256: str) -> ServingModel:
    """Open the files of a folder, arrays memory-mapped. Raises UnfitModel if anything is not exactly what was trained."""
    promised = read_manifest(folder, sha256)
    try:
        for name in promised.sha256:
            if digest(folder / name) != promised.sha256[name]:
                raise UnfitModel(f"{name} is not the file that was trained")
        ids = msgspec.json.decode((folder / "ids.json").read_bytes(), type=list[str])
        segments = msgspec.json.decode((folder / "segments.json").read_bytes(), type=dict[str, SegmentPrior])
        rows, weights = _mapped(folder / "rows.npy", np.int32), _mapped(folder / "weights.npy", np.float32)
        placing = _placing(folder) if CONTENT[0] in promised.sha256 else None
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise UnfitModel(f"the files cannot be read: {error}") from None
    check(ids, rows, weights, segments)
    if placing is not None:
        check_placing(placing, len(ids))
    unit = usual_unit(weights)
    _let_go(weights)
    return ServingModel(id, Neighbours(ids, rows, weights), unit, segments, placing)


def check(
    ids: Sequence[str], rows: NDArray[np.int32], weights: NDArray[np.float32], segments: Mapping[str, SegmentPrior]
) -> None:
    """Raise UnfitModel unless these can be served: shapes that agree, places within the model, finite weights."""
    if rows.shape != weights.shape or len(rows) != len(ids):
        raise UnfitModel(f"{len(ids)} posts, places of shape {rows.shape} and weights of shape {weights.shape}")
    if rows.shape[1] > MOST_NEIGHBOURS:
        raise UnfitModel(f"{rows.shape[1]} neighbours per post; at most {MOST_NEIGHBOURS} are served")
    if len(set(ids)) < len(ids):
        raise UnfitModel("a post comes twice")
    for start in range(0, rows.size and len(rows), _ROWS):
        some, strengths = rows[start : start + _ROWS], weights[start : start + _ROWS]
        if some.min() < -1 or some.max() >= len(ids):
            raise UnfitModel("a neighbour lies outside the model")
        if not (np.isfinite(strengths).all() and float(np.abs(strengths).max()) <= STRONGEST):
            raise UnfitModel("a weight is not a reasonable number")
        _let_go(rows)
        _let_go(weights)
    for prior in segments.values():
        numbers = np.array([*prior.posts.values(), *prior.tags.values()], np.float64)
        if not (np.isfinite(numbers).all() and np.all(np.abs(numbers) <= STRONGEST)):
            raise UnfitModel("a segment's weight is not a reasonable number")


def check_placing(placing: Placing, count: int) -> None:
    """Raise UnfitModel unless posts can be placed by it in a model of `count` posts."""
    vectors, buckets, projection = placing.vectors, placing.buckets, placing.projection
    if len(vectors) != count or projection.shape != (len(buckets), vectors.shape[1]):
        raise UnfitModel(
            f"{count} posts, vectors {vectors.shape}, {len(buckets)} buckets, projection {projection.shape}"
        )
    if len(buckets) and not (buckets[0] >= 0 and buckets[-1] < BUCKETS and np.all(np.diff(buckets) > 0)):
        raise UnfitModel("the buckets of words and tags are out of order")
    if not np.isfinite(projection).all():
        raise UnfitModel("a number of the projection is not a reasonable one")


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _placing(folder: Path) -> Placing:
    return Placing(
        _mapped(folder / "vectors.npy", np.int8),
        _mapped(folder / "buckets.npy", np.int32, dimensions=1),
        _mapped(folder / "projection.npy", np.float16),
        msgspec.json.decode((folder / "parents.json").read_bytes(), type=dict[str, str | None]),
    )


def _let_go(array: NDArray[Any]) -> None:
    """Have what was read of a mapped file so far count no more as this process's memory; it is read again when needed."""
    held: Any = array
    while held is not None and not isinstance(held, np.memmap):
        held = getattr(held, "base", None)
    mapped = getattr(held, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _mapped(path: Path, kind: type[np.generic], dimensions: int = 2) -> NDArray[Any]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.dtype != kind or array.ndim != dimensions or not array.flags.c_contiguous:
        raise UnfitModel(f"{path.name} holds {array.dtype} of shape {array.shape}")
    return np.asarray(array)
