"""The collections Feedroom keeps, and which fields are indexed: the one place that says so for every store."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.ports.documents import CollectionSpec, Documents

Migration = Callable[[Documents], None]
"""Brings stored documents from one schema version to the next; harmless when run twice."""

MIGRATIONS: tuple[Migration, ...] = ()
"""In order: the first brings version 1 to 2. Only ever appended to."""

SCHEMA_VERSION = 1 + len(MIGRATIONS)

ACCOUNTS = CollectionSpec(name="accounts", unique=(("email",),), indexes=(("role",), ("publisher",)))
API_KEYS = CollectionSpec(name="api_keys", unique=(("secret_hash",),))
PUBLISHERS = CollectionSpec(name="publishers", indexes=(("kind",),))
POSTS = CollectionSpec(
    name="posts",
    indexes=(
        ("status", "updated_at"),
        ("publisher", "updated_at"),
        ("updated_at",),
        ("created_at",),
        ("kind", "updated_at"),
    ),
)
POST_TOTALS = CollectionSpec(name="post_totals", indexes=(("updated_at",),), durable=False)
COMMENTS = CollectionSpec(
    name="comments",
    indexes=(
        ("post", "created_at"),
        ("parent", "created_at"),
        ("state", "created_at"),
        ("viewer", "created_at"),
        ("reports",),
        ("decided_by", "decided_at"),
    ),
)
COMMENT_MARKS = CollectionSpec(name="comment_marks", indexes=(("comment", "kind", "created_at"),))
COMMENTERS = CollectionSpec(name="commenters")
POST_REPORTS = CollectionSpec(name="post_reports", indexes=(("post", "created_at"), ("outcome", "created_at")))
REPORTERS = CollectionSpec(name="reporters")
SHARES = CollectionSpec(name="shares", indexes=(("post", "created_at"),))
LIKES = CollectionSpec(name="likes", durable=False)
FOLLOWS = CollectionSpec(name="follows", indexes=(("publisher", "following"), ("viewer", "following")), durable=False)
SHOPPERS = CollectionSpec(name="shoppers", durable=False)
ATTRIBUTION_DAYS = CollectionSpec(
    name="attribution_days", indexes=(("day",), ("post", "day"), ("publisher", "day")), durable=False
)
ATTRIBUTED_ORDERS = CollectionSpec(name="attributed_orders", indexes=(("post", "at"), ("order",)), durable=False)
PRODUCTS = CollectionSpec(name="products", unique=(("sku",),), indexes=(("brand",), ("category",), ("updated_at",)))
TAGS = CollectionSpec(name="tags", indexes=(("facet",),))
UPLOADS = CollectionSpec(name="uploads", indexes=(("account", "state"), ("state", "updated_at")))
JOBS = CollectionSpec(name="jobs", indexes=(("state", "priority"), ("subject", "created_at")))
CASES = CollectionSpec(
    name="cases",
    indexes=(
        ("state", "priority"),
        ("state", "due_at"),
        ("post",),
        ("publisher", "decided_at"),
        ("holder",),
        ("decided_by", "decided_at"),
        ("decided_at",),
    ),
)
SCREENINGS = CollectionSpec(name="screenings", indexes=(("post", "created_at"), ("created_at",)))
KNOWN_HASHES = CollectionSpec(name="known_hashes", indexes=(("sha256",), ("bank",)))
SAMPLE_VIEWERS = CollectionSpec(name="sample_viewers")
POLICIES = CollectionSpec(name="policies", append_only=True)
MIX_PUBLISHES = CollectionSpec(name="mix_publishes", append_only=True)
MIX_DRAFTS = CollectionSpec(name="mix_drafts")
MODELS = CollectionSpec(name="models", indexes=(("number",),), append_only=True)
MODEL_PUBLISHES = CollectionSpec(name="model_publishes", append_only=True)
EXPERIMENTS = CollectionSpec(name="experiments", unique=(("salt",),), indexes=(("state", "updated_at"), ("layer",)))
VIEWER_TOTALS = CollectionSpec(name="viewer_totals", durable=False)
DAY_SUMS = CollectionSpec(name="day_sums", indexes=(("experiment", "day"),), durable=False)
CALIBRATION_DAYS = CollectionSpec(name="calibration_days", indexes=(("day",),), durable=False)
CALIBRATIONS = CollectionSpec(name="calibrations", indexes=(("number",),), append_only=True)
REPUTATIONS = CollectionSpec(
    name="reputations", indexes=(("updated_at",), ("computed_at",), ("multiplier",)), durable=False
)
FEED_HOURS = CollectionSpec(name="feed_hours", indexes=(("hour",),), durable=False)
AUDIT = CollectionSpec(name="audit", indexes=(("at",), ("subject", "at"), ("actor", "at")), append_only=True)
NOTICES = CollectionSpec(name="notices", indexes=(("created_at",),))
HOLDOUT_PERIODS = CollectionSpec(name="holdout_periods", append_only=True)
FACTS = CollectionSpec(name="facts")
CAMPAIGNS = CollectionSpec(name="campaigns", indexes=(("state",), ("publisher", "updated_at"), ("updated_at",)))
CAMPAIGN_TOTALS = CollectionSpec(name="campaign_totals", durable=False)
CAMPAIGN_BOARDS = CollectionSpec(name="campaign_boards", durable=False)

SCHEMA: tuple[CollectionSpec, ...] = (
    ACCOUNTS, API_KEYS, PUBLISHERS, POSTS, POST_TOTALS, COMMENTS, PRODUCTS, TAGS, UPLOADS, JOBS, CASES, SCREENINGS,
    KNOWN_HASHES,
    SAMPLE_VIEWERS, POLICIES, MIX_PUBLISHES, MIX_DRAFTS, EXPERIMENTS,
    MODELS, MODEL_PUBLISHES, VIEWER_TOTALS, DAY_SUMS, CALIBRATION_DAYS, CALIBRATIONS, REPUTATIONS, FEED_HOURS, AUDIT, FACTS,
    CAMPAIGNS, CAMPAIGN_TOTALS, CAMPAIGN_BOARDS, NOTICES, HOLDOUT_PERIODS,
    COMMENT_MARKS, COMMENTERS, POST_REPORTS, REPORTERS, SHARES, LIKES, FOLLOWS, SHOPPERS, ATTRIBUTION_DAYS, ATTRIBUTED_ORDERS,
)  # fmt: skip
