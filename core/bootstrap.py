"""The one place that chooses adapters and wires services: settings in, `Services` out."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from core.domain.anonymous import Anonymous
from core.domain.ids import Millis
from core.domain.ports.documents import Documents
from core.domain.ports.objects import Objects
from core.logs import settle_logs
from core.services.stores import Stores
from core.settings import Settings

if TYPE_CHECKING:
    from core.services.accounts import Accounts
    from core.services.api_keys import ApiKeys
    from core.services.assignments import Assignments
    from core.services.attribution import Attribution
    from core.services.attribution_results import AttributionResults
    from core.services.audit import Audit
    from core.services.calibration import Calibrations
    from core.services.campaign_board import Boards
    from core.services.campaign_counts import CampaignCounts
    from core.services.campaigns import Campaigns
    from core.services.catalog import Catalog
    from core.services.comment_marks import CommentMarks
    from core.services.comment_review import CommentReview
    from core.services.comment_screening import CommentScreening
    from core.services.comments import Comments
    from core.services.community import Community
    from core.services.delivery import Delivery
    from core.services.engagement import Engagement
    from core.services.experiment_metrics import ExperimentMetrics
    from core.services.experiments import Experiments
    from core.services.explain import Explain
    from core.services.feed import Feed
    from core.services.feed_hours import FeedHours
    from core.services.holdouts import Holdouts
    from core.services.intake import Intake
    from core.services.jobs import Jobs
    from core.services.metric_revisions import MetricRevisions
    from core.services.mix import Mix
    from core.services.mix_drafts import MixDrafts
    from core.services.mix_effects import MixEffects
    from core.services.models import Models
    from core.services.moderation import Moderation
    from core.services.notices import Notices
    from core.services.operations import Operations
    from core.services.planning import Planning
    from core.services.post_comments import PostComments
    from core.services.preview import Preview
    from core.services.processing import Processing
    from core.services.public_posts import PublicPosts
    from core.services.readouts import Readouts
    from core.services.reports import Reports
    from core.services.reputations import Reputations
    from core.services.rollout import Rollout
    from core.services.shop import Shop
    from core.services.social import Social
    from core.services.traces import Traces
    from core.services.viewer_readouts import ViewerReadouts


def clock() -> Millis:
    """The wall clock, UTC milliseconds: the only place that reads it for services."""
    return time.time_ns() // 1_000_000


def open_stores(settings: Settings) -> Stores:
    """Connect the four stores that the settings name. Raises Unavailable with one line if a server does not answer."""
    from core.adapters import redis, sqlite

    documents = _documents(settings)
    log = sqlite.SqliteEventLog(settings.data / "events.sqlite")
    objects = _objects(settings)
    live = redis.open_live(settings.redis_url, settings.data)
    for store in (documents, log, objects, live):
        store.ping()
    documents.migrate()
    return Stores.over(documents, objects, log, live)


def _documents(settings: Settings) -> Documents:
    if settings.mongo_uri:
        from core.adapters.mongo import MongoDocuments

        return MongoDocuments(settings.mongo_uri)
    from core.adapters.sqlite import SqliteDocuments

    return SqliteDocuments(settings.data / "feedroom.sqlite")


def _objects(settings: Settings) -> Objects:
    if settings.s3_bucket:
        from core.adapters.s3 import S3Objects

        return S3Objects(settings.s3_bucket, settings.s3_endpoint)
    from core.adapters.folder import FolderObjects

    return FolderObjects(settings.data / "media")


class Services:
    """Every use case of Feedroom over one set of stores; each is imported and built when first asked for, so starts are quick."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        self.settings = settings
        self.stores = stores

    @cached_property
    def audit(self) -> Audit:
        from core.services.audit import Audit

        return Audit(self.stores)

    @cached_property
    def accounts(self) -> Accounts:
        from core.services.accounts import Accounts

        return Accounts(self.stores, self.audit)

    @cached_property
    def api_keys(self) -> ApiKeys:
        from core.services.api_keys import ApiKeys

        return ApiKeys(self.stores, self.audit)

    @cached_property
    def jobs(self) -> Jobs:
        from core.services.jobs import Jobs

        return Jobs(self.stores)

    @cached_property
    def anonymous(self) -> Anonymous:
        return Anonymous(self.settings.secret)

    @cached_property
    def delivery(self) -> Delivery:
        from core.services.delivery import Delivery

        return Delivery(self.settings.secret)

    @cached_property
    def intake(self) -> Intake:
        from core.services.intake import Intake

        return Intake(self.stores, self.jobs, self.audit)

    @cached_property
    def processing(self) -> Processing:
        from core.adapters.ffmpeg import FfmpegTools
        from core.services.processing import Processing

        return Processing(self.stores, self.jobs, FfmpegTools(), self.settings.data / "work")

    @cached_property
    def catalog(self) -> Catalog:
        from core.services.catalog import Catalog

        return Catalog(self.stores, self.jobs, self.audit)

    @cached_property
    def shop(self) -> Shop:
        from core.services.shop import Shop

        return Shop(self.stores, self.audit)

    @cached_property
    def moderation(self) -> Moderation:
        from core.services.moderation import Moderation

        return Moderation(self.stores, self.audit)

    @cached_property
    def engagement(self) -> Engagement:
        from core.services.engagement import Engagement

        return Engagement(self.stores, self.feed.cards.posts.held)

    @cached_property
    def preview(self) -> Preview:
        from core.services.preview import Preview

        return Preview(self.stores, self.feed, self.engagement, self.audit)

    @cached_property
    def feed_hours(self) -> FeedHours:
        from core.services.feed_hours import FeedHours

        return FeedHours(self.stores)

    @cached_property
    def assignments(self) -> Assignments:
        from core.services.assignments import Assignments

        return Assignments(self.stores)

    @cached_property
    def experiments(self) -> Experiments:
        from core.services.experiments import Experiments

        return Experiments(self.stores, self.audit)

    @cached_property
    def experiment_metrics(self) -> ExperimentMetrics:
        from core.services.experiment_metrics import ExperimentMetrics

        return ExperimentMetrics(self.stores)

    @cached_property
    def readouts(self) -> Readouts:
        from core.services.readouts import Readouts

        return Readouts(self.stores, self.experiment_metrics)

    @cached_property
    def notices(self) -> Notices:
        from core.services.notices import Notices

        return Notices(self.stores)

    @cached_property
    def planning(self) -> Planning:
        from core.services.planning import Planning

        return Planning(self.stores)

    @cached_property
    def rollout(self) -> Rollout:
        from core.services.rollout import Rollout

        return Rollout(self.stores, self.experiment_metrics, self.experiments, self.notices)

    @cached_property
    def holdouts(self) -> Holdouts:
        from core.services.holdouts import Holdouts

        return Holdouts(self.stores, self.audit)

    @cached_property
    def metric_revisions(self) -> MetricRevisions:
        from core.services.metric_revisions import MetricRevisions

        return MetricRevisions(self.stores, self.audit)

    @cached_property
    def viewer_readouts(self) -> ViewerReadouts:
        from core.services.viewer_readouts import ViewerReadouts

        return ViewerReadouts(self.stores)

    @cached_property
    def feed(self) -> Feed:
        from core.services.feed import Feed

        models = self.settings.data / "run" / "models"
        return Feed(self.stores, self.delivery, self.assignments, models, self.traces)

    @cached_property
    def explain(self) -> Explain:
        from core.services.explain import Explain

        return Explain(self.stores, self.feed, self.traces)

    @cached_property
    def traces(self) -> Traces:
        from core.services.traces import Traces

        return Traces(self.stores.objects, self.settings.trace_share)

    @cached_property
    def mix(self) -> Mix:
        from core.services.mix import Mix

        return Mix(self.stores, self.audit)

    @cached_property
    def mix_drafts(self) -> MixDrafts:
        from core.services.mix_drafts import MixDrafts

        return MixDrafts(self.stores, self.mix)

    @cached_property
    def mix_effects(self) -> MixEffects:
        from core.services.mix_effects import MixEffects

        return MixEffects(self.stores, self.feed)

    @cached_property
    def models(self) -> Models:
        from core.services.models import Models

        return Models(self.stores, self.jobs, self.audit, self.settings.data / "run" / "models")

    @cached_property
    def calibration(self) -> Calibrations:
        from core.services.calibration import Calibrations

        return Calibrations(self.stores, self.jobs, self.audit)

    @cached_property
    def reputations(self) -> Reputations:
        from core.services.reputations import Reputations

        return Reputations(self.stores)

    @cached_property
    def campaign_counts(self) -> CampaignCounts:
        from core.services.campaign_counts import CampaignCounts

        return CampaignCounts(self.stores)

    @cached_property
    def campaign_boards(self) -> Boards:
        from core.services.campaign_board import Boards

        return Boards(self.stores, self.audit)

    @cached_property
    def campaigns(self) -> Campaigns:
        from core.services.campaigns import Campaigns

        return Campaigns(self.stores, self.audit, self.campaign_boards)

    @cached_property
    def comments(self) -> Comments:
        from core.services.comments import Comments

        return Comments(self.stores, self.engagement, self.comment_screening)

    @cached_property
    def comment_screening(self) -> CommentScreening:
        from core.services.comment_screening import CommentScreening

        return CommentScreening(self.stores)

    @cached_property
    def post_comments(self) -> PostComments:
        from core.services.post_comments import PostComments

        return PostComments(self.stores)

    @cached_property
    def comment_marks(self) -> CommentMarks:
        from core.services.comment_marks import CommentMarks

        return CommentMarks(self.stores, self.comment_screening, self.audit)

    @cached_property
    def comment_review(self) -> CommentReview:
        from core.services.comment_review import CommentReview

        return CommentReview(self.stores, self.audit, self.comment_screening, self.anonymous)

    @cached_property
    def reports(self) -> Reports:
        from core.domain.report import ReportRules
        from core.services.reports import Reports

        rules = ReportRules(
            review_from=self.settings.reports_to_review,
            hold_from=max(self.settings.reports_to_hold, self.settings.reports_to_review),
        )
        return Reports(self.stores, self.audit, self.anonymous, rules)

    @cached_property
    def social(self) -> Social:
        from core.services.social import Social

        return Social(self.stores, self.engagement, self.settings.app_link)

    @cached_property
    def community(self) -> Community:
        from core.services.community import Community

        return Community(self.stores, self.reports, self.social)

    @cached_property
    def attribution(self) -> Attribution:
        from core.domain.attribution import Windows
        from core.domain.ids import DAY
        from core.services.attribution import Attribution

        windows = Windows(click=round(self.settings.click_days * DAY), view=round(self.settings.view_days * DAY))
        return Attribution(self.stores, windows)

    @cached_property
    def attribution_results(self) -> AttributionResults:
        from core.services.attribution_results import AttributionResults

        return AttributionResults(self.stores, self.anonymous)

    @cached_property
    def public_posts(self) -> PublicPosts:
        from core.services.public_posts import PublicPosts

        return PublicPosts(self.stores, self.feed.cards)

    @cached_property
    def operations(self) -> Operations:
        from core.services.operations import Operations

        return Operations(self.stores, self.settings.data)


def open_services(settings: Settings | None = None) -> Services:
    """Services over the stores that the settings (by default: of the environment) name; every process begins with this."""
    settle_logs()
    settings = settings or Settings.from_environment()
    return Services(settings, open_stores(settings))
