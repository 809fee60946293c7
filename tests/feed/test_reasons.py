"""Which reason of a slot speaks."""

from __future__ import annotations

from itertools import chain, combinations

from core.domain.ids import HOUR
from core.feed.explain import Tastes, may_name_act, sentence
from core.feed.for_you import FALLBACKS, SOURCES
from core.feed.slotting import BEST, EXPLORED, PINNED
from core.pipeline.trace import name_of
from core.services.feed_request import PageRequest
from tests.feed.world import NOW, world


def test_an_act_is_looked_up_exactly_where_it_would_be_named() -> None:
    _, _, query = world().feed.look(PageRequest(viewer="v", size=5), now=NOW + HOUR)
    names = [name_of(source) for source in (*SOURCES, *FALLBACKS)]
    some = list(chain.from_iterable(combinations(names, count) for count in range(3)))
    told = {True: 0, False: 0}
    for sources in some:
        for rule in (BEST, EXPLORED, f"{PINNED} for the sale", "at least 20% educational"):
            words = sentence(query, 0, sources, rule, Tastes(query), "Publisher", str, "Because of an act")
            may = may_name_act(sources, rule)
            assert may == (words == "Because of an act"), (sources, rule, words)
            told[may] += 1
    assert min(told.values()) > 20
