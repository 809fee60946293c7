"""Campaigns end to end: verbs, pages that carry them, counts from the log, pacing across feed processes."""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.domain.account import Account, Role
from core.domain.campaign import MAX_VALUE, Campaign, CampaignState, Pacing
from core.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from core.domain.feed import FeedPage
from core.domain.ids import DAY, HOUR, MINUTE, SECOND
from core.domain.mix import MixPolicy
from core.domain.post import PostStatus
from core.feed.served_record import SERVED_TOPIC, read_served
from core.services.audit import Audit
from core.services.campaign_board import Boards
from core.services.campaign_counts import CampaignCounts
from core.services.campaign_progress import Pace
from core.services.campaigns import Campaigns
from core.services.delivery import Delivery
from core.services.feed import Feed
from core.services.feed_campaigns import STALE
from tests.feed.world import NOW, World, make_post, world
from tests.services.catalog_world import account

MANAGER = account(Role.PRODUCT_MANAGER)
BRAND = account(Role.BRAND, "pub-1")
PLAIN = MixPolicy(id="plain", name="Plain", per_publisher=50, explore=0.0)


class Shop:
    """A world with campaigns, a worker, and as many feed processes as asked for."""

    def __init__(self, posts: int = 600, feeds: int = 1) -> None:
        self.world: World = world(posts=posts)
        self.stores = self.world.stores
        self.audit = Audit(self.stores)
        self.boards = Boards(self.stores, self.audit)
        self.counts = CampaignCounts(self.stores)
        self.campaigns = Campaigns(self.stores, self.audit, self.boards)
        self.feeds = [self.world.feed]
        self.feeds += [Feed(self.stores, Delivery("s" * 40)) for _ in range(feeds - 1)]
        self.now = NOW
        self._viewers = itertools.count()

    def posts_of(self, publisher: str, most: int = 20) -> tuple[str, ...]:
        found = self.stores.posts.find({"publisher": publisher}, limit=most)
        return tuple(post.id for post in found.items)

    def draft(self, **fields: object) -> Campaign:
        base: dict[str, object] = {
            "name": "Diwali sarees", "publisher": "pub-1", "posts": self.posts_of("pub-1"), "goal": 100,
            "starts_at": NOW - MINUTE, "ends_at": NOW + 2 * HOUR, "value": 50.0, "now": self.now,
        }  # fmt: skip
        return self.campaigns.create(MANAGER, **(base | fields))  # type: ignore[arg-type]

    def started(self, **fields: object) -> Campaign:
        return self.campaigns.start(MANAGER, self.draft(**fields).id, now=self.now)

    def page(self, viewer: str | None = None, feed: int = 0, **more: object) -> FeedPage:
        viewer = viewer or f"viewer-{next(self._viewers)}"
        return self.feeds[feed].page(viewer, now=self.now, **({"policy": PLAIN} | more))  # type: ignore[arg-type]

    def work(self) -> int:
        """What the worker does: count what was served, then renew the board."""
        for feed in self.feeds:
            feed.flush()
        counted = 0
        while taken := self.counts.consume("worker", now=self.now):
            counted += taken
        self.boards.sweep(now=self.now)
        return counted

    def delivered(self, campaign: Campaign) -> int:
        total = self.stores.campaign_totals.find_one(campaign.id)
        return total.delivered if total else 0


def sponsored(page: FeedPage) -> list[str]:
    return [slot.post for slot in page.slots if slot.campaign]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_running_campaigns_posts_are_served_disclosed_and_logged(shop: Shop) -> None:
    campaign = shop.started()
    page = shop.page(staff=True)
    slots = [slot for slot in page.slots if slot.campaign]
    assert {slot.campaign for slot in slots} == {campaign.id}
    assert all(slot.publisher == "pub-1" for slot in slots)
    assert {slot.reason.sentence for slot in slots} == {"Sponsored: campaign Diwali sarees"}
    assert slots[0].reason.scores["campaign"] == pytest.approx(50.0)
    assert "campaigns" in slots[0].reason.sources
    shop.feeds[0].flush()
    (record,) = shop.stores.log.replay(SERVED_TOPIC)
    kept = read_served(record.payload)
    assert [slot.post for slot in kept.slots if slot.campaign == campaign.id] == [slot.post for slot in slots]
    assert kept.process


def test_business_and_campaign_value_stand_in_columns_of_their_own(shop: Shop) -> None:
    shop.started()
    for slot in shop.page(staff=True).slots:
        scores = slot.reason.scores
        expected = scores["engagement"] * scores["freshness"] + 0.02 * scores["business"] + 0.02 * scores["campaign"]
        assert scores["score"] == pytest.approx(expected, abs=1e-4)


def test_a_page_for_an_app_does_not_tell_what_a_campaign_pays(shop: Shop) -> None:
    shop.started()
    slots = [slot for slot in shop.page().slots if slot.campaign]
    assert slots
    assert all(not {"business", "campaign", "score"} & slot.reason.scores.keys() for slot in slots)


def test_the_policy_says_what_a_campaigns_money_is_worth(shop: Shop) -> None:
    shop.started(value=1.0, goal=5_000)
    counts = [
        sum(
            len(sponsored(shop.page(policy=replace(PLAIN, weights={"campaign": weight}), record=False)))
            for _ in range(5)
        )
        for weight in (0.0, 50.0)
    ]
    assert counts[0] < counts[1] == 10
    scores = shop.page(policy=replace(PLAIN, weights={"campaign": 0.0}), record=False).slots[0].reason.scores
    assert scores["score"] == pytest.approx(
        scores["engagement"] * scores["freshness"] + 0.02 * scores["business"], abs=1e-4
    )


def test_without_a_running_campaign_a_page_is_made_as_ever(shop: Shop) -> None:
    shop.draft()
    page = shop.page(staff=True)
    assert sponsored(page) == []
    assert "campaign" not in page.slots[0].reason.scores


def test_no_viewer_is_served_more_of_a_campaign_than_its_share(shop: Shop) -> None:
    shop.started(goal=5_000, max_share=0.15, posts=(*shop.posts_of("pub-1", 25),))
    shop.boards.publish(now=shop.now)
    seen = of_campaign = 0
    for size in (1, 3, 20, 7, 1, 20, 13):
        page = shop.page("v", size=size)
        seen, of_campaign = seen + len(page.slots), of_campaign + len(sponsored(page))
        assert of_campaign <= 0.15 * seen
    assert of_campaign >= 5


def test_a_campaigns_post_obeys_region_sight_and_safety(shop: Shop) -> None:
    stores = shop.stores
    for id, region in (("here", "IN"), ("there", "UA"), ("bad", "IN")):
        stores.posts.insert(make_post(id, publisher="pub-1", region=region))
    stores.live.signals.bump("catalogue")
    shop.started(posts=("here", "there", "bad"), max_share=0.5)
    shop.world.change("bad", status=PostStatus.HELD)
    assert sponsored(shop.page("v", region="IN")) == ["here"]
    assert sponsored(shop.page("v", region="IN")) == []


def test_pausing_resuming_and_ending_count_on_the_very_next_page(shop: Shop) -> None:
    campaign = shop.started(goal=5_000)
    assert sponsored(shop.page())
    shop.campaigns.pause(MANAGER, campaign.id, now=shop.now)
    assert sponsored(shop.page()) == []
    shop.campaigns.resume(MANAGER, campaign.id, now=shop.now)
    assert sponsored(shop.page())
    ended = shop.campaigns.end(MANAGER, campaign.id, now=shop.now)
    assert ended.note == "Ended by Product manager."
    assert sponsored(shop.page()) == []
    shop.campaigns.resume(MANAGER, campaign.id, now=shop.now)
    assert sponsored(shop.page())
    actions = [line.action for line in shop.stores.audit.find({"subject": campaign.id}, order="id").items]
    assert actions == [f"campaign.{verb}" for verb in ("create", "start", "pause", "resume", "end", "resume")]


def test_nothing_is_delivered_before_the_start_or_after_the_end_even_without_a_worker(shop: Shop) -> None:
    shop.started(starts_at=NOW + MINUTE, ends_at=NOW + HOUR + MINUTE)
    assert sponsored(shop.page()) == []
    shop.now = NOW + MINUTE + SECOND
    shop.boards.publish(now=shop.now)
    assert sponsored(shop.page())
    shop.boards.publish(now=NOW + HOUR + MINUTE - SECOND)
    shop.now = NOW + HOUR + MINUTE
    assert sponsored(shop.page()) == []


def test_two_processes_and_many_threads_never_deliver_more_than_the_goal_allows() -> None:
    shop = Shop(feeds=2)
    campaign = shop.started(goal=30, value=5_000.0, ends_at=NOW + HOUR, starts_at=NOW, max_share=0.2)

    def ask(number: int) -> int:
        return len(sponsored(shop.page(f"crowd-{shop.now}-{number}", feed=number % 2)))

    total = 0
    with ThreadPoolExecutor(8) as pool:
        for _ in range(80):
            total += sum(pool.map(ask, range(6)))
            shop.work()
            shop.now += MINUTE
    assert 28 <= total <= 32
    assert shop.delivered(campaign) == total
    held = shop.stores.campaigns.get(campaign.id)
    assert held.state is CampaignState.ENDED


def test_pages_of_one_process_do_not_wait_for_the_worker_to_know_what_they_delivered(shop: Shop) -> None:
    campaign = shop.started(goal=100, value=5_000.0)
    allowed = shop.boards.current().running[0].ceiling
    shown = sum(len(sponsored(shop.page())) for _ in range(20))
    assert 0 < shown <= allowed < 100
    assert shop.delivered(campaign) == 0


def test_a_goal_is_delivered_evenly_across_requests_of_two_processes() -> None:
    shop = Shop(feeds=2)
    campaign = shop.started(goal=120, starts_at=NOW, ends_at=NOW + 2 * HOUR)
    halves = []
    for turn in range(240):
        for feed in (0, 1):
            shop.page(feed=feed, size=10)
        if turn % 2:
            shop.work()
        if turn == 119:
            halves.append(shop.delivered(campaign))
        shop.now += 30 * SECOND
    shop.work()
    assert halves[0] == pytest.approx(60, abs=6)
    assert shop.delivered(campaign) == pytest.approx(120, abs=4)


def test_each_delivery_is_counted_once_however_often_the_log_is_read(shop: Shop) -> None:
    campaign = shop.started(goal=5_000)
    shown = Counter(slot.campaign for _ in range(12) for slot in shop.page().slots if slot.campaign)
    shop.work()
    once = shop.stores.campaign_totals.get(campaign.id)
    assert once.delivered == shown[campaign.id] == sum(once.hours.values()) == sum(once.days.values())
    assert sum(once.processes.values()) == once.delivered
    records = shop.stores.log.replay(SERVED_TOPIC, limit=1_000)
    for own in CampaignCounts(shop.stores)._by_campaign(records).values():
        shop.counts._add(campaign.id, own)
    assert shop.stores.campaign_totals.get(campaign.id) == once


def test_counts_made_anew_from_the_log_are_the_same(shop: Shop) -> None:
    first, second = (
        shop.started(goal=5_000),
        shop.started(name="Second", publisher="pub-2", posts=shop.posts_of("pub-2")),
    )
    for _ in range(30):
        shop.page()
        shop.now += 7 * MINUTE
        shop.boards.publish(now=shop.now)
    shop.work()
    before = shop.stores.campaign_totals.get_many([first.id, second.id])
    assert all(total.delivered for total in before.values())
    for id in before:
        shop.stores.campaign_totals.delete(id)
    made = shop.counts.recount()
    assert {id: replace(one, version=1) for id, one in made.items()} == {
        id: replace(one, version=1) for id, one in before.items()
    }
    assert shop.work() == 0


def test_a_board_that_nobody_renews_holds_for_a_while_and_then_paces_nobody(shop: Shop) -> None:
    shop.started(goal=5_000, value=5_000.0)
    shop.now += STALE
    assert sponsored(shop.page())
    shop.now += SECOND
    assert sponsored(shop.page()) == []


def test_a_store_that_is_down_leaves_the_last_board(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.started(goal=5_000, value=5_000.0)
    assert sponsored(shop.page())

    def down(*_: object, **__: object) -> None:
        raise Unavailable("the store is down")

    shop.stores.live.signals.bump("campaigns")
    monkeypatch.setattr(shop.stores.campaign_boards, "find_one", down)
    shop.now += MINUTE
    assert sponsored(shop.page())
    shop.now += 2 * MINUTE
    page = shop.page(staff=True)
    assert sponsored(page) == []
    assert len(page.slots) == 20


def test_looking_delivers_nothing(shop: Shop) -> None:
    campaign = shop.started(goal=5_000)
    for _ in range(5):
        assert sponsored(shop.page(record=False))
    assert shop.work() == 0
    assert shop.delivered(campaign) == 0


def test_a_campaign_behind_its_plan_is_pushed_harder_and_one_ahead_is_held_back(shop: Shop) -> None:
    campaign = shop.started(goal=1_000, value=2.0)
    multipliers = []
    for _ in range(6):
        shop.now += MINUTE
        shop.boards.sweep(now=shop.now)
        multipliers.append(shop.boards.current().running[0].multiplier)
    assert multipliers == sorted(multipliers)
    assert multipliers[-1] > 2
    total = {"id": campaign.id, "delivered": 900}
    shop.stores.campaign_totals.upsert_many([shop.counts.recount().get(campaign.id) or _totals(**total)])
    for _ in range(6):
        shop.now += MINUTE
        shop.boards.sweep(now=shop.now)
    entry = shop.boards.current().running[0]
    assert entry.multiplier < 0.5
    assert entry.ceiling <= 900
    assert sponsored(shop.page()) == []


def _totals(**fields: object) -> object:
    from core.domain.campaign_data import CampaignTotals

    return CampaignTotals(**fields)  # type: ignore[arg-type]


def test_the_sweep_ends_what_is_over_and_says_why(shop: Shop) -> None:
    over = shop.started(goal=5_000)
    shop.now = NOW + 3 * HOUR
    shop.boards.sweep(now=shop.now)
    ended = shop.campaigns.get(MANAGER, over.id)
    assert ended.state is CampaignState.ENDED
    assert ended.note == "Its time is over; 0 of 5,000 were delivered."
    assert shop.boards.current().running == ()
    with pytest.raises(Conflict, match="time is over"):
        shop.campaigns.resume(MANAGER, over.id, now=shop.now)


def test_progress_says_in_a_word_where_a_campaign_stands(shop: Shop) -> None:
    campaign = shop.started(goal=1_000, starts_at=NOW, ends_at=NOW + 2 * DAY)

    def pace(delivered: int, now: int) -> Pace:
        shop.stores.campaign_totals.upsert_many([_totals(id=campaign.id, delivered=delivered)])  # type: ignore[list-item]
        (one,) = shop.campaigns.progress(MANAGER, [shop.campaigns.get(MANAGER, campaign.id)], now=now)
        return one.pace

    assert pace(0, NOW) is Pace.ON_PACE
    assert pace(500, NOW + DAY) is Pace.ON_PACE
    assert pace(100, NOW + DAY) is Pace.BEHIND
    assert pace(700, NOW + DAY) is Pace.AHEAD
    assert pace(1_000, NOW + DAY) is Pace.REACHED
    assert pace(900, NOW + 2 * DAY) is Pace.MISSED


def test_a_forecast_has_an_interval_and_says_nothing_of_a_campaign_that_has_just_begun(shop: Shop) -> None:
    campaign = shop.started(goal=4_800, starts_at=NOW // HOUR * HOUR, ends_at=NOW // HOUR * HOUR + 2 * DAY)
    begin = campaign.starts_at
    hours = {str(begin + hour * HOUR): 80 + 10 * (hour % 3) for hour in range(1, 24)}
    shop.stores.campaign_totals.upsert_many(
        [_totals(id=campaign.id, delivered=sum(hours.values()), hours=hours)]  # type: ignore[list-item]
    )
    (young,) = shop.campaigns.progress(MANAGER, [campaign], now=begin + 3 * HOUR)
    assert young.forecast is None
    (old,) = shop.campaigns.progress(MANAGER, [campaign], now=begin + DAY)
    assert old.forecast is not None
    assert old.forecast.low < old.forecast.expected < old.forecast.high
    assert old.forecast.expected == pytest.approx(sum(hours.values()) / 23 * 47, rel=0.02)
    curve = shop.campaigns.curve(MANAGER, campaign, now=begin + DAY)
    assert curve.delivered[-1] == (begin + DAY, sum(hours.values()))
    assert curve.planned[0][1] <= 1
    assert curve.planned[-1] == (campaign.ends_at, 4_800)


def test_a_brand_reads_its_own_campaigns_and_changes_none(shop: Shop) -> None:
    own, other = shop.started(goal=5_000), shop.started(publisher="pub-2", posts=shop.posts_of("pub-2"))
    assert [one.id for one in shop.campaigns.find(BRAND).items] == [own.id]
    assert shop.campaigns.get(BRAND, own.id) == own
    with pytest.raises(NotFound):
        shop.campaigns.get(BRAND, other.id)
    with pytest.raises(NotFound):
        shop.campaigns.curve(BRAND, other, now=NOW)
    assert [one.campaign for one in shop.campaigns.progress(BRAND, [own, other], now=NOW)] == [own]
    for act in (shop.campaigns.start, shop.campaigns.pause, shop.campaigns.resume, shop.campaigns.end):
        with pytest.raises(Forbidden):
            act(BRAND, own.id, now=NOW)
    with pytest.raises(Forbidden):
        shop.campaigns.save(BRAND, own.id, {"goal": 5}, expected_version=own.version, now=NOW)


@pytest.mark.parametrize("role", [Role.CREATOR, Role.MODERATOR])
def test_creators_and_moderators_see_no_campaign(shop: Shop, role: Role) -> None:
    actor: Account = account(role, "pub-1" if role is Role.CREATOR else None)
    with pytest.raises(Forbidden):
        shop.campaigns.find(actor)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": "  "}),
        ("publisher", {"publisher": "nobody"}),
        ("posts", {"posts": ()}),
        ("posts", {"posts": ("post-0001", "post-0001")}),
        ("posts", {"posts": ("post-0002",)}),
        ("posts", {"posts": ("unheard-of",)}),
        ("goal", {"goal": 0}),
        ("ends_at", {"ends_at": NOW - 2 * HOUR}),
        ("ends_at", {"ends_at": NOW + 93 * DAY}),
        ("ends_at", {"starts_at": NOW - DAY, "ends_at": NOW - HOUR}),
        ("daily_cap", {"daily_cap": 0}),
        ("daily_cap", {"goal": 3_000, "ends_at": NOW - MINUTE + 3 * DAY, "daily_cap": 999}),
        ("value", {"value": -1.0}),
        ("value", {"value": float("nan")}),
        ("value", {"value": MAX_VALUE + 1}),
        ("max_share", {"max_share": 0.0}),
        ("max_share", {"max_share": 0.51}),
    ],
)
def test_an_impossible_campaign_is_refused_with_its_field(shop: Shop, field: str, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as caught:
        shop.draft(**wrong)
    assert caught.value.field == field
    assert shop.campaigns.find(MANAGER).items == []


def test_an_edit_while_it_runs_spreads_what_is_left_anew(shop: Shop) -> None:
    campaign = shop.started(goal=5_000, starts_at=NOW, ends_at=NOW + 2 * DAY)
    for _ in range(5):
        shop.page()
    shop.work()
    shop.now += HOUR
    delivered = shop.delivered(campaign)
    changes: dict[str, object] = {"goal": 6_000, "pacing": Pacing.TRAFFIC, "value": 3.0}
    edited = shop.campaigns.save(MANAGER, campaign.id, changes, expected_version=campaign.version, now=shop.now)
    assert (edited.plan_from, edited.plan_base) == (shop.now, delivered)
    assert shop.boards.current().running[0].value == 3.0
    with pytest.raises(Conflict, match=f"{MANAGER.name} has changed this campaign"):
        shop.campaigns.save(MANAGER, campaign.id, {"goal": 7_000}, expected_version=campaign.version, now=shop.now)
    with pytest.raises(InvalidInput, match="delivered already"):
        shop.campaigns.save(MANAGER, campaign.id, {"goal": 1}, expected_version=edited.version, now=shop.now)


def test_a_post_of_two_campaigns_belongs_to_the_one_that_bids_more(shop: Shop) -> None:
    cheap = shop.started(name="Cheap", value=10.0, posts=("post-0001",))
    dear = shop.started(name="Dear", value=90.0, posts=("post-0001",), max_share=0.5)
    found = {slot.campaign for _ in range(6) for slot in shop.page().slots if slot.post == "post-0001"}
    assert dear.id in found
    assert cheap.id not in found


def test_all_campaigns_together_never_get_more_than_three_slots_in_ten(shop: Shop) -> None:
    for number in range(8):
        publisher = f"pub-{number}"
        shop.started(name=publisher, publisher=publisher, posts=shop.posts_of(publisher), goal=9_000, max_share=0.5)
    seen = shown = 0
    for size in (20, 7, 1, 1, 3, 20, 13):
        page = shop.page("v", size=size)
        seen, shown = seen + len(page.slots), shown + len(sponsored(page))
        assert shown <= 0.3 * seen
    assert shown >= 0.25 * seen
