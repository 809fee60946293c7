"""The collections Feedroom keeps, and which fields are indexed: the one place that says so for every store."""

from __future__ import annotations

from core.domain.ports.documents import CollectionSpec

SCHEMA_VERSION = 1

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
POST_TOTALS = CollectionSpec(name="post_totals", durable=False)
COMMENTS = CollectionSpec(name="comments", indexes=(("post", "created_at"),))
PRODUCTS = CollectionSpec(name="products", unique=(("sku",),), indexes=(("brand",), ("category",)))
TAGS = CollectionSpec(name="tags", indexes=(("facet",),))
UPLOADS = CollectionSpec(name="uploads", indexes=(("account", "state"), ("state", "updated_at")))
JOBS = CollectionSpec(name="jobs", indexes=(("state", "created_at"), ("subject",)))
CASES = CollectionSpec(name="cases", indexes=(("state", "priority"), ("post",), ("holder",)))
KNOWN_HASHES = CollectionSpec(name="known_hashes", indexes=(("sha256",), ("bank",)))
SAMPLE_VIEWERS = CollectionSpec(name="sample_viewers")
POLICIES = CollectionSpec(name="policies", append_only=True)
AUDIT = CollectionSpec(name="audit", indexes=(("at",), ("subject", "at"), ("actor", "at")), append_only=True)
FACTS = CollectionSpec(name="facts")

SCHEMA: tuple[CollectionSpec, ...] = (
    ACCOUNTS, API_KEYS, PUBLISHERS, POSTS, POST_TOTALS, COMMENTS, PRODUCTS, TAGS, UPLOADS, JOBS, CASES, KNOWN_HASHES,
    SAMPLE_VIEWERS, POLICIES, AUDIT, FACTS,
)  # fmt: skip
