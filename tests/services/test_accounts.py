"""Accounts: signing in and out, throttling, the last administrator."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from core.domain.account import SESSION_LENGTH, Account, Role
from core.domain.errors import Conflict, Duplicate, Forbidden, InvalidInput, NotFound, Throttled, Unauthenticated
from core.domain.ids import MINUTE
from core.domain.publisher import PublisherKind
from core.services.accounts import TRIES_PER_EMAIL_AND_CLIENT, Accounts, session_key
from core.services.audit import Audit
from core.services.stores import Stores
from tests.fakes.stores import memory_stores

NOW = 1_795_000_000_000
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


@pytest.fixture
def accounts(stores: Stores) -> Accounts:
    return Accounts(stores, Audit(stores), QUICK)


@pytest.fixture
def admin(accounts: Accounts) -> Account:
    return accounts.create_first("asha@example.in", "Asha Rao", PASSWORD, now=NOW)


def sign_in(accounts: Accounts, email: str = "asha@example.in", password: str = PASSWORD, now: int = NOW):
    return accounts.sign_in(email, password, client="10.0.0.7", now=now)


def test_the_first_account_is_an_administrator_and_there_is_only_one_first(accounts: Accounts) -> None:
    assert accounts.is_empty()
    assert accounts.create_first("a@example.in", "A", PASSWORD, now=NOW).role is Role.ADMINISTRATOR
    assert not accounts.is_empty()
    with pytest.raises(Conflict):
        accounts.create_first("b@example.in", "B", PASSWORD, now=NOW)


def test_the_token_opens_the_session_and_only_its_hash_is_kept(accounts: Accounts, admin: Account) -> None:
    found = sign_in(accounts)
    assert found.session.key == session_key(found.token) != found.token
    resolved = accounts.resolve(session_key(found.token), now=NOW + MINUTE)
    assert resolved is not None
    assert resolved.id == admin.id
    assert accounts.resolve(found.token, now=NOW) is None


def test_an_email_is_known_whatever_its_case_and_spaces(accounts: Accounts, admin: Account) -> None:
    assert sign_in(accounts, "  Asha@Example.IN ").account.id == admin.id


def test_a_session_ends_after_twelve_hours(accounts: Accounts, admin: Account) -> None:
    found = sign_in(accounts)
    assert accounts.resolve(found.session.key, now=NOW + SESSION_LENGTH - 1) is not None
    assert accounts.resolve(found.session.key, now=NOW + SESSION_LENGTH) is None


def test_unknown_email_wrong_password_and_suspended_account_sound_the_same(accounts: Accounts, admin: Account) -> None:
    other = accounts.create(admin, email="m@example.in", name="M", role=Role.MODERATOR, password=PASSWORD, now=NOW)
    accounts.suspend(admin, other, now=NOW)
    said = set()
    for email, password in (
        ("nobody@example.in", PASSWORD), ("asha@example.in", "wrong password"), ("m@example.in", PASSWORD),
    ):  # fmt: skip
        with pytest.raises(Unauthenticated) as refused:
            sign_in(accounts, email, password)
        said.add(refused.value.detail)
    assert len(said) == 1


def test_too_many_tries_must_wait_and_even_the_right_password_does_not_help(accounts: Accounts, admin: Account) -> None:
    for _ in range(TRIES_PER_EMAIL_AND_CLIENT):
        with pytest.raises(Unauthenticated):
            sign_in(accounts, password="wrong password")
    with pytest.raises(Throttled) as refused:
        sign_in(accounts)
    assert 0 < refused.value.retry_after <= 300
    assert sign_in(accounts, now=NOW + 6 * MINUTE).account.id == admin.id


def test_a_stranger_who_guesses_does_not_lock_the_owner_out_elsewhere(accounts: Accounts, admin: Account) -> None:
    for _ in range(TRIES_PER_EMAIL_AND_CLIENT):
        with pytest.raises(Unauthenticated):
            accounts.sign_in("asha@example.in", "wrong password", client="203.0.113.9", now=NOW)
    assert sign_in(accounts).account.id == admin.id


def test_sign_out_ends_this_session_and_leaves_others(accounts: Accounts, admin: Account) -> None:
    first, second = sign_in(accounts), sign_in(accounts)
    accounts.sign_out(first.session.key, now=NOW)
    assert accounts.resolve(first.session.key, now=NOW) is None
    assert accounts.resolve(second.session.key, now=NOW) is not None


def test_suspending_ends_every_session_at_once(accounts: Accounts, admin: Account) -> None:
    other = accounts.create(admin, email="m@example.in", name="M", role=Role.MODERATOR, password=PASSWORD, now=NOW)
    found = sign_in(accounts, "m@example.in")
    suspended = accounts.suspend(admin, other, now=NOW)
    assert accounts.resolve(found.session.key, now=NOW) is None
    accounts.restore(admin, suspended, now=NOW)
    assert sign_in(accounts, "m@example.in").account.active


def test_changing_the_password_ends_the_other_sessions(accounts: Accounts, admin: Account) -> None:
    old = sign_in(accounts)
    fresh = accounts.change_password(admin, PASSWORD, "a new long one", now=NOW)
    assert accounts.resolve(old.session.key, now=NOW) is None
    assert accounts.resolve(fresh.session.key, now=NOW) is not None
    assert sign_in(accounts, password="a new long one").account.id == admin.id
    with pytest.raises(InvalidInput, match="current password"):
        accounts.change_password(admin, PASSWORD, "another long one", now=NOW)


def test_a_reset_password_is_told_once_and_works(accounts: Accounts, admin: Account, stores: Stores) -> None:
    other = accounts.create(admin, email="m@example.in", name="M", role=Role.MODERATOR, password=PASSWORD, now=NOW)
    password = accounts.reset_password(admin, other, now=NOW)
    assert sign_in(accounts, "m@example.in", password).account.id == other.id
    assert password not in repr(stores.accounts.get(other.id))


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 201])
def test_a_weak_password_is_refused_and_never_repeated(accounts: Accounts, password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        accounts.create_first("a@example.in", "A", password, now=NOW)
    assert password not in str(refused.value)


def test_the_last_administrator_can_neither_be_suspended_nor_demoted(accounts: Accounts, admin: Account) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        accounts.edit(admin, admin, name="Asha", role=Role.MODERATOR, publisher=None, now=NOW)
    second = accounts.create(admin, email="b@example.in", name="B", role=Role.ADMINISTRATOR, password=PASSWORD, now=NOW)
    demoted = accounts.edit(
        second, accounts.get(second, admin.id), name="Asha", role=Role.MODERATOR, publisher=None, now=NOW
    )
    assert demoted.role is Role.MODERATOR
    with pytest.raises(Forbidden):
        accounts.suspend(second, second, now=NOW)


def test_a_change_of_role_ends_the_sessions_of_the_account(accounts: Accounts, admin: Account) -> None:
    other = accounts.create(admin, email="m@example.in", name="M", role=Role.MODERATOR, password=PASSWORD, now=NOW)
    found = sign_in(accounts, "m@example.in")
    accounts.edit(admin, accounts.get(admin, other.id), name="M", role=Role.PRODUCT_MANAGER, publisher=None, now=NOW)
    assert accounts.resolve(found.session.key, now=NOW) is None


def test_a_brand_member_posts_for_a_brand_that_exists(accounts: Accounts, admin: Account) -> None:
    brand = accounts.add_publisher(admin, "Kesari Looms", PublisherKind.BRAND, now=NOW)
    kwargs = {"name": "Meera", "password": PASSWORD, "now": NOW}
    made = accounts.create(admin, email="m@example.in", role=Role.BRAND, publisher=brand.id, **kwargs)
    assert made.publisher == brand.id
    with pytest.raises(InvalidInput, match="posts for"):
        accounts.create(admin, email="n@example.in", role=Role.BRAND, publisher=None, **kwargs)
    with pytest.raises(InvalidInput, match="creator"):
        accounts.create(admin, email="n@example.in", role=Role.CREATOR, publisher=brand.id, **kwargs)
    with pytest.raises(NotFound):
        accounts.create(admin, email="n@example.in", role=Role.BRAND, publisher="nobody", **kwargs)
    with pytest.raises(Duplicate):
        accounts.create(admin, email="m@example.in", role=Role.BRAND, publisher=brand.id, **kwargs)


def test_only_administrators_administer(accounts: Accounts, admin: Account) -> None:
    moderator = accounts.create(admin, email="m@example.in", name="M", role=Role.MODERATOR, password=PASSWORD, now=NOW)
    for act in (
        lambda: accounts.find(moderator),
        lambda: accounts.suspend(moderator, admin, now=NOW),
        lambda: accounts.reset_password(moderator, admin, now=NOW),
        lambda: accounts.add_publisher(moderator, "X", PublisherKind.BRAND, now=NOW),
        lambda: accounts.edit(moderator, moderator, name="M", role=Role.ADMINISTRATOR, publisher=None, now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()


def test_acts_leave_audit_lines_without_secrets(accounts: Accounts, admin: Account, stores: Stores) -> None:
    sign_in(accounts)
    other = accounts.create(admin, email="m@example.in", name="M", role=Role.MODERATOR, password=PASSWORD, now=NOW)
    accounts.suspend(admin, other, now=NOW)
    lines = stores.audit.find().items
    assert {line.action for line in lines} >= {"account.create", "account.sign_in", "account.suspend"}
    assert PASSWORD not in repr(lines)
