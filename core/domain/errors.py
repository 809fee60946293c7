"""Errors name who acts next: a `CallerError` asks for another request, a `ServiceError` is ours to fix."""

from __future__ import annotations

from typing import ClassVar


class FeedroomError(Exception):
    """Root of every error that Feedroom raises on purpose."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, *, field: str | None = None, value: object = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.value = value


class CallerError(FeedroomError):
    """The request cannot be carried out as it is; change it and try again."""

    status = 400
    title = "The request cannot be carried out"


class InvalidInput(CallerError):
    """A field holds a value that is not accepted; nothing was changed."""

    status = 422
    title = "A value is not accepted"

    def __init__(self, field: str, value: object, why: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        super().__init__(f"{field}: {why} (got {shown})", field=field, value=value)
        self.why = why


class Unauthenticated(CallerError):
    """Nobody is signed in, or the credentials are wrong."""

    status = 401
    title = "Sign in first"


class Forbidden(CallerError):
    """The account's role or scope does not allow this."""

    status = 403
    title = "Not allowed"


class NotFound(CallerError):
    """No such thing, or not visible to this account."""

    status = 404
    title = "Not found"


class Conflict(CallerError):
    """Somebody else changed it first; read again and retry."""

    status = 409
    title = "Changed in the meantime"


class Duplicate(Conflict):
    """An entry with the same identity exists already."""

    title = "Exists already"


class TooLarge(CallerError):
    """The body is larger than accepted."""

    status = 413
    title = "Too large"


class UnsafeFile(CallerError):
    """An uploaded file was refused; the detail is a sentence for the person who uploaded it."""

    status = 422
    title = "The file was refused"


class NotEnough(CallerError):
    """There is too little to work with yet; the detail says how much it takes."""

    status = 409
    title = "Too little for this yet"


class Throttled(CallerError):
    """Too many requests; `retry_after` is in seconds."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ServiceError(FeedroomError):
    """Feedroom or a server it needs has failed; the caller may retry later."""


class Unavailable(ServiceError):
    """A server that Feedroom needs does not answer."""

    status = 503
    title = "Temporarily unavailable"


class Busy(ServiceError):
    """More is asked than this process can do; `retry_after` is in seconds. Nothing was changed."""

    status = 503
    title = "Too busy at the moment"

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
