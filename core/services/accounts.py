"""Accounts: who may sign in, as what, and the sessions they hold."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from core.domain.account import PUBLISHING_ROLES, SESSION_LENGTH, Account, Role, Session
from core.domain.collection import Page
from core.domain.errors import Conflict, Forbidden, InvalidInput, Throttled, Unauthenticated
from core.domain.ids import MINUTE, Millis, new_id
from core.domain.publisher import Publisher, PublisherKind
from core.services.audit import Audit
from core.services.stores import Stores

MIN_PASSWORD = 10
MAX_PASSWORD = 200
WINDOW: Millis = 5 * MINUTE
TRIES_PER_EMAIL_AND_CLIENT = 8
TRIES_PER_EMAIL = 40
TRIES_PER_CLIENT = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session. `token` goes into the browser's cookie and is kept nowhere else."""

    token: str
    session: Session
    account: Account


def session_key(token: str) -> str:
    """The key under which the session of a cookie's token is kept: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(password: str) -> str:
    """The password as given. Raises InvalidInput if it is too short, too long or one repeated character."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or len(set(password)) < 4:
        # The value itself must never reach a message or a log.
        raise InvalidInput(
            "password", "…", f"{MIN_PASSWORD} to {MAX_PASSWORD} characters are needed, at least 4 of them different"
        )
    return password


class Accounts:
    """Sign in and out; create, change and suspend accounts. The hasher's default strength is argon2-cffi's (RFC 9106)."""

    def __init__(self, stores: Stores, audit: Audit, hasher: PasswordHasher | None = None) -> None:
        self._stores = stores
        self._audit = audit
        self._hasher = hasher or PasswordHasher()
        self._nobody = ""

    # Signing in and out

    def sign_in(self, email: str, password: str, *, client: str, now: Millis) -> SignedIn:
        """Open a session. `client` is the network address that asks.

        Raises Unauthenticated, the same and after the same work whether the e-mail is unknown, the password is wrong or the
        account is suspended; Throttled after too many tries.
        """
        email = email.strip().lower()
        pair = self._throttle(email, client, now)
        account = self._by_email(email)
        right = self._verify(account, password[: MAX_PASSWORD + 1])
        if account is None or not right or not account.active:
            raise Unauthenticated("The e-mail or the password is not right.")
        self._stores.live.limits.reset(pair)
        if self._hasher.check_needs_rehash(account.password_hash):
            account = self._stores.accounts.patch(account.id, {"password_hash": self._hasher.hash(password)})
        signed_in = self.open_session(account, now=now)
        self._audit.record(account, "account.sign_in", account.id, now=now, client=client)
        return signed_in

    def open_session(self, account: Account, *, now: Millis) -> SignedIn:
        """A session for somebody whose identity has been proven, by a password or in another way."""
        token = secrets.token_urlsafe(32)
        session = Session(key=session_key(token), account=account.id, created_at=now, expires_at=now + SESSION_LENGTH)
        self._stores.live.sessions.save(session)
        return SignedIn(token, session, account)

    def resolve(self, key: str, *, now: Millis) -> Account | None:
        """The active account whose session `key` names, None if it is unknown, revoked or over."""
        session = self._stores.live.sessions.find(key) if key else None
        if session is None or session.expires_at <= now:
            return None
        account = self._stores.accounts.find_one(session.account)
        return account if account is not None and account.active else None

    def sign_out(self, key: str, *, now: Millis) -> None:
        """End a session; every tab that uses it is refused at its next action. Fine if it is over already."""
        account = self.resolve(key, now=now)
        self._stores.live.sessions.revoke(key)
        if account is not None:
            self._audit.record(account, "account.sign_out", account.id, now=now)

    def change_password(self, actor: Account, current: str, new: str, *, now: Millis) -> SignedIn:
        """Set one's own password; all sessions end and a fresh one is returned.

        Raises Throttled, InvalidInput if the current password is wrong or the new one is not accepted.
        """
        self._throttle(actor.email, "password change", now)
        if not self._verify(self._stores.accounts.get(actor.id), current):
            raise InvalidInput("current", "…", "this is not your current password")
        account = self._stores.accounts.patch(
            actor.id, {"password_hash": self._hasher.hash(check_password(new)), "updated_at": now}
        )
        self._stores.live.sessions.revoke_account(actor.id)
        self._audit.record(actor, "account.change_password", actor.id, now=now)
        return self.open_session(account, now=now)

    # The first account

    def is_empty(self) -> bool:
        """True until the first account exists."""
        return not self._stores.accounts.find(limit=1).items

    def create_first(self, email: str, name: str, password: str, *, now: Millis) -> Account:
        """The first administrator, made by whoever holds the setup code. Raises Conflict if there is an account already."""
        if not self.is_empty():
            raise Conflict("Feedroom has been set up already; sign in instead")
        account = self._insert(email, name, Role.ADMINISTRATOR, password, None, now=now)
        self._audit.record(account, "account.create", account.id, now=now, role=account.role.value, first="yes")
        return account

    # Administration

    def find(
        self, actor: Account, *, role: Role | None = None, active: bool | None = None, limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Account]:  # fmt: skip
        """Accounts by e-mail, one page."""
        actor.require(Role.ADMINISTRATOR)
        where: dict[str, object] = {}
        if role is not None:
            where["role"] = role
        if active is not None:
            where["active"] = active
        return self._stores.accounts.find(where or None, order="email", limit=limit, cursor=cursor)

    def get(self, actor: Account, account: str) -> Account:
        """One account. Raises NotFound."""
        actor.require(Role.ADMINISTRATOR)
        return self._stores.accounts.get(account)

    def publishers(self, actor: Account) -> list[Publisher]:
        """All publishers by name, to choose from when making a brand member or a creator."""
        actor.require(Role.ADMINISTRATOR)
        return list(self._stores.publishers.each(order="name"))

    def add_publisher(self, actor: Account, name: str, kind: PublisherKind, *, now: Millis) -> Publisher:
        """A new brand or creator. Raises InvalidInput for an empty or overlong name."""
        actor.require(Role.ADMINISTRATOR)
        publisher = Publisher(
            id=new_id(now), name=_name(name, "publisher_name"), kind=kind, created_at=now, updated_at=now
        )
        self._stores.publishers.insert(publisher)
        self._audit.record(actor, "publisher.create", publisher.id, now=now, name=publisher.name, kind=kind.value)
        return publisher

    def create(
        self, actor: Account, *, email: str, name: str, role: Role, password: str, publisher: str | None = None, now: Millis
    ) -> Account:  # fmt: skip
        """A new account. Raises InvalidInput, Duplicate if the e-mail is taken, NotFound for an unknown publisher."""
        actor.require(Role.ADMINISTRATOR)
        account = self._insert(email, name, role, password, publisher, now=now)
        self._audit.record(actor, "account.create", account.id, now=now, email=account.email, role=role.value)
        return account

    def edit(
        self, actor: Account, account: Account, *, name: str, role: Role, publisher: str | None, now: Millis
    ) -> Account:
        """Change name, role and publisher of an account as it was read; a change of role or publisher ends its sessions.

        Raises Conflict if it has changed since or is the last administrator losing that role.
        """
        actor.require(Role.ADMINISTRATOR)
        publisher = self._publisher_for(role, publisher)
        changes: dict[str, object] = {"name": _name(name), "role": role, "publisher": publisher, "updated_at": now}
        changed = self._patch_keeping_an_administrator(account, changes)
        if (changed.role, changed.publisher) != (account.role, account.publisher):
            self._stores.live.sessions.revoke_account(account.id)
        self._audit.record(
            actor, "account.edit", account.id, now=now,
            name=changed.name, role=f"{account.role.value} to {changed.role.value}", publisher=changed.publisher or "",
        )  # fmt: skip
        return changed

    def suspend(self, actor: Account, account: Account, *, now: Millis) -> Account:
        """End all sessions of an account and let it open no more. Raises Forbidden for oneself, Conflict for the last
        administrator."""
        actor.require(Role.ADMINISTRATOR)
        if account.id == actor.id:
            raise Forbidden("you cannot suspend your own account")
        changed = self._patch_keeping_an_administrator(account, {"active": False, "updated_at": now})
        self._stores.live.sessions.revoke_account(account.id)
        self._audit.record(actor, "account.suspend", account.id, now=now)
        return changed

    def restore(self, actor: Account, account: Account, *, now: Millis) -> Account:
        """Let a suspended account sign in again."""
        actor.require(Role.ADMINISTRATOR)
        changed = self._stores.accounts.patch(
            account.id, {"active": True, "updated_at": now}, expected_version=account.version
        )
        self._audit.record(actor, "account.restore", account.id, now=now)
        return changed

    def reset_password(self, actor: Account, account: Account, *, now: Millis) -> str:
        """Set a fresh random password, end all sessions, and return it once to hand over."""
        actor.require(Role.ADMINISTRATOR)
        password = secrets.token_urlsafe(12)
        self._stores.accounts.patch(
            account.id,
            {"password_hash": self._hasher.hash(password), "updated_at": now},
            expected_version=account.version,
        )
        self._stores.live.sessions.revoke_account(account.id)
        self._audit.record(actor, "account.reset_password", account.id, now=now)
        return password

    def hash_password(self, password: str) -> str:
        """The stored form of a password, for accounts that are not made one by one."""
        return self._hasher.hash(password)

    # Inside

    def _insert(
        self, email: str, name: str, role: Role, password: str, publisher: str | None, *, now: Millis
    ) -> Account:
        account = Account(
            id=new_id(now), email=email.strip().lower(), name=_name(name), role=role,
            publisher=self._publisher_for(role, publisher), created_at=now, updated_at=now,
            password_hash=self._hasher.hash(check_password(password)),
        )  # fmt: skip
        return self._stores.accounts.insert(account)

    def _publisher_for(self, role: Role, publisher: str | None) -> str | None:
        if role not in PUBLISHING_ROLES:
            return None
        if not publisher:
            raise InvalidInput("publisher", publisher, f"choose whom this {role.label} posts for")
        found = self._stores.publishers.get(publisher)
        if found.kind.value != role.value:
            raise InvalidInput("publisher", found.name, f"a {role.label} posts for a {role.label}, not a {found.kind}")
        return publisher

    def _patch_keeping_an_administrator(self, account: Account, changes: dict[str, object]) -> Account:
        """Patch, and take it back if no active administrator would be left, even when two are demoted at once."""
        before = {name: getattr(account, name) for name in changes}
        changed = self._stores.accounts.patch(account.id, changes, expected_version=account.version)
        if account.role is Role.ADMINISTRATOR and not self._stores.accounts.count(
            {"role": Role.ADMINISTRATOR, "active": True}
        ):
            self._stores.accounts.patch(account.id, before)
            raise Conflict("this is the last administrator; make another one first")
        return changed

    def _by_email(self, email: str) -> Account | None:
        found = self._stores.accounts.find({"email": email}, limit=1).items
        return found[0] if found else None

    def _verify(self, account: Account | None, password: str) -> bool:
        """Compare; an unknown account costs the same time, so that nobody learns which e-mails exist."""
        if account is None and not self._nobody:
            self._nobody = self._hasher.hash(secrets.token_urlsafe(12))
        try:
            self._hasher.verify(self._nobody if account is None else account.password_hash, password)
        except VerificationError:
            return False
        return account is not None

    def _throttle(self, email: str, client: str, now: Millis) -> str:
        """Count a try; returns the counter that a success resets. Raises Throttled."""
        who = hashlib.sha256(email.encode()).hexdigest()[:24]
        pair = f"sign-in:{who}:{client}"
        counters = (
            (pair, TRIES_PER_EMAIL_AND_CLIENT),
            (f"sign-in:{who}", TRIES_PER_EMAIL),
            (f"sign-in-client:{client}", TRIES_PER_CLIENT),
        )
        wait = max(
            self._stores.live.limits.hit(name, limit=limit, window_ms=WINDOW, now=now) for name, limit in counters
        )
        if wait > 0:
            raise Throttled("Too many tries. Please wait a little before the next one.", wait)
        return pair


def _name(name: str, field: str = "name") -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise InvalidInput(field, name, "1 to 80 characters are needed")
    return name
