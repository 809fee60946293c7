"""What routes ask for before they answer: a program's key with a scope, or a signed-in account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from core.bootstrap import Services, clock
from core.domain.account import Account, ApiKey, Scope
from core.domain.errors import Unauthenticated
from core.services.api_keys import ApiKeys

bearer = HTTPBearer(
    auto_error=False, scheme_name="API key", description="A key made on the Accounts page, sent as `Bearer fr_live_…`."
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def services_of(request: Request) -> Services:
    """The services of the application that answers this request."""
    found: Services = request.app.state.services()
    return found


def key_with(scope: Scope) -> Callable[..., Awaitable[ApiKey]]:
    """A dependency: the caller's key if it has `scope`.

    Raises Unauthenticated (401), Forbidden (403) or Throttled (429 with Retry-After). Use as
    `key: Annotated[ApiKey, Depends(key_with(Scope.FEED_READ))]`.
    """

    async def check(request: Request, credentials: Credentials) -> ApiKey:
        if credentials is None:
            raise Unauthenticated("send your API key in the header `Authorization: Bearer fr_live_…`")
        keys: ApiKeys = services_of(request).api_keys
        now = clock()
        if (known := keys.remembered(credentials.credentials, scope, now=now)) is not None:
            return known
        # Only a key that is not remembered asks a store, and that must not hold up the event loop.
        return await run_in_threadpool(keys.authenticate, credentials.credentials, scope, now=now)

    return check


def signed_in(request: Request) -> Account:
    """A dependency: the account whose session cookie came with the request. Raises Unauthenticated."""
    account: Account | None = getattr(request.state, "account", None)
    if account is None:
        raise Unauthenticated("sign in first")
    return account
