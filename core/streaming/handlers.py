"""What the worker does: each kind of job, each reader of events, each sweep. The one table to add to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.bootstrap import Services, clock
from core.domain.ids import MINUTE, SECOND, Millis
from core.domain.job import Job, JobKind
from core.domain.ports.media import Progress
from core.streaming.lanes import Handler
from core.streaming.stuck import requeue_stuck

Consume = Callable[[str, Millis], int]
"""Handle one batch as `member` at a time; returns how many events there were."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Something to be done every `every` ms, by any one worker or by all; harmless when done twice."""

    name: str
    every: Millis
    run: Callable[[Millis], object]


def lanes(services: Services) -> Mapping[str, Mapping[JobKind, Handler]]:
    """The kinds of jobs by lane, each lane a thread: screening waits for no transcode, an upload for no long one."""
    processing = services.processing

    def screen(job: Job, progress: Progress) -> None:
        services.moderation.screen(job.subject, now=clock())

    def render_demo(job: Job, progress: Progress) -> None:
        from core.demo.render import render_post

        render_post(services, job, progress)

    def train_model(job: Job, progress: Progress) -> None:
        services.models.run(job, progress, now=clock())

    def calibrate(job: Job, progress: Progress) -> None:
        services.calibration.run(job, progress, clock=clock)

    def live_traffic(job: Job, progress: Progress) -> None:
        from core.demo import live_traffic

        live_traffic.run_job(services, job, progress)

    def rehearse(job: Job, progress: Progress) -> None:
        from core.demo import simulate

        simulate.run_job(services, job, progress)

    return {
        "screening": {JobKind.SCREEN_POST: Handler(screen)},
        "media": {
            JobKind.PROCESS_MEDIA: Handler(
                lambda job, progress: processing.process(job, progress, clock=clock),
                lambda job: processing.give_up(job, now=clock()),
            )
        },
        "background": {
            JobKind.STREAM_MEDIA: Handler(lambda job, progress: processing.stream(job, progress, clock=clock)),
            JobKind.RENDER_DEMO: Handler(render_demo),
            JobKind.CALIBRATE: Handler(calibrate),
            JobKind.LIVE_TRAFFIC: Handler(live_traffic),
            JobKind.REHEARSE: Handler(rehearse),
        },
        "models": {JobKind.TRAIN_MODEL: Handler(train_model)},
    }


def consumers(services: Services) -> Mapping[str, Consume]:
    """Readers of the event log by name, each in a thread of its own."""
    return {
        "aggregate": lambda member, now: services.engagement.consume(member, now=now),
        "feed-hours": lambda member, now: services.feed_hours.consume(member, now=now),
        "campaigns": lambda member, now: services.campaign_counts.consume(member, now=now),
        "experiments": lambda member, now: services.experiment_metrics.consume(member, now=now),
        "attribution": lambda member, now: services.attribution.consume(member, now=now),
        "community": lambda member, now: services.community.consume(member, now=now),
    }


def sweeps(services: Services) -> tuple[Sweep, ...]:
    """What is put in order from time to time."""
    return (
        Sweep("uploads", 1 * MINUTE, lambda now: services.intake.sweep(now=now)),
        Sweep("work folders", 30 * SECOND, lambda now: services.processing.sweep()),
        Sweep("moderation", 1 * MINUTE, lambda now: services.moderation.sweep(now=now)),
        Sweep("campaigns", 5 * SECOND, lambda now: services.campaign_boards.sweep(now=now)),
        Sweep("experiments", 10 * SECOND, lambda now: services.rollout.watch(now=now)),
        Sweep("models", 10 * SECOND, lambda now: services.models.sweep(now=now)),
        Sweep("calibration", 2 * MINUTE, lambda now: services.calibration.sweep(now=now)),
        Sweep("reputations", 1 * MINUTE, lambda now: services.reputations.sweep(now=now)),
        Sweep("traces of pages", 10 * MINUTE, lambda now: services.traces.sweep(now=now)),
        Sweep("reports", 10 * SECOND, lambda now: services.reports.sweep(now=now)),
        Sweep("stuck posts", 1 * MINUTE, lambda now: requeue_stuck(services.stores, services.jobs, now=now)),
    )
