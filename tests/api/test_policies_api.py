"""Versions of the mix over HTTP: what is in force, what an app may name, and what it may not."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.api.policies import MAX_BODY
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


@pytest.fixture
def writer(services: Services, admin: Account) -> dict[str, str]:
    world(stores=services.stores)
    scopes = (Scope.FEED_READ, Scope.POLICIES_WRITE)
    secret = services.api_keys.create(admin, name="mix as code", scopes=scopes, now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def test_a_program_saves_a_version_that_serves_nobody_until_it_is_named(
    client: TestClient, writer: dict[str, str]
) -> None:
    body = {"base": "for_you-1", "name": "Calm", "values": {"shares.promotional.most": 0.1, "pins": [[0, "post-0001"]]}}
    made = client.post("/api/v1/policies", json=body, headers=writer)
    assert made.status_code == 201, made.text
    assert made.json()["shares"]["promotional"]["most"] == 0.1
    assert made.json()["pins"] == [{"position": 0, "post": "post-0001"}]
    params = {"viewer": "v"}
    assert client.get("/api/v1/feed", params=params, headers=writer).json()["policy"] == "for_you-1"
    params = {"viewer": "w", "policy": made.json()["id"]}
    assert client.get("/api/v1/feed", params=params, headers=writer).json()["policy"] == made.json()["id"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shares.ugc.least", 1.5),
        ("shares.memes.least", 0.1),
        ("weights.like", -1.0),
        ("weights.like", 1e308),
        ("weights.likes", 2.0),
        ("per_brand", 1e19),
        ("explore", 0.9),
        ("gap.product", 2.5),
        ("per_publisher", 0),
        ("pins", [[0, "no-such-post"]]),
    ],
)
def test_an_impossible_setting_is_a_problem_that_names_field_and_value(
    client: TestClient, writer: dict[str, str], field: str, value: object
) -> None:
    body = {"base": "for_you-1", "name": "Wrong", "values": {field: value}}
    answer = client.post("/api/v1/policies", json=body, headers=writer)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["errors"][0]["field"] == field if "errors" in problem else problem["field"] == field
    assert "errors" in problem or field == "pins" or problem["value"] == value
    assert len(client.get("/api/v1/policies", headers=writer).json()["policies"]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shares.promotional.most", True),
        ("shares.promotional.most", "0.1"),
        ("gap.product", [3]),
        ("pins", [[True, "post-0001"]]),
        ("pins", [["0", "post-0001"]]),
        ("pins", "0"),
    ],
)
def test_a_setting_that_is_no_number_is_not_taken_for_one(
    client: TestClient, writer: dict[str, str], field: str, value: object
) -> None:
    body = {"base": "for_you-1", "name": "Wrong", "values": {field: value}}
    answer = client.post("/api/v1/policies", json=body, headers=writer)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"].startswith(f"values.{field}")
    assert len(client.get("/api/v1/policies", headers=writer).json()["policies"]) == 1


@pytest.mark.parametrize(
    ("status", "field", "body"),
    [
        (413, None, '{"note": "' + "x" * MAX_BODY + '"}'),
        (422, "body", '{"base": "for_you-1", '),
        (422, "values", '{"base": "for_you-1", "name": "Wrong"}'),
    ],
)
def test_a_body_that_is_no_version_is_a_problem(
    client: TestClient, writer: dict[str, str], status: int, field: str | None, body: str
) -> None:
    answer = client.post("/api/v1/policies", content=body, headers=writer)
    assert (answer.status_code, answer.json().get("field")) == (status, field)


def test_shares_that_cannot_add_up_are_refused(client: TestClient, writer: dict[str, str]) -> None:
    values = {"shares.ugc.least": 0.7, "shares.product.least": 0.4}
    body = {"base": "for_you-1", "name": "Too much", "values": values}
    answer = client.post("/api/v1/policies", json=body, headers=writer)
    assert answer.status_code == 422
    assert "shares" in answer.text


def test_a_key_that_only_reads_saves_nothing(client: TestClient, key: dict[str, str]) -> None:
    body = {"base": "for_you-1", "name": "Calm", "values": {"explore": 0.2}}
    assert client.post("/api/v1/policies", json=body, headers=key).status_code == 403
