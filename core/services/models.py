"""Trained models: made from the event log, published with a reason, rolled back with one click."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from core.domain.account import Account, Role
from core.domain.collection import Page
from core.domain.errors import Conflict, Duplicate
from core.domain.ids import DAY, HOUR, Millis, new_id
from core.domain.job import Job, JobKind, JobState
from core.domain.model import MAX_WHY, ModelPublish, ModelVersion
from core.domain.ports.media import Progress
from core.models import choose
from core.services import model_files
from core.services.audit import MACHINE, Audit
from core.services.jobs import Jobs
from core.services.model_cache import ModelCache
from core.services.model_history import ModelHistory, newest_publish
from core.services.model_quality import InForce
from core.services.model_training import Fit, Trained, train
from core.services.stores import Stores

SUBJECT: Final = "neighbours"
EVERY: Final[Millis] = DAY
GROWN: Final = 0.2
"""A model is trained anew once a day if anything happened, or as soon as the log has grown by this part."""
FIRST_EVENTS: Final = 500
PAUSE: Final[Millis] = 10 * 60_000
"""After a training, however it ended, none begins by itself for this long."""
_TRIES: Final = 16


class Models:
    """Versions, what is in force, and training; for product managers, and for the machine (actor None)."""

    def __init__(self, stores: Stores, jobs: Jobs, audit: Audit, folder: Path, fit: Fit = choose.fit) -> None:
        """`folder` is for files while they are made; models of the feed processes lie there too."""
        self._stores, self._jobs, self._audit, self._folder, self._fit = stores, jobs, audit, folder, fit
        self._history = ModelHistory(stores, audit)

    def versions(self, actor: Account, *, limit: int = 20, cursor: str | None = None) -> Page[ModelVersion]:
        """Every model, newest first."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.models.find(order="number", descending=True, limit=limit, cursor=cursor)

    def get(self, actor: Account, id: str) -> ModelVersion:
        """One model. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.models.get(id)

    def names(self, actor: Account, ids: Iterable[str]) -> dict[str, str]:
        """Names of those who had models trained, by what `created_by` holds; accounts that are gone are left out."""
        actor.require(Role.PRODUCT_MANAGER)
        accounts = self._stores.accounts.get_many(sorted(set(ids)))
        return {MACHINE: "Feedroom"} | {id: account.name for id, account in accounts.items()}

    def history(self, actor: Account, *, limit: int = 20) -> list[ModelPublish]:
        """What was put in force, newest first."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.model_publishes.find(order="id", descending=True, limit=limit).items

    def in_force(self, actor: Account) -> ModelPublish | None:
        """The line that says what is in force now; None if nothing ever was."""
        actor.require(Role.PRODUCT_MANAGER)
        return newest_publish(self._stores)

    def training(self, actor: Account) -> Job | None:
        """The latest training: how far it is, or how it ended."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._jobs.latest(SUBJECT, kind=JobKind.TRAIN_MODEL)

    def start_training(self, actor: Account, *, now: Millis) -> Job:
        """Have the worker train a model; the one that waits or runs already, if there is one."""
        actor.require(Role.PRODUCT_MANAGER)
        latest = self._jobs.latest(SUBJECT, kind=JobKind.TRAIN_MODEL)
        if latest is not None and latest.state in (JobState.QUEUED, JobState.RUNNING):
            return latest
        job = self._jobs.enqueue(JobKind.TRAIN_MODEL, SUBJECT, now=now, asked_by=actor.id)
        self._audit.record(actor, "model.train", SUBJECT, now=now)
        return job

    def train(self, by: Account | str | None, progress: Progress, *, now: Millis) -> ModelVersion:
        """Train now, here. `by` is who asked, None for the machine. Raises NotEnough if there is too little to learn from."""
        if isinstance(by, Account):
            by.require(Role.PRODUCT_MANAGER)
            by = by.id
        trained = train(self._stores, self._fit, progress, in_force=self._in_force(), now=now)
        progress(0.92, "Storing it")
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".training-", dir=self._folder, ignore_cleanup_errors=True) as name:
            version = self._store(trained, Path(name), by or MACHINE, now)
        progress(1.0, f"{version.id} is there")
        return version

    def publish(
        self, actor: Account | None, id: str, why: str, *, seen: str | None = None, now: Millis
    ) -> ModelPublish:
        """Put a model in force: every feed process serves with it within a second.

        `seen` is the id of the line that the person saw as in force ("" for none): if another has come since, Conflict says who put
        what in force, and why. Raises NotFound, InvalidInput naming `why`, Conflict if it is in force already.
        """
        if actor is not None:
            actor.require(Role.PRODUCT_MANAGER)
        version = self._stores.models.get(id)
        before = self._history.present(seen)
        if before is not None and before.model == version.id:
            raise Conflict(f"{version.id} is in force already")
        return self._history.append(
            actor, "model.publish", before, version.id, before.id if before else "", "", why, now
        )

    def roll_back(self, actor: Account, why: str, *, seen: str | None = None, now: Millis) -> ModelPublish:
        """Return to what was in force before; before the first model that is none.

        `seen` as for `publish`. Raises InvalidInput naming `why`, Conflict if there is nothing to undo.
        """
        actor.require(Role.PRODUCT_MANAGER)
        before = self._history.present(seen)
        if before is None or not before.model:
            raise Conflict("no model is in force, so there is nothing to roll back")
        target = self._history.before(before)
        model, parent = (target.model, target.parent) if target is not None else ("", "")
        return self._history.append(actor, "model.roll_back", before, model, parent, before.model, why, now)

    def previous(self, actor: Account) -> ModelPublish | None:
        """The line that rolling back would return to; None if no model would be in force then."""
        actor.require(Role.PRODUCT_MANAGER)
        present = self._history.present()
        target = self._history.before(present) if present is not None else None
        return target if target is not None and target.model else None

    def run(self, job: Job, progress: Progress, *, now: Millis) -> None:
        """A queued training. One that the machine began goes out by itself if it is good enough."""
        version = self.train(job.asked_by or None, progress, now=now)
        if not job.asked_by and version.quality.good_enough:
            self.publish(
                None, version.id, f"Trained and measured by itself. {version.quality.sentence}"[:MAX_WHY], now=now
            )

    def sweep(self, *, now: Millis) -> Job | None:
        """Queue a training if the log has grown enough, or a day has passed; harmless when done twice."""
        latest = self._jobs.latest(SUBJECT, kind=JobKind.TRAIN_MODEL)
        if latest is not None and (
            latest.state in (JobState.QUEUED, JobState.RUNNING) or now - latest.updated_at < PAUSE
        ):
            return None
        newest = self._newest()
        if newest is None:
            enough = self._happened(0, FIRST_EVENTS)
        else:
            due = now - newest.created_at >= EVERY
            enough = self._happened(newest.data_through // HOUR * HOUR + HOUR, 1 if due else GROWN * newest.events)
        return self._jobs.enqueue(JobKind.TRAIN_MODEL, SUBJECT, now=now) if enough else None

    def _newest(self) -> ModelVersion | None:
        page = self._stores.models.find(order="number", descending=True, limit=1)
        return page.items[0] if page.items else None

    def _happened(self, hour: Millis, count: float) -> bool:
        """Whether at least `count` events were counted in the hours from `hour` on."""
        events = 0
        for one in self._stores.feed_hours.each({"hour": {"gte": hour}}, order="hour"):
            events += sum(one.events.values())
            if events >= count:
                return True
        return False

    def _in_force(self) -> InForce | None:
        """The model that a new one is measured against; None without one, or if its files are gone."""
        published = newest_publish(self._stores)
        version = self._stores.models.find_one(published.model) if published is not None and published.model else None
        if version is None:
            return None
        try:
            model = ModelCache(self._stores.objects, self._folder).get(version)
        except model_files.UnfitModel:
            return None
        return InForce(version.id, model.neighbours, version.data_through)

    def _store(self, trained: Trained, folder: Path, by: str, now: Millis) -> ModelVersion:
        """Upload the files and add the version; a number taken meanwhile is passed over."""
        sha256 = model_files.write(folder, trained.neighbours, trained.segments, trained.placing)
        acts = trained.data
        for _ in range(_TRIES):
            newest = self._newest()
            number = newest.number + 1 if newest is not None else 1
            prefix = f"models/{SUBJECT}-{number}/{new_id(now)}"
            size = model_files.upload(self._stores.objects, folder, prefix)
            version = ModelVersion(
                id=f"{SUBJECT}-{number}",
                number=number,
                method=trained.method,
                data_from=acts.first,
                data_through=acts.last,
                offset=acts.offset,
                events=acts.events,
                viewers=len(trained.interactions.viewers),
                posts=len(trained.interactions.items),
                interactions=len(trained.interactions),
                segments=len(trained.segments),
                quality=trained.quality,
                prefix=prefix,
                bytes=size,
                sha256=sha256,
                seconds=round(trained.seconds, 2),
                created_by=by,
                created_at=now,
                updated_at=now,
            )
            try:
                return self._stores.models.insert(version)
            except Duplicate:
                self._stores.objects.delete_prefix(f"{prefix}/")
        raise Conflict("other models are being made at the same time; try again")
