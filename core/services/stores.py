"""Everything the services keep things in: typed collections, objects, log and live state, opened once per process."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import schema
from core.domain.account import Account, ApiKey
from core.domain.attribution import AttributedOrder, AttributionDay, Shopper
from core.domain.audit import AuditLine
from core.domain.calibration import CalibrationDay, CalibrationVersion
from core.domain.campaign import Campaign
from core.domain.campaign_data import CampaignBoard, CampaignTotals
from core.domain.collection import Collection
from core.domain.comment import Comment, Commenter, CommentMark
from core.domain.experiment import Experiment
from core.domain.experiment_data import DaySums, ViewerTotals
from core.domain.feed_hour import FeedHour
from core.domain.holdout import HoldoutPeriod
from core.domain.job import Job
from core.domain.mix import MixPolicy
from core.domain.mix_life import MixDraft, MixPublish
from core.domain.model import ModelPublish, ModelVersion
from core.domain.moderation import Case, KnownHash, ScreeningRecord
from core.domain.notice import Notice
from core.domain.ports.documents import Documents
from core.domain.ports.event_log import EventLog
from core.domain.ports.live import Live
from core.domain.ports.objects import Objects
from core.domain.post import Post, PostTotals
from core.domain.product import Product
from core.domain.publisher import Publisher
from core.domain.report import PostReport, Reporter
from core.domain.reputation import Reputation
from core.domain.social import Follow, Like, SharedPost
from core.domain.taxonomy import Tag
from core.domain.upload import Upload
from core.domain.viewer import SampleViewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The four ports, and a typed collection for each kind of document."""

    documents: Documents
    objects: Objects
    log: EventLog
    live: Live
    accounts: Collection[Account]
    api_keys: Collection[ApiKey]
    publishers: Collection[Publisher]
    posts: Collection[Post]
    post_totals: Collection[PostTotals]
    comments: Collection[Comment]
    comment_marks: Collection[CommentMark]
    commenters: Collection[Commenter]
    post_reports: Collection[PostReport]
    reporters: Collection[Reporter]
    shares: Collection[SharedPost]
    likes: Collection[Like]
    follows: Collection[Follow]
    shoppers: Collection[Shopper]
    attribution_days: Collection[AttributionDay]
    attributed_orders: Collection[AttributedOrder]
    products: Collection[Product]
    tags: Collection[Tag]
    uploads: Collection[Upload]
    jobs: Collection[Job]
    cases: Collection[Case]
    screenings: Collection[ScreeningRecord]
    known_hashes: Collection[KnownHash]
    sample_viewers: Collection[SampleViewer]
    policies: Collection[MixPolicy]
    mix_publishes: Collection[MixPublish]
    mix_drafts: Collection[MixDraft]
    models: Collection[ModelVersion]
    model_publishes: Collection[ModelPublish]
    experiments: Collection[Experiment]
    viewer_totals: Collection[ViewerTotals]
    day_sums: Collection[DaySums]
    calibration_days: Collection[CalibrationDay]
    calibrations: Collection[CalibrationVersion]
    reputations: Collection[Reputation]
    feed_hours: Collection[FeedHour]
    campaigns: Collection[Campaign]
    campaign_totals: Collection[CampaignTotals]
    campaign_boards: Collection[CampaignBoard]
    notices: Collection[Notice]
    holdout_periods: Collection[HoldoutPeriod]
    audit: Collection[AuditLine]

    @staticmethod
    def over(documents: Documents, objects: Objects, log: EventLog, live: Live) -> Stores:
        """Typed collections over these four ports."""
        return Stores(
            documents=documents,
            objects=objects,
            log=log,
            live=live,
            accounts=Collection(documents, schema.ACCOUNTS, Account),
            api_keys=Collection(documents, schema.API_KEYS, ApiKey),
            publishers=Collection(documents, schema.PUBLISHERS, Publisher),
            posts=Collection(documents, schema.POSTS, Post),
            post_totals=Collection(documents, schema.POST_TOTALS, PostTotals),
            comments=Collection(documents, schema.COMMENTS, Comment),
            comment_marks=Collection(documents, schema.COMMENT_MARKS, CommentMark),
            commenters=Collection(documents, schema.COMMENTERS, Commenter),
            post_reports=Collection(documents, schema.POST_REPORTS, PostReport),
            reporters=Collection(documents, schema.REPORTERS, Reporter),
            shares=Collection(documents, schema.SHARES, SharedPost),
            likes=Collection(documents, schema.LIKES, Like),
            follows=Collection(documents, schema.FOLLOWS, Follow),
            shoppers=Collection(documents, schema.SHOPPERS, Shopper),
            attribution_days=Collection(documents, schema.ATTRIBUTION_DAYS, AttributionDay),
            attributed_orders=Collection(documents, schema.ATTRIBUTED_ORDERS, AttributedOrder),
            products=Collection(documents, schema.PRODUCTS, Product),
            tags=Collection(documents, schema.TAGS, Tag),
            uploads=Collection(documents, schema.UPLOADS, Upload),
            jobs=Collection(documents, schema.JOBS, Job),
            cases=Collection(documents, schema.CASES, Case),
            screenings=Collection(documents, schema.SCREENINGS, ScreeningRecord),
            known_hashes=Collection(documents, schema.KNOWN_HASHES, KnownHash),
            sample_viewers=Collection(documents, schema.SAMPLE_VIEWERS, SampleViewer),
            policies=Collection(documents, schema.POLICIES, MixPolicy),
            mix_publishes=Collection(documents, schema.MIX_PUBLISHES, MixPublish),
            mix_drafts=Collection(documents, schema.MIX_DRAFTS, MixDraft),
            models=Collection(documents, schema.MODELS, ModelVersion),
            model_publishes=Collection(documents, schema.MODEL_PUBLISHES, ModelPublish),
            experiments=Collection(documents, schema.EXPERIMENTS, Experiment),
            viewer_totals=Collection(documents, schema.VIEWER_TOTALS, ViewerTotals),
            day_sums=Collection(documents, schema.DAY_SUMS, DaySums),
            calibration_days=Collection(documents, schema.CALIBRATION_DAYS, CalibrationDay),
            calibrations=Collection(documents, schema.CALIBRATIONS, CalibrationVersion),
            reputations=Collection(documents, schema.REPUTATIONS, Reputation),
            feed_hours=Collection(documents, schema.FEED_HOURS, FeedHour),
            campaigns=Collection(documents, schema.CAMPAIGNS, Campaign),
            campaign_totals=Collection(documents, schema.CAMPAIGN_TOTALS, CampaignTotals),
            campaign_boards=Collection(documents, schema.CAMPAIGN_BOARDS, CampaignBoard),
            notices=Collection(documents, schema.NOTICES, Notice),
            holdout_periods=Collection(documents, schema.HOLDOUT_PERIODS, HoldoutPeriod),
            audit=Collection(documents, schema.AUDIT, AuditLine),
        )
