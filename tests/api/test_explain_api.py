"""How a page comes about and why a post is not on it, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.errors import FeedroomError, Unavailable
from core.domain.experiment import Arm, Metric, MetricKind, MetricRole, Step, Targeting
from core.domain.ids import DAY, new_id
from core.domain.mix import MixPolicy
from core.domain.post import PostStatus
from core.domain.viewer import SampleViewer
from core.services.explain import NOT_SHOWN
from core.services.lifecycle import CATALOGUE
from tests.feed.world import world

PATH = "/api/v1/feed/explain"


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    """The header of a key that may read and explain the feed, over 120 posts and the sample viewer asha."""
    world(stores=services.stores)
    services.stores.sample_viewers.insert(SampleViewer(id="asha", name="Asha"))
    secret = services.api_keys.create(
        admin, name="app", scopes=(Scope.FEED_READ, Scope.FEED_EXPLAIN), now=clock()
    ).secret
    return {"Authorization": f"Bearer {secret}"}


def test_a_key_that_may_only_read_the_feed_does_not_learn_what_posts_earn(
    client: TestClient, services: Services, admin: Account, key: dict[str, str]
) -> None:
    secret = services.api_keys.create(admin, name="phones", scopes=(Scope.FEED_READ,), now=clock()).secret
    answer = client.get(PATH, params={"viewer": "v"}, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    assert "feed:explain" in answer.json()["detail"]


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


def kept(client: TestClient, services: Services, key: dict[str, str]) -> dict[str, Any]:
    """A page of asha that is kept."""
    found: dict[str, Any] = client.get("/api/v1/feed", params={"viewer": "asha", "size": 10}, headers=key).json()
    services.feed.flush()
    return found


@pytest.mark.parametrize("status", [PostStatus.HELD, PostStatus.WITHDRAWN])
@pytest.mark.parametrize("heard", [True, False])
def test_of_a_kept_page_nothing_is_shown_of_a_post_that_was_taken_down_since(
    client: TestClient, services: Services, key: dict[str, str], status: PostStatus, heard: bool
) -> None:
    served = kept(client, services, key)
    gone = next(slot for slot in served["slots"] if slot["products"])
    assert (gone["title"], gone["media"]["clip"][:7]) == (f"Post {gone['post']}", "/media/")
    services.stores.posts.patch(gone["post"], {"status": status, "caption": "no more", "updated_at": clock()})
    if heard:
        services.stores.live.signals.bump(CATALOGUE)
        client.get("/api/v1/feed", params={"viewer": "somebody"}, headers=key)
    found = explained(client, key, request=served["request"])
    assert found["kept"]["identical"] is True
    for before, slot in zip(served["slots"], found["page"]["slots"], strict=True):
        same = ("position", "post", "kind", "publisher", "propensity")
        assert [slot[name] for name in same] == [before[name] for name in same]
        assert slot["reason"] == before["reason"] | {"scores": slot["reason"]["scores"]}
        assert slot["reason"]["scores"].items() >= before["reason"]["scores"].items()
        if slot["post"] != gone["post"]:
            assert slot | {"reason": before["reason"]} == before
            continue
        assert slot["title"] == NOT_SHOWN
        assert (slot["caption"], slot["tags"], slot["products"]) == ("", [], [])
        assert not any(slot["media"].values())


def test_a_kept_page_is_not_told_while_nobody_can_say_what_may_be_shown(
    client: TestClient, services: Services, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = kept(client, services, key)

    def down(*_: object, **__: object) -> object:
        raise Unavailable("the document store does not answer")

    monkeypatch.setattr(services.stores.documents, "get_many", down)
    answer = client.get(PATH, params={"request": served["request"]}, headers=key)
    assert (answer.status_code, "/media/" in answer.text) == (503, False)


def test_the_media_of_a_kept_page_can_be_played_days_later(
    client: TestClient, services: Services, key: dict[str, str]
) -> None:
    served = kept(client, services, key)
    later = clock() + 2 * DAY

    def plays(address: str) -> bool:
        token, _, path = address.removeprefix("/media/").partition("/")
        try:
            services.delivery.check(token, path, now=later)
        except FeedroomError:
            return False
        return True

    told = services.explain.served(served["request"], now=later).page.slots
    assert [plays(slot.media.clip) for slot in told] == [True] * 10
    assert not any(plays(slot["media"]["clip"]) for slot in served["slots"]), "what was served has run out by then"


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
