"""Models on the disk of a feed process: fetched once, shared by the processes of a machine, the last few kept."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.domain.errors import CallerError, Unavailable
from core.domain.model import ModelVersion
from core.domain.ports.objects import Objects
from core.feed.serving_model import ServingModel
from core.services import model_files
from core.services.model_files import MANIFEST, UnfitModel

LEFTOVER_SECONDS: Final = 86_400.0
KEPT: Final = 3
"""Models that stay on the disk, so that rolling back downloads nothing."""


class ModelCache:
    """A folder with one subfolder per model. Processes may share it: a download appears whole, by one rename."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects, self._folder = objects, folder

    def get(self, version: ModelVersion) -> ServingModel:
        """The model, from the disk if it is there and whole. Raises UnfitModel if what the object store holds is not it,
        Unavailable if the object store or the disk does not answer."""
        held = self._folder / version.id
        try:
            if held.is_dir():
                with suppress(UnfitModel):
                    return self._opened(held, version)
            self._fetch(version, held)
            model = self._opened(held, version)
            self._tidy(keep=version.id)
        except OSError as error:
            raise Unavailable(f"the folder of models cannot be used: {error.strerror}") from None
        return model

    def held(self) -> Sequence[str]:
        """Ids of the models on the disk, the longest unused first."""
        if not self._folder.is_dir():
            return []
        found = [path for path in self._folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return [path.name for path in sorted(found, key=_used_at)]

    def _opened(self, folder: Path, version: ModelVersion) -> ServingModel:
        try:
            model = model_files.load(folder, version.id, version.sha256)
        except UnfitModel:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        (folder / MANIFEST).touch()
        return model

    def _fetch(self, version: ModelVersion, target: Path) -> None:
        """Download into a folder of our own and rename it; if another process was quicker, its copy is as good."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=self._folder, ignore_cleanup_errors=True) as name:
            own = Path(name) / version.id
            own.mkdir()
            try:
                self._download(version, own)
            except CallerError as error:
                raise UnfitModel(f"the files of {version.id} are not in the object store: {error.detail}") from None
            if not target.exists():
                try:
                    own.rename(target)
                except OSError:
                    if not target.is_dir():
                        raise

    def _download(self, version: ModelVersion, folder: Path) -> None:
        manifest = self._objects.stat(f"{version.prefix}/{MANIFEST}")
        if manifest is None or manifest.size > model_files.LARGEST_MANIFEST:
            raise UnfitModel(f"{version.id} has no manifest in the object store")
        self._objects.fetch(f"{version.prefix}/{MANIFEST}", folder / MANIFEST)
        sizes = model_files.read_manifest(folder, version.sha256).sizes
        for name in sizes:
            found = self._objects.stat(f"{version.prefix}/{name}")
            if found is None or found.size != sizes[name]:
                raise UnfitModel(f"{name} has {found.size if found else 0} bytes instead of {sizes[name]}")
            self._objects.fetch(f"{version.prefix}/{name}", folder / name)

    def _tidy(self, keep: str) -> None:
        """Remove all but the last few used, and what killed processes left; what is mapped stays readable until it is let go of."""
        now = time.time()
        for path in self._folder.glob(".*-*"):
            if now - path.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        others = [id for id in self.held() if id != keep]
        for id in others[: max(len(others) - (KEPT - 1), 0)]:
            shutil.rmtree(self._folder / id, ignore_errors=True)


def _used_at(folder: Path) -> float:
    try:
        return (folder / MANIFEST).stat().st_mtime
    except OSError:
        return 0.0
