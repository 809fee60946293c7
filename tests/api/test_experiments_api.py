"""Assignment and exposure over HTTP."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.api.experiments import MAX_BODY
from core.bootstrap import Services, clock
from core.domain.account import Account, Scope
from core.domain.experiment import Arm, Metric, MetricKind, MetricRole, Step

GOAL = Metric(name="Likes", kind=MetricKind.MEAN, role=MetricRole.GOAL, numerator="likes")


@pytest.fixture
def headers(services: Services, admin: Account) -> dict[str, str]:
    made = services.api_keys.create(admin, name="app", scopes=(Scope.FEED_READ, Scope.EVENTS_WRITE), now=clock())
    return {"Authorization": f"Bearer {made.secret}"}


@pytest.fixture
def experiment(services: Services, admin: Account) -> str:
    arms = (Arm(name="control"), Arm(name="treatment", flags={"button": "round"}))
    draft = services.experiments.create(
        admin, name="Round buttons", arms=arms, metrics=(GOAL,), steps=(Step(exposure=1.0),), now=clock() - 5_000
    )
    services.experiments.launch(admin, draft.id, now=clock() - 5_000)
    return draft.id


def test_a_viewer_gets_the_same_arm_each_time(client: TestClient, headers: dict[str, str], experiment: str) -> None:
    answers = [client.get("/api/v1/assignments?viewer=v-7", headers=headers).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert all(one["experiment"] == experiment for one in answers[0])


def test_arms_carry_their_flags(client: TestClient, headers: dict[str, str], experiment: str) -> None:
    found = {}
    for number in range(40):
        for one in client.get(f"/api/v1/assignments?viewer=v-{number}", headers=headers).json():
            found[one["arm"]] = one["flags"]
    assert found == {"control": {}, "treatment": {"button": "round"}}


def test_an_exposure_counts_once(client: TestClient, headers: dict[str, str], experiment: str) -> None:
    viewer = next(
        f"v-{n}" for n in range(50) if client.get(f"/api/v1/assignments?viewer=v-{n}", headers=headers).json()
    )
    first, again = (client.post("/api/v1/exposures", json={"viewer": viewer}, headers=headers).json() for _ in "ab")
    assert (first["new"], again["new"]) == (1, 0)
    assert first["arms"] == again["arms"]


def test_without_a_key_nobody_is_assigned(client: TestClient) -> None:
    answer = client.get("/api/v1/assignments?viewer=v-1")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_empty_viewer_is_refused_by_field(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/api/v1/assignments?viewer=", headers=headers)
    assert answer.status_code == 422
    assert "viewer" in answer.text


@pytest.mark.parametrize(
    ("status", "field", "body"),
    [
        (413, None, '{"viewer": "' + "v" * MAX_BODY + '"}'),
        (422, "body", '{"viewer": "v", '),
        (422, "viewer", "{}"),
        (422, "viewer", '{"viewer": "v\\u0000z"}'),
        (422, "experiments.1", '{"viewer": "v", "experiments": ["e", "' + "e" * 81 + '"]}'),
    ],
)
def test_exposures_that_cannot_be_are_a_problem(
    client: TestClient, headers: dict[str, str], status: int, field: str | None, body: str
) -> None:
    answer = client.post("/api/v1/exposures", content=body, headers=headers)
    assert (answer.status_code, answer.json().get("field")) == (status, field)
