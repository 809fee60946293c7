"""What every live store promises, run on memory, on the embedded Valkey and on a Redis server."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from core.adapters.redis import RedisLive
from core.domain.account import Session
from core.domain.ids import DAY, HOUR
from core.domain.ports.live import SERVING_TOPICS, Live
from core.domain.viewer import Interaction, ViewerState
from tests.contracts.live_stores import wall_clock
from tests.support.waiting import until

NOW = 1_790_000_000_000
STATE = ViewerState(
    viewer="asha",
    recent=(
        Interaction(post="p1", kind="like", weight=1.5, at=NOW),
        Interaction(post="p2", kind="skip", weight=-0.5, at=NOW),
    ),
    tags={"saree": 1.25, "हथकरघा": -0.5},
    publishers={"brand-1": 2.0},
    follows=("brand-1",),
    liked=("p1",),
    hidden=("p9",),
    seen=("p1", "p2"),
    kinds_served={"ugc": 2},
    applied=bytes(8) + b"\xff" * 8,
    updated_at=NOW,
)


def session(key: str, account: str = "asha", lasts: int = HOUR) -> Session:
    now = wall_clock()
    return Session(key=key, account=account, created_at=now, expires_at=now + lasts)


class TestSessions:
    def test_a_session_comes_back_whole(self, live: Live) -> None:
        saved = session("k1")
        live.sessions.save(saved)
        assert live.sessions.find("k1") == saved
        assert live.sessions.find("k2") is None

    def test_a_session_ends_at_its_time(self, live: Live) -> None:
        live.sessions.save(session("short", lasts=2_000))
        live.sessions.save(session("past", lasts=-5))
        assert live.sessions.find("short") is not None
        assert live.sessions.find("past") is None
        until(lambda: live.sessions.find("short") is None)

    def test_a_revoked_session_is_gone_and_others_stay(self, live: Live) -> None:
        live.sessions.save(session("k1"))
        live.sessions.save(session("k2"))
        live.sessions.revoke("k1")
        live.sessions.revoke("k1")
        assert live.sessions.find("k1") is None
        assert live.sessions.find("k2") is not None

    def test_all_sessions_of_one_account_are_revoked(self, live: Live) -> None:
        for key in ("k1", "k2", "k3"):
            live.sessions.save(session(key))
        live.sessions.save(session("other", account="ravi"))
        live.sessions.revoke("k3")
        assert live.sessions.revoke_account("asha") == 2
        assert live.sessions.revoke_account("asha") == 0
        assert [live.sessions.find(key) for key in ("k1", "k2", "k3")] == [None, None, None]
        assert live.sessions.find("other") is not None


class TestRateLimits:
    def test_the_limit_holds_within_a_window_and_tells_when_it_ends(self, live: Live) -> None:
        hits = [live.limits.hit("sign-in:a", limit=3, window_ms=60_000, now=NOW + 15_000) for _ in range(4)]
        assert hits[:3] == [0.0, 0.0, 0.0]
        assert hits[3] == pytest.approx((60_000 - (NOW + 15_000) % 60_000) / 1000)
        assert live.limits.hit("sign-in:b", limit=3, window_ms=60_000, now=NOW) == 0.0

    def test_the_next_window_starts_afresh(self, live: Live) -> None:
        start = NOW - NOW % 1_000
        assert live.limits.hit("a", limit=1, window_ms=1_000, now=start) == 0.0
        assert live.limits.hit("a", limit=1, window_ms=1_000, now=start + 999) == pytest.approx(0.001)
        assert live.limits.hit("a", limit=1, window_ms=1_000, now=start + 1_000) == 0.0

    def test_a_clock_that_lags_counts_into_the_window_held(self, live: Live) -> None:
        start = NOW - NOW % 1_000
        assert live.limits.hit("a", limit=1, window_ms=1_000, now=start) == 0.0
        assert live.limits.hit("a", limit=1, window_ms=1_000, now=start - 10) == pytest.approx(1.01)

    def test_costs_add_up_and_a_refused_one_counts(self, live: Live) -> None:
        assert live.limits.hit("a", limit=10, window_ms=60_000, now=NOW, cost=9) == 0.0
        assert live.limits.hit("a", limit=10, window_ms=60_000, now=NOW, cost=2) > 0
        assert live.limits.hit("a", limit=10, window_ms=60_000, now=NOW, cost=0) > 0

    def test_a_reset_counter_starts_afresh(self, live: Live) -> None:
        live.limits.hit("a", limit=1, window_ms=60_000, now=NOW)
        live.limits.reset("a")
        assert live.limits.hit("a", limit=1, window_ms=60_000, now=NOW) == 0.0

    def test_threads_together_pass_the_limit_exactly(self, live: Live) -> None:
        with ThreadPoolExecutor(16) as pool:
            waits = list(pool.map(lambda _: live.limits.hit("a", limit=40, window_ms=60_000, now=NOW), range(100)))
        assert waits.count(0.0) == 40


class TestViewers:
    def test_an_unknown_viewer_is_fresh(self, live: Live) -> None:
        read = live.viewers.read("nobody")
        assert read.viewer == ViewerState(viewer="nobody")
        assert (read.trending, read.versions) == ({}, dict.fromkeys(SERVING_TOPICS, 0))

    def test_a_state_comes_back_whole_with_the_next_version(self, live: Live) -> None:
        assert live.viewers.write(STATE, expected_version=0)
        assert live.viewers.read("asha").viewer == replace(STATE, version=1)
        assert live.viewers.write(replace(STATE, seen=("p3",)), expected_version=1)
        assert live.viewers.read("asha").viewer == replace(STATE, seen=("p3",), version=2)

    def test_a_write_on_an_outdated_version_changes_nothing(self, live: Live) -> None:
        assert live.viewers.write(STATE, expected_version=0)
        assert not live.viewers.write(replace(STATE, liked=("other",)), expected_version=0)
        assert not live.viewers.write(replace(STATE, liked=("other",)), expected_version=2)
        assert live.viewers.read("asha").viewer == replace(STATE, version=1)
        assert not live.viewers.write(ViewerState(viewer="new"), expected_version=3)

    def test_many_are_read_and_written_at_once_each_by_its_own_version(self, live: Live) -> None:
        assert live.viewers.write(ViewerState(viewer="a", seen=("p1",)), expected_version=0)
        a, b, c = live.viewers.read_many(["a", "b", "c"])
        assert (a.seen, a.version, b, c.version) == (("p1",), 1, ViewerState(viewer="b"), 0)
        assert live.viewers.write(replace(c, seen=("quicker",)), expected_version=0)
        after = [(replace(one, seen=(*one.seen, "p2")), one.version) for one in (a, b, c)]
        assert live.viewers.write_many(after) == [True, True, False]
        found = live.viewers.read_many(["a", "b", "c"])
        assert [(one.seen, one.version) for one in found] == [(("p1", "p2"), 2), (("p2",), 1), (("quicker",), 1)]
        assert live.viewers.read_many([]) == []
        assert live.viewers.write_many([]) == []

    def test_what_is_recalled_without_asking_can_only_be_written_over_while_it_is_true(self, live: Live) -> None:
        assert live.viewers.recall_many(["a", "unknown"]) is None
        assert live.viewers.write(replace(STATE, viewer="a"), expected_version=0)
        live.viewers.read_many(["a"])
        recalled = live.viewers.recall_many(["a"])
        assert recalled is None or recalled == live.viewers.read_many(["a"])
        before = live.viewers.read("a").viewer
        assert live.viewers.write(replace(before, liked=("p2",)), expected_version=before.version)
        assert not live.viewers.write(replace(before, liked=("p3",)), expected_version=before.version)
        assert live.viewers.read("a").viewer.liked == ("p2",)

    def test_several_are_read_for_pages_in_one_go_with_the_same_trends_and_versions(self, live: Live) -> None:
        live.viewers.write(STATE, expected_version=0)
        live.trending.bump({"p1": 2.0}, now=NOW)
        version = live.signals.bump("catalogue")
        for trending in (0, 10):
            reads = live.viewers.read_all(["nobody", "asha"], trending=trending)
            assert [read.viewer for read in reads] == [ViewerState(viewer="nobody"), replace(STATE, version=1)]
            assert [dict(read.trending) for read in reads] == [{"p1": 2.0} if trending else {}] * 2
            assert [read.versions["catalogue"] for read in reads] == [version] * 2

    def test_many_are_written_even_if_the_server_has_forgotten_its_scripts(self, live: Live) -> None:
        if isinstance(live, RedisLive):
            live._link.client.script_flush()
        states = [(ViewerState(viewer=f"v{n}"), 0) for n in range(3)]
        assert live.viewers.write_many(states) == [True, True, True]

    def test_a_forgotten_viewer_is_fresh_again(self, live: Live) -> None:
        live.viewers.write(STATE, expected_version=0)
        live.viewers.forget("asha")
        assert live.viewers.read("asha").viewer == ViewerState(viewer="asha")
        assert live.viewers.write(STATE, expected_version=0)

    def test_one_read_brings_trending_and_what_a_feed_process_follows(self, live: Live) -> None:
        live.trending.bump({"p1": 3.0, "p2": 5.0, "p3": 1.0}, now=NOW)
        catalogue, policies = live.signals.bump("catalogue"), live.signals.bump("policies")
        read = live.viewers.read("asha", trending=2)
        assert list(read.trending.items()) == [("p2", pytest.approx(5.0)), ("p1", pytest.approx(3.0))]
        assert (read.versions["catalogue"], read.versions["policies"], read.versions["models"]) == (
            catalogue,
            policies,
            0,
        )
        assert live.viewers.read("asha", trending=0).trending == {}

    def test_threads_that_compare_and_set_one_viewer_lose_nothing(self, live: Live) -> None:
        def apply(event: bytes) -> None:
            while True:
                state = live.viewers.read("asha", trending=0).viewer
                if live.viewers.write(replace(state, applied=state.applied + event), expected_version=state.version):
                    return

        events = [number.to_bytes(8) for number in range(2**63, 2**63 + 64)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(apply, events))
        state = live.viewers.read("asha").viewer
        assert sorted(state.applied[at : at + 8] for at in range(0, len(state.applied), 8)) == events
        assert state.version == 64


class TestTrending:
    def test_scores_add_up_and_rank(self, live: Live) -> None:
        live.trending.bump({"p1": 1.0, "p2": 2.0}, now=NOW)
        live.trending.bump({"p1": 4.0, "p3": 0.5}, now=NOW)
        assert list(live.trending.top(2).items()) == [("p1", pytest.approx(5.0)), ("p2", pytest.approx(2.0))]
        assert live.trending.top(0) == {}

    def test_a_score_halves_in_six_hours(self, live: Live) -> None:
        live.trending.bump({"old": 8.0}, now=NOW)
        live.trending.bump({"new": 3.0}, now=NOW + 12 * HOUR)
        assert live.trending.top(9) == {"new": pytest.approx(3.0), "old": pytest.approx(2.0)}
        assert next(iter(live.trending.top(9))) == "new"

    def test_a_late_bump_counts_as_of_its_own_time(self, live: Live) -> None:
        live.trending.bump({"p1": 1.0}, now=NOW + 6 * HOUR)
        live.trending.bump({"p1": 1.0}, now=NOW)
        assert live.trending.top(1) == {"p1": pytest.approx(1.5)}

    def test_scores_survive_years_of_decay(self, live: Live) -> None:
        for day in range(0, 800, 4):
            live.trending.bump({"steady": 1.0, f"one-off-{day}": 10.0}, now=NOW + day * DAY)
        steady = sum(0.5 ** (gap * 4 * 4) for gap in range(5))
        top = live.trending.top(2)
        assert top == {"one-off-796": pytest.approx(10.0), "steady": pytest.approx(steady)}

    def test_what_is_not_above_zero_does_not_trend(self, live: Live) -> None:
        live.trending.bump({"liked": 1.0, "unliked": -1.0, "even": 0.0}, now=NOW)
        assert live.trending.top(9) == {"liked": pytest.approx(1.0)}

    def test_clearing_forgets_all(self, live: Live) -> None:
        live.trending.bump({"p1": 1.0}, now=NOW)
        live.trending.clear()
        assert live.trending.top(9) == {}
        live.trending.bump({"p1": 1.0}, now=NOW - DAY)
        assert live.trending.top(9) == {"p1": pytest.approx(1.0)}

    def test_bumping_nothing_is_fine(self, live: Live) -> None:
        live.trending.bump({}, now=NOW)
        assert live.trending.top(9) == {}


class TestSignals:
    def test_a_version_grows_with_each_bump(self, live: Live) -> None:
        assert live.signals.version("catalogue") == 0
        first, second = live.signals.bump("catalogue"), live.signals.bump("catalogue")
        assert 0 < first < second == live.signals.version("catalogue")
        assert live.signals.version("other") == 0

    def test_every_listener_hears_the_latest_version_of_its_topics(self, live: Live) -> None:
        done = [threading.Event(), threading.Event()]
        heard: list[list[tuple[str, int]]] = [[], []]
        last = 0

        def hear(index: int, topic: str, version: int) -> None:
            heard[index].append((topic, version))
            if topic == "jobs":
                done[index].set()

        stops = [
            live.signals.listen(["catalogue", "jobs"], lambda topic, version: hear(0, topic, version)),
            live.signals.listen(["jobs"], lambda topic, version: hear(1, topic, version)),
        ]
        for _ in range(3):
            last = live.signals.bump("catalogue")
        live.signals.bump("policies")
        jobs = live.signals.bump("jobs")
        assert all(event.wait(30) for event in done)
        assert heard[0][-2:] == [("catalogue", last), ("jobs", jobs)]
        assert heard[1] == [("jobs", jobs)]
        for stop in stops:
            stop()

    def test_a_stopped_listener_hears_nothing_more(self, live: Live) -> None:
        heard: list[int] = []
        other = threading.Event()
        stop = live.signals.listen(["catalogue"], lambda _topic, version: heard.append(version))
        stop()
        live.signals.listen(["catalogue"], lambda _topic, _version: other.set())
        live.signals.bump("catalogue")
        assert other.wait(30)
        assert heard == []

    def test_a_listener_may_stop_itself(self, live: Live) -> None:
        stopped = threading.Event()

        def hear(_topic: str, _version: int) -> None:
            stop()
            stopped.set()

        stop = live.signals.listen(["catalogue"], hear)
        live.signals.bump("catalogue")
        assert stopped.wait(30)

    def test_a_listener_that_fails_goes_on_listening(self, live: Live) -> None:
        heard = threading.Semaphore(0)

        def hear(_topic: str, _version: int) -> None:
            heard.release()
            raise RuntimeError("a mistake of the listener")

        live.signals.listen(["catalogue"], hear)
        live.signals.bump("catalogue")
        assert heard.acquire(timeout=30)
        live.signals.bump("catalogue")
        assert heard.acquire(timeout=30)


def test_a_reachable_store_answers(live: Live) -> None:
    live.ping()
    assert live.signals.version("anything") == 0
