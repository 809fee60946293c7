"""The feed over HTTP: pages, events, posts, comments, health."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.errors import Unavailable
from core.feed.viewer_update import KEPT_SEEN
from tests.feed.world import world


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    """The header of a key with every scope, over a catalogue of 120 posts."""
    world(stores=services.stores)
    secret = services.api_keys.create(admin, name="app", scopes=tuple(Scope), now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def like(id: str, post: str, **more: object) -> dict[str, object]:
    return {"id": id, "kind": "like", "viewer": "v", "at": clock(), "post": post} | more


def page(client: TestClient, key: dict[str, str], **query: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/feed", params={"viewer": "v"} | query, headers=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_pages_follow_each_other_by_cursor_without_repeating(client: TestClient, key: dict[str, str]) -> None:
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        one = page(client, key, size=12, **({"cursor": cursor} if cursor else {}))
        seen += [slot["post"] for slot in one["slots"]]
        cursor = one["cursor"]
    assert len(seen) == len(set(seen)) == 120
    assert cursor is None


def test_a_slot_has_media_paths_product_cards_and_a_reason(client: TestClient, key: dict[str, str]) -> None:
    slots = page(client, key)["slots"]
    assert all(slot["media"]["clip"].startswith("/media/") for slot in slots)
    assert all(slot["reason"]["sentence"] for slot in slots)
    card = next(slot for slot in slots if slot["kind"] == "product")["products"][0]
    assert (card["price_minor"], card["currency"], card["in_stock"]) == (99_900, "INR", True)


def test_a_page_says_nothing_from_which_the_earnings_of_a_post_follow(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    slots = page(client, key, size=8)["slots"]
    slots += page(client, key, size=8, language=["en", "hi"])["slots"]  # the long way
    told = {score for slot in slots for score in slot["reason"]["scores"]}
    assert {"engagement", "order"} <= told
    assert not {"business", "campaign", "score"} & told
    assert not {"margin", "value"} & {field for slot in slots for card in slot["products"] for field in card}
    assert all(field not in slot for slot in slots for field in ("margin", "facts"))


def test_an_event_counts_on_the_very_next_page(client: TestClient, key: dict[str, str]) -> None:
    liked = next(slot for slot in page(client, key)["slots"] if "saree" in slot["tags"])
    answer = client.post("/api/v1/events", json={"events": [like("e1", liked["post"])]}, headers=key)
    assert answer.json()["accepted"] == 1
    sentences = [slot["reason"]["sentence"] for slot in page(client, key)["slots"]]
    assert any(sentence.startswith("Because you liked 1 post tagged") for sentence in sentences)


def test_each_event_of_a_batch_has_its_own_result(client: TestClient, key: dict[str, str]) -> None:
    batch = {"events": [like("e1", "post-0001"), like("e1", "post-0001"), like("e2", "unheard-of"), 7]}
    answer = client.post("/api/v1/events", json=batch, headers=key)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["duplicates"], body["refused"]) == (1, 1, 2)
    assert body["results"][2] == {"id": "e2", "status": "refused", "field": "post", "reason": "there is no such post"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events": 5}', b"\xff\xfe"])
def test_a_body_that_is_no_batch_is_a_problem(client: TestClient, key: dict[str, str], body: bytes) -> None:
    answer = client.post("/api/v1/events", content=body, headers=key)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_many_events_and_too_many_bytes_are_refused(client: TestClient, key: dict[str, str]) -> None:
    many = client.post(
        "/api/v1/events", json={"events": [like(f"e{n}", "post-0001") for n in range(10_001)]}, headers=key
    )
    big = client.post("/api/v1/events", content=b" " * (9 * 1024 * 1024), headers=key)
    assert (many.status_code, big.status_code) == (413, 413)


@pytest.mark.parametrize(
    ("field", "query"),
    [("size", {"size": "0"}), ("size", {"size": "51"}), ("size", {"size": "many"}), ("cursor", {"cursor": "x"}),
     ("viewer", {"viewer": "v" * 81}), ("policy", {"policy": "unheard-of"})],
)  # fmt: skip
def test_a_wrong_request_is_a_problem_that_names_the_field(
    client: TestClient, key: dict[str, str], field: str, query: dict[str, str]
) -> None:
    answer = client.get("/api/v1/feed", params={"viewer": "v"} | query, headers=key)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.parametrize("path", ["/api/v1/feed?viewer=v", "/api/v1/posts", "/api/v1/metrics"])
def test_without_a_key_nothing_is_told(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


def test_a_key_does_only_what_its_scopes_say(client: TestClient, services: Services, admin: Account) -> None:
    secret = services.api_keys.create(admin, name="metrics", scopes=(Scope.METRICS_READ,), now=clock()).secret
    header = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/metrics", headers=header).status_code == 200
    assert client.get("/api/v1/feed?viewer=v", headers=header).status_code == 403


def test_posts_are_read_one_by_one_and_in_pages(client: TestClient, key: dict[str, str]) -> None:
    first = client.get("/api/v1/posts", params={"kind": "product", "limit": 10}, headers=key).json()
    assert {post["kind"] for post in first["items"]} == {"product"}
    rest = client.get(
        "/api/v1/posts", params={"kind": "product", "limit": 50, "cursor": first["cursor"]}, headers=key
    ).json()
    assert len({post["id"] for post in first["items"] + rest["items"]}) == 30
    one = client.get(f"/api/v1/posts/{first['items'][0]['id']}", headers=key).json()
    assert one["counts"] == {"like": 0, "comment": 0, "share": 0, "impression": 0}


def test_a_post_that_is_not_live_does_not_exist(client: TestClient, services: Services, key: dict[str, str]) -> None:
    services.stores.posts.patch("post-0003", {"status": "held"})
    assert client.get("/api/v1/posts/post-0003", headers=key).status_code == 404
    assert client.get("/api/v1/posts/unheard-of/comments", headers=key).status_code == 404


def test_comments_are_added_and_read_in_threads(client: TestClient, key: dict[str, str]) -> None:
    path = "/api/v1/posts/post-0002/comments"
    first = client.post(path, json={"viewer": "v", "text": "Does it come in maroon?"}, headers=key)
    assert first.status_code == 201
    client.post(path, json={"viewer": "w", "text": "Yes", "parent": first.json()["id"]}, headers=key)
    (thread,) = client.get(path, headers=key).json()["items"]
    assert thread["comment"]["text"] == "Does it come in maroon?"
    assert [answer["text"] for answer in thread["answers"]] == ["Yes"]


def test_a_comment_of_a_megabyte_is_refused_by_its_field(client: TestClient, key: dict[str, str]) -> None:
    answer = client.post("/api/v1/posts/post-0002/comments", json={"viewer": "v", "text": "x" * 1_000_000}, headers=key)
    assert answer.status_code == 422
    assert answer.json()["field"] == "text"
    assert len(answer.content) < 1_000


def test_health_is_open_and_readiness_names_what_is_down(client: TestClient, services: Services) -> None:
    assert client.get("/api/v1/healthz").json() == {"status": "ok"}
    assert client.get("/api/v1/readyz").json()["status"] == "ready"

    def down() -> None:
        raise Unavailable("the live store does not answer")

    services.stores.live.ping = down  # type: ignore[method-assign]
    answer = client.get("/api/v1/readyz")
    assert answer.status_code == 503
    assert "live state" in answer.json()["detail"]


def test_metrics_count_pages_and_events(client: TestClient, key: dict[str, str]) -> None:
    page(client, key)
    client.post("/api/v1/events", json={"events": [like("e1", "post-0001")]}, headers=key)
    text = client.get("/api/v1/metrics", headers=key).text
    assert 'feedroom_pages_total{kind="served"}' in text
    assert 'feedroom_events_total{status="accepted"}' in text
    assert 'feedroom_event_lag{group="aggregate"} 1.0' in text


def test_every_route_is_described_with_an_example_and_its_problems(client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    for path, method, ok in [
        ("/api/v1/feed", "get", "200"),
        ("/api/v1/events", "post", "200"),
        ("/api/v1/posts", "get", "200"),
        ("/api/v1/posts/{id}", "get", "200"),
        ("/api/v1/posts/{id}/comments", "get", "200"),
        ("/api/v1/posts/{id}/comments", "post", "201"),
    ]:
        described = paths[path][method]["responses"]
        assert described[ok]["content"]["application/json"]["example"], path
        assert "application/problem+json" in described["401"]["content"]


@pytest.mark.parametrize(("path", "method"), [("/feed", "get"), ("/policies", "get"), ("/policies", "post")])
def test_a_route_that_stores_may_keep_from_answering_says_so(client: TestClient, path: str, method: str) -> None:
    described = client.get("/api/openapi.json").json()["paths"][f"/api/v1{path}"][method]["responses"]
    assert "application/problem+json" in described["503"]["content"]


def test_the_description_says_how_many_posts_count_as_seen(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()["paths"]["/api/v1/feed"]["get"]["description"]
    assert f"The last {KEPT_SEEN:,} posts" in described


def test_everything_that_the_description_refers_to_is_in_it(client: TestClient) -> None:
    description = client.get("/api/openapi.json").json()

    def named(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                yield from named(one)

    found = {name.removeprefix("#/components/schemas/") for name in named(description)}
    assert {"FeedPage", "Slot", "Explanation", "EventsAnswer"} <= found
    assert found <= description["components"]["schemas"].keys()
