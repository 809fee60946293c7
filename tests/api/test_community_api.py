"""Comments, shares, follows, reports and attribution over HTTP."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from core.api.bodies import body_of
from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.errors import TooLarge
from core.domain.ids import MINUTE
from tests.feed.world import world

POST = "/api/v1/posts/post-0003"


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    """The header of a key with every scope, over a small catalogue."""
    world(stores=services.stores, posts=24)
    return key_for(services, admin, *Scope)


def key_for(services: Services, admin: Account, *scopes: Scope) -> dict[str, str]:
    secret = services.api_keys.create(admin, name="app", scopes=scopes, now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def work(services: Services) -> None:
    for consume in (services.engagement.consume, services.community.consume, services.attribution.consume):
        while consume("worker", now=clock()):
            pass


def test_a_comment_lives_its_life(client: TestClient, key: dict[str, str]) -> None:
    path = f"{POST}/comments"
    made = client.post(path, json={"viewer": "v", "text": "Does it come in maroon?", "id": "c1"}, headers=key)
    assert (made.status_code, made.json()["state"]) == (201, "shown")
    answer = client.post(path, json={"viewer": "w", "text": "Yes", "parent": "c1"}, headers=key).json()
    deep = client.post(path, json={"viewer": "v", "text": "Thanks", "parent": answer["id"]}, headers=key).json()
    assert (deep["parent"], deep["reply_to"]) == ("c1", answer["id"])
    assert client.put(f"{path}/c1/likes/w", headers=key).json()["likes"] == 1
    assert client.delete(f"{path}/c1/likes/w", headers=key).json()["likes"] == 0
    changed = client.patch(f"{path}/c1", json={"viewer": "v", "text": "In navy?"}, headers=key).json()
    assert (changed["text"], changed["edited_at"] is None) == ("In navy?", False)
    assert client.patch(f"{path}/c1", json={"viewer": "w", "text": "Mine"}, headers=key).status_code == 404
    assert client.delete(f"{path}/c1", params={"viewer": "w"}, headers=key).status_code == 404
    assert client.delete(f"{path}/c1", params={"viewer": "v"}, headers=key).status_code == 204
    (thread,) = client.get(path, headers=key).json()["items"]
    assert (thread["comment"]["state"], thread["comment"]["text"]) == ("deleted", "")
    assert [one["text"] for one in thread["answers"]] == ["Yes", "Thanks"]
    assert len(client.get(f"{path}/c1/answers", params={"limit": 1}, headers=key).json()["items"]) == 1


def test_the_writer_learns_the_outcome_and_nobody_else_reads_the_words(client: TestClient, key: dict[str, str]) -> None:
    path = f"{POST}/comments"
    held = client.post(path, json={"viewer": "v", "text": "call 98765 43210"}, headers=key).json()
    assert (held["state"], held["visible"]) == ("held", False)
    assert "person" in held["why"]
    one = f"{path}/{held['id']}"
    assert client.get(one, params={"viewer": "v"}, headers=key).json()["text"] == "call 98765 43210"
    assert client.get(one, params={"viewer": "w"}, headers=key).status_code == 404
    own = client.get("/api/v1/viewers/v/comments", headers=key).json()["items"]
    assert [comment["state"] for comment in own] == ["held"]


@pytest.mark.parametrize("text", ["x" * 1_000_000, "क" * 1_000_000])
def test_a_megabyte_is_refused_by_field_and_limit(client: TestClient, key: dict[str, str], text: str) -> None:
    answer = client.post(f"{POST}/comments", json={"viewer": "v", "text": text}, headers=key)
    problem = answer.json()
    assert (answer.status_code, problem["field"], answer.headers["content-type"]) == (
        422, "text", "application/problem+json",
    )  # fmt: skip
    assert "1,000 characters" in problem["detail"]
    assert len(answer.content) < 1_000


def test_no_more_of_a_body_is_read_than_fits() -> None:
    asked: list[int] = []

    async def receive() -> dict[str, object]:
        asked.append(1)
        return {"type": "http.request", "body": b"x" * 4_096, "more_body": True}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(TooLarge):
        asyncio.run(body_of(request, 16_384, TooLarge("too large")))
    assert len(asked) == 5
    told = Request({"type": "http", "method": "POST", "headers": [(b"content-length", b"1000000")]}, receive)
    with pytest.raises(TooLarge):
        asyncio.run(body_of(told, 16_384, TooLarge("too large")))
    assert len(asked) == 5


def test_a_thousand_characters_of_any_script_fit(client: TestClient, key: dict[str, str]) -> None:
    body = '{"viewer": "v", "text": "' + "\\ud83d\\ude0a" * 1_000 + '"}'
    assert client.post(f"{POST}/comments", content=body, headers=key).status_code == 201
    body = '{"viewer": "v", "text": "' + "\\ud83d\\ude0a" * 1_001 + '"}'
    assert client.post(f"{POST}/comments", content=body, headers=key).json()["field"] == "text"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"), ("[]", "body"), ('{"viewer": "v"}', "text"), ('{"viewer": 5, "text": "x"}', "viewer"),
        ('{"viewer": "v", "text": "\\ud800"}', "text"), ('{"viewer": "", "text": "x"}', "viewer"),
        ('{"viewer": "v", "text": "x", "parent": "nothing"}', "parent"), ('{"viewer": "v", "text": NaN}', "text"),
    ],
)  # fmt: skip
def test_a_wrong_comment_names_its_field(client: TestClient, key: dict[str, str], body: str, field: str) -> None:
    answer = client.post(f"{POST}/comments", content=body, headers=key)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_too_many_comments_are_throttled(client: TestClient, key: dict[str, str]) -> None:
    answers = [
        client.post(f"{POST}/comments", json={"viewer": "v", "text": f"Nice {n}"}, headers=key) for n in range(21)
    ]
    assert [answer.status_code for answer in answers] == [201] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_reports_of_viewers_reach_the_moderators(client: TestClient, key: dict[str, str], services: Services) -> None:
    for number in range(3):
        answer = client.post(f"{POST}/report", json={"viewer": f"v{number}", "reason": "spam"}, headers=key)
        assert (answer.status_code, answer.json()) == (202, {"received": True, "known": False})
    assert client.post(f"{POST}/report", json={"viewer": "v0"}, headers=key).json()["known"]
    work(services)
    assert [case.sample for case in services.stores.cases.each()] == [True]
    wrong = client.post(f"{POST}/report", json={"viewer": "v9", "reason": "boring"}, headers=key).json()
    assert (wrong["field"], wrong["value"]) == ("reason", "boring")
    assert client.post("/api/v1/posts/unheard-of/report", json={"viewer": "v"}, headers=key).status_code == 404


def test_shares_and_follows(client: TestClient, key: dict[str, str], services: Services) -> None:
    made = client.post(f"{POST}/shares", json={"viewer": "v", "channel": "copy"}, headers=key).json()
    assert made["id"] in made["link"]
    opened = client.post(f"/api/v1/shares/{made['id']}/opens", json={"viewer": "w"}, headers=key).json()
    assert (opened["post"], opened["first"]) == ("post-0003", True)
    client.put("/api/v1/viewers/v/follows/pub-1", headers=key)
    work(services)
    assert client.get(f"/api/v1/shares/{made['id']}", headers=key).json()["opens"] == 1
    assert client.get("/api/v1/publishers/pub-1", headers=key).json()["followers"] == 1
    assert [one["id"] for one in client.get("/api/v1/viewers/v/follows", headers=key).json()["items"]] == ["pub-1"]
    client.delete("/api/v1/viewers/v/follows/pub-1", headers=key)
    assert client.get("/api/v1/viewers/v/follows", headers=key).json()["items"] == []
    assert client.put("/api/v1/viewers/v/follows/nobody", headers=key).status_code == 404


def test_viewers_with_any_id_reach_what_is_theirs(client: TestClient, key: dict[str, str], services: Services) -> None:
    for number, viewer in enumerate(("v/1==", "a//b", "a/comments", "a/follows/pub-1")):
        own, id = f"/api/v1/viewers/{quote(viewer, safe='')}", f"c-{number}"
        comment = {"viewer": viewer, "text": f"Nice, says {viewer}", "id": id}
        assert client.post(f"{POST}/comments", json=comment, headers=key).status_code == 201
        assert [one["id"] for one in client.get(f"{own}/comments", headers=key).json()["items"]] == [id]
        likes = f"{POST}/comments/{id}/likes/{quote(viewer, safe='')}"
        assert client.put(likes, headers=key).json()["likes"] == 1
        assert client.delete(likes, headers=key).json()["likes"] == 0
        assert client.put(f"{own}/follows/pub-1", headers=key).status_code == 200
        assert [one["id"] for one in client.get(f"{own}/follows", headers=key).json()["items"]] == ["pub-1"]
        assert client.delete(f"{own}/follows/pub-1", headers=key).status_code == 200
        assert services.stores.live.viewers.read(viewer).viewer.follows == ()


def test_ids_of_comments_and_shares_that_no_address_holds_are_refused(client: TestClient, key: dict[str, str]) -> None:
    for path, body in ((f"{POST}/comments", {"text": "Nice"}), (f"{POST}/shares", {})):
        answer = client.post(path, json=body | {"viewer": "v", "id": "c/1"}, headers=key)
        assert (answer.status_code, answer.json()["field"], answer.json()["value"]) == (422, "id", "c/1")


def test_counts_reach_the_card_and_the_feeds_slot(client: TestClient, key: dict[str, str], services: Services) -> None:
    client.get("/api/v1/feed", params={"viewer": "warm"}, headers=key)
    client.post(f"{POST}/comments", json={"viewer": "v", "text": "Nice"}, headers=key)
    client.post(f"{POST}/comments", json={"viewer": "v", "text": "call 98765 43210"}, headers=key)
    client.post(f"{POST}/shares", json={"viewer": "v"}, headers=key)
    client.post("/api/v1/events", json={"events": [event("like", 0)]}, headers=key)
    work(services)
    assert client.get(POST, headers=key).json()["counts"] == {"like": 1, "comment": 1, "share": 1, "impression": 0}
    services.feed.catalogue.refresh(now=clock() + MINUTE)
    slots = client.get("/api/v1/feed", params={"viewer": "w", "size": 24}, headers=key).json()["slots"]
    (slot,) = [slot for slot in slots if slot["post"] == "post-0003"]
    assert slot["counts"] == {"like": 1, "comment": 1, "share": 1}


def event(kind: str, number: int, **more: object) -> dict[str, object]:
    base = {"id": f"{kind}-{number}", "kind": kind, "viewer": "v", "at": clock() + number, "post": "post-0003"}
    return base | more


def test_an_order_goes_from_the_feed_to_the_report(client: TestClient, key: dict[str, str], services: Services) -> None:
    page = client.get("/api/v1/feed", params={"viewer": "v", "size": 24}, headers=key).json()
    place = next(slot["position"] for slot in page["slots"] if slot["post"] == "post-0003")
    served = {"request": page["request"], "slot": place}
    client.post(
        "/api/v1/events",
        json={
            "events": [
                event("impression", 1, **served),
                event("product_click", 2, product="prod-0", **served),
                event("add_to_cart", 3, product="prod-0", **served),
                event("order", 4, post="", products=[{"product": "prod-0", "quantity": 2, "value_minor": 199_800}]),
            ]
        },
        headers=key,
    )
    services.feed.flush()
    work(services)
    found = client.get(f"{POST}/attribution", headers=key).json()
    assert found["funnel"] == {"impression": 1, "watch": 0, "product_click": 1, "add_to_cart": 1, "order": 1}
    (path,) = found["latest"]
    assert (path["policy"], path["slot"], path["basis"], path["value_minor"]) == (
        page["policy"],
        place,
        "click",
        199_800,
    )
    assert path["seen_at"] < path["clicked_at"] < path["carted_at"] < path["ordered_at"]
    for by, expected in (
        ("kind", "product"),
        ("policy", page["policy"]),
        ("post", "post-0003"),
        ("publisher", "pub-3"),
    ):
        report = client.get("/api/v1/attribution", params={"by": by}, headers=key).json()
        assert [(row["key"], row["orders"], row["items"]) for row in report["rows"]] == [(expected, 1, 2)]
        assert report["attributed"]["revenue_minor"] == 199_800


@pytest.mark.parametrize(
    ("field", "query"),
    [("by", {"by": "mood"}), ("from", {"from": "yesterday"}), ("to", {"to": "2026-13-01"}),
     ("publisher", {"publisher": ""}), ("limit", {"limit": "0"}), ("limit", {"limit": "10001"}), ("cursor", {"cursor": "x"}),
     ("from", {"from": "2026-02-01", "to": "2026-01-01"}), ("from", {"from": "2021-01-01", "to": "2026-01-01"})],
)  # fmt: skip
def test_a_wrong_report_names_the_field(
    client: TestClient, key: dict[str, str], field: str, query: dict[str, str]
) -> None:
    answer = client.get("/api/v1/attribution", params=query, headers=key)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "/api/v1/attribution", Scope.METRICS_READ), ("get", f"{POST}/attribution", Scope.METRICS_READ),
        ("post", f"{POST}/comments", Scope.COMMENTS_WRITE), ("get", "/api/v1/viewers/v/comments", Scope.COMMENTS_WRITE),
        ("post", f"{POST}/report", Scope.EVENTS_WRITE), ("post", f"{POST}/shares", Scope.EVENTS_WRITE),
        ("put", "/api/v1/viewers/v/follows/pub-1", Scope.EVENTS_WRITE), ("get", f"{POST}/comments", Scope.POSTS_READ),
        ("get", "/api/v1/viewers/v/follows", Scope.POSTS_READ), ("get", "/api/v1/publishers/pub-1", Scope.POSTS_READ),
    ],
)  # fmt: skip
def test_each_door_takes_its_own_key(
    client: TestClient, services: Services, admin: Account, key: dict[str, str], method: str, path: str, scope: Scope
) -> None:
    others = key_for(services, admin, *(one for one in Scope if one is not scope))
    assert client.request(method, path).status_code == 401
    assert client.request(method, path, headers=others).status_code == 403


def test_every_new_route_is_described_with_an_example_and_its_problems(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    for path, methods in paths.items():
        if not any(part in path for part in ("comments", "shares", "follows", "publishers", "attribution", "report")):
            continue
        for method, described in methods.items():
            ok = next(status for status in described["responses"] if status.startswith("2"))
            assert ok == "204" or described["responses"][ok]["content"]["application/json"]["example"], (method, path)
            assert "application/problem+json" in described["responses"]["401"]["content"]
            if method in ("post", "patch"):
                assert described["requestBody"]["content"]["application/json"]["example"]
