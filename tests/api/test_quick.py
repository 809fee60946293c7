"""The short way of pages and events answers exactly what the route of the same name answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from core.api import quick
from core.api.group_pages import GroupPages
from core.api.group_write import GroupWrite
from core.api.plain import SMALL
from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.errors import Busy
from tests.feed.world import world

SCOPES = (Scope.FEED_READ, Scope.EVENTS_WRITE)


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    world(stores=services.stores)
    secret = services.api_keys.create(admin, name="app", scopes=SCOPES, now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which requests were answered on the short way."""
    ways: list[str] = []
    write = quick.written

    def counted(result: Any) -> bytes:
        ways.append("events" if isinstance(result, list) else type(result).__name__)
        return write(result)

    monkeypatch.setattr(quick, "written", counted)
    return ways


def test_a_plain_page_goes_the_short_way_and_is_the_same_as_on_the_long_one(
    client: TestClient, key: dict[str, str], taken: list[str]
) -> None:
    first = client.get("/api/v1/feed?viewer=a&size=5&newcomer=1", headers=key)
    second = client.get("/api/v1/feed?viewer=a&size=5", headers=key)
    assert taken == ["FeedPage"]
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json().keys() == second.json().keys()
    assert first.headers["content-type"] == second.headers["content-type"]
    assert not {slot["post"] for slot in first.json()["slots"]} & {slot["post"] for slot in second.json()["slots"]}


def test_reasons_can_be_left_out_on_either_way(client: TestClient, key: dict[str, str], taken: list[str]) -> None:
    long = client.get("/api/v1/feed?viewer=a&size=5&reasons=no&newcomer=1", headers=key).json()
    short = client.get("/api/v1/feed?viewer=a&size=5&reasons=no", headers=key).json()
    told = client.get("/api/v1/feed?viewer=a&size=5&reasons=yes", headers=key).json()
    assert taken == ["PackedPage", "FeedPage"]
    assert list(long) == list(short)
    assert list(long["slots"][0]) == list(short["slots"][0])
    for page in (long, short):
        assert page["stages"] == []
        assert {slot["reason"]["sentence"] for slot in page["slots"]} == {""}
        assert not any(slot["reason"]["scores"] for slot in page["slots"])
    assert all(slot["reason"]["sentence"] and slot["reason"]["scores"]["engagement"] for slot in told["slots"])
    assert told["stages"]
    posts = [slot["post"] for page in (long, short, told) for slot in page["slots"]]
    assert len(set(posts)) == 15


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("viewer=a&size=0", 422),
        ("viewer=a&size=51", 422),
        ("viewer=a&size=five", 422),
        ("viewer=", 422),
        ("size=5", 422),
        ("viewer=a&cursor=nonsense", 422),
        ("viewer=a&policy=none-such", 422),
        ("viewer=a&reasons=may", 422),
        ("viewer=a&language=en&language=hi", 200),
        ("viewer=a&newcomer=1", 200),
        ("viewer=a&unknown=1", 200),
    ],
)
def test_what_is_not_plain_goes_the_long_way(
    client: TestClient, key: dict[str, str], taken: list[str], query: str, status: int
) -> None:
    found = client.get(f"/api/v1/feed?{query}", headers=key)
    assert found.status_code == status, found.text
    assert not taken
    assert status == 200 or found.headers["content-type"] == "application/problem+json"


def test_a_small_batch_counts_once_on_either_way(client: TestClient, key: dict[str, str], taken: list[str]) -> None:
    event = {"id": "e1", "viewer": "a", "kind": "like", "post": "post-0001", "at": clock()}
    unknown = {**event, "id": "e2", "post": "none"}
    body = msgspec.json.encode({"events": [event, unknown]})
    bodies = (body + b" " * SMALL, body, body)
    answers = [client.post("/api/v1/events", content=one, headers=key).json() for one in bodies]
    assert [(one["accepted"], one["duplicates"], one["refused"]) for one in answers] == [
        (1, 0, 1),
        (0, 1, 1),
        (0, 1, 1),
    ]
    assert taken == ["events"] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "LIKE"}, {"kind": "served"}, {"at": "now"}, {"at": 1.5}, {"viewer": 7}, {"viewer": ""}, {"id": ""},
        {"post": None}, {"post": ""}, {"seconds": -1}, {"seconds": "long"}, {"slot": 1.5}, {"slot": 5_000}, {"quantity": 0},
        {"products": {}}, {"value_minor": -1}, {"id": "x" * 100}, {"text": "hello"},
    ],
)  # fmt: skip
def test_an_event_that_is_refused_is_refused_alike_on_either_way_and_holds_no_other_up(
    client: TestClient, key: dict[str, str], taken: list[str], wrong: dict[str, Any]
) -> None:
    event = {"id": "e", "viewer": "a", "kind": "like", "post": "post-0001", "at": clock()}
    bodies = [msgspec.json.encode({"events": [{**event, "id": f"good{n}"}, {**event, **wrong}]}) for n in range(2)]
    bodies[0] += b" " * SMALL  # too long for the short way
    long, short = (client.post("/api/v1/events", content=body, headers=key).json() for body in bodies)
    assert taken == ["events"]
    assert (long["accepted"], long["refused"]) == (short["accepted"], short["refused"]) == (1, 1)
    assert long["results"][1] == short["results"][1]
    assert short["results"][1]["reason"]


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"events": 7}', b'{"events": [' + b"[" * 5_000])
def test_a_batch_that_cannot_be_read_is_a_problem(client: TestClient, key: dict[str, str], body: bytes) -> None:
    client.post("/api/v1/events", content=b'{"events": []}', headers=key)
    found = client.post("/api/v1/events", content=body, headers=key)
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"


def test_without_a_key_or_with_a_wrong_one_nothing_is_answered(client: TestClient, key: dict[str, str]) -> None:
    client.get("/api/v1/feed?viewer=warm", headers=key)
    assert client.get("/api/v1/feed?viewer=a").status_code == 401
    assert client.get("/api/v1/feed?viewer=a", headers={"Authorization": "Bearer fr_live_wrong"}).status_code == 401


def test_a_key_without_the_scope_is_refused_on_the_short_way_too(
    client: TestClient, services: Services, admin: Account, key: dict[str, str]
) -> None:
    secret = services.api_keys.create(admin, name="reader", scopes=(Scope.FEED_READ,), now=clock()).secret
    reader = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/feed?viewer=a", headers=reader).status_code == 200
    found = client.post("/api/v1/events", content=b'{"events": []}', headers=reader)
    assert found.status_code == 403


def test_of_a_crowd_with_a_key_that_is_not_remembered_one_asks_the_store(
    client: TestClient, services: Services, key: dict[str, str], taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    authenticate = services.api_keys.authenticate

    def slowly(secret: str, scope: Scope, *, now: int) -> Any:
        asked.append(secret)
        time.sleep(0.2)
        return authenticate(secret, scope, now=now)

    monkeypatch.setattr(services.api_keys, "authenticate", slowly)
    with ThreadPoolExecutor(12) as crowd:
        answers = list(crowd.map(lambda n: client.get(f"/api/v1/feed?viewer=v{n}&size=3", headers=key), range(12)))
    assert [one.status_code for one in answers] == [200] * 12
    assert taken == ["FeedPage"] * 12
    assert len(asked) == 1


def test_who_is_turned_away_hears_when_to_come_again_and_nothing_was_done(
    client: TestClient, services: Services, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowded(*_: Any, **__: Any) -> Any:
        raise Busy("more pages are asked for than this process can serve", 1.0)

    monkeypatch.setattr(GroupPages, "page", crowded)
    monkeypatch.setattr(GroupWrite, "taken_in", crowded)
    event = {"id": "e-1", "viewer": "a", "kind": "like", "post": "post-0003", "at": clock()}
    for answer in (
        client.get("/api/v1/feed?viewer=a&size=5", headers=key),
        client.get("/api/v1/feed?viewer=a&size=5&language=en&language=hi", headers=key),
        client.post("/api/v1/events", headers=key, json={"events": [event]}),
        client.post("/api/v1/events", headers=key, json={"events": [event], "more": "x" * SMALL}),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/busy"
    assert services.stores.live.viewers.read("a").viewer.version == 0
    assert services.stores.log.replay("viewer-events") == []
