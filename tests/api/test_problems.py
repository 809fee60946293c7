"""Errors over HTTP: problem documents that name the field and the value, and keep secrets."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from fastapi import Depends, Query
from pydantic import BaseModel
from starlette.testclient import TestClient

from core.api.app import behind_doors, create_app
from core.api.security import key_with
from core.bootstrap import Services, clock
from core.domain.account import Account, ApiKey, Scope
from core.domain.errors import InvalidInput, NotFound, Throttled, Unavailable
from core.logs import settle_logs
from tests.api.conftest import BASE


class Body(BaseModel):
    name: str
    password: str = ""


@pytest.fixture
def client(services: Services) -> TestClient:
    """The application with a few routes that fail in each way."""
    app = create_app(services)
    errors = {
        "missing": NotFound("no post 'x'", field="id", value="x"),
        "half": InvalidInput("id", "half \ud800 हाँ", "text is needed"),
        "bad": InvalidInput("shares", 1.2, "they add up to more than 1"),
        "busy": Throttled("wait a little", 7.2),
        "down": Unavailable("the live store does not answer"),
        "bug": RuntimeError("a secret detail"),
    }

    @app.get("/api/v1/fail/{which}")
    def fail(which: str) -> None:
        raise errors[which]

    @app.post("/api/v1/check")
    def check(body: Body, limit: Annotated[int, Query(le=50)] = 10) -> dict[str, int]:
        return {"limit": limit}

    @app.get("/api/v1/guarded")
    def guarded(key: Annotated[ApiKey, Depends(key_with(Scope.FEED_READ))]) -> dict[str, str]:
        return {"name": key.name}

    return TestClient(behind_doors(app, services), base_url=BASE, raise_server_exceptions=False)


def test_our_errors_say_title_detail_field_and_value(client: TestClient) -> None:
    answer = client.get("/api/v1/fail/bad")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/invalid-input",
        "title": "A value is not accepted",
        "status": 422,
        "detail": "shares: they add up to more than 1 (got 1.2)",
        "instance": "/api/v1/fail/bad",
        "field": "shares",
        "value": 1.2,
    }
    assert client.get("/api/v1/fail/missing").json()["type"] == "/problems/not-found"


def test_half_a_surrogate_pair_is_repeated_as_it_came(client: TestClient) -> None:
    answer = client.get("/api/v1/fail/half")
    assert answer.status_code == 422
    assert json.loads(answer.content.decode())["value"] == "half \ud800 हाँ"


def test_logs_of_a_failure_do_not_hold_the_values_of_variables(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    settle_logs()
    client.get("/api/v1/fail/bug", headers={"Authorization": "Bearer fr_live_of_somebody"})
    printed = "".join(capsys.readouterr())
    assert "RuntimeError: a secret detail" in printed
    assert "fr_live_of_somebody" not in printed


def test_a_throttled_program_learns_when_to_come_back(client: TestClient) -> None:
    answer = client.get("/api/v1/fail/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "8")


def test_our_own_failures_are_told_without_their_cause(client: TestClient) -> None:
    assert client.get("/api/v1/fail/down").status_code == 503
    answer = client.get("/api/v1/fail/bug")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/unexpected"
    assert "secret detail" not in answer.text


def test_a_request_that_does_not_fit_names_every_field_and_value(client: TestClient) -> None:
    problem = client.post("/api/v1/check?limit=500", json={"name": 7, "password": "hunter2hunter2"}).json()
    assert problem["status"] == 422
    assert {(one["field"], one["value"]) for one in problem["errors"]} == {("limit", "500"), ("name", 7)}
    assert client.post("/api/v1/check", json={"name": "a", "password": ["hunter2hunter2"]}).text.count("hunter2") == 0


def test_broken_json_and_unknown_paths_are_problems_too(client: TestClient) -> None:
    broken = client.post("/api/v1/check", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 422
    assert broken.headers["content-type"] == "application/problem+json"
    nowhere = client.get("/api/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "/problems/not-found")


def test_a_route_with_a_scope_takes_only_a_key_that_has_it(
    client: TestClient, services: Services, admin: Account
) -> None:
    reads = services.api_keys.create(admin, "App", [Scope.FEED_READ], now=clock())
    writes = services.api_keys.create(admin, "Job", [Scope.EVENTS_WRITE], now=clock())

    def ask(secret: str | None) -> int:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return client.get("/api/v1/guarded", headers=headers).status_code

    assert [ask(None), ask("fr_live_x_y"), ask(writes.secret), ask(reads.secret), ask(reads.secret)] == [
        401, 401, 403, 200, 200,
    ]  # fmt: skip
    assert client.get("/api/v1/guarded").headers["www-authenticate"].startswith("Bearer")
    services.api_keys.revoke(admin, reads.key.id, now=clock())
    assert ask(reads.secret) == 401


def test_the_description_is_complete_and_needs_no_other_host(client: TestClient) -> None:
    description = client.get("/api/openapi.json").json()
    assert "/api/v1/guarded" in description["paths"]
    assert not any(path.startswith("/auth") for path in description["paths"])
    page = client.get("/api/docs").text
    assert "http://" not in page
    assert "https://" not in page
