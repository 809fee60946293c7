"""How a page comes about and why a post is not on it, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.experiment import Arm, Metric, MetricKind, MetricRole, Step, Targeting
from core.domain.ids import new_id
from core.domain.mix import MixPolicy
from core.domain.viewer import SampleViewer
from tests.feed.world import world

PATH = "/api/v1/feed/explain"


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    """The header of a key that may read the feed, over 120 posts and the sample viewer asha."""
    world(stores=services.stores)
    services.stores.sample_viewers.insert(SampleViewer(id="asha", name="Asha"))
    secret = services.api_keys.create(admin, name="app", scopes=(Scope.FEED_READ,), now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def explained(client: TestClient, key: dict[str, str], **query: Any) -> dict[str, Any]:
    answer = client.get(PATH, params=query, headers=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_page_that_a_viewer_would_get_comes_with_its_trace_and_counts_for_nothing(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    found = explained(client, key, viewer="v", size=10)
    page = found["page"]
    assert len(page["slots"]) == 10
    assert found["candidates"] >= 10
    assert (found["why_not"], found["kept"]) == (None, None)
    assert found["facts"].keys() == {slot["post"] for slot in page["slots"]}
    for slot in page["slots"]:
        cheapest = min((product["price_minor"] / 100 for product in slot["products"]), default=0.0)
        assert found["facts"][slot["post"]]["price"] == cheapest
    stages = {stage["stage"]: stage for stage in page["stages"]}
    assert stages["popular"]["after"] > 0
    assert stages["not seen"]["kind"] == "filter"
    assert all(stage["milliseconds"] >= 0 for stage in page["stages"])
    assert all(
        slot["reason"]["rule"] and {"score", "business"} <= slot["reason"]["scores"].keys() for slot in page["slots"]
    )
    assert page["prices"]
    assert services.stores.live.viewers.read("v").viewer.seen == ()


@pytest.mark.parametrize(
    ("said", "targeted"),
    [
        ({"platform": "android", "newcomer": "true"}, True),
        ({"platform": "ios", "newcomer": "true"}, False),
        ({"platform": "android", "newcomer": "false"}, False),
        ({}, False),
    ],
)
def test_a_page_is_explained_under_the_arm_that_it_would_be_served_under(
    client: TestClient, services: Services, admin: Account, key: dict[str, str], said: dict[str, str], targeted: bool
) -> None:
    for id in ("calm", "loud"):
        services.stores.policies.insert(MixPolicy(id=id, name=id))
    draft = services.experiments.create(
        admin, name="New on Android", arms=(Arm(name="control", policy="calm"), Arm(name="treatment", policy="loud")),
        metrics=(Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes"),),
        targeting=Targeting(platforms=("android",), newcomers=True), steps=(Step(exposure=1.0),), holdout=False,
        now=clock() - 10_000,
    )  # fmt: skip
    services.experiments.launch(admin, draft.id, now=clock() - 10_000)
    found = explained(client, key, viewer="v", size=5, **said)["page"]
    served = client.get("/api/v1/feed", params={"viewer": "v", "size": 5} | said, headers=key).json()
    assert found["policy"] == served["policy"]
    assert (served["policy"] in ("calm", "loud")) == targeted


def test_why_not_has_a_code_a_sentence_and_where_the_post_stands(client: TestClient, key: dict[str, str]) -> None:
    found = explained(client, key, viewer="v", size=5, post="post-0119")["why_not"]
    assert found["code"] in ("score", "not_proposed", "rule")
    assert found["sentence"]
    assert found["facts"]["reputation"] == 1
    assert explained(client, key, viewer="v", post="unheard-of")["why_not"]["code"] == "unknown"


def test_a_served_page_is_explained_from_its_request_id(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    served = client.get("/api/v1/feed", params={"viewer": "asha", "size": 10}, headers=key).json()
    services.feed.flush()
    found = explained(client, key, request=served["request"], post=served["slots"][2]["post"])
    assert found["kept"]["identical"] is True
    assert found["kept"]["difference"] == ""
    for slot, again in zip(served["slots"], found["page"]["slots"], strict=True):
        assert (slot["post"], slot["propensity"]) == (again["post"], again["propensity"])
        told = slot["reason"]["scores"]
        assert again["reason"] == slot["reason"] | {"scores": again["reason"]["scores"]}
        assert again["reason"]["scores"].keys() - told.keys() == {"business", "score"}
        assert again["reason"]["scores"].items() >= told.items()
    assert found["page"]["stages"] == served["stages"]
    assert (found["why_not"]["code"], found["why_not"]["slot"]) == ("on_page", 2)
    assert found["why_not"]["facts"] == found["facts"][served["slots"][2]["post"]]


def test_of_a_kept_page_posts_that_may_not_be_shown_any_more_come_without_media(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    served = client.get("/api/v1/feed", params={"viewer": "asha", "size": 4}, headers=key).json()
    services.feed.flush()
    gone = served["slots"][0]["post"]
    services.stores.posts.patch(gone, {"status": "held", "updated_at": clock()})
    services.feed.cards.posts.put([services.stores.posts.get(gone)], now=clock())
    slots = explained(client, key, request=served["request"])["page"]["slots"]
    assert slots[0]["media"]["clip"] == ""
    assert slots[1]["media"]["clip"].startswith("/media/")


@pytest.mark.parametrize(
    ("status", "field", "query"),
    [
        (422, "viewer", {}),
        (422, "viewer", {"viewer": "v", "request": "01KAXA2T6H8J0K2M4N6P8Q0R2S"}),
        (422, "viewer", {"viewer": ""}),
        (422, "size", {"viewer": "v", "size": 51}),
        (422, "cursor", {"viewer": "v", "cursor": "x"}),
        (422, "policy", {"viewer": "v", "policy": "unheard-of"}),
        (422, "post", {"viewer": "v", "post": ""}),
        (422, "post", {"viewer": "v", "post": "p" * 81}),
        (422, "request", {"request": "nonsense"}),
        (422, "request", {"request": "../../secret"}),
        (404, "request", {"request": new_id(1_700_000_000_000)}),
    ],
)
def test_a_wrong_question_is_a_problem_that_names_the_field(
    client: TestClient, key: dict[str, str], status: int, field: str, query: dict[str, Any]
) -> None:
    answer = client.get(PATH, params=query, headers=key)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["content-type"] == "application/problem+json"


def test_only_keys_that_may_read_the_feed_are_told(client: TestClient, services: Services, admin: Account) -> None:
    assert client.get(PATH, params={"viewer": "v"}).status_code == 401
    secret = services.api_keys.create(admin, name="events", scopes=(Scope.EVENTS_WRITE,), now=clock()).secret
    header = {"Authorization": f"Bearer {secret}"}
    assert client.get(PATH, params={"viewer": "v"}, headers=header).status_code == 403


def test_the_route_is_described_with_an_example_and_its_problems(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()["paths"][PATH]["get"]["responses"]
    assert described["200"]["content"]["application/json"]["example"]["why_not"]["standings"]
    assert "application/problem+json" in described["404"]["content"]
