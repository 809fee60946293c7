"""Drafting, submitting, editing, withdrawing and restoring posts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.domain.post import PostKind, PostStatus
from core.services.lifecycle import CATALOGUE
from core.services.moderation import Moderation
from tests.services.catalog_world import NOW, VIDEO, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_draft_belongs_to_its_authors_publisher_and_has_their_first_kind(world: World) -> None:
    brand = world.catalog.create_draft(world.brand, now=NOW)
    creator = world.catalog.create_draft(world.creator, now=NOW)
    assert (brand.publisher, brand.kind, brand.status) == ("kiln", PostKind.PROMOTIONAL, PostStatus.DRAFT)
    assert (creator.publisher, creator.kind) == ("asha", PostKind.UGC)
    assert world.actions() == ["post.create", "post.create"]


def test_an_administrator_names_the_publisher_of_a_draft(world: World) -> None:
    assert world.catalog.create_draft(world.administrator, now=NOW, publisher="nord").publisher == "nord"
    with pytest.raises(InvalidInput, match="publisher"):
        world.catalog.create_draft(world.administrator, now=NOW)


def test_those_who_do_not_publish_cannot_draft(world: World) -> None:
    for person in (world.moderator, world.manager):
        with pytest.raises(Forbidden):
            world.catalog.create_draft(person, now=NOW)


def test_a_brand_neither_reads_nor_changes_a_rivals_post(world: World) -> None:
    post = world.draft()
    for act in (
        lambda: world.catalog.get(world.rival, post.id),
        lambda: world.catalog.save(world.rival, post.id, {"title": "Mine"}, now=NOW),
        lambda: world.catalog.submit(world.rival, post.id, now=NOW),
        lambda: world.catalog.withdraw(world.rival, post.id, now=NOW),
        lambda: world.catalog.delete_draft(world.rival, post.id, now=NOW),
        lambda: world.catalog.totals(world.rival, post.id),
        lambda: world.catalog.timeline(world.rival, post.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert world.stores.posts.get(post.id).title == "Silk"


def test_staff_read_every_post_but_change_none(world: World) -> None:
    post = world.draft()
    for person in (world.moderator, world.manager):
        assert world.catalog.get(person, post.id) == post
        with pytest.raises(Forbidden):
            world.catalog.save(person, post.id, {"title": "x"}, now=NOW)


def test_saving_follows_a_merged_tag_and_keeps_each_once(world: World) -> None:
    post = world.draft(ready=False)
    saved = world.catalog.save(world.brand, post.id, {"tags": ["sari-drape", "saree", "linen"]}, now=NOW)
    assert saved.tags == ("saree", "linen")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tags": ["nowhere"]}, "tags"),
        ({"tags": ["new-thing"]}, "tags"),
        ({"tags": "saree"}, "tags"),
        ({"products": ["nothing"]}, "products"),
        ({"kind": "ugc"}, "kind"),
        ({"kind": "nonsense"}, "kind"),
        ({"language": "English"}, "language"),
        ({"region": "india"}, "region"),
        ({"ai_generated": "yes"}, "ai_generated"),
        ({"title": 3}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"caption": "nul\x00"}, "caption"),
        ({"status": "live"}, "status"),
        ({"publisher": "nord"}, "publisher"),
    ],
)
def test_a_value_that_is_not_accepted_is_named_and_nothing_is_stored(
    world: World, changes: dict[str, object], field: str
) -> None:
    post = world.draft()
    with pytest.raises(InvalidInput) as refused:
        world.catalog.save(world.brand, post.id, changes, now=NOW)
    assert refused.value.field == field
    assert world.stores.posts.get(post.id) == post


def test_autosave_is_audited_once_per_change_and_not_when_nothing_changed(world: World) -> None:
    post = world.draft(ready=False)
    world.catalog.save(world.brand, post.id, {"title": "Silk"}, now=NOW)
    world.catalog.save(world.brand, post.id, {"title": " Silk "}, now=NOW)
    assert world.actions() == ["post.create", "post.save"]


def test_processing_in_the_background_does_not_disturb_a_person_who_types(world: World) -> None:
    post = world.draft(ready=False)
    world.stores.posts.patch(post.id, {"upload": "u1"})
    saved = world.catalog.save(world.brand, post.id, {"title": "Silk"}, now=NOW, seen={"title": ""})
    assert (saved.title, saved.upload) == ("Silk", "u1")


def test_two_windows_do_not_overwrite_each_others_caption(world: World) -> None:
    post = world.draft(ready=False)
    world.catalog.save(world.brand, post.id, {"caption": "From the first"}, now=NOW, seen={"caption": ""})
    with pytest.raises(Conflict, match="caption was changed in another window"):
        world.catalog.save(world.brand, post.id, {"caption": "From the second"}, now=NOW, seen={"caption": ""})
    with pytest.raises(Conflict, match="version"):
        world.catalog.save(world.brand, post.id, {"title": "Late"}, now=NOW, expected_version=post.version)


def test_submitting_says_everything_that_is_missing(world: World) -> None:
    post = world.draft(ready=False, kind="product")
    with pytest.raises(InvalidInput) as refused:
        world.catalog.submit(world.brand, post.id, now=NOW)
    for need in ("Upload a clip", "Write a caption", "at least one tag", "Link at least one product"):
        assert need in refused.value.detail


def test_a_draft_with_media_goes_to_screening(world: World) -> None:
    post = world.catalog.submit(world.brand, world.draft().id, now=NOW)
    assert post.status is PostStatus.SCREENING
    assert world.queued() == [("screen_post", post.id)]


def test_a_draft_whose_file_is_still_processed_waits_in_processing(world: World) -> None:
    draft = world.draft(ready=False, caption="Silk for Diwali\nand more", tags=["diwali"])
    world.stores.posts.patch(draft.id, {"upload": "u1"})
    post = world.catalog.submit(world.brand, draft.id, now=NOW)
    assert (post.status, post.title) == (PostStatus.PROCESSING, "Silk for Diwali")
    assert world.queued() == []


def test_submitting_twice_is_a_conflict(world: World) -> None:
    post = world.catalog.submit(world.brand, world.draft().id, now=NOW)
    with pytest.raises(Conflict, match="screening already"):
        world.catalog.submit(world.brand, post.id, now=NOW)


@pytest.mark.parametrize("status", [PostStatus.LIVE, PostStatus.IN_REVIEW, PostStatus.REJECTED])
def test_editing_the_words_of_a_screened_post_screens_it_again(world: World, status: PostStatus) -> None:
    post = world.at(status)
    edited = world.catalog.edit(world.brand, post.id, {"caption": "Better"}, now=NOW, expected_version=post.version)
    assert (edited.status, edited.caption) == (PostStatus.SCREENING, "Better")
    assert world.queued() == [("screen_post", post.id)]


def test_editing_what_screening_does_not_read_leaves_a_post_live(world: World) -> None:
    post = world.at(PostStatus.LIVE)
    edited = world.catalog.edit(world.brand, post.id, {"language": "hi", "ai_generated": True}, now=NOW)
    assert (edited.status, edited.language, edited.ai_generated) == (PostStatus.LIVE, "hi", True)
    assert world.queued() == []


def test_an_edit_cannot_take_away_what_a_published_post_needs(world: World) -> None:
    post = world.at(PostStatus.LIVE)
    with pytest.raises(InvalidInput, match="at least one tag"):
        world.catalog.edit(world.brand, post.id, {"tags": []}, now=NOW)


def test_a_held_post_waits_for_its_moderator(world: World) -> None:
    with pytest.raises(Conflict, match="held"):
        world.catalog.edit(world.brand, world.at(PostStatus.HELD).id, {"title": "x"}, now=NOW)


def test_withdrawing_a_live_post_tells_every_feed_and_restoring_screens_again(world: World) -> None:
    post = world.at(PostStatus.LIVE)
    before = world.stores.live.signals.version(CATALOGUE)
    assert world.catalog.withdraw(world.brand, post.id, now=NOW).status is PostStatus.WITHDRAWN
    assert world.stores.live.signals.version(CATALOGUE) == before + 1
    assert world.catalog.restore(world.brand, post.id, now=NOW).status is PostStatus.SCREENING
    assert world.queued() == [("screen_post", post.id)]
    assert world.actions()[-2:] == ["post.withdraw", "post.restore"]


def test_a_draft_is_deleted_rather_than_withdrawn(world: World) -> None:
    post = world.draft()
    world.stores.objects.put_bytes(f"posts/{post.id}/m/poster-1.jpg", b"jpeg", "image/jpeg")
    with pytest.raises(Conflict, match="delete it instead"):
        world.catalog.withdraw(world.brand, post.id, now=NOW)
    world.catalog.delete_draft(world.brand, post.id, now=NOW)
    assert world.stores.posts.find_one(post.id) is None
    assert world.stores.objects.list(f"posts/{post.id}/") == []


def test_what_was_once_submitted_cannot_be_deleted(world: World) -> None:
    post = world.at(PostStatus.LIVE)
    with pytest.raises(Conflict, match="withdraw the post instead"):
        world.catalog.delete_draft(world.brand, post.id, now=NOW)


def test_a_failed_file_is_tried_again_where_it_stood(world: World) -> None:
    draft = world.at(PostStatus.FAILED)
    assert world.catalog.retry(world.brand, draft.id, now=NOW).status is PostStatus.DRAFT
    assert world.queued() == [("process_media", draft.id)]
    with pytest.raises(Conflict):
        world.catalog.retry(world.brand, draft.id, now=NOW)


def test_only_a_candidate_of_the_post_becomes_its_poster(world: World) -> None:
    post = world.draft()
    chosen = world.catalog.choose_poster(world.brand, post.id, "poster-2.jpg", now=NOW)
    assert chosen.media is not None
    assert chosen.media.poster == "poster-2.jpg"
    with pytest.raises(InvalidInput, match="poster"):
        world.catalog.choose_poster(world.brand, post.id, "../secret.jpg", now=NOW)


def test_a_worker_that_writes_in_between_does_not_fail_a_submission(world: World, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    post = world.draft()
    read = world.catalog.get
    raced: list[bool] = []

    def get_then_be_overtaken(actor, id):  # type: ignore[no-untyped-def]
        found = read(actor, id)
        if not raced:
            raced.append(True)
            world.stores.posts.patch(id, {"problem": ""})
        return found

    monkeypatch.setattr(world.catalog, "get", get_then_be_overtaken)
    assert world.catalog.submit(world.brand, post.id, now=NOW).status is PostStatus.SCREENING
    assert raced


@pytest.mark.parametrize("way", ["edit", "withdraw and restore"])
def test_no_way_around_a_moderators_rejection_leads_back_without_a_person(world: World, way: str) -> None:
    post = world.at(PostStatus.REJECTED, by="moderation")
    world.stores.posts.patch(post.id, {"media": replace(VIDEO, sha256="a" * 64, dhash="0f" * 8)})
    if way == "edit":
        world.catalog.edit(world.brand, post.id, {"caption": "Harmless words"}, now=NOW)
    else:
        world.catalog.withdraw(world.brand, post.id, now=NOW)
        world.catalog.restore(world.brand, post.id, now=NOW)
    Moderation(world.stores, world.audit).screen(post.id, now=NOW)
    assert world.stores.posts.get(post.id).status is PostStatus.IN_REVIEW
