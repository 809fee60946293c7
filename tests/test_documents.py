"""Documents that would quietly go out of date: settings, decisions, links, rooms on the map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "tests" / "benchmarks" / "README.md"])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def settings() -> set[str]:
    """Every setting there is, from what the program says about one that there is not."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"FEEDROOM_NO_SUCH": "1"})
    return set(re.findall(r"FEEDROOM_[A-Z0-9_]+", str(refused.value))) - {"FEEDROOM_NO_SUCH"}


def test_the_table_of_settings_names_every_setting_and_no_other() -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `FEEDROOM_")]
    named = {name for row in rows for name in re.findall(r"FEEDROOM_[A-Z0-9_]+", row.split("|")[1])}
    assert named == settings()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_between_documents_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    gone = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert gone == []


def test_every_room_of_core_is_on_the_map() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = [path.parent for path in (ROOT / "core").glob("*/__init__.py")]
    assert [room.name for room in rooms if f"[core/{room.name}/](core/{room.name})" not in text] == []


def test_a_decision_has_a_number_of_its_own_and_a_line_in_the_index() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    numbers = [page.name[:3] for page in DECISIONS]
    assert len(set(numbers)) == len(numbers)
    for page in DECISIONS:
        number, title = re.fullmatch(r"# (\d{3}) (.+)", page.read_text().splitlines()[0]).groups()  # type: ignore[union-attr]
        assert page.name.startswith(number)
        assert f"- [{number}]({page.name}) {title}\n" in index
