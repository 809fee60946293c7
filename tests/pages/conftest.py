"""Pages under AppTest: a small world in memory, an account of every role, and a page opened as one of them.

AppTest seeds `st.user` as the console's door does from trusted headers, so nothing in the console knows of tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest, app_test
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from core.bootstrap import Services, clock
from core.domain.account import PUBLISHING_ROLES, Account, Role
from core.domain.publisher import Publisher, PublisherKind
from core.settings import Settings
from dashboard import context
from dashboard.messages import unanswered
from dashboard.navigation import PAGES
from tests.fakes.failing import FailingDocuments
from tests.fakes.stores import memory_stores
from tests.pages.world import fill

MAIN = Path(__file__).resolve().parents[2] / "dashboard" / "main.py"
PUBLISHERS = {Role.BRAND: "kesari", Role.CREATOR: "riya"}

OpenPage = Callable[..., AppTest]


class ConsoleRunner(LocalScriptRunner):
    """Runs pages as the console does, which has a word for a server that does not answer (`dashboard/app.py`)."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._on_script_error = unanswered


@pytest.fixture
def documents() -> FailingDocuments:
    """The documents behind `services`: `documents.down.add("campaigns")`."""
    return FailingDocuments()


@pytest.fixture
def services(tmp_path: Path, documents: FailingDocuments) -> Iterator[Services]:
    """The console's services over stores in memory that hold a small world."""
    made = Services(Settings(data=tmp_path, secret="s" * 40), memory_stores(documents))
    for id, name, kind in (("kesari", "Kesari Looms", "brand"), ("riya", "Riya cooks", "creator")):
        made.stores.publishers.insert(Publisher(id=id, name=name, kind=PublisherKind(kind), created_at=clock()))
    for role in Role:
        made.stores.accounts.insert(account_of(role))
    fill(made)
    context.override(made)
    yield made
    context.override(None)


def account_of(role: Role) -> Account:
    """The account of a role in the small world."""
    publisher = PUBLISHERS[role] if role in PUBLISHING_ROLES else None
    return Account(
        id=f"account-{role.value}", email=f"{role.value}@example.in", name=role.label.capitalize(), role=role,
        publisher=publisher, created_at=clock(), updated_at=clock(),
    )  # fmt: skip


@pytest.fixture
def open_page(services: Services, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """`open_page("library", Role.BRAND, status="live")`: the page as that role sees it, through the console's navigation.

    With `directly=True` the page's script is run without the navigation, as if somebody had found a way around it.
    """

    monkeypatch.setattr(app_test, "LocalScriptRunner", ConsoleRunner)

    def opened(name: str, role: Role, *, directly: bool = False, **query: str) -> AppTest:
        session = services.accounts.open_session(services.stores.accounts.get(f"account-{role.value}"), now=clock())
        script = PAGES / f"{name}.py"
        test = AppTest.from_file(script if directly else MAIN, default_timeout=30)
        test.user = {"account": session.account.id, "session": session.session.key}
        if not directly:
            test.run()
            test.switch_page(f"../pages/{name}.py")
        for key, value in query.items():
            test.query_params[key] = value
        return test.run()

    return opened
