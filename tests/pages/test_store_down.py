"""A store that does not answer: a page says so in plain words, keeps what was typed, and goes on when it is asked again."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.bootstrap import Services, clock
from core.domain.account import Role
from core.domain.campaign import Campaign, CampaignState
from core.domain.ids import DAY
from core.domain.post import PostStatus
from tests.fakes.failing import FailingDocuments
from tests.pages.conftest import OpenPage, account_of

MANAGER = account_of(Role.PRODUCT_MANAGER)
DOWN = "A server that Feedroom needs does not answer"


@pytest.fixture
def campaign(services: Services) -> Campaign:
    post = services.stores.posts.get(f"post-{PostStatus.LIVE.value}")
    now = clock()
    return services.campaigns.create(
        MANAGER, name="Diwali", publisher=post.publisher, posts=(post.id,), goal=1_000, starts_at=now,
        ends_at=now + 5 * DAY, now=now,
    )  # fmt: skip


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


@pytest.mark.parametrize(
    ("name", "down", "title"),
    [
        ("campaigns", "campaigns", "Campaigns"),
        ("ranking", "calibrations", "Ranking"),
        ("mix", "policies", "Content mix"),
        ("feed_preview", "sample_viewers", "Feed preview"),
    ],
)
def test_a_page_says_so_and_is_drawn_when_the_store_is_back(
    open_page: OpenPage, documents: FailingDocuments, name: str, down: str, title: str
) -> None:
    documents.down.add(down)
    page = open_page(name, Role.PRODUCT_MANAGER)
    assert not page.exception
    (said,) = page.error
    assert said.value.startswith(DOWN)
    assert "mongo-1" not in said.value
    documents.down.clear()
    page = press(page, "Try again")
    assert not page.error
    assert not page.exception
    assert page.title[0].value == title


def test_a_fragment_says_so(open_page: OpenPage, documents: FailingDocuments, campaign: Campaign) -> None:
    documents.down.add("campaign_totals")
    page = open_page("campaigns", Role.PRODUCT_MANAGER, id=campaign.id)
    assert not page.exception
    assert page.title[0].value == "Diwali"
    assert page.error[0].value.startswith(DOWN)


def test_a_campaign_that_could_not_be_saved_keeps_what_was_typed(
    open_page: OpenPage, services: Services, documents: FailingDocuments, campaign: Campaign
) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, edit=campaign.id)
    goal = f"campaign_form:{campaign.id}:{campaign.version}:goal"
    page.number_input(key=goal).set_value(1_500).run()
    for down in ("audit", "campaigns"):
        documents.down.add(down)
        page = press(page, "Save") if down == "audit" else page.run()
        assert not page.exception
        assert page.error[0].value.startswith(DOWN)
    documents.down.clear()
    page = press(page, "Try again")
    assert page.number_input(key=goal).value == 1_500


def test_a_campaign_that_could_not_be_started_says_so_on_its_page(
    open_page: OpenPage, services: Services, documents: FailingDocuments, campaign: Campaign
) -> None:
    page = open_page("campaigns", Role.PRODUCT_MANAGER, id=campaign.id)
    documents.down.add("posts")
    page = press(page, "Start")
    assert not page.exception
    assert page.toast[0].value.startswith(DOWN)
    documents.down.clear()
    assert services.campaigns.get(MANAGER, campaign.id).state is CampaignState.DRAFT
