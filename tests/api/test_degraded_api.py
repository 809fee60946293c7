"""The API while a store is down: pages without 5xx, events that are not lost, readiness that names what is down."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.errors import Unavailable
from core.services.engagement import TOPIC
from tests.feed.world import world
from tests.services.test_feed_degrades import STORES, counted, without


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    """The header of a key with every scope, over 120 posts that this process has shown."""
    world(stores=services.stores)
    secret = services.api_keys.create(admin, name="app", scopes=tuple(Scope), per_minute=60, now=clock()).secret
    for viewer in ("a", "b", "c"):
        services.feed.page(viewer, size=50, now=clock())
    return {"Authorization": f"Bearer {secret}"}


def ask(client: TestClient, key: dict[str, str], **query: Any) -> Any:
    return client.get("/api/v1/feed", params={"viewer": "v"} | query, headers=key)


def like(id: str, post: str) -> dict[str, Any]:
    return {"events": [{"id": id, "kind": "like", "viewer": "v", "at": clock(), "post": post}]}


@pytest.mark.parametrize("store", STORES)
def test_the_feed_answers_with_pages_whatever_store_is_down(
    client: TestClient, services: Services, key: dict[str, str], store: str
) -> None:
    assert ask(client, key).status_code == 200
    with without(services, store):
        for known in (True, False):
            if not known:
                # As after REMEMBERED: the key has to be looked up again, and the minute's allowance asked for.
                services.api_keys._known.update({by: (held, 0) for by, (held, _) in services.api_keys._known.items()})
                services.api_keys._allowances.clear()
            answer = ask(client, key)
            assert answer.status_code == 200, answer.text
            assert answer.json()["slots"]


def test_readiness_names_each_store_that_is_down(client: TestClient, services: Services) -> None:
    def down() -> None:
        raise Unavailable("no answer")

    for name, store in (
        ("documents", services.stores.documents), ("media", services.stores.objects),
        ("event log", services.stores.log), ("live state", services.stores.live),
    ):  # fmt: skip
        ping, store.ping = store.ping, down  # type: ignore[method-assign]
        answer = client.get("/api/v1/readyz")
        assert answer.status_code == 503
        assert name in answer.json()["detail"]
        assert {told for told, state in answer.json()["stores"].items() if state != "ok"} == {name}
        store.ping = ping  # type: ignore[method-assign]
    assert client.get("/api/v1/readyz").status_code == 200


def test_without_the_shared_counter_a_key_still_has_its_limit(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    before = counted("degraded", store="rate limits")
    with without(services, "live state"):
        answers = [ask(client, key, size=1).status_code for _ in range(70)]
    assert set(answers) == {200, 429}
    assert answers.count(200) >= 60
    assert counted("degraded", store="rate limits") > before


def test_events_are_taken_in_without_live_state_and_the_worker_applies_them_later(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    post = ask(client, key).json()["slots"][0]["post"]
    with without(services, "live state"):
        answer = client.post("/api/v1/events", json=like("e1", post), headers=key)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        services.stores.live.ping = lambda: (_ for _ in ()).throw(Unavailable("down"))  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            services.engagement.consume("worker", now=clock())
        del services.stores.live.ping  # type: ignore[method-assign]
    assert services.stores.live.viewers.read("v").viewer.liked == ()
    assert services.engagement.consume("worker", now=clock() + 60_000) == 1
    assert services.stores.live.viewers.read("v").viewer.liked == (post,)
    assert services.stores.live.trending.top(5)[post] > 0
    assert services.stores.post_totals.get(post).counts["like"] == 1


def test_a_worker_whose_live_store_fails_midway_does_not_leave_events_behind(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    post = ask(client, key).json()["slots"][0]["post"]
    with without(services, "live state"):
        client.post("/api/v1/events", json=like("e1", post), headers=key)
    write = services.stores.live.viewers.write

    def down(*_: object, **__: object) -> bool:
        raise Unavailable("down")

    services.stores.live.viewers.write = down  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        services.engagement.consume("worker", now=clock())
    services.stores.live.viewers.write = write  # type: ignore[method-assign]
    assert services.engagement.consume("worker", now=clock() + 1) == 1
    assert services.stores.live.viewers.read("v").viewer.liked == (post,)
    assert services.stores.post_totals.get(post).counts["like"] == 1


def test_events_on_posts_that_the_feed_holds_are_taken_in_while_documents_are_down(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    post = ask(client, key).json()["slots"][0]["post"]
    with without(services, "documents"):
        answer = client.post("/api/v1/events", json=like("e1", post), headers=key)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize("store", ["event log", "documents"])
def test_events_that_cannot_be_made_durable_or_checked_are_answered_with_503_and_taken_when_sent_again(
    client: TestClient, services: Services, key: dict[str, str], store: str
) -> None:
    post = ask(client, key).json()["slots"][0]["post"]
    del services.feed.cards.posts._held[post]  # as in a process that has room for fewer posts than there are
    with without(services, store):
        answer = client.post("/api/v1/events", json=like("e1", post), headers=key)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
    assert services.stores.log.replay(TOPIC) == []
    services.engagement._posts._retry_at = 0
    again = client.post("/api/v1/events", json=like("e1", post), headers=key)
    assert again.json()["accepted"] == 1
