"""The doors of every server: known hosts only, safe headers, and the session cookie resolved to an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.bootstrap import Services, clock
from core.domain.account import SESSION_LENGTH, Account
from core.domain.errors import Unavailable
from core.services.accounts import session_key
from core.settings import Settings

OpenServices = Callable[[], Services]

IDENTITY_HEADERS = (b"x-feedroom-account", b"x-feedroom-session")
"""What the console trusts to name the account and its session; never accepted from outside."""
WITHOUT_SESSION = ("/api/v1/", "/assets/", "/static/", "/healthz", "/readyz", "/favicon.png", "/_stcore/health")
"""Paths that never look at the cookie: they take keys, or are the same for everybody."""
SIGNED_MEDIA = re.compile(r"/media/\d{9,12}-[0-9a-f]{32}/.+")
OURS = ("/auth/", "/api/", "/assets/", "/favicon.png", "/healthz", "/readyz")
"""Paths that our own application answers; signed media are the other ones."""
FOR_EVERYBODY = ("/static/", "/_stcore/health")
"""What the console gives to anonymous people: its program text and whether it is up."""
SIGN_IN = "/auth/sign-in"

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'; base-uri 'self'; object-src 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
MOST_HOSTS = 100
"""Names whose answer is remembered; strangers may make up as many as they like."""


def cookie_name(settings: Settings) -> str:
    """The session cookie; with the `__Host-` prefix browsers accept it over HTTPS for this very host only."""
    return "__Host-feedroom_session" if settings.secure_cookies else "feedroom_session"


def set_session_cookie(response: Response, settings: Settings, token: str) -> None:
    """Give the browser its token."""
    response.set_cookie(
        cookie_name(settings), token, max_age=SESSION_LENGTH // 1_000, path="/", httponly=True, samesite="lax",
        secure=settings.secure_cookies,
    )  # fmt: skip


def clear_session_cookie(response: Response, settings: Settings) -> None:
    """Take the token away."""
    response.delete_cookie(
        cookie_name(settings), path="/", httponly=True, samesite="lax", secure=settings.secure_cookies
    )


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a path of this server, never another one; "/" if it is anything else.

    >>> safe_next("/library?status=live"), safe_next("//evil.example"), safe_next("/\\\\evil.example")
    ('/library?status=live', '/', '/')
    """
    if not target or len(target) > 2_000 or not re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", target):
        return "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.startswith(("/auth/", "/_stcore", "/api/", "/static/", "/media/")):
        return "/"
    return target


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser sent this from one of our own pages; requests without Origin and Referer do not count."""
    source = connection.headers.get("origin") or connection.headers.get("referer") or ""
    return bool(source) and urlsplit(source).netloc.lower() == connection.headers.get("host", "").lower()


class KnownHosts:
    """Refuse requests for hosts that are not ours (DNS rebinding), and put safe headers on every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._hosts = frozenset(host.lower().strip("[]") for host in settings.allowed_hosts)
        self._seen: dict[str, bool] = {}
        safe = SAFE_HEADERS | (HTTPS_ONLY if settings.secure_cookies else {})
        self.safe = tuple((name.lower().encode(), value.encode()) for name, value in safe.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if not self.knows(scope):
            await _refuse(scope, receive, send, 400, "This host is not served here; see FEEDROOM_ALLOWED_HOSTS.")
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name.lower() for name, _ in message.get("headers", ())}
                message["headers"] = [*message.get("headers", ()), *(one for one in self.safe if one[0] not in held)]
            await send(message)

        await self.app(scope, receive, send_safely)

    def knows(self, scope: Scope) -> bool:
        """Whether the request is for a host that is ours."""
        host = _host(scope)
        known = self._seen.get(host)
        if known is None:
            known = self._known(host)
            if len(self._seen) < MOST_HOSTS:
                self._seen[host] = known
        return known

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if name is None:
            return False
        return any(
            known in (name, "*") or (known.startswith("*.") and name.endswith(known[1:])) for known in self._hosts
        )


def _host(scope: Scope) -> str:
    """The host that is asked for, "" if none is named; of several the first counts."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


class Sessions:
    """Resolve the cookie: `request.state.account` (None if anonymous) and `request.state.session` ("" if none)."""

    def __init__(self, app: ASGIApp, services: OpenServices) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in IDENTITY_HEADERS]
        state = scope.setdefault("state", {})
        state["account"], state["session"] = None, ""
        path: str = scope["path"]
        if not (path.startswith(WITHOUT_SESSION) or SIGNED_MEDIA.fullmatch(path)):
            services = self._services()
            token = HTTPConnection(scope).cookies.get(cookie_name(services.settings), "")
            if token:
                try:
                    key = session_key(token)
                    account = await run_in_threadpool(services.accounts.resolve, key, now=clock())
                except Unavailable as error:
                    await _refuse(scope, receive, send, 503, f"{error.detail}. Try again in a moment.")
                    return
                if account is not None:
                    state["account"], state["session"] = account, key
        await self._app(scope, receive, send)


class OurRoutes:
    """Hand our own paths to our own application and everything else to the console.

    Streamlit keeps `/media/` for itself as a route, so signed media addresses have to be caught before its router.
    """

    def __init__(self, app: ASGIApp, ours: ASGIApp) -> None:
        self._app = app
        self._ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and (scope["path"].startswith(OURS) or SIGNED_MEDIA.fullmatch(scope["path"]))
        await (self._ours if ours else self._app)(scope, receive, send)


class Gate:
    """The console's door: anonymous people are sent to sign in, anonymous WebSockets are refused, and the identity of
    everybody else is written into headers that the console trusts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(FOR_EVERYBODY):
            await self._app(scope, receive, send)
            return
        account: Account | None = scope["state"]["account"]
        if account is None:
            await self._send_to_sign_in(scope, receive, send)
            return
        identity = zip(IDENTITY_HEADERS, (account.id, scope["state"]["session"]), strict=True)
        scope["headers"] = [*scope["headers"], *((name, value.encode()) for name, value in identity)]
        await self._app(scope, receive, send)

    async def _send_to_sign_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        wants_page = "text/html" in connection.headers.get("accept", "") and scope.get("method") in ("GET", "HEAD")
        if scope["type"] == "websocket" or not wants_page or scope["path"].startswith(("/_stcore", "/media/")):
            await _refuse(scope, receive, send, 401, "Sign in first.")
            return
        query = connection.url.query
        target = safe_next(scope["path"] + (f"?{query}" if query else ""))
        where = SIGN_IN if target == "/" else f"{SIGN_IN}?next={quote(target, safe='/')}"
        await RedirectResponse(where, status_code=303, headers={"Cache-Control": "no-store"})(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    """Say no: before a WebSocket is accepted, closing it makes the server answer 403."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await PlainTextResponse(why, status_code=status, headers={"Cache-Control": "no-store"})(scope, receive, send)
