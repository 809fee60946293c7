"""Signing in and out over HTTP: `/auth/*`, pages for people. Posts are taken from our own pages only."""

from __future__ import annotations

import math
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from core.api import auth_pages as pages
from core.api.security import services_of
from core.api.sessions import SIGN_IN, clear_session_cookie, safe_next, same_origin, set_session_cookie
from core.bootstrap import Services, clock
from core.domain.account import Account, Role
from core.domain.errors import CallerError, Forbidden, InvalidInput, Throttled, TooLarge
from core.domain.ids import MINUTE
from core.services import setup_code

MAX_FORM = 16 * 1024
SETUP_TRIES = 10
STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # fmt: skip
FIELDS = {"current": "Current password", "email": "E-mail"}
NOTICES = {"out": "You have signed out.", "changed": "Your password has been changed."}

router = APIRouter(prefix="/auth", include_in_schema=False)


@router.get("/sign-in")
def show_sign_in(request: Request) -> Response:
    """The sign-in page, or the set-up page while there is no account."""
    services = services_of(request)
    target = safe_next(request.query_params.get("next"))
    if request.state.account is not None:
        return _go(target)
    if services.accounts.is_empty():
        setup_code.setup_code(services.settings.data)
        return _html(pages.setup_page())
    notice = NOTICES.get(request.query_params.get("notice", ""), "")
    return _html(pages.sign_in_page(target=target, notice=notice, demo=demo_accounts(services)))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Check the password; a cookie and the page that was wanted, or the form again with what was wrong."""
    form = await _form(request)
    return await run_in_threadpool(_sign_in, request, form)


@router.post("/setup")
async def set_up(request: Request) -> Response:
    """Make the first administrator, for whoever holds the setup code."""
    form = await _form(request)
    return await run_in_threadpool(_set_up, request, form)


@router.get("/password")
def show_password(request: Request) -> Response:
    """The form to change one's password."""
    account: Account | None = request.state.account
    return _go(f"{SIGN_IN}?next=/") if account is None else _html(pages.password_page(account))


@router.post("/password")
async def change_password(request: Request) -> Response:
    """Change it; this browser gets a fresh session, all others end."""
    form = await _form(request)
    return await run_in_threadpool(_change_password, request, form)


@router.get("/sign-out")
def show_sign_out(request: Request) -> Response:
    """Ask first: a link must not be able to sign anybody out."""
    account: Account | None = request.state.account
    return _go(SIGN_IN) if account is None else _html(pages.sign_out_page(account))


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session; the next action of every open tab is refused."""
    await _form(request)
    services = services_of(request)
    if request.state.session:
        await run_in_threadpool(services.accounts.sign_out, request.state.session, now=clock())
    response = _go(f"{SIGN_IN}?notice=out")
    clear_session_cookie(response, services.settings)
    return response


def demo_accounts(services: Services) -> list[Account]:
    """The demo world's accounts, in the order of the roles; none outside it."""
    if not services.settings.demo:
        return []
    found = services.stores.accounts.find({"demo": True, "active": True}, limit=20).items
    order = list(Role)
    return sorted(found, key=lambda account: (order.index(account.role), account.email))


def _sign_in(request: Request, form: dict[str, str]) -> Response:
    services = services_of(request)
    target, email = safe_next(form.get("next")), form.get("email", "")
    try:
        found = services.accounts.sign_in(email, form.get("password", ""), client=_client(request), now=clock())
    except CallerError as error:
        status, wait = _outcome(error)
        page = pages.sign_in_page(
            target=target, email=email, problem=error.detail, wait=wait, demo=demo_accounts(services)
        )
        return _html(page, status, wait)
    response = _go(target)
    set_session_cookie(response, services.settings, found.token)
    return response


def _set_up(request: Request, form: dict[str, str]) -> Response:
    services, now = services_of(request), clock()
    if not services.accounts.is_empty():
        return _go(SIGN_IN)
    try:
        wait = services.stores.live.limits.hit("setup-code", limit=SETUP_TRIES, window_ms=MINUTE, now=now)
        if wait > 0:
            raise Throttled("Too many tries.", wait)
        if not setup_code.matches(services.settings.data, form.get("setup_code", "")):
            raise Forbidden("This is not the setup code that the server printed.")
        account = services.accounts.create_first(
            form.get("email", ""), form.get("name", ""), form.get("password", ""), now=now
        )
    except CallerError as error:
        status, wait_seconds = _outcome(error)
        page = pages.setup_page(
            email=form.get("email", ""), name=form.get("name", ""), problem=_sentence(error), wait=wait_seconds
        )
        return _html(page, status, wait_seconds)
    setup_code.forget(services.settings.data)
    response = _go("/")
    set_session_cookie(response, services.settings, services.accounts.open_session(account, now=now).token)
    return response


def _change_password(request: Request, form: dict[str, str]) -> Response:
    services, account = services_of(request), request.state.account
    if account is None:
        return _go(SIGN_IN)
    try:
        found = services.accounts.change_password(
            account, form.get("current", ""), form.get("password", ""), now=clock()
        )
    except CallerError as error:
        status, wait = _outcome(error)
        return _html(pages.password_page(account, problem=_sentence(error), wait=wait), status, wait)
    response = _go("/")
    set_session_cookie(response, services.settings, found.token)
    return response


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form that came from one of our own pages. Raises Forbidden, TooLarge."""
    if not same_origin(request):
        raise Forbidden("this form must be sent from Feedroom's own page")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise TooLarge("this form is larger than it can be")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[-1] for name, values in fields.items()}


def _outcome(error: CallerError) -> tuple[int, int]:
    """Status and seconds to wait."""
    return error.status, math.ceil(error.retry_after) if isinstance(error, Throttled) else 0


def _sentence(error: CallerError) -> str:
    """What to tell the person, without repeating what they typed."""
    text = error.detail
    if isinstance(error, InvalidInput):
        text = f"{FIELDS.get(error.field or '', error.field)}: {error.why}"
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _client(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _html(page: str, status: int = 200, wait: int = 0) -> HTMLResponse:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": STRICT}
    return HTMLResponse(page, status, headers | ({"Retry-After": str(wait)} if wait else {}))


def _go(where: str) -> RedirectResponse:
    return RedirectResponse(where, status_code=303, headers={"Cache-Control": "no-store"})
