"""The studio: what is typed is kept, what is missing is said, what is submitted leaves."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.post import Post, PostKind, PostStatus
from tests.pages.conftest import OpenPage


def draft_of(services: Services, *, upload: str | None = None) -> Post:
    """A new draft of the brand's, the newest there is."""
    account = services.stores.accounts.get("account-brand")
    return services.catalog.create_draft(account, now=clock() + 1_000, upload=upload)


def words(page: AppTest) -> str:
    """All captions of the page as one text."""
    return "\n".join(caption.value for caption in page.caption)


def test_words_are_saved_as_they_are_typed_and_kept_over_a_reload(open_page: OpenPage, services: Services) -> None:
    draft = draft_of(services)
    page = open_page("studio", Role.BRAND)
    page.text_input(f"draft:{draft.id}:title").set_value("Indigo for Diwali").run()
    page.text_area(f"draft:{draft.id}:caption").set_value("Worn three ways.").run()
    stored = services.stores.posts.get(draft.id)
    assert (stored.title, stored.caption) == ("Indigo for Diwali", "Worn three ways.")
    again = open_page("studio", Role.BRAND)
    assert again.text_area(f"draft:{draft.id}:caption").value == "Worn three ways."
    assert "Saved " in words(page)


def test_a_caption_suggests_its_tags_and_choosing_one_stores_it(open_page: OpenPage, services: Services) -> None:
    draft = draft_of(services)
    page = open_page("studio", Role.BRAND)
    page.text_area(f"draft:{draft.id}:caption").set_value("A saree for Diwali").run()
    assert "Suggested by what you wrote: Diwali, Saree." in words(page)
    page.pills(f"draft:{draft.id}:tags").set_value(["saree"]).run()
    assert services.stores.posts.get(draft.id).tags == ("saree",)


def test_kind_language_and_declaration_are_stored_and_only_own_kinds_are_offered(
    open_page: OpenPage, services: Services
) -> None:
    draft = draft_of(services)
    page = open_page("studio", Role.BRAND)
    kinds = page.segmented_control(f"draft:{draft.id}:kind")
    assert kinds.options == ["Promotional", "Product", "Educational"]
    kinds.set_value(PostKind.PRODUCT).run()
    page.selectbox(f"draft:{draft.id}:language").set_value("hi").run()
    page.checkbox(f"draft:{draft.id}:ai_generated").check().run()
    stored = services.stores.posts.get(draft.id)
    assert (stored.kind, stored.language, stored.ai_generated) == (PostKind.PRODUCT, "hi", True)


def test_what_is_missing_is_said_and_submit_waits_for_it(open_page: OpenPage, services: Services) -> None:
    draft = draft_of(services)
    page = open_page("studio", Role.BRAND)
    assert "Upload a clip or a picture. Write a caption. Choose at least one tag." in words(page)
    assert page.button(f"draft:{draft.id}:submit").disabled


def test_a_complete_draft_is_submitted_and_followed(open_page: OpenPage, services: Services) -> None:
    draft = draft_of(services, upload="u1")
    account = services.stores.accounts.get("account-brand")
    services.catalog.save(account, draft.id, {"caption": "Indigo", "tags": ["saree"]}, now=clock())
    page = open_page("studio", Role.BRAND)
    page.button(f"draft:{draft.id}:submit").click().run()
    assert not page.exception
    assert services.stores.posts.get(draft.id).status is PostStatus.PROCESSING
    assert "Submitted" in [subheader.value for subheader in page.subheader]


def test_two_windows_are_told_of_each_other(open_page: OpenPage, services: Services) -> None:
    draft = draft_of(services)
    page = open_page("studio", Role.BRAND)
    account = services.stores.accounts.get("account-brand")
    services.catalog.save(account, draft.id, {"caption": "From elsewhere"}, now=clock())
    page.text_area(f"draft:{draft.id}:caption").set_value("From here").run()
    assert any("changed in another window" in error.value for error in page.error)
    assert services.stores.posts.get(draft.id).caption == "From elsewhere"
    page.button(f"draft:{draft.id}:reset").click().run()
    assert page.text_area(f"draft:{draft.id}:caption").value == "From elsewhere"


def test_a_failed_file_says_why_and_can_be_tried_again(open_page: OpenPage, services: Services) -> None:
    services.stores.posts.patch("post-failed", {"publisher": "kesari", "upload": "u1"})
    page = open_page("studio", Role.BRAND)
    assert any("not a video that can be played" in error.value for error in page.error)
    page.button("retry:post-failed").click().run()
    assert services.stores.posts.get("post-failed").status is PostStatus.DRAFT


def test_a_draft_without_a_file_can_be_begun(open_page: OpenPage, services: Services) -> None:
    before = services.stores.posts.count({"status": "draft"})
    page = open_page("studio", Role.CREATOR)
    page.button("new_draft").click().run()
    assert services.stores.posts.count({"status": "draft", "publisher": "riya"}) == before
    assert not page.exception
