"""The bank of known files: moderators add to it, screening asks it, every process sees a change at its next question."""

from __future__ import annotations

import threading

from core.domain.account import Account, Role
from core.domain.collection import Page
from core.domain.errors import InvalidInput
from core.domain.ids import Millis, new_id
from core.domain.moderation import BankList, KnownHash
from core.models.hash_bank import HashBank, check_entry, is_flat
from core.services.audit import Audit
from core.services.stores import Stores

KNOWN_FILES = "known_files"
"""The signal that a change of the bank bumps."""


class KnownFiles:
    """Add, remove, list, and the bank ready to be asked."""

    def __init__(self, stores: Stores, audit: Audit) -> None:
        self._stores = stores
        self._audit = audit
        self._lock = threading.Lock()
        self._held: tuple[int, HashBank] | None = None

    def bank(self) -> HashBank:
        """The bank as it is now; loaded again only when somebody changed it."""
        version = self._stores.live.signals.version(KNOWN_FILES)
        with self._lock:
            if self._held is None or self._held[0] != version:
                self._held = (version, HashBank(self._stores.known_hashes.each()))
            return self._held[1]

    def add(
        self, actor: Account, bank: BankList, *, sha256: str = "", dhash: str = "", note: str = "", now: Millis
    ) -> KnownHash:
        """Put hashes into the bank, with an audit line. Raises InvalidInput for hashes that could not work."""
        actor.require(Role.MODERATOR)
        sha256, dhash = sha256.strip().lower(), dhash.strip().lower()
        check_entry(sha256, dhash, bank)
        entry = KnownHash(
            id=new_id(now),
            bank=bank,
            sha256=sha256,
            dhash=dhash,
            note=note.strip()[:500],
            created_by=actor.id,
            created_at=now,
            updated_at=now,
        )
        self._stores.known_hashes.insert(entry)
        self._stores.live.signals.bump(KNOWN_FILES)
        self._audit.record(actor, f"known_file.{bank}", entry.id, now=now, sha256=sha256, dhash=dhash, note=entry.note)
        return entry

    def add_post(self, actor: Account, post_id: str, bank: BankList, *, note: str = "", now: Millis) -> KnownHash:
        """Put the file of a post into the bank: exact when allowed, exact and alike when blocked."""
        actor.require(Role.MODERATOR)
        media = self._stores.posts.get(post_id).media
        if media is None or not media.sha256:
            raise InvalidInput("post", post_id, "it has no processed file to recognise")
        alike = media.dhash if bank is BankList.BLOCK and media.dhash and not is_flat(media.dhash) else ""
        return self.add(actor, bank, sha256=media.sha256, dhash=alike, note=note, now=now)

    def remove(self, actor: Account, entry_id: str, *, now: Millis) -> None:
        """Take an entry out again, with an audit line."""
        actor.require(Role.MODERATOR)
        entry = self._stores.known_hashes.get(entry_id)
        self._stores.known_hashes.delete(entry_id)
        self._stores.live.signals.bump(KNOWN_FILES)
        self._audit.record(actor, "known_file.remove", entry_id, now=now, sha256=entry.sha256, dhash=entry.dhash)

    def find(self, actor: Account, *, limit: int = 100, cursor: str | None = None) -> Page[KnownHash]:
        """Entries, newest first."""
        actor.require(Role.MODERATOR)
        return self._stores.known_hashes.find(order="id", descending=True, limit=limit, cursor=cursor)
