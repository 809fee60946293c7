"""Numbers of what viewers have seen are the same with a memory as without."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.domain.viewer import ViewerState
from core.feed.columnar import ColumnWriter
from core.feed.entry import entry_of
from core.feed.seen_numbers import SeenNumbers
from tests.feed.world import make_post

ids = [f"p{number}" for number in range(30)]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add posts", "see", "see again", "forget the oldest", "forget all", "look back"]),
        st.integers(0, 29),
        st.integers(1, 8),
    ),
    max_size=30,
)


@given(steps, st.sampled_from([0, 5, 40, 1_000]))
def test_remembered_numbers_are_those_that_the_index_gives(changes: list[tuple[str, int, int]], room: int) -> None:
    writer, memory = ColumnWriter(), SeenNumbers(room)
    states = {name: ViewerState(viewer=name) for name in ("v", "w")}
    old = index = writer.snapshot(0)
    for step, (change, first, count) in enumerate(changes):
        name = "vw"[step % 2]
        seen, asked = states[name].seen, index
        some = tuple(ids[first : first + count])
        if change == "add posts":
            writer.put([entry_of(make_post(id)) for id in some])
            old, index = index, writer.snapshot(step)
        elif change == "see":
            seen = (*seen, *(id for id in some if id not in seen))
        elif change == "see again":
            seen = (*(id for id in seen if id not in some), *some)
        elif change == "forget the oldest":
            seen = seen[count:]
        elif change == "forget all":
            seen = ()
        else:
            asked = old
        # Another text each time, as it comes from the store.
        states[name] = replace(states[name], seen=tuple("".join(list(id)) for id in seen))
        for one in (asked, index):
            assert memory.of(one, states[name]).tolist() == one.numbers_of(states[name].seen).tolist()


def test_numbers_of_another_catalogue_are_not_mixed_up() -> None:
    memory, state = SeenNumbers(), ViewerState(viewer="v", seen=("a", "b"))
    for order in (("a", "b"), ("b", "x", "a")):
        writer = ColumnWriter()
        writer.put([entry_of(make_post(id)) for id in order])
        index = writer.snapshot(1)
        assert memory.of(index, state).tolist() == [order.index("a"), order.index("b")]
