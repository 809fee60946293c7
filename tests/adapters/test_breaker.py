"""The circuit breaker: after a failure nobody waits, and one finds out for all whether the server is back."""

from __future__ import annotations

import threading

import pytest

from core.adapters.breaker import REST, Breaker
from core.domain.errors import Unavailable


class Server:
    """Up or down; counts the trials."""

    def __init__(self) -> None:
        self.up, self.trials = False, 0

    def trial(self) -> None:
        self.trials += 1
        if not self.up:
            raise Unavailable("still silent")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("core.adapters.breaker.time.monotonic", lambda: now[0])
    return now


def test_calls_go_out_until_one_has_failed(clock: list[float]) -> None:
    server = Server()
    breaker = Breaker(server.trial)
    breaker.check()
    breaker.failed(Unavailable("silent"))
    for _ in range(3):
        with pytest.raises(Unavailable, match=r"^silent$"):
            breaker.check()
    assert server.trials == 0


def test_after_the_rest_a_trial_decides(clock: list[float]) -> None:
    server = Server()
    breaker = Breaker(server.trial)
    breaker.failed(Unavailable("silent"))
    clock[0] += REST
    for _ in range(3):
        with pytest.raises(Unavailable, match="still silent"):
            breaker.check()
    assert server.trials == 1, "a trial that failed is followed by another rest"
    server.up = True
    clock[0] += REST
    for _ in range(3):
        breaker.check()
    assert server.trials == 2


def test_while_one_makes_the_trial_the_others_fail_at_once() -> None:
    begun, end = threading.Event(), threading.Event()

    def trial() -> None:
        begun.set()
        assert end.wait(10)

    breaker = Breaker(trial)
    breaker.failed(Unavailable("silent"))
    breaker._rests_until = 0.0
    one = threading.Thread(target=breaker.check)
    one.start()
    assert begun.wait(10)
    for _ in range(3):
        with pytest.raises(Unavailable):
            breaker.check()
    end.set()
    one.join()
    breaker.check()
