"""The SQLite document file from inside: versions, migrations, indexes, guards, durability."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.adapters.sqlite import SqliteDocuments, SqliteEventLog
from core.domain.errors import ServiceError, Unavailable
from core.domain.ports.documents import CollectionSpec, Documents
from core.domain.schema import MIGRATIONS, SCHEMA, SCHEMA_VERSION
from tests.contracts.document_stores import SPECS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "documents.sqlite"


@pytest.fixture
def file(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's look at a migrated file."""
    SqliteDocuments(path, SPECS).migrate()
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def add_slug(documents: Documents) -> None:
    for found in documents.find("things", {"slug": None}, limit=1_000).documents:
        documents.patch("things", found["id"], {"slug": found["id"].lower()})


def break_down(documents: Documents) -> None:
    documents.insert("things", {"id": "half done", "version": 1})
    raise RuntimeError("the power went")


def test_the_schema_that_ships_can_be_made_and_made_again(path: Path) -> None:
    documents = SqliteDocuments(path)
    assert documents.migrate() == documents.migrate() == SCHEMA_VERSION == 1 + len(MIGRATIONS)
    assert {spec.name: documents.count(spec.name) for spec in SCHEMA} == {spec.name: 0 for spec in SCHEMA}
    documents.close()


def test_migrations_run_once_and_in_order(path: Path) -> None:
    old = SqliteDocuments(path, SPECS, [])
    assert old.migrate() == 1
    old.insert("things", {"id": "ONE", "version": 1})
    new = SqliteDocuments(path, SPECS, [add_slug])
    assert new.migrate() == new.migrate() == 2
    assert new.get("things", "ONE") == {"id": "ONE", "version": 2, "slug": "one"}
    for documents in (old, new):
        documents.close()


def test_a_new_file_starts_at_the_newest_version_without_migrating(path: Path) -> None:
    documents = SqliteDocuments(path, SPECS, [break_down])
    assert documents.migrate() == 2
    assert documents.count("things") == 0
    documents.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    SqliteDocuments(path, SPECS, []).migrate()
    documents = SqliteDocuments(path, SPECS, [break_down])
    with pytest.raises(RuntimeError, match="power"):
        documents.migrate()
    assert documents.count("things") == 0
    assert SqliteDocuments(path, SPECS, []).migrate() == 1
    documents.close()


def test_a_file_of_a_newer_feedroom_is_left_alone(path: Path, tmp_path: Path) -> None:
    SqliteDocuments(path, SPECS, [add_slug]).migrate()
    for ask in (SqliteDocuments(path, SPECS, []).migrate, SqliteDocuments(path, SPECS, []).ping):
        with pytest.raises(ServiceError, match="schema version 2, this Feedroom knows versions up to 1"):
            ask()
    log = tmp_path / "events.sqlite"
    SqliteEventLog(log).ping()
    with sqlite3.connect(log) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(ServiceError, match="schema version 9"):
        SqliteEventLog(log).ping()


def test_indexes_follow_the_declaration(path: Path, file: sqlite3.Connection) -> None:
    names = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'things' AND sql IS NOT NULL"
    assert {name for (name,) in file.execute(names)} == {
        "ix_things_by_state_by_rank", "ix_things_by_rank", "ux_things_by_email", "ux_things_by_shop_by_sku",
    }  # fmt: skip
    SqliteDocuments(path, (CollectionSpec(name="things", indexes=(("size",),)),)).migrate()
    assert {name for (name,) in file.execute(names)} == {"ix_things_by_size"}


def test_pages_and_claims_are_read_from_an_index_without_sorting(path: Path) -> None:
    documents = SqliteDocuments(path, SPECS)
    documents.migrate()
    documents.upsert_many("things", [{"id": f"t{n}", "version": 1, "state": "live", "rank": n} for n in range(50)])
    asked: list[str] = []
    with documents._connections.read() as connection:
        connection.set_trace_callback(asked.append)
        for descending in (False, True):
            options = {"order": "rank", "descending": descending, "limit": 5}
            cursor = documents.find("things", {"state": "live"}, **options).cursor
            documents.find("things", {"state": "live"}, cursor=cursor, **options)
            documents.find("things", cursor=documents.find("things", **options).cursor, **options)
        documents.claim("things", {"state": "live"}, {"state": "taken"}, order="rank")
        documents.find("things", {"email": "x@example.org"})
        connection.set_trace_callback(None)
        reads = [sql for sql in asked if sql.startswith("SELECT document")]
        assert len(reads) == 15  # a page that goes on asks for the rest of equal values first
        for sql in reads:
            plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
            assert "USING INDEX" in plan, sql
            assert "TEMP B-TREE" not in plan or "email" in sql, sql
    documents.close()


def test_the_file_itself_guards_append_only_collections(file: sqlite3.Connection) -> None:
    file.execute("""INSERT INTO ledger VALUES ('a', '{"id": "a", "version": 1}')""")
    file.execute("PRAGMA recursive_triggers = ON")
    for sql in ("UPDATE ledger SET document = '{}'", "DELETE FROM ledger", "REPLACE INTO ledger VALUES ('a', '{}')"):
        with pytest.raises(sqlite3.IntegrityError):
            file.execute(sql)
    assert file.execute("SELECT count(*) FROM ledger").fetchone() == (1,)


def test_durable_collections_wait_for_the_disk_and_the_others_do_not(path: Path) -> None:
    documents = SqliteDocuments(path, SPECS)
    documents.migrate()
    levels = {}
    for name in ("things", "counters", "ledger", "counters"):
        documents.insert(name, {"id": f"{name}{len(levels)}", "version": 1})
        with documents._connections.read() as connection:
            levels[name] = connection.execute("PRAGMA synchronous").fetchone()[0]
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert levels == {"things": 2, "counters": 1, "ledger": 2}
    documents.close()


def test_a_store_that_was_never_migrated_says_which_table_is_missing(path: Path) -> None:
    with pytest.raises(Unavailable, match="no such table: things"):
        SqliteDocuments(path, SPECS).get("things", "a")


def test_closing_lets_go_and_a_later_call_opens_again(path: Path) -> None:
    documents = SqliteDocuments(path, SPECS)
    documents.migrate()
    documents.insert("things", {"id": "a", "version": 1})
    documents.close()
    assert not path.with_name("documents.sqlite-wal").exists(), "the last connection folds the WAL into the file"
    assert documents.get("things", "a") == {"id": "a", "version": 1}
    documents.close()
