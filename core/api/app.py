"""The HTTP application: `/api`, `/media`, `/auth` and `/assets`, alone (`core.api.server`) or behind the console's doors.

Routers declare whole paths (`/api/v1/feed`, `/api/uploads`, `/media/{token}/{key}`), so that an address is the same in both.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp

import core.api
from core.api import problems
from core.api.answers import with_parts
from core.api.docs_page import docs_page
from core.api.groups import Groups
from core.api.quick import Quick
from core.api.serving_process import settle
from core.api.sessions import KnownHosts, OpenServices, Sessions
from core.bootstrap import Services, clock, open_services

ASSETS = Path(__file__).resolve().parents[2] / "assets"
FONTS = {
    "inter.ttf": ("fontpkg_inter", "Inter[opsz,wght].ttf"),
    "inter-italic.ttf": ("fontpkg_inter", "Inter-Italic[opsz,wght].ttf"),
    "noto-sans.ttf": ("fontpkg_noto_sans", "NotoSans[wdth,wght].ttf"),
    "noto-sans-devanagari.ttf": ("fontpkg_noto_sans_devanagari", "NotoSansDevanagari[wdth,wght].ttf"),
}
TYPES = {".svg": "image/svg+xml", ".css": "text/css", ".js": "text/javascript", ".ttf": "font/ttf", ".png": "image/png"}
DESCRIPTION = """The interface of the shopping app: pages of the feed, viewer events, posts, comments and uploads.

Send your API key as `Authorization: Bearer fr_live_…`. Errors are problem documents (RFC 9457)."""

assets = APIRouter(include_in_schema=False)


@assets.get("/assets/fonts/{name}")
def font(name: str) -> Response:
    """A font from its package; immutable for as long as the package's version."""
    if name not in FONTS:
        return Response(status_code=404)
    package, file = FONTS[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Response(status_code=404)
    path = Path(next(iter(spec.submodule_search_locations))) / "files" / file
    return FileResponse(path, media_type="font/ttf", headers={"Cache-Control": "public, max-age=31536000, immutable"})


@assets.get("/assets/{kind}/{name}")
def asset(kind: str, name: str) -> Response:
    """An icon, style sheet or script of our own."""
    path = (ASSETS / kind / name).resolve()
    if path.suffix not in TYPES or not path.is_relative_to(ASSETS) or not path.is_file():
        return Response(status_code=404)
    return FileResponse(path, media_type=TYPES[path.suffix], headers={"Cache-Control": "public, max-age=3600"})


@assets.get("/favicon.png")
def favicon() -> Response:
    """The icon under the name that browsers and the console's first page ask for."""
    return asset("brand", "icon.svg")


@assets.get("/api/docs")
def docs() -> Response:
    """The description of the API for people; the same for programs is at /api/openapi.json."""
    return HTMLResponse(docs_page())


def create_app(services: Services | OpenServices) -> FastAPI:
    """The application over these services, or over those that a function gives when they are first needed."""
    app = FastAPI(
        title="Feedroom", version="1", description=DESCRIPTION, openapi_url="/api/openapi.json", docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    app.state.services = (lambda: services) if isinstance(services, Services) else services
    app.state.groups = Groups()
    problems.install(app)
    app.include_router(assets)
    for router in _routers():
        app.include_router(router)
    routes_described = app.openapi
    app.openapi = lambda: with_parts(routes_described())  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _routers() -> list[APIRouter]:
    """The `router` of every module of this package that has one, by name."""
    modules = (import_module(f"core.api.{found.name}") for found in iter_modules(core.api.__path__))
    return [module.router for module in modules if isinstance(getattr(module, "router", None), APIRouter)]


def behind_doors(app: FastAPI, services: Services | OpenServices) -> ASGIApp:
    """The application as strangers reach it: known hosts, safe headers, the short way for plain requests, sessions."""
    opened: Callable[[], Services] = (lambda: services) if isinstance(services, Services) else services
    return KnownHosts(Quick(Sessions(app, opened), opened, app.state.groups), opened().settings)


def create() -> ASGIApp:
    """For processes of `core.api.server`: the application over the stores that the environment names."""
    services = open_services()
    services.feed.warm_up(now=clock())  # the first viewer should not wait for the index and the compiler
    settle()
    return behind_doors(create_app(services), services)
