"""Words of people in a real page: what they typed is what is read, whatever a browser's Markdown would make of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.bootstrap import clock
from core.domain.account import Role
from core.domain.ids import new_id
from core.domain.post import Post, PostStatus
from tests.browser.conftest import SignedIn
from tests.browser.console import Console

LINKS = "Pay at https://evil.example/a HTTP://evil.example www.evil.example pay@evil.example [x](https://evil.example)"
ICONS = "<b>now</b> :material/verified: :material_verified: :streamlit: :heart: :red[x] $a^2$ :white_check_mark:"


@pytest.mark.parametrize("hostile", [LINKS, ICONS])
def test_a_hostile_title_carries_no_link_and_no_icon(console: Console, signed_in: SignedIn, hostile: str) -> None:
    now = clock()
    post = console.services.stores.posts.insert(
        Post(
            id=new_id(now), publisher="kesari", author="account-brand", title=hostile,
            status=PostStatus.WITHDRAWN, created_at=now, updated_at=now,
        )
    )  # fmt: skip
    page = signed_in(Role.MODERATOR)
    page.goto(f"/post?id={post.id}")
    title = page.get_by_role("heading", level=1)
    expect(title).to_contain_text(hostile[-2:])
    assert title.inner_text().replace("\u2060", "").strip() == hostile
    expect(title.locator("a, img, b, [role=img], .katex, [data-testid=stIconMaterial]")).to_have_count(0)
    expect(page.locator("a[href*='evil.example']")).to_have_count(0)
