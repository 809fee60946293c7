"""What each stage did and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from time import perf_counter
from types import TracebackType

import msgspec

from core.domain.feed import StageTrace

BESIDES = -1
"""As `before`: what came out and what was dropped besides."""


class Step(msgspec.Struct, eq=False, gc=False):
    """One running stage: times itself, and catches whatever the stage raises.

    The caller looks at `failed` and decides between open and closed.
    """

    stage: object
    kind: str
    before: int
    after: int
    dropped: Mapping[str, int]
    failed: str = ""
    began: float = 0.0
    ended: float = 0.0

    def __enter__(self) -> Step:
        self.began = perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self.ended = perf_counter()
        if error is not None:
            if not isinstance(error, Exception):
                return False
            # The engine alone catches all: the failure is kept here, counted, and shown in the trace of the page.
            self.failed = f"{type(error).__name__}: {error}"[:200]
        return True

    def told(self) -> StageTrace:
        """What is kept of it."""
        return StageTrace(
            stage=name_of(self.stage),
            kind=self.kind,
            before=self.before if self.before != BESIDES else self.after + sum(self.dropped.values()),
            after=self.after,
            milliseconds=int((self.ended - self.began) * 10_000_000 + 0.5) / 10_000,
            dropped=dict(self.dropped),
            failed=self.failed,
        )


_NOTHING: Mapping[str, int] = {}


class Trace:
    """The stages of one request in the order they ran."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def step(self, stage: object, kind: str, before: int = 0) -> Step:
        """Run a stage inside `with`."""
        step = Step(stage, kind, before, before, _NOTHING)
        self._steps.append(step)
        return step

    def stages(self) -> tuple[StageTrace, ...]:
        """What they did. Asked at the end, if at all: a stage that is timed costs little more than two looks at the clock."""
        return tuple([step.told() for step in self._steps])

    def failed(self) -> list[str]:
        """Names of the stages that failed."""
        return [name_of(step.stage) for step in self._steps if step.failed]


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
