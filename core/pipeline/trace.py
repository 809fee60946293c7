"""What each stage did and how long it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from types import TracebackType

from core.domain.feed import StageTrace


class Step:
    """One running stage: times itself, and catches whatever the stage raises.

    The caller looks at `failed` and decides between open and closed.
    """

    __slots__ = ("_kind", "_stage", "_started", "_trace", "after", "before", "dropped", "failed")

    def __init__(self, trace: Trace, stage: str, kind: str, before: int) -> None:
        self._trace, self._stage, self._kind = trace, stage, kind
        self.before = self.after = before
        self.dropped: Mapping[str, int] = {}
        self.failed = ""

    def __enter__(self) -> Step:
        self._started = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        taken = (time.perf_counter() - self._started) * 1_000
        if error is not None and not isinstance(error, Exception):
            return False
        # The engine alone catches all: the failure is kept here, counted, and shown in the trace of the page.
        self.failed = f"{type(error).__name__}: {error}"[:200] if error is not None else ""
        self._trace.stages.append(
            StageTrace(
                stage=self._stage,
                kind=self._kind,
                before=self.before,
                after=self.after,
                milliseconds=round(taken, 4),
                dropped=self.dropped if type(self.dropped) is dict else dict(self.dropped),
                failed=self.failed,
            )
        )
        return True


class Trace:
    """The stages of one request in the order they ran."""

    def __init__(self) -> None:
        self.stages: list[StageTrace] = []

    def step(self, stage: object, kind: str, before: int = 0) -> Step:
        """Run a stage inside `with`."""
        return Step(self, name_of(stage), kind, before)


def name_of(stage: object) -> str:
    """A stage's name in plain words: its own `name` if it has one, else `TagAffinity` → `tag affinity`."""
    of_class = _of_class.get(type(stage))
    if of_class is not None:
        return of_class
    own = getattr(stage, "name", None)
    name = own if isinstance(own, str) else _in_words(type(stage).__name__)
    if not type(stage).__dictoffset__ and not hasattr(type(stage), "name"):
        _of_class[type(stage)] = name
    return name


_of_class: dict[type, str] = {}
"""Names of classes whose stages cannot have names of their own."""


@cache
def _in_words(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
