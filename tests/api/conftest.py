"""The HTTP application over stores in memory, with a quick password hash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from core.api.app import behind_doors, create_app
from core.api.straight import Straight
from core.bootstrap import Services, clock
from core.domain.account import Account
from core.services.accounts import Accounts
from core.settings import Settings
from tests.fakes.stores import memory_stores

PASSWORD = "correct horse battery"
BASE = "http://localhost:8501"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, secret="s" * 40)


@pytest.fixture
def services(settings: Settings) -> Services:
    """Services over stores in memory."""
    made = Services(settings, memory_stores())
    made.accounts = Accounts(made.stores, made.audit, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return made


@pytest.fixture
def admin(services: Services) -> Account:
    """The administrator asha@example.in with PASSWORD."""
    return services.accounts.create_first("asha@example.in", "Asha Rao", PASSWORD, now=clock())


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    """A browser-like client that does not follow redirects."""
    with TestClient(behind_doors(create_app(services), services), base_url=BASE, follow_redirects=False) as made:
        yield made


@pytest.fixture
def own_page() -> dict[str, str]:
    """The header with which a browser says that one of our own pages sent a form."""
    return {"Origin": BASE}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that were answered on the straight way."""
    ways: list[str] = []
    answer = Straight._answer

    def counted(self: Straight, cycle: Any, body: bytes) -> None:
        ways.append(cycle.scope["path"])
        answer(self, cycle, body)

    monkeypatch.setattr(Straight, "_answer", counted)
    return ways
