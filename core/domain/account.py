"""Accounts of the console, their roles, sessions, and keys of programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.errors import Forbidden, InvalidInput
from core.domain.ids import HOUR, Millis


class Role(StrEnum):
    """What an account may do; one role each."""

    BRAND = "brand"
    CREATOR = "creator"
    MODERATOR = "moderator"
    PRODUCT_MANAGER = "product_manager"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        """The role in plain words."""
        return self.value.replace("_", " ")


PUBLISHING_ROLES = frozenset({Role.BRAND, Role.CREATOR})
SESSION_LENGTH: Millis = 12 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signs in to the console. `publisher` is set for brand members and creators."""

    id: str
    version: int = 1
    email: str
    name: str
    role: Role
    password_hash: str = ""
    publisher: str | None = None
    active: bool = True
    demo: bool = False
    created_at: Millis = 0
    updated_at: Millis = 0

    def __post_init__(self) -> None:
        if "@" not in self.email or self.email != self.email.strip().lower():
            raise InvalidInput("email", self.email, "an address in lower case with an @ is needed")
        if (self.role in PUBLISHING_ROLES) != (self.publisher is not None):
            raise InvalidInput(
                "publisher",
                self.publisher,
                f"must {'not ' * (self.role not in PUBLISHING_ROLES)}be set for a {self.role.label}",
            )

    def require(self, *roles: Role) -> None:
        """Raise Forbidden unless this account is active and has one of `roles`. An administrator passes always."""
        if not self.active:
            raise Forbidden("this account is suspended")
        if self.role is not Role.ADMINISTRATOR and self.role not in roles:
            wanted = " or ".join(role.label for role in roles) or "administrator"
            raise Forbidden(f"a {self.role.label} cannot do this; it takes a {wanted}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A server-side session; the browser holds only the opaque token whose SHA-256 is `key`."""

    key: str
    account: str
    created_at: Millis
    expires_at: Millis


class Scope(StrEnum):
    """What a program's key may do."""

    FEED_READ = "feed:read"
    FEED_EXPLAIN = "feed:explain"
    EVENTS_WRITE = "events:write"
    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    COMMENTS_WRITE = "comments:write"
    METRICS_READ = "metrics:read"
    POLICIES_WRITE = "policies:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's key. Only the SHA-256 of the secret is kept; `prefix` is shown to recognise it by."""

    id: str
    version: int = 1
    name: str
    prefix: str
    secret_hash: str
    scopes: tuple[Scope, ...]
    per_minute: int = 60_000
    revoked_at: Millis | None = None
    created_by: str
    created_at: Millis
    updated_at: Millis = 0
