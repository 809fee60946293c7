"""What a product manager is trying out: kept for the account with every change, with undo, until it is saved or discarded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from core.domain.account import Account, Role
from core.domain.errors import Conflict, Duplicate, InvalidInput, Unavailable
from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.domain.mix_fields import Refusal, flat, refusals, same, with_values
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
        base = self._mix.get(actor, draft.base) if draft else self._mix.current(actor).policy
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
        base = self._base(actor)
        known = flat(base)
        for field, value in values.items():
            if field not in known:
                raise InvalidInput(field, value, "there is no such setting")

        def act(draft: MixDraft) -> MixDraft:
            own = flat(self._mix.get(actor, draft.base))
            merged = {f: v for f, v in (draft.values | dict(values)).items() if f not in own or not same(own[f], v)}
            return draft if merged == draft.values else _stepped(draft, draft.base, merged)

        return self._update(actor, base.id, act, now)

    def start(self, actor: Account, base: str, *, now: Millis) -> MixDraft:
        """Begin from another version; what was typed can be brought back by undo. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        origin = self._mix.get(actor, base)

        def act(draft: MixDraft) -> MixDraft:
            # A copy, so that a draft that did not exist is stored.
            same_start = draft.base == origin.id and not draft.values
            return replace(draft) if same_start else _stepped(draft, origin.id, {})

        return self._update(actor, origin.id, act, now)

    def undo(self, actor: Account, *, now: Millis) -> MixDraft:
        """Take the last change back; nothing happens if there is none."""

        def act(draft: MixDraft) -> MixDraft:
            if not draft.steps:
                return draft
            step = draft.steps[-1]
            return replace(draft, base=step.base, values=step.values, steps=draft.steps[:-1])

        return self._update(actor, self._base(actor).id, act, now)

    def discard(self, actor: Account) -> None:
        """Forget the draft and its steps."""
        actor.require(Role.PRODUCT_MANAGER)
        self._drafts.delete(actor.id)

    def _base(self, actor: Account) -> MixPolicy:
        actor.require(Role.PRODUCT_MANAGER)
        draft = self._drafts.find_one(actor.id)
        return self._mix.get(actor, draft.base) if draft else self._mix.current(actor).policy

    def _update(self, actor: Account, base: str, act: Callable[[MixDraft], MixDraft], now: Millis) -> MixDraft:
        """Two tabs of one person may type at once: each change is made to what is stored."""
        for _ in range(_TRIES):
            held = self._drafts.find_one(actor.id)
            before = held or MixDraft(id=actor.id, base=base, values={})
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
