"""Simulated viewers behave by their tastes, the same way each time, and only in the past."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.demo import behaviour, people, posts, tastes
from core.demo.behaviour import Visit
from core.demo.products import items
from core.demo.tastes import FloatArray, World
from core.domain.events import EventKind, ViewerEvent
from core.domain.ids import DAY
from tests.demo.world import NOW


@cache
def world(guests: int = 120) -> World:
    return tastes.build(NOW, seed=7, guests=guests)


@cache
def visits() -> tuple[Visit, ...]:
    return tuple(behaviour.visits(world()))


@cache
def events() -> tuple[ViewerEvent, ...]:
    return tuple(event for visit in visits() for event in visit.events)


def test_the_same_seed_gives_the_same_world_and_events() -> None:
    again = list(behaviour.simulate(tastes.build(NOW, seed=7, guests=120), seed=7))
    assert again == list(events())


def test_another_seed_gives_other_events() -> None:
    assert list(behaviour.simulate(world(), days=5, seed=8)) != list(behaviour.simulate(world(), days=5, seed=7))


def test_adding_viewers_changes_nothing_for_those_who_were_there() -> None:
    few, more = tastes.build(NOW, guests=0), tastes.build(NOW, guests=0)
    known = [event for event in behaviour.simulate(few) if event.viewer == few.viewers[0]]
    assert known == [event for event in behaviour.simulate(more) if event.viewer == more.viewers[0]]
    assert known


def test_event_ids_are_unique() -> None:
    assert len({event.id for event in events()}) == len(events())


def test_every_event_names_a_post_and_product_that_exist_and_lies_between_publication_and_now() -> None:
    plans, shop = posts.plans(), items()
    for event in events():
        assert plans[event.post].published_at(NOW) <= event.at < NOW
        assert event.at > NOW - 29 * DAY
        assert not event.product or event.product in plans[event.post].products
        assert event.kind is not EventKind.ORDER or shop[event.product].product.stock > 0


def test_an_order_follows_a_cart_which_follows_a_click() -> None:
    for visit in visits():
        clicked = {event.product for event in visit.events if event.kind is EventKind.PRODUCT_CLICK}
        carted = {event.product for event in visit.events if event.kind is EventKind.ADD_TO_CART}
        ordered = {event.product for event in visit.events if event.kind is EventKind.ORDER}
        assert ordered <= carted <= clicked


def test_rates_are_plausible() -> None:
    counts = Counter(event.kind for event in events())
    seen = counts[EventKind.IMPRESSION]
    assert 0.03 < counts[EventKind.LIKE] / seen < 0.15
    assert 0.02 < counts[EventKind.PRODUCT_CLICK] / seen < 0.1
    assert 0.001 < counts[EventKind.ORDER] / seen < 0.02
    assert counts[EventKind.ADD_TO_CART] > counts[EventKind.ORDER] > 20


def test_viewers_watch_and_like_what_they_like_more_than_what_they_do_not() -> None:
    shown, everybody = world().shown, {name: row for row, name in enumerate(world().viewers)}
    column = {id: number for number, id in enumerate(shown.ids)}
    liking = np.array(
        [world().liking[everybody[e.viewer], column[e.post]] for e in events() if e.kind is EventKind.WATCH]
    )
    watched = np.array([event.completion for event in events() if event.kind is EventKind.WATCH])
    high, low = liking > np.quantile(liking, 0.75), liking < np.quantile(liking, 0.25)
    assert watched[high].mean() > watched[low].mean() + 0.25
    assert np.corrcoef(liking, watched)[0, 1] > 0.4


def test_nearly_every_sample_viewer_watches_more_of_what_their_words_say_they_like() -> None:
    shown = world().shown
    clear = 0
    for taste in people.tastes():
        loved = [shown.tag_ids.index(tag) for tag, weight in taste.tags.items() if weight >= 0.5]
        about = {id for id, row in zip(shown.ids, shown.tags, strict=True) if row[loved].any()}
        mine = [event for event in events() if event.viewer == taste.viewer and event.kind is EventKind.WATCH]
        on = [event.completion for event in mine if event.post in about]
        off = [event.completion for event in mine if event.post not in about]
        clear += bool(on and np.mean(on) > np.mean(off) + 0.05)
    assert clear >= 20


def test_a_sample_viewer_has_half_the_catalogue_left_to_see() -> None:
    known = {taste.viewer for taste in people.tastes()}
    seen: dict[str, set[str]] = {viewer: set() for viewer in known}
    for event in events():
        if event.viewer in known:
            seen[event.viewer].add(event.post)
    assert all(0 < len(posts_) < 0.6 * len(world().shown.ids) for posts_ in seen.values())


def test_there_is_more_going_on_in_the_evening_than_at_night() -> None:
    hours = Counter(((event.at + behaviour.INDIA) // 3_600_000) % 24 for event in events())
    assert sum(hours[hour] for hour in range(18, 23)) > 4 * sum(hours[hour] for hour in range(1, 6))


def test_the_logged_chances_are_those_the_pages_were_drawn_with() -> None:
    """The mean of 1/propensity over first slots, each post alike, estimates how many posts there were to choose from."""
    late = [visit for visit in visits() if visit.at > NOW - 3 * DAY and visit.viewer.startswith("guest")]
    assert len(late) > 100
    assert all(0 < chance <= 1 for visit in late for chance in visit.propensities)
    published = sum(plan.days >= 3 for plan in world().shown.plans)
    estimate = np.mean([1 / visit.propensities[0] for visit in late])
    assert 0.4 * published < estimate < 1.6 * len(world().shown.ids)


@dataclass(frozen=True)
class Better:
    """A planted policy: everything is enjoyed a little more."""

    name: str = "better"

    def weights(self, world: World, viewer: int, seen: NDArray[np.bool_]) -> FloatArray:
        return behaviour.Random().weights(world, viewer, seen)

    def lift(self, world: World, viewer: int) -> float:
        return 0.6


def test_a_planted_effect_shows_in_the_events() -> None:
    def likes(policy: behaviour.Policy | None) -> float:
        counts = Counter(event.kind for event in behaviour.simulate(world(), days=14, policy=policy))
        return counts[EventKind.LIKE] / counts[EventKind.IMPRESSION]

    assert likes(Better()) > 1.3 * likes(None)
