"""Examples that the OpenAPI description shows."""

from __future__ import annotations

from typing import Any

_MEDIA: dict[str, Any] = {
    "poster": "/media/1795042800-5f1c…/posts/01KAX8Y5Q2M4Z7V9T1R3N5B7C9/m1/poster.jpg",
    "preview": "/media/1795042800-5f1c…/posts/01KAX8Y5Q2M4Z7V9T1R3N5B7C9/m1/preview.mp4",
    "clip": "/media/1795042800-5f1c…/posts/01KAX8Y5Q2M4Z7V9T1R3N5B7C9/m1/clip.mp4",
    "hls": "/media/1795042800-5f1c…/posts/01KAX8Y5Q2M4Z7V9T1R3N5B7C9/m1/master.m3u8",
    "width": 1080,
    "height": 1920,
    "duration": 14.6,
}
_PRODUCT: dict[str, Any] = {
    "id": "p-118",
    "name": "Banarasi silk saree, maroon",
    "brand": "Kiran Crafts",
    "price_minor": 349900,
    "currency": "INR",
    "list_price_minor": 429900,
    "in_stock": True,
    "image": "/media/1795042800-9a0b…/products/p-118.jpg",
    "url": "https://shop.example.in/p-118",
}
_WORDS: dict[str, Any] = {
    "kind": "ugc",
    "title": "Three ways to drape it",
    "caption": "The second one takes a minute",
    "publisher": "kiran-crafts",
    "publisher_name": "Kiran Crafts",
    "tags": ["saree", "how-to"],
    "ai_generated": False,
    "media": _MEDIA,
    "products": [_PRODUCT],
}
_SCORES: dict[str, float] = {"like": 0.11, "completion": 0.52, "engagement": 1.31, "reputation": 1.0, "freshness": 0.94}
FEED_PAGE: dict[str, Any] = {
    "request": "01KAXA2T6H8J0K2M4N6P8Q0R2S",
    "viewer": "viewer-1042",
    "policy": "for_you-1",
    "slots": [
        {
            "position": 0,
            "post": "01KAX8Y5Q2M4Z7V9T1R3N5B7C9",
            **_WORDS,
            "propensity": 1.0,
            "counts": {"like": 118, "comment": 9, "share": 4},
            "reason": {
                "sources": ["tag affinity", "popular"],
                "scores": _SCORES,
                "rule": "best score",
                "sentence": "Because you liked 3 posts tagged Saree",
                "displaced": None,
            },
            "campaign": "",
        }
    ],
    "cursor": "k5yV…",
    "at": 1795000000000,
    "stages": [
        {
            "stage": "not seen",
            "kind": "filter",
            "before": 214,
            "after": 194,
            "milliseconds": 0.03,
            "dropped": {"seen": 20},
            "failed": "",
        }
    ],
    "notes": [],
}
_SLOT: dict[str, Any] = FEED_PAGE["slots"][0]
_ALL_SCORES: dict[str, Any] = {"scores": _SCORES | {"business": 0.43, "score": 1.24}}
EXPLAINED_PAGE: dict[str, Any] = FEED_PAGE | {"slots": [_SLOT | {"reason": _SLOT["reason"] | _ALL_SCORES}]}
POST: dict[str, Any] = {
    "id": "01KAX8Y5Q2M4Z7V9T1R3N5B7C9",
    **_WORDS,
    "published_at": 1794990000000,
    "counts": {"like": 118, "comment": 9, "share": 4, "impression": 2310},
}
POSTS: dict[str, Any] = {"items": [POST], "cursor": None}
EVENT_BATCH: dict[str, Any] = {
    "events": [
        {"id": "e-1", "kind": "impression", "viewer": "viewer-1042", "at": 1795000001000, "post": "01KAX8Y5Q2M4Z7V9T1R3N5B7C9",
         "request": "01KAXA2T6H8J0K2M4N6P8Q0R2S", "slot": 0},
        {"id": "e-2", "kind": "watch", "viewer": "viewer-1042", "at": 1795000009000, "post": "01KAX8Y5Q2M4Z7V9T1R3N5B7C9",
         "seconds": 8.1, "completion": 0.55},
        {"id": "e-3", "kind": "like", "viewer": "viewer-1042", "at": 1795000009500, "post": "nothing-like-it"},
        {"id": "e-4", "kind": "product_click", "viewer": "viewer-1042", "at": 1795000010000, "product": "p-118",
         "post": "01KAX8Y5Q2M4Z7V9T1R3N5B7C9", "request": "01KAXA2T6H8J0K2M4N6P8Q0R2S", "slot": 0},
        {"id": "e-5", "kind": "order", "viewer": "viewer-1042", "at": 1795000100000,
         "products": [{"product": "p-118", "quantity": 1, "value_minor": 349900}, {"product": "p-7", "value_minor": 49900}]},
        {"id": "e-6", "kind": "order_cancelled", "viewer": "viewer-1042", "at": 1795000200000, "order": "e-5", "product": "p-7"},
    ]
}  # fmt: skip
EVENT_RESULTS: dict[str, Any] = {
    "accepted": 5,
    "duplicates": 0,
    "refused": 1,
    "results": [
        {"id": "e-1", "status": "accepted", "field": "", "reason": ""},
        {"id": "e-2", "status": "accepted", "field": "", "reason": ""},
        {"id": "e-3", "status": "refused", "field": "post", "reason": "there is no such post"},
        {"id": "e-4", "status": "accepted", "field": "", "reason": ""},
        {"id": "e-5", "status": "accepted", "field": "", "reason": ""},
        {"id": "e-6", "status": "accepted", "field": "", "reason": ""},
    ],
}
