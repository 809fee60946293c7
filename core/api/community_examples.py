"""Examples of comments, shares, follows, reports and attribution for the OpenAPI description."""

from __future__ import annotations

from typing import Any

_POST = "01KAX8Y5Q2M4Z7V9T1R3N5B7C9"
COMMENT: dict[str, Any] = {
    "id": "c-7781",
    "post": _POST,
    "viewer": "viewer-1042",
    "text": "Does it come in maroon?",
    "parent": None,
    "reply_to": None,
    "state": "shown",
    "visible": True,
    "likes": 3,
    "answers": 1,
    "edited_at": None,
    "created_at": 1795000000000,
    "updated_at": 1795000000000,
    "why": "",
}
HELD: dict[str, Any] = COMMENT | {
    "id": "c-7790",
    "text": "Cheaper at www.other-shop.example",
    "state": "held",
    "visible": False,
    "likes": 0,
    "answers": 0,
    "why": "A person looks at this comment before others see it.",
}
ANSWER: dict[str, Any] = COMMENT | {
    "id": "c-7782", "viewer": "viewer-88", "text": "Yes, and in navy", "parent": "c-7781", "likes": 1, "answers": 0,
}  # fmt: skip
REMOVED: dict[str, Any] = COMMENT | {"id": "c-7700", "viewer": "", "text": "", "state": "removed", "visible": False}
THREADS: dict[str, Any] = {
    "items": [
        {"comment": COMMENT, "answers": [ANSWER], "cursor": None},
        {"comment": REMOVED, "answers": [ANSWER | {"id": "c-7701", "parent": "c-7700"}], "cursor": None},
    ],
    "cursor": "eyJ2Ijox…",
}
ANSWERS: dict[str, Any] = {"items": [ANSWER], "cursor": None}
OWN: dict[str, Any] = {"items": [HELD, COMMENT], "cursor": None}
NEW_COMMENT: dict[str, Any] = {"viewer": "viewer-1042", "text": "Does it come in maroon?", "id": "c-7781"}
CHANGED_COMMENT: dict[str, Any] = {"viewer": "viewer-1042", "text": "Does it come in maroon or navy?"}
REPORT: dict[str, Any] = {"viewer": "viewer-88", "reason": "spam", "note": "The same clip every day"}
REPORTED: dict[str, Any] = {"received": True, "known": False}
SHARE: dict[str, Any] = {
    "id": "01KAXB0N4H7T2P5W8Y1C3E6G9J",
    "post": _POST,
    "link": f"shop://posts/{_POST}?share=01KAXB0N4H7T2P5W8Y1C3E6G9J",
    "opens": 4,
    "created_at": 1795000000000,
}
OPENED: dict[str, Any] = {"post": _POST, "share": SHARE["id"], "first": True}
PUBLISHER: dict[str, Any] = {
    "id": "kiran-crafts", "name": "Kiran Crafts", "kind": "brand", "verified": True, "followers": 1841, "posts": 37,
}  # fmt: skip
FOLLOWS: dict[str, Any] = {"items": [PUBLISHER], "cursor": None}
_SUMS = {"orders": 4, "items": 5, "revenue_minor": 1399600}
_ROW = {"key": _POST, "day": "2026-11-20", **_SUMS}
POST_ATTRIBUTION: dict[str, Any] = {
    "post": _POST,
    "funnel": {"impression": 2310, "watch": 2104, "product_click": 96, "add_to_cart": 21, "order": 4},
    "total": _SUMS,
    "days": [_ROW],
    "by_basis": {"click": _SUMS},
    "latest": [
        {
            "who": "9f31c2aa",
            "products": ["p-118"],
            "quantity": 1,
            "value_minor": 349900,
            "basis": "click",
            "policy": "for_you-1",
            "campaign": "",
            "request": "01KAXA2T6H8J0K2M4N6P8Q0R2S",
            "slot": 0,
            "seen_at": 1795000001000,
            "clicked_at": 1795000010000,
            "carted_at": 1795000030000,
            "ordered_at": 1795000100000,
        }
    ],
}
ATTRIBUTION: dict[str, Any] = {
    "by": "kind",
    "from_day": "2026-10-24",
    "to_day": "2026-11-20",
    "rows": [{"key": "product", "day": "2026-11-20", **_SUMS}],
    "attributed": _SUMS,
    "unattributed": {"orders": 1, "items": 1, "revenue_minor": 49900},
    "cursor": None,
}
