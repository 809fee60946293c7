"""The demo world's campaigns: told apart from real ones, under way, with goals that can be reached."""

from __future__ import annotations

import pytest

from core.bootstrap import Services
from core.demo import seed
from core.domain.account import Account, Role
from core.domain.campaign import CampaignState
from core.services.campaign_progress import Pace
from core.settings import Settings
from tests.demo.world import NOW
from tests.fakes.stores import memory_stores

MANAGER = Account(id="m", email="m@x.example", name="M", role=Role.PRODUCT_MANAGER)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Services:
    services = Services(Settings(data=tmp_path_factory.mktemp("demo"), secret="s" * 40, demo=True), memory_stores())
    seed.fill(services, NOW, guests=120)
    while services.campaign_counts.consume("worker", now=NOW, limit=5_000):
        pass
    services.campaign_boards.sweep(now=NOW)
    return services


def test_one_keeps_its_plan_and_one_has_to_catch_up(filled: Services) -> None:
    found = filled.campaigns.find(MANAGER).items
    assert all(one.generated and one.state is CampaignState.RUNNING for one in found)
    progress = {one.campaign.id: one for one in filled.campaigns.progress(MANAGER, found, now=NOW)}
    assert progress["demo-handloom"].pace is Pace.ON_PACE
    assert progress["demo-copper"].pace is Pace.BEHIND
    assert all(0 < one.delivered < one.campaign.goal for one in progress.values())


def test_the_brand_of_the_demo_world_finds_one_of_them(filled: Services) -> None:
    brand = next(account for account in filled.stores.accounts.each() if account.role is Role.BRAND)
    assert [one.id for one in filled.campaigns.find(brand).items] == ["demo-handloom"]


def test_filling_again_changes_neither(filled: Services) -> None:
    before = filled.campaigns.find(MANAGER).items
    filled.campaigns.pause(MANAGER, "demo-copper", now=NOW)
    seed.fill(filled, NOW, guests=5)
    after = {one.id: one for one in filled.campaigns.find(MANAGER).items}
    assert after["demo-copper"].state is CampaignState.PAUSED
    assert {one.id: one.goal for one in before} == {id: one.goal for id, one in after.items()}
