"""Bad input over HTTP: refused by name, one event at a time, nothing lost, nothing counted twice, and never a 5xx."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.testclient import TestClient

from core.api.bodies import LARGE
from core.api.events import _take_large
from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.events import MAX_BATCH
from core.domain.ids import DAY
from core.services.engagement import Engagement
from tests.feed.world import world


@pytest.fixture
def key(services: Services, admin: Account) -> dict[str, str]:
    """The header of a key with every scope, over a small catalogue."""
    world(stores=services.stores, posts=24)
    secret = services.api_keys.create(admin, name="app", scopes=tuple(Scope), now=clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def like(id: str, **more: object) -> dict[str, object]:
    return {"id": id, "kind": "like", "viewer": "v", "at": clock(), "post": "post-0001"} | more


def send(client: TestClient, key: dict[str, str], body: str | bytes) -> dict[str, Any]:
    answer = client.post("/api/v1/events", content=body, headers=key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def watch(number: str) -> str:
    return f'{{"id": "w", "kind": "watch", "viewer": "v", "at": {clock()}, "post": "post-0001", "seconds": {number}}}'


BAD_EVENTS = [
    ("seconds", watch("NaN")), ("seconds", watch("Infinity")), ("seconds", watch('"long"')), ("seconds", watch("-1")),
    ("seconds", watch("1e400")), ("seconds", watch("null")), ("event", "7"), ("event", "null"), ("event", "[[]]"),
    ("post", json.dumps(like("e", post="unheard-of"))), ("post", json.dumps(like("e", post=None))),
    ("at", json.dumps(like("e", at=clock() + DAY))), ("at", json.dumps(like("e", at=clock() - 91 * DAY))),
    ("at", json.dumps(like("e", at=1e30))), ("at", json.dumps(like("e", at=10**40))), ("at", json.dumps(like("e", at="now"))),
    ("id", json.dumps(like("\ud800"))), ("viewer", json.dumps(like("e", viewer="\udfff"))), ("id", json.dumps(like(""))),
    ("slot", json.dumps(like("e", slot=-1))), ("slot", json.dumps(like("e", slot=10**9))),
    ("kind", json.dumps(like("e", kind="exposure", experiment="x", arm="y"))), ("kind", json.dumps(like("e", kind="stare"))),
    ("reason", json.dumps(like("e", reason="spam"))), ("reason", json.dumps(like("e", kind="report", reason="boring"))),
    ("text", json.dumps(like("e", kind="report", text="x" * 501))), ("text", json.dumps(like("e", text="x" * 2_000_000))),
    ("products", json.dumps(like("e", kind="order", products=[{"product": "a"}] * 51))),
    ("products", json.dumps(like("e", products=[{"product": "a"}]))),
    ("products", json.dumps(like("e", kind="order", products=[7]))),
    ("products.0.quantity", json.dumps(like("e", kind="order", products=[{"product": "a", "quantity": 0}]))),
    ("products.0.value_minor", json.dumps(like("e", kind="order", products=[{"product": "a", "value_minor": -1}]))),
    ("value_minor", json.dumps(like("e", kind="order", value_minor=5, products=[{"product": "a", "value_minor": 4}]))),
    ("order", json.dumps(like("e", kind="order_cancelled"))), ("share", json.dumps(like("e", kind="share_open"))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "event"), BAD_EVENTS, ids=[f"{n}-{field}" for n, (field, _) in enumerate(BAD_EVENTS)]
)
def test_one_bad_event_is_refused_by_its_field_and_the_others_are_taken(
    client: TestClient, key: dict[str, str], services: Services, field: str, event: str
) -> None:
    body = f'{{"events": [{json.dumps(like("before"))}, {event}, {json.dumps(like("after"))}]}}'
    found = send(client, key, body)
    assert [result["status"] for result in found["results"]] == ["accepted", "refused", "accepted"]
    assert found["results"][1]["field"] == field
    assert 0 < len(found["results"][1]["reason"]) < 300
    assert [record.id for record in services.stores.log.replay("viewer-events")] == ["before", "after"]


def test_fields_that_are_not_known_are_left_aside(client: TestClient, key: dict[str, str]) -> None:
    assert (
        send(client, key, json.dumps({"events": [like("e", mood="good", nested={"a": [1]})], "more": 1}))["accepted"]
        == 1
    )


@pytest.mark.parametrize("body", ["[" * 100_000, '{"events": ' + "[" * 100_000, '{"events": {}}', b"\xff\xfe{\x00"])
def test_a_body_that_is_no_batch_is_refused_whole(client: TestClient, key: dict[str, str], body: str | bytes) -> None:
    answer = client.post("/api/v1/events", content=body, headers=key)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


LONG = "x" * (LARGE + 1)


@pytest.mark.parametrize(
    ("status", "field", "body"),
    [
        (413, "events", '{"events": [' + "1," * (4 * MAX_BATCH + LARGE) + "1]}"),
        (422, "events", json.dumps({"events": {"0": LONG}})), (422, "events", json.dumps({"other": LONG})),
        (422, "events", json.dumps([LONG])), (422, "body", LONG), (422, "body", '{"events": [' + "[" * LARGE),
        (422, "body", f'{{"events": ["{LONG}", NaN]}}'), (422, "body", f'{{"events": ["{LONG}", "\\ud800"]}}'),
    ],
    ids=range(8),
)  # fmt: skip
def test_a_large_body_is_refused_before_its_events_are_made(
    client: TestClient, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, status: int, field: str, body: str
) -> None:
    read: list[str] = []
    monkeypatch.setattr("core.api.bodies.json", SimpleNamespace(loads=read.append))
    monkeypatch.setattr("core.api.events.json_of", read.append)
    answer = client.post("/api/v1/events", content=body, headers=key)
    assert (answer.status_code, answer.json()["field"], read) == (status, field, [])


def test_a_large_batch_is_read_in_a_thread_event_by_event(
    client: TestClient, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def take(engagement: Engagement, body: bytes) -> Response:
        threads.append(threading.current_thread().name)
        return _take_large(engagement, body)

    monkeypatch.setattr("core.api.events._take_large", take)
    events = [
        like("a"),
        like("b", kind="stare"),
        like("c", other=LONG),
        {"id": "d", "other": LONG},
        like("e", text=LONG),
    ]
    found = send(client, key, json.dumps({"events": [*events, 7, like("f")]}))
    assert [one["field"] for one in found["results"]] == ["", "kind", "", "event", "text", "event", ""]
    assert [one["id"] for one in found["results"]] == ["a", "b", "c", "", "e", "", "f"]
    assert "worker thread" in threads[0].lower()


def test_ten_thousand_events_are_taken_at_once_and_counted_once(
    client: TestClient, key: dict[str, str], services: Services
) -> None:
    batch = [like(f"e{n}", viewer=f"v{n % 50}", post=f"post-{n % 24:04}") for n in range(MAX_BATCH)]
    batch[17] = like("bad", post="unheard-of")
    found = send(client, key, json.dumps({"events": batch}))
    assert (found["accepted"], found["refused"], len(found["results"])) == (MAX_BATCH - 1, 1, MAX_BATCH)
    again = send(client, key, json.dumps({"events": batch}))
    assert (again["accepted"], again["duplicates"], again["refused"]) == (0, MAX_BATCH - 1, 1)
    while services.engagement.consume("worker", now=clock(), limit=2_000):
        pass
    assert sum(one.counts["like"] for one in services.stores.post_totals.each()) == MAX_BATCH - 1


def test_the_same_batch_sent_eight_times_at_once_is_counted_once(
    client: TestClient, key: dict[str, str], services: Services
) -> None:
    batch = [like(f"e{n}", viewer=f"v{n % 7}", post=f"post-{n % 24:04}", at=clock()) for n in range(300)]
    body = json.dumps({"events": batch})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(client, key, body), range(8)))
    assert sum(answer["accepted"] for answer in answers) == 300
    assert sum(answer["duplicates"] for answer in answers) == 7 * 300
    while services.engagement.consume("worker", now=clock()):
        pass
    assert sum(one.counts["like"] for one in services.stores.post_totals.each()) == 300
    liked = [len(services.stores.live.viewers.read(f"v{n}").viewer.liked) for n in range(7)]
    assert liked == [24] * 7


@pytest.mark.parametrize(
    ("path", "field", "value", "query"),
    [
        ("/feed", "size", 0, {"viewer": "v", "size": 0}), ("/feed", "size", 51, {"viewer": "v", "size": 51}),
        ("/feed", "size", -3, {"viewer": "v", "size": -3}), ("/feed", "size", "NaN", {"viewer": "v", "size": "NaN"}),
        ("/feed", "cursor", "broken", {"viewer": "v", "cursor": "broken"}), ("/feed", "cursor", "", {"viewer": "v", "cursor": ""}),
        ("/feed", "policy", "unheard-of", {"viewer": "v", "policy": "unheard-of"}), ("/feed", "viewer", "", {"viewer": ""}),
        ("/posts", "kind", "sponsored", {"kind": "sponsored"}), ("/posts", "limit", 0, {"limit": 0}),
        ("/posts", "limit", 51, {"limit": 51}), ("/posts", "cursor", "broken", {"cursor": "broken"}),
        ("/posts/post-0001/comments", "limit", 101, {"limit": 101}),
        ("/posts/post-0001/comments", "cursor", "broken", {"cursor": "broken"}),
        ("/viewers/v/follows", "limit", 101, {"limit": 101}), ("/viewers/v/follows", "cursor", "broken", {"cursor": "broken"}),
    ],
)  # fmt: skip
def test_a_wrong_question_is_a_problem_that_names_field_and_value(
    client: TestClient, key: dict[str, str], path: str, field: str, value: object, query: dict[str, Any]
) -> None:
    answer = client.get(f"/api/v1{path}", params=query, headers=key)
    problem = answer.json()
    assert (answer.status_code, problem["field"], answer.headers["content-type"]) == (
        422, field, "application/problem+json",
    )  # fmt: skip
    assert str(problem.get("value", "")) == str(value)


texts = st.text(max_size=30) | st.sampled_from(
    ["v", "post-0001", "pub-1", "c1", "\x00", "..", "%", "ключ", "🙂", "NaN", "-1", "9" * 30, "2026-11-20", "a" * 200]
)
numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 2**63, 1e308])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
shallow = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def operations(client: TestClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of the app's interface, as its description says."""
    paths = client.get("/api/openapi.json").json()["paths"]
    return [
        (method, path, described)
        for path, methods in sorted(paths.items())
        for method, described in sorted(methods.items())
        if path.startswith("/api/v1/")
    ]


def fuzz(client: TestClient, key: dict[str, str], method: str, path: str, described: dict[str, Any]) -> None:
    """Ask one operation with drawn values for every parameter and field that its description names."""
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    names = [one for one in described.get("parameters", []) if one["in"] != "header"]
    example = body.get("example", {})

    @shallow
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        address, query = path, {}
        for one in names:
            value = data.draw(texts | numbers.map(str), label=one["name"]).encode(errors="replace")
            if one["in"] == "path":
                address = address.replace("{" + one["name"] + "}", quote(value, safe="") or "-")
            elif data.draw(st.booleans()):
                query[one["name"]] = value.decode()
        content = None
        if body:
            changed = data.draw(st.dictionaries(st.sampled_from([*example, "id", "extra"]), values, max_size=3))
            sent = data.draw(st.just(example | changed) | values)
            if sent == example and "events" in example:
                fields = st.sampled_from(
                    ["id", "kind", "viewer", "at", "post", "slot", "products", "order", "quantity"]
                )
                drawn = st.dictionaries(fields, values, max_size=2)
                sent = {"events": [one | data.draw(drawn) for one in example["events"]]}
            content = json.dumps(sent)
        answer = client.request(method, address, params=query, content=content, headers=key)
        assert answer.status_code < 500, (method, address, query, content, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text

    ask()


def test_no_input_makes_the_interface_fail(client: TestClient, key: dict[str, str]) -> None:
    todo = operations(client)
    assert len(todo) > 20
    for method, path, described in todo:
        fuzz(client, key, method, path, described)
