"""Versions of the mix over HTTP: what is in force, what an app may name, and what it may not."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from tests.feed.world import world


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    world(stores=services.stores)
    secret = services.api_keys.create(admin, name="app", scopes=(Scope.FEED_READ,), now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def test_an_app_reads_the_version_in_force_and_all_versions(
    client: TestClient, services: Services, admin: Account, key: dict[str, str]
) -> None:
    first = client.get("/api/v1/policies", headers=key).json()
    assert (first["current"], [one["id"] for one in first["policies"]]) == ("for_you-1", ["for_you-1"])
    made = services.mix.save(admin, {"shares.promotional.most": 0.1}, base="for_you-1", name="Calm", now=clock())
    services.mix.publish(admin, made.id, "calmer", now=clock())
    found = client.get("/api/v1/policies", headers=key).json()
    assert (found["current"], [one["id"] for one in found["policies"]]) == ("for_you-2", ["for_you-2", "for_you-1"])
    calm = found["policies"][0]
    assert calm["shares"]["promotional"] == {"least": 0.0, "most": 0.1}
    assert (calm["name"], calm["base"], calm["per_publisher"]) == ("Calm", "for_you-1", 3)
    assert "created_by" not in calm


def test_the_next_page_over_http_is_made_by_what_was_published(
    client: TestClient, services: Services, admin: Account, key: dict[str, str]
) -> None:
    def policy(viewer: str, **query: str) -> str:
        answer = client.get("/api/v1/feed", params={"viewer": viewer} | query, headers=key)
        return str(answer.json()["policy"])

    assert policy("a") == "for_you-1"
    made = services.mix.save(admin, {"shares.promotional.most": 0.1}, base="for_you-1", name="Calm", now=clock())
    assert (policy("b"), policy("b", policy=made.id)) == ("for_you-1", made.id)
    services.mix.publish(admin, made.id, "calmer", now=clock())
    assert (policy("c"), policy("c", policy="for_you-1")) == (made.id, "for_you-1")


def test_an_unknown_version_is_a_problem_that_names_it(client: TestClient, key: dict[str, str]) -> None:
    answer = client.get("/api/v1/feed", params={"viewer": "v", "policy": "for_you-77"}, headers=key)
    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["value"]) == ("policy", "for_you-77")


def test_policies_need_a_key_that_may_read_the_feed(client: TestClient, services: Services, admin: Account) -> None:
    assert client.get("/api/v1/policies").status_code == 401
    secret = services.api_keys.create(admin, name="other", scopes=(Scope.METRICS_READ,), now=clock()).secret
    answer = client.get("/api/v1/policies", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
