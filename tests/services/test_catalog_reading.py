"""Finding posts, counting them, and reading the life of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.account import Role
from core.domain.comment import Comment
from core.domain.errors import Forbidden, InvalidInput
from core.domain.post import PostKind, PostStatus, PostTotals
from tests.services.catalog_world import NOW, World, account


@pytest.fixture
def world() -> World:
    return World()


def test_search_finds_title_caption_tag_alias_and_product_name_in_any_case(world: World) -> None:
    post = world.draft(title="Evening DRAPE", caption="For the festival")
    other = world.draft(title="Something else", caption="", tags=["linen"], products=["lamp"])
    for text in ("drape", "FESTIVAL", "साड़ी", "banarasi", "evening  banarasi", "festival drape"):
        assert [found.id for found in world.catalog.find(world.brand, text=text).items] == [post.id], text
    assert [found.id for found in world.catalog.find(world.brand, text="brass").items] == [other.id]
    assert world.catalog.find(world.brand, text="drape brass").items == []


def test_a_search_word_never_matches_across_two_fields(world: World) -> None:
    world.draft(title="Red", caption="dress")
    assert world.catalog.find(world.brand, text="reddress").items == []


def test_filters_narrow_by_status_kind_tag_and_publisher(world: World) -> None:
    live = world.at(PostStatus.LIVE, kind="product")
    world.at(PostStatus.REJECTED, tags=["saree", "diwali"])

    def find(**filters: object) -> list[str]:
        return [post.id for post in world.catalog.find(world.moderator, **filters).items]  # type: ignore[arg-type]

    assert find(statuses=[PostStatus.LIVE]) == [live.id]
    assert find(kinds=[PostKind.PRODUCT]) == [live.id]
    assert len(find(tags=["saree"])) == 2
    assert len(find(tags=["saree", "diwali"])) == 1
    assert find(publisher="nord") == []


def test_a_brands_search_never_leaves_its_publisher(world: World) -> None:
    world.draft()
    assert world.catalog.find(world.rival, publisher="kiln").items == []
    assert sum(world.catalog.counts(world.rival, publisher="kiln").values()) == 0
    assert world.catalog.publisher_names(world.rival) == {"nord": "Nord"}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=14), st.integers(1, 5))
def test_pages_by_cursor_hold_every_fitting_post_once_and_in_order(posts: list[tuple[bool, bool]], limit: int) -> None:
    world = World()
    for number, (first, second) in enumerate(posts):
        tags = ["saree"] * first + ["diwali"] * second
        world.catalog.create_draft(world.brand, now=NOW + number, changes={"tags": tags, "title": f"linen n{number}"})
    wanted = [f"linen n{number}" for number, tags in enumerate(posts) if all(tags)][::-1]
    found: list[str] = []
    cursor = None
    while True:
        page = world.catalog.find(
            world.brand, text="linen n", tags=["saree", "diwali"], limit=limit, cursor=cursor, order="created_at"
        )
        assert len(page.items) <= limit
        found += [post.title for post in page.items]
        if (cursor := page.cursor) is None:
            break
    assert found == wanted


def test_counts_agree_with_what_is_found(world: World) -> None:
    world.at(PostStatus.LIVE)
    world.at(PostStatus.LIVE, tags=["saree", "diwali"])
    world.draft(tags=["saree", "diwali"])
    assert world.catalog.counts(world.brand)[PostStatus.LIVE] == 2
    both = world.catalog.counts(world.brand, tags=["saree", "diwali"])
    assert (both[PostStatus.LIVE], both[PostStatus.DRAFT], both[PostStatus.HELD]) == (1, 1, 0)


def test_an_order_or_page_size_that_is_not_offered_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput, match="order"):
        world.catalog.find(world.brand, order="password_hash")
    with pytest.raises(InvalidInput, match="limit"):
        world.catalog.find(world.brand, limit=0)


def test_totals_are_zero_until_something_is_known_and_only_for_own_posts(world: World) -> None:
    post = world.draft()
    assert world.catalog.totals(world.brand, post.id).counts == {}
    world.stores.post_totals.insert(PostTotals(id=post.id, counts={"impression": 7}))
    assert world.catalog.totals(world.brand, post.id).counts == {"impression": 7}
    assert set(world.catalog.totals_of(world.brand, [post.id])) == {post.id}
    assert world.catalog.totals_of(world.rival, [post.id]) == {}


def test_a_publisher_reads_a_role_where_staff_read_the_moderators_name(world: World) -> None:
    post = world.at(PostStatus.REJECTED, by=world.moderator.id, note="The claim cannot be checked.")
    assert [line.by for line in world.catalog.timeline(world.brand, post.id)] == ["Brand kiln", "a moderator"]
    assert world.catalog.timeline(world.administrator, post.id)[-1].by == "Moderator"
    assert world.catalog.timeline(world.brand, post.id)[-1].note == "The claim cannot be checked."


def test_only_visible_comments_are_read_newest_first(world: World) -> None:
    post = world.at(PostStatus.LIVE)
    for number, visible in enumerate((True, False, True)):
        world.stores.comments.insert(
            Comment(id=f"c{number}", post=post.id, viewer="v", text=f"t{number}", visible=visible, created_at=number)
        )
    assert [comment.id for comment in world.catalog.comments(world.brand, post.id).items] == ["c2", "c0"]


def test_suggestions_read_aliases_in_any_language_and_leave_out_what_is_chosen(world: World) -> None:
    def suggest(text: str, *chosen: str) -> list[str]:
        return [tag.id for tag in world.catalog.suggest_tags(world.brand, text, chosen=chosen)]

    assert suggest("Banarasi sarees, this #Diwali!") == ["diwali", "saree"]
    assert suggest("यह साड़ी देखिए") == ["saree"]
    assert suggest("Diwali saree", "saree") == ["diwali"]
    assert suggest("sareeful linens-and-more new thing") == ["linen"]


def test_a_suspended_account_reads_nothing(world: World) -> None:
    from dataclasses import replace

    with pytest.raises(Forbidden):
        world.catalog.find(replace(account(Role.BRAND, "kiln"), active=False))
