"""Trends as arrays."""

from __future__ import annotations

from core.feed.columnar import ColumnWriter
from core.feed.entry import entry_of
from core.feed.index import Index
from core.feed.trends import trends_of
from tests.feed.world import make_post


def index_of(*ids: str) -> Index:
    writer = ColumnWriter()
    writer.put([entry_of(make_post(id)) for id in ids])
    return writer.snapshot(1)


def test_trends_name_what_the_snapshot_knows_by_number_and_the_hottest_first() -> None:
    index = index_of("a", "b", "c")
    trends = trends_of(index, {"c": 9.0, "gone": 5.0, "a": 2.0})
    assert dict(zip(trends.numbers.tolist(), trends.values.tolist(), strict=True)) == {0: 2.0, 2: 9.0}
    assert trends.numbers.tolist() == sorted(trends.numbers.tolist())
    assert [index.ids[row] for row in trends.rows] == ["c", "a"]


def test_another_snapshot_or_another_mapping_gets_its_own_trends() -> None:
    one, other = index_of("a", "b"), index_of("b", "a")
    hot = {"a": 1.0}
    assert trends_of(one, hot) is trends_of(one, hot)
    assert trends_of(one, hot).numbers.tolist() == [0]
    assert trends_of(other, hot).numbers.tolist() == [1]
    assert trends_of(other, {"a": 1.0, "b": 0.5}).numbers.tolist() == [0, 1]
    assert len(trends_of(one, {}).rows) == 0
