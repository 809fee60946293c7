"""Which pages each role finds in the sidebar, and in which sections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.domain.account import Role

PAGES = Path(__file__).resolve().parents[1] / "pages"
_EVERYBODY = frozenset(Role)
_PUBLISHERS = frozenset({Role.BRAND, Role.CREATOR, Role.ADMINISTRATOR})
_MANAGERS = frozenset({Role.PRODUCT_MANAGER, Role.ADMINISTRATOR})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page: its file's stem, which is also its address, and who may see it. `section` "" stands above all sections."""

    name: str
    title: str
    icon: str
    section: str
    roles: frozenset[Role]
    hidden: bool = False

    @property
    def path(self) -> Path:
        """The page's script."""
        return PAGES / f"{self.name}.py"


ENTRIES: tuple[PageEntry, ...] = (
    PageEntry("overview", "Overview", "dashboard", "", _EVERYBODY),
    PageEntry("studio", "Upload and tag", "upload", "Content", _PUBLISHERS),
    PageEntry("library", "Library", "video_library", "Content", _EVERYBODY),
    PageEntry("post", "Post", "smart_display", "Content", _EVERYBODY, hidden=True),
    PageEntry("moderation", "Review queue", "fact_check", "Content", frozenset({Role.MODERATOR, Role.ADMINISTRATOR})),
    PageEntry("comments", "Comments", "forum", "Content", frozenset({Role.MODERATOR, Role.ADMINISTRATOR})),
    PageEntry(
        "feed_preview", "Feed preview", "smartphone", "Ranking", frozenset({Role.PRODUCT_MANAGER, Role.ADMINISTRATOR})
    ),
    PageEntry("mix", "Content mix", "tune", "Ranking", _MANAGERS),
    PageEntry("ranking", "Ranking", "leaderboard", "Ranking", _MANAGERS),
    PageEntry("campaigns", "Campaigns", "campaign", "Ranking", _MANAGERS | {Role.BRAND}),
    PageEntry("experiments", "Experiments", "science", "Ranking", _MANAGERS),
    PageEntry("readout", "Readout", "science", "Ranking", _MANAGERS, hidden=True),
    PageEntry("accounts", "Accounts", "group", "Administration", _ADMINISTRATOR),
    PageEntry("audit", "Audit trail", "receipt_long", "Administration", _ADMINISTRATOR),
    PageEntry("operations", "Operations", "monitor_heart", "Administration", _ADMINISTRATOR),
)


def pages_for(role: Role) -> list[PageEntry]:
    """The pages of a role, in the order of the sidebar; hidden ones can be linked to but are not listed."""
    return [entry for entry in ENTRIES if role in entry.roles and entry.path.is_file()]
