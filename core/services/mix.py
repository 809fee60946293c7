"""The mix as a use case: versions that never change, which of them is in force, who said so and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.domain.account import Account, Role
from core.domain.collection import Page
from core.domain.errors import Conflict, Duplicate, InvalidInput, NotFound, ServiceError
from core.domain.ids import Millis
from core.domain.mix import MixPolicy
from core.domain.mix_fields import changed, with_values
from core.domain.mix_life import MAX_NAME, MAX_NOTE, MAX_WHY, MixPublish, Value, publish_id
from core.domain.mix_words import differences
from core.services.audit import Audit
from core.services.feed_policies import SIGNAL, Policies, last_publish
from core.services.mix_check import impossible
from core.services.mix_serving import Serving, serving
from core.services.stores import Stores

ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class InForce:
    """The version in force, and the line of the history that says so; None if none was ever published."""

    policy: MixPolicy
    line: MixPublish | None

    @property
    def number(self) -> int:
        """The line's number, 0 for what Feedroom started with: what a person who publishes has seen."""
        return self.line.number if self.line else 0


class Mix:
    """Every verb is for product managers; what changes something leaves an audit line."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores, self._audit = stores, audit
        self._policies = Policies(stores)

    def versions(self, actor: Account) -> list[MixPolicy]:
        """Every version, the newest first."""
        actor.require(Role.PRODUCT_MANAGER)
        return sorted(self._policies.all(), key=lambda policy: (policy.created_at, policy.id), reverse=True)

    def get(self, actor: Account, id: str) -> MixPolicy:
        """One version. Raises NotFound."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._get(id)

    def current(self, actor: Account) -> InForce:
        """What every viewer without an experiment is served by, as stored."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._in_force()

    def in_force_now(self) -> tuple[MixPolicy, list[MixPolicy]]:
        """The version in force and all versions, for programs that may read the feed."""
        return self._in_force().policy, self._policies.all()

    def save(
        self, actor: Account, values: Mapping[str, Value], *, base: str, name: str, note: str = "", now: Millis
    ) -> MixPolicy:
        """A new version: `base` with these settings instead, under the next free number of its family.

        Raises InvalidInput naming the field and its value: a setting that cannot be, rules that no page can keep, a pinned post
        that does not exist, no name, or nothing that differs. Raises NotFound for an unknown base.
        """
        actor.require(Role.PRODUCT_MANAGER)
        origin = self._get(base)
        name, note = _text("name", name, MAX_NAME), _text("note", note, MAX_NOTE, empty=True)
        own = changed(origin, values)
        if not own:
            raise InvalidInput("values", dict(values), f"nothing differs from {base}, so there is nothing to save")
        draft = with_values(origin, own)
        if wrong := impossible(draft):
            raise InvalidInput(wrong[0].field, own.get(wrong[0].field), f"{wrong[0].message} {wrong[0].remedy}")
        for pin in draft.pins:
            if self._stores.posts.find_one(pin.post) is None:
                raise InvalidInput("pins", pin.post, "there is no such post")
        stored = self._insert(
            replace(draft, name=name, note=note, base=base, created_by=actor.id, created_at=now, updated_at=now),
            origin.family or origin.id,
        )
        self._audit.record(
            actor, "mix.save", stored.id, now=now, name=name, base=base, changes=" ".join(differences(origin, stored))
        )
        return stored

    def publish(self, actor: Account, id: str, why: str, *, seen: int | None = None, now: Millis) -> MixPublish:
        """Put a version in force: every feed process uses it for its next page.

        `seen` is the number of the line that the person saw as in force (0 for none): if somebody published since, Conflict says
        who, what and why. Raises InvalidInput without a reason or for the version that is in force already, NotFound for an
        unknown one.
        """
        actor.require(Role.PRODUCT_MANAGER)
        why = _text("why", why, MAX_WHY)
        policy, before = self._get(id), self._seen(seen)
        if policy.id == before.policy.id:
            raise InvalidInput("id", id, "this version is in force already")
        if wrong := impossible(policy):
            raise InvalidInput(wrong[0].field, id, f"{wrong[0].message} {wrong[0].remedy}")
        line = MixPublish(
            id=publish_id(before.number + 1), policy=id, came_from=before.policy.id,
            parent=before.line.id if before.line else "", by=actor.id, by_name=actor.name, why=why, at=now,
        )  # fmt: skip
        return self._append(actor, line, "mix.publish", now)

    def roll_back(self, actor: Account, why: str, *, seen: int | None = None, now: Millis) -> MixPublish:
        """Put the version in force again that was before the present one; again and again goes further back.

        Raises Conflict if there is nothing before it, or somebody published since `seen`.
        """
        actor.require(Role.PRODUCT_MANAGER)
        why = _text("why", why, MAX_WHY)
        present = self._seen(seen)
        if present.line is None:
            raise Conflict("no version was ever published, so there is nothing to go back to")
        target = self._before(present.line)
        line = MixPublish(
            id=publish_id(present.number + 1), policy=target.policy.id, came_from=present.policy.id,
            parent=target.line.parent if target.line else "", rolled_back=True, by=actor.id, by_name=actor.name,
            why=why, at=now,
        )  # fmt: skip
        return self._append(actor, line, "mix.roll_back", now)

    def previous(self, actor: Account) -> MixPolicy | None:
        """What rolling back would put in force; None if there is nothing to go back to."""
        actor.require(Role.PRODUCT_MANAGER)
        present = self._in_force()
        if present.line is None or self._is_first(present.line):
            return None
        return self._before(present.line).policy

    def history(self, actor: Account, *, limit: int = 50, cursor: str | None = None) -> Page[MixPublish]:
        """Who put what in force, when and why, the last first."""
        actor.require(Role.PRODUCT_MANAGER)
        return self._stores.mix_publishes.find(descending=True, limit=limit, cursor=cursor)

    def serving(self, actor: Account) -> list[Serving]:
        """Running experiments that serve versions of the mix to a part of the viewers."""
        return serving(self._stores, actor, self._in_force().policy.id)

    def names(self, actor: Account, ids: Iterable[str]) -> dict[str, str]:
        """Names of the accounts that made versions, by id."""
        actor.require(Role.PRODUCT_MANAGER)
        return {id: account.name for id, account in self._stores.accounts.get_many(sorted(set(ids))).items()}

    def _get(self, id: str) -> MixPolicy:
        try:
            return self._policies.resolve(id)
        except InvalidInput:
            raise NotFound(f"no version {id!r} of the mix", field="id", value=id) from None

    def _in_force(self) -> InForce:
        return self._at(last_publish(self._stores.mix_publishes))

    def _at(self, line: MixPublish | None) -> InForce:
        return InForce(self._policies.first() if line is None else self._get(line.policy), line)

    def _seen(self, seen: int | None) -> InForce:
        present = self._in_force()
        if seen is not None and present.line is not None and present.number != seen:
            raise _overtaken(present.line)
        return present

    def _is_first(self, line: MixPublish) -> bool:
        """Whether this line restored what Feedroom started with: there is nothing before that."""
        return line.rolled_back and not line.parent and line.policy == self._policies.first().id

    def _before(self, line: MixPublish) -> InForce:
        if self._is_first(line):
            raise Conflict("the mix in force is the first one; there is nothing to go back to")
        return self._at(self._stores.mix_publishes.get(line.parent) if line.parent else None)

    def _append(self, actor: Account, line: MixPublish, action: str, now: Millis) -> MixPublish:
        try:
            stored = self._stores.mix_publishes.insert(line)
        except Duplicate:
            raise _overtaken(self._stores.mix_publishes.get(line.id)) from None
        self._audit.record(actor, action, line.policy, now=now, came_from=line.came_from, why=line.why)
        try:
            self._stores.live.signals.bump(SIGNAL)
        except ServiceError:
            # It is in force all the same: feed processes look by themselves now and then.
            return stored
        return stored

    def _insert(self, policy: MixPolicy, family: str) -> MixPolicy:
        """Store under the next number of the family; whoever takes a number first has it, the other takes the next."""
        pattern = re.compile(rf"{re.escape(family)}-(\d+)")
        taken = (pattern.fullmatch(one.id) for one in self._policies.all())
        number = 1 + max((int(found[1]) for found in taken if found), default=0)
        for _ in range(ATTEMPTS):
            try:
                return self._stores.policies.insert(
                    replace(policy, id=f"{family}-{number}", version=number, family=family)
                )
            except Duplicate:
                number += 1
        raise Conflict("too many versions are being saved at once; try again")


def _overtaken(line: MixPublish) -> Conflict:
    did = "rolled back to" if line.rolled_back else "published"
    return Conflict(
        f"{line.by_name or line.by} has {did} {line.policy} in the meantime ({line.why}); nothing was changed, "
        "look at it and decide again",
        field="seen",
        value=line.number,
    )


def _text(field: str, text: str, most: int, *, empty: bool = False) -> str:
    text = text.strip()
    if not text and not empty:
        raise InvalidInput(field, text, "a few words are needed")
    if len(text) > most:
        raise InvalidInput(field, text, f"at most {most} characters")
    return text
