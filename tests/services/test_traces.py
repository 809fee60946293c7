"""Kept pages as a service: which are kept, where, for how long, and how they are read back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.bootstrap import Services
from core.domain.errors import InvalidInput, NotFound, Unavailable
from core.domain.feed import FeedPage
from core.domain.ids import DAY, HOUR, new_id
from core.domain.viewer import SampleViewer
from core.services import traces as kept
from core.services.feed_metrics import REGISTRY
from core.settings import Settings
from core.streaming.handlers import sweeps
from core.streaming.replay import main
from tests.fakes.stores import memory_stores
from tests.feed.world import NOW, world


def services_with(share: float, folder: Path) -> Services:
    made = Services(Settings(data=folder, secret="s" * 40, trace_share=share), memory_stores())
    world(stores=made.stores)
    made.stores.sample_viewers.insert(SampleViewer(id="asha", name="Asha"))
    return made


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """No page is kept but those of the sample viewer asha."""
    return services_with(0.0, tmp_path)


def served(services: Services, viewer: str = "asha", now: int = NOW) -> FeedPage:
    page = services.feed.page(viewer, now=now)
    services.feed.flush()
    return page


def count(result: str) -> float:
    return REGISTRY.get_sample_value("feedroom_traces_total", {"result": result}) or 0.0


def test_every_page_of_a_sample_viewer_is_kept_and_comes_out_the_same(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "CHECKED", 1)
    before = count("kept"), count("unlike"), count("failed")
    for _ in range(3):
        page = served(services)
        trace = services.traces.read(page.request)
        again = services.traces.replayed(trace)
        ids = [again.query.index.ids[row] for row in again.outcome.selection.page.rows]
        assert again.difference == ""
        assert ids == [slot.post for slot in page.slots]
    assert (count("kept"), count("unlike"), count("failed")) == (before[0] + 3, *before[1:])


def test_the_share_of_other_pages_is_kept_and_every_process_knows_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PACE", 0.0)
    services, other = services_with(0.25, tmp_path), services_with(0.25, tmp_path)
    requests = [served(services, f"viewer-{number}").request for number in range(60)]
    stored = {key.rpartition("/")[2] for key in services.stores.objects.list("traces/")}
    assert stored == {request for request in requests if other.traces.wanted(request)}
    assert 4 <= len(stored) <= 30
    assert sum(services.traces.wanted(new_id(NOW)) for _ in range(4_000)) == pytest.approx(1_000, abs=150)


def test_of_many_pages_a_second_one_is_kept_and_the_others_are_counted(tmp_path: Path) -> None:
    services, before = services_with(0.99, tmp_path), count("passed over")
    requests = [served(services, f"viewer-{number}").request for number in range(20)]
    wanted = sum(services.traces.wanted(request) for request in requests)
    stored = services.stores.objects.list("traces/")
    assert count("passed over") - before == wanted - len(stored)
    assert 1 <= len(stored) < wanted


def test_with_a_share_of_one_and_for_sample_viewers_no_page_is_passed_over(tmp_path: Path) -> None:
    whole, none = services_with(1.0, tmp_path), services_with(0.5, tmp_path)
    for number in range(5):
        served(whole, f"viewer-{number}")
        served(none, "asha")
    assert len(whole.stores.objects.list("traces/")) == len(none.stores.objects.list("traces/")) == 5


def test_looking_keeps_nothing(services: Services) -> None:
    services.feed.page("asha", record=False, now=NOW)
    services.feed.flush()
    assert services.stores.objects.list("traces/") == []


def test_a_page_that_was_not_kept_and_a_word_that_is_no_request_are_told_apart(services: Services) -> None:
    with pytest.raises(NotFound) as missing:
        services.traces.read(new_id(NOW))
    assert missing.value.field == "request"
    for word in ("", "nonsense", "../../etc/passwd", "Z" * 26, "é" * 26):
        with pytest.raises(InvalidInput) as wrong:
            services.traces.read(word)
        assert wrong.value.field == "request"


def test_old_traces_go_and_so_do_the_oldest_hours_of_too_many(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = served(services, now=NOW - 8 * DAY), served(services, now=NOW - 2 * HOUR)
    newest = served(services, now=NOW)
    assert services.traces.sweep(now=NOW) == 1
    assert services.traces.recent() == [newest.request, new.request]
    monkeypatch.setattr(kept, "MOST", 1)
    assert services.traces.sweep(now=NOW) == 1
    assert services.traces.recent() == [newest.request]
    with pytest.raises(NotFound):
        services.traces.read(old.request)
    assert "traces of pages" in {sweep.name for sweep in sweeps(services)}


def test_only_the_newest_hours_are_listed_for_the_pages_kept_last(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [served(services, now=NOW - hours * HOUR).request for hours in (0, 1, 2, 24, 49)]
    folders = [kept.key_of(request).rpartition("/")[0] + "/" for request in requests]
    every, listed = services.stores.objects.list, list[str]()

    def noted(prefix: str) -> list[str]:
        listed.append(prefix)
        return every(prefix)

    monkeypatch.setattr(services.stores.objects, "list", noted)
    for limit, hours in ((1, 1), (2, 2), (4, 4), (20, 5)):
        listed.clear()
        assert services.traces.recent(limit=limit) == requests[:limit]
        assert listed == folders[:hours]


def test_while_the_object_store_is_down_pages_go_on_and_traces_wait(services: Services) -> None:
    put = services.stores.objects.put_bytes

    def down(*_: object) -> None:
        raise Unavailable("the object store does not answer")

    services.stores.objects.put_bytes = down  # type: ignore[method-assign]
    page = services.feed.page("asha", now=NOW)
    assert len(page.slots) == 20
    with pytest.raises(Unavailable):
        services.feed.flush()
    services.stores.objects.put_bytes = put  # type: ignore[method-assign]
    services.feed.flush()
    assert services.traces.read(page.request).viewer == "asha"


def test_the_command_prints_the_page_and_says_identical(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    page = served(services)
    assert main([page.request], services) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "identical"
    assert [line.split()[1] for line in lines[1:21]] == [slot.post for slot in page.slots]
    assert main([new_id(NOW)], services) == 2
