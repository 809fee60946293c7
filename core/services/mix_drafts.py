"""What a product manager is trying out: kept for the account with every change, with undo, until it is saved or discarded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Duplicate, InvalidInput, Unavailable
from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.domain.mix_fields import Refusal, changed, flat, refusals, with_values
from core.domain.mix_life import DraftStep, MixDraft, Value
from core.services.mix import Mix
from core.services.mix_check import impossible
from core.services.stores import Stores

DRAFT: Final = "draft"
"""The id of a draft's policy, where one is shown under it."""
STEPS: Final = 40
_TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Work:
    """A draft as it stands: every setting with what was typed, what of it cannot be, and the policy it makes (or None)."""

    base: MixPolicy
    table: dict[str, Value]
    typed: dict[str, Value]
    refusals: tuple[Refusal, ...]
    policy: MixPolicy | None
    undoable: bool

    @property
    def begun(self) -> bool:
        """Whether anything differs from the base."""
        return bool(self.typed)


class MixDrafts:
    """One draft per account."""

    def __init__(self, stores: Stores, mix: Mix) -> None:
        self._drafts, self._mix = stores.mix_drafts, mix

    def work(self, actor: Account, *, last: str = "") -> Work:
        """The actor's draft, or the version in force if there is none. `last` is the field typed last, where sums are told."""
        actor.require(Role.PRODUCT_MANAGER)
        draft = self._drafts.find_one(actor.id)
        base = self._base(actor, draft)
        typed = draft.values if draft else {}
        table = flat(base) | typed
        wrong = refusals(table, last=last)
        policy = None
        if not wrong:
            policy = replace(with_values(base, typed), id=DRAFT, name="Draft", base=base.id) if typed else base
            wrong = impossible(policy)
        return Work(base, table, typed, wrong, None if wrong else policy, draft is not None and bool(draft.steps))

    def change(self, actor: Account, values: Mapping[str, Value], *, now: Millis) -> MixDraft:
        """Keep what was typed, possible or not. Raises InvalidInput for a field that is no setting."""
        return self._typed(actor, lambda _: values, now)

    def pin(self, actor: Account, post: str, position: int | None, *, now: Millis) -> MixDraft:
        """Put a post at a position (from 0), or take its pin away (None); the other pins stay as they are stored."""

        def pinned(table: Mapping[str, Value]) -> Mapping[str, Value]:
            held = table["pins"]
            others = [(int(place), id) for place, id in held if id != post] if isinstance(held, list) else []
            return {"pins": sorted([*others, (position, post)] if position is not None else others)}

        return self._typed(actor, pinned, now)

    def start(self, actor: Account, base: str, *, now: Millis) -> MixDraft:
        """Begin from another version; what was typed can be brought back by undo. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        origin = self._mix.get(actor, base)

        def act(draft: MixDraft) -> MixDraft:
            same_start = draft.base == origin.id and not draft.values
            return draft if same_start else _stepped(draft, origin.id, {})

        return self._update(actor, act, now)

    def go_on(self, actor: Account, saved: MixPolicy, *, now: Millis) -> MixDraft:
        """Begin from a version that was just saved of this draft; what was typed since it was looked at stays, on top of it.

        A draft that was begun from yet another version meanwhile is left alone.
        """
        actor.require(Role.PRODUCT_MANAGER)

        def act(draft: MixDraft) -> MixDraft:
            base = self._base(actor, draft)
            if base.id != saved.base:
                return draft
            return _stepped(draft, saved.id, changed(saved, flat(base) | draft.values))

        return self._update(actor, act, now)

    def undo(self, actor: Account, *, now: Millis) -> MixDraft:
        """Take the last change back; nothing happens if there is none."""
        actor.require(Role.PRODUCT_MANAGER)

        def act(draft: MixDraft) -> MixDraft:
            if not draft.steps:
                return draft
            step = draft.steps[-1]
            return replace(draft, base=step.base, values=step.values, steps=draft.steps[:-1])

        return self._update(actor, act, now)

    def discard(self, actor: Account, *, now: Millis) -> MixDraft:
        """Back to whatever is in force; what was typed can be brought back by undo."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._update(actor, lambda draft: _stepped(draft, "", {}) if draft.base or draft.values else draft, now)

    def _base(self, actor: Account, draft: MixDraft | None) -> MixPolicy:
        return self._mix.get(actor, draft.base) if draft and draft.base else self._mix.current(actor).policy

    def _typed(
        self, actor: Account, made: Callable[[Mapping[str, Value]], Mapping[str, Value]], now: Millis
    ) -> MixDraft:
        """`made` tells the new values from the table as it is stored."""
        actor.require(Role.PRODUCT_MANAGER)

        def act(draft: MixDraft) -> MixDraft:
            base = self._base(actor, draft)
            own = flat(base)
            values = made(own | draft.values)
            for field, value in values.items():
                if field not in own:
                    raise InvalidInput(field, value, "there is no such setting")
            merged = changed(base, draft.values | dict(values))
            return draft if merged == draft.values else _stepped(draft, base.id, merged)

        return self._update(actor, act, now)

    def _update(self, actor: Account, act: Callable[[MixDraft], MixDraft], now: Millis) -> MixDraft:
        """Two tabs of one person may type at once: each change is made to what is stored."""
        for _ in range(_TRIES):
            held = self._drafts.find_one(actor.id)
            before = held or MixDraft(id=actor.id, base="", values={})
            after = act(before)
            if after is before:
                return before
            try:
                if held is None:
                    return self._drafts.insert(replace(after, updated_at=now))
                fields = {"base": after.base, "values": after.values, "steps": after.steps, "updated_at": now}
                return self._drafts.patch(actor.id, fields, expected_version=held.version)
            except (Conflict, Duplicate):
                continue
        raise Unavailable("the draft is changing too fast; try again")


def _stepped(draft: MixDraft, base: str, values: dict[str, Value]) -> MixDraft:
    steps = (*draft.steps, DraftStep(base=draft.base, values=draft.values))[-STEPS:]
    return replace(draft, base=base, values=values, steps=steps)
