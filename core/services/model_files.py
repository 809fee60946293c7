"""A model as files: written once, named by checksums, opened memory-mapped, and refused if anything about them is odd."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.errors import ServiceError
from core.domain.ports.objects import Objects
from core.feed.serving_model import SegmentPrior, ServingModel, usual_unit
from core.models.neighbours import Neighbours

MANIFEST: Final = "manifest.json"
FILES: Final = ("rows.npy", "weights.npy", "ids.json", "segments.json")
LARGEST_MANIFEST: Final = 64 * 1024
MOST_NEIGHBOURS: Final = 1_000
STRONGEST: Final = 1e6
_CHUNK: Final = 1 << 20


class UnfitModel(ServiceError):
    """The files are not what was trained, or no model at all; what serves goes on serving."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SHA-256 and size in bytes of every file but the manifest itself."""

    sha256: dict[str, str]
    sizes: dict[str, int]


def write(folder: Path, neighbours: Neighbours, segments: Mapping[str, SegmentPrior]) -> str:
    """Write a model's files into an empty folder; returns the SHA-256 of the manifest."""
    np.save(folder / "rows.npy", np.ascontiguousarray(neighbours.rows, np.int32))
    np.save(folder / "weights.npy", np.ascontiguousarray(neighbours.weights, np.float32))
    (folder / "ids.json").write_bytes(msgspec.json.encode(list(neighbours.ids)))
    (folder / "segments.json").write_bytes(msgspec.json.encode(segments))
    manifest = Manifest(
        sha256={name: digest(folder / name) for name in FILES},
        sizes={name: (folder / name).stat().st_size for name in FILES},
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return digest(folder / MANIFEST)


def upload(objects: Objects, folder: Path, prefix: str) -> int:
    """Put the files under `prefix`, the manifest last; returns how many bytes. Durable when it returns."""
    for name in (*FILES, MANIFEST):
        kind = "application/json" if name.endswith(".json") else "application/octet-stream"
        objects.put_file(f"{prefix}/{name}", folder / name, kind)
    return sum((folder / name).stat().st_size for name in (*FILES, MANIFEST))


def read_manifest(folder: Path, sha256: str) -> Manifest:
    """The manifest of a folder. Raises UnfitModel unless it is the one with this checksum and names exactly our files."""
    try:
        if (folder / MANIFEST).stat().st_size > LARGEST_MANIFEST or digest(folder / MANIFEST) != sha256:
            raise UnfitModel("the manifest is not the one that was trained")
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise UnfitModel(f"the manifest cannot be read: {error}") from None
    if set(found.sha256) != set(FILES) or set(found.sizes) != set(FILES):
        raise UnfitModel("the manifest names other files")
    return found


def load(folder: Path, id: str, sha256: str) -> ServingModel:
    """Open the files of a folder, arrays memory-mapped. Raises UnfitModel if anything is not exactly what was trained."""
    promised = read_manifest(folder, sha256)
    try:
        for name in FILES:
            if digest(folder / name) != promised.sha256[name]:
                raise UnfitModel(f"{name} is not the file that was trained")
        ids = msgspec.json.decode((folder / "ids.json").read_bytes(), type=list[str])
        segments = msgspec.json.decode((folder / "segments.json").read_bytes(), type=dict[str, SegmentPrior])
        rows, weights = _mapped(folder / "rows.npy", np.int32), _mapped(folder / "weights.npy", np.float32)
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise UnfitModel(f"the files cannot be read: {error}") from None
    check(ids, rows, weights, segments)
    return ServingModel(id, Neighbours(ids, rows, weights), usual_unit(weights), segments)


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
    if rows.size and (rows.min() < -1 or rows.max() >= len(ids)):
        raise UnfitModel("a neighbour lies outside the model")
    if weights.size and not (np.isfinite(weights).all() and float(np.abs(weights).max()) <= STRONGEST):
        raise UnfitModel("a weight is not a reasonable number")
    for prior in segments.values():
        numbers = np.array([*prior.posts.values(), *prior.tags.values()], np.float64)
        if not (np.isfinite(numbers).all() and np.all(np.abs(numbers) <= STRONGEST)):
            raise UnfitModel("a segment's weight is not a reasonable number")


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _mapped(path: Path, kind: type[np.generic]) -> NDArray[Any]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.dtype != kind or array.ndim != 2 or not array.flags.c_contiguous:
        raise UnfitModel(f"{path.name} holds {array.dtype} of shape {array.shape}")
    return np.asarray(array)
