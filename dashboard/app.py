"""The console's entry: `streamlit run dashboard/app.py`.

One ASGI application: doors (known hosts, safe headers, sessions), our own routes, and behind the gate Streamlit.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# `streamlit run` puts only this file's folder on the path.
sys.path[:] = [
    str(ROOT),
    *(entry for entry in sys.path if Path(entry or ".").resolve() not in (ROOT, ROOT / "dashboard")),
]

import streamlit as st  # noqa: E402
import structlog  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import RedirectResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from core.api.app import create_app  # noqa: E402
from core.api.collector import SmallCollector  # noqa: E402
from core.api.quick import Quick  # noqa: E402
from core.api.sessions import Gate, KnownHosts, OurRoutes, Sessions  # noqa: E402
from core.domain.errors import FeedroomError  # noqa: E402
from core.settings import Settings  # noqa: E402
from dashboard.context import clock, services  # noqa: E402
from dashboard.messages import unanswered  # noqa: E402
from dashboard.open_tabs import OpenTabs  # noqa: E402

log = structlog.get_logger(__name__)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the stores, load what pages will need, and keep the garbage collector away from all that."""
    services()
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    collector = SmallCollector()
    collector.start()
    # The index is built and the mix solver compiled while the first person is still signing in.
    threading.Thread(target=_warm_up, name="feed warm-up", daemon=True).start()
    yield
    collector.stop()


def _warm_up() -> None:
    try:
        services().feed.warm_up(now=clock())
    except FeedroomError as error:
        log.warning("the feed could not be warmed up; the first page will be slower", reason=error.detail)


async def overview(request: Request) -> RedirectResponse:
    """The first page by its name: Streamlit serves a default page at `/` only."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", status_code=307)


_api = create_app(services)

app = st.App(
    ROOT / "dashboard" / "main.py",
    routes=[Route("/overview", overview)],
    middleware=[
        Middleware(KnownHosts, settings=Settings.from_environment()),
        Middleware(Sessions, services=services),
        Middleware(OurRoutes, ours=Quick(_api, services, _api.state.groups)),
        Middleware(Gate),
        Middleware(OpenTabs, services=services),
    ],
    lifespan=lifespan,
    on_script_error=unanswered,
)
