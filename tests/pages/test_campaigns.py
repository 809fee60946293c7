"""The page of campaigns: what a product manager does there, and what a brand may read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.campaign import Campaign, CampaignState
from core.domain.campaign_data import CampaignTotals
from core.domain.ids import DAY, HOUR
from core.domain.post import PostStatus
from tests.pages.conftest import OpenPage, account_of

MANAGER = account_of(Role.PRODUCT_MANAGER)


@pytest.fixture
def live(services: Services) -> str:
    """The one live post, of the brand's publisher."""
    post = services.stores.posts.get(f"post-{PostStatus.LIVE.value}")
    services.stores.posts.upsert_many([replace(post, publisher="kesari")])
    return post.id


@pytest.fixture
def running(services: Services, live: str) -> Campaign:
    now = clock()
    made = services.campaigns.create(
        MANAGER, name="Diwali *sarees*", publisher="kesari", posts=(live,), goal=1_000, starts_at=now - 5 * DAY,
        ends_at=now + 5 * DAY, daily_cap=200, now=now,
    )  # fmt: skip
    services.campaigns.start(MANAGER, made.id, now=now - 5 * DAY)
    hour = now // HOUR * HOUR
    hours = {str(hour - back * HOUR): 4 for back in range(1, 100)}
    services.stores.campaign_totals.upsert_many([CampaignTotals(id=made.id, delivered=396, hours=hours)])
    return services.campaigns.get(MANAGER, made.id)


def words(page: AppTest) -> str:
    return " ".join(one.value for one in (*page.markdown, *page.caption, *page.info, *page.warning, *page.error))


def press(page: AppTest, key: str) -> AppTest:
    return next(button for button in page.button if button.key == key).click().run()


def key_of(campaign: Campaign, field: str) -> str:
    return f"campaign_form:{campaign.id}:{campaign.version}:{field}"


def test_an_empty_list_says_what_to_do_next(open_page: OpenPage) -> None:
    assert "New campaign" in words(open_page("campaigns", Role.PRODUCT_MANAGER))
    assert "product manager sets campaigns up" in words(open_page("campaigns", Role.BRAND))


def test_the_list_says_in_words_whether_a_campaign_keeps_its_plan(open_page: OpenPage, running: Campaign) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER)
    assert not page.exception
    assert "Behind" in words(page)
    assert "expected at the end" in words(page)
    assert "*sarees*" not in words(page)


def test_the_detail_shows_delivered_against_planned(open_page: OpenPage, running: Campaign) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, id=running.id)
    assert not page.exception
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Delivered"] == "396"
    assert shown["Planned by now"] == "500"
    assert shown["Today"] == "0 of 200"
    assert "Pacing" in words(page)
    assert "nan" not in words(page).lower()


def test_pausing_offers_an_undo_that_brings_it_back(open_page: OpenPage, services: Services, running: Campaign) -> None:
    page = press(open_page("campaigns", Role.PRODUCT_MANAGER, id=running.id), "campaign_pause")
    assert services.campaigns.get(MANAGER, running.id).state is CampaignState.PAUSED
    page = press(page, "campaign_undo")
    assert services.campaigns.get(MANAGER, running.id).state is CampaignState.RUNNING
    page = press(page, "campaign_end")
    assert services.campaigns.get(MANAGER, running.id).state is CampaignState.ENDED
    press(page, "campaign_resume")
    assert services.campaigns.get(MANAGER, running.id).state is CampaignState.RUNNING


def test_a_new_campaign_is_drafted_and_started(open_page: OpenPage, services: Services, live: str) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit="new")
    assert not page.exception
    page.text_input(key="campaign_form:new:name").set_value("Onam")
    page.selectbox(key="campaign_form:new:publisher").set_value("kesari").run()
    page.session_state["campaign_form:new:posts:kesari"] = [live]
    page = press(page, "campaign_save")
    (made,) = services.campaigns.find(MANAGER).items
    assert (made.name, made.publisher, made.posts, made.state) == ("Onam", "kesari", (live,), CampaignState.DRAFT)
    page = press(open_page("campaigns", Role.PRODUCT_MANAGER, id=made.id), "campaign_start")
    assert not page.exception
    assert services.campaigns.get(MANAGER, made.id).state is CampaignState.RUNNING


def test_an_impossible_value_is_refused_with_its_field_and_what_was_typed_stays(
    open_page: OpenPage, services: Services, live: str
) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit="new")
    page.selectbox(key="campaign_form:new:publisher").set_value("kesari")
    page.text_input(key="campaign_form:new:name").set_value("Onam")
    page.number_input(key="campaign_form:new:cap").set_value(3).run()
    page = press(page, "campaign_save")
    assert page.error[0].value.startswith("Posts\\:")
    assert page.text_input(key="campaign_form:new:name").value == "Onam"
    assert services.campaigns.find(MANAGER).items == []


def test_an_edit_keeps_what_was_not_touched(open_page: OpenPage, services: Services, running: Campaign) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit=running.id)
    assert not page.exception
    page.number_input(key=key_of(running, "goal")).set_value(1_500).run()
    page = press(page, "campaign_save")
    assert not page.error
    edited = services.campaigns.get(MANAGER, running.id)
    assert edited.goal == 1_500
    assert (edited.starts_at, edited.ends_at, edited.posts) == (running.starts_at, running.ends_at, running.posts)
    assert edited.plan_base == 396


def test_an_edit_that_a_colleague_was_quicker_than_keeps_both(
    open_page: OpenPage, services: Services, running: Campaign
) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit=running.id)
    page.number_input(key=key_of(running, "goal")).set_value(1_500).run()
    theirs: dict[str, object] = {"name": "Onam", "value": 9.0, "daily_cap": None}
    services.campaigns.save(
        account_of(Role.ADMINISTRATOR), running.id, theirs, expected_version=running.version, now=clock()
    )
    page = press(page.run(), "campaign_save")
    held = services.campaigns.get(MANAGER, running.id)
    assert (held.goal, held.name) == (1_000, "Onam")
    assert page.warning[0].value.startswith("Administrator has changed this campaign in the meantime")
    assert "Changed: name, daily cap, value. What you typed is kept." in page.warning[0].value
    assert page.text_input(key=key_of(held, "name")).value == "Onam"
    assert page.number_input(key=key_of(held, "goal")).value == 1_500
    assert not page.exception
    page = press(page, "campaign_save")
    held = services.campaigns.get(MANAGER, running.id)
    assert (held.goal, held.name, held.value, held.daily_cap) == (1_500, "Onam", 9.0, None)


def test_one_field_that_two_changed_is_named_before_it_is_replaced(
    open_page: OpenPage, services: Services, running: Campaign
) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit=running.id)
    page.number_input(key=key_of(running, "goal")).set_value(1_500).run()
    services.campaigns.save(MANAGER, running.id, {"goal": 1_800}, expected_version=running.version, now=clock())
    page = press(page, "campaign_save")
    assert "Saving replaces their goal with yours." in page.warning[0].value
    assert services.campaigns.get(MANAGER, running.id).goal == 1_800


def test_parts_of_a_percent_survive_an_edit_of_something_else(
    open_page: OpenPage, services: Services, running: Campaign
) -> None:
    services.stores.campaigns.patch(running.id, {"max_share": 0.125})
    held = services.campaigns.get(MANAGER, running.id)
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit=running.id)
    page.number_input(key=key_of(held, "goal")).set_value(1_500).run()
    press(page, "campaign_save")
    assert services.campaigns.get(MANAGER, running.id).max_share == 0.125


@pytest.mark.parametrize("way", ["list", "another page"])
def test_posts_chosen_in_a_form_that_was_left_are_forgotten(
    open_page: OpenPage, services: Services, running: Campaign, live: str, way: str
) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit=running.id)
    page.session_state[key_of(running, "posts:kesari")] = [live, "post-gone"]
    page.number_input(key=key_of(running, "goal")).set_value(1_500).run()
    if way == "list":
        del page.query_params["edit"]
        page.run()
        page.query_params["edit"] = running.id
    else:
        page.switch_page("../pages/overview.py").run()
        page.switch_page("../pages/campaigns.py")
        page.query_params["edit"] = running.id
    page.run()
    assert page.session_state[key_of(running, "posts:kesari")] == [live]
    assert page.number_input(key=key_of(running, "goal")).value == 1_000


def test_a_brand_reads_its_own_and_finds_no_lever(open_page: OpenPage, services: Services, running: Campaign) -> None:
    page = open_page("campaigns", Role.BRAND, id=running.id)
    assert not page.exception
    assert {metric.label for metric in page.metric} >= {"Delivered", "Planned by now"}
    assert not page.button
    assert not list(open_page("campaigns", Role.BRAND, edit=running.id).button)
    services.stores.campaigns.patch(running.id, {"publisher": "riya"})
    assert open_page("campaigns", Role.BRAND, id=running.id).title[0].value == "No such campaign"
