"""The model that a feed process serves: followed by its signal, loaded beside the requests, swapped whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.domain.errors import ServiceError
from core.domain.experiment import MOST_MODELS
from core.domain.ids import SECOND, Millis
from core.domain.model import ModelPublish
from core.feed.arrivals import compiled
from core.feed.given_back import give_back
from core.feed.index import Index
from core.feed.serving_model import ServingModel
from core.services import feed_metrics as metrics
from core.services.feed_arrivals import FeedArrivals
from core.services.model_cache import ModelCache
from core.services.model_files import UnfitModel
from core.services.model_history import SIGNAL, newest_publish
from core.services.stores import Stores

RECHECK: Final[Millis] = 30 * SECOND
"""A signal may be lost with its process: the store is asked this often whatever is heard."""
RETRY: Final[Millis] = 5 * SECOND


class FeedModels:
    """`current` answers at once with the model held; a newer one is fetched by a thread and takes its place when it is whole.

    A store that is down and a model that cannot be served leave the one that serves; `problem` says which. Of experiments the last
    MOST_MODELS that were fetched are held besides, no fewer than may run; each shares its pages of memory with other processes.
    """

    def __init__(self, stores: Stores, cache: Path, index: Callable[[Millis], Index]) -> None:
        """`index` gives the newest snapshot, so that a new model is tied to it before a request needs it."""
        self._stores, self._cache, self._index = stores, ModelCache(stores.objects, cache), index
        self.arrivals = FeedArrivals(stores, index)
        self._lock = threading.Lock()
        self._model: ServingModel | None = None
        self._version = -1
        self._due: Millis = 0
        self._now: Millis = 0
        self._listening = False
        self._named: dict[str, ServingModel] = {}
        self._naming = threading.Lock()
        self._asked: dict[str, Millis] = {}
        self.problem = ""

    def current(self, version: int, *, now: Millis) -> ServingModel | None:
        """The model to serve with; `version` is that of the signal `models`. Never waits and never raises."""
        self._now = now
        if (version > self._version or now >= self._due) and not self._lock.locked():
            self._due = now + RETRY
            threading.Thread(
                target=self.refresh, args=(version,), kwargs={"now": now}, name="model refresh", daemon=True
            ).start()
        return self._model

    def named(self, id: str, *, now: Millis) -> ServingModel | None:
        """The model with this id, for an arm of an experiment; None while it is being fetched. Never waits and never raises."""
        current = self._model
        if current is not None and current.id == id:
            return current
        held = self._named.get(id)
        if held is None and now >= self._asked.get(id, 0):
            self._asked[id] = now + RETRY
            threading.Thread(target=self._fetch, args=(id, now), name="model of an arm", daemon=True).start()
        return held

    def _fetch(self, id: str, now: Millis) -> None:
        try:
            if (version := self._stores.models.find_one(id)) is None:
                raise UnfitModel(f"{id} is served by an experiment but nothing is known of it")
            model = self._cache.get(version)
            model.tie(self._index(now))
            give_back()
            self.arrivals.begin(model, now=now)
        except ServiceError:
            metrics.DEGRADED.labels("model").inc()
            return
        with self._naming:
            others = {name: held for name, held in self._named.items() if name != id}
            self._named = dict(list(others.items())[-(MOST_MODELS - 1) :]) | {id: model}

    def warm_up(self, *, now: Millis) -> None:
        """Load what is in force, and listen from now on, so that a process without requests is up to date too."""
        self._now = now
        compiled()
        self.refresh(0, now=now)
        if not self._listening:
            self._listening = True
            with suppress(ServiceError):
                self._stores.live.signals.listen((SIGNAL,), lambda _, version: self.refresh(version, now=self._now))

    def refresh(self, version: int, *, now: Millis) -> None:
        """Follow what is in force as of this version of the signal. For a thread of its own, and for warming up."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            published = newest_publish(self._stores)
            self._follow(published, now)
            self.problem, self._version, self._due = "", version, now + RECHECK
        except ServiceError as error:
            self.problem, self._due = error.detail, now + RETRY
            # A version that cannot be served is not asked for with every request, only when the retry is due.
            self._version = version
            metrics.DEGRADED.labels("model").inc()
        finally:
            self._lock.release()

    def _follow(self, published: ModelPublish | None, now: Millis) -> None:
        wanted = published.model if published is not None else ""
        if wanted == (self._model.id if self._model is not None else ""):
            return
        if not wanted:
            self._model = None
            return
        if (version := self._stores.models.find_one(wanted)) is None:
            raise UnfitModel(f"{wanted} is in force but nothing is known of it")
        model = self._cache.get(version)
        model.tie(self._index(now))
        give_back()
        self.arrivals.begin(model, now=now)
        self._model = model
