"""The embedded default: documents and event log in SQLite files."""

from core.adapters.sqlite_documents import SqliteDocuments
from core.adapters.sqlite_event_log import SqliteEventLog

__all__ = ["SqliteDocuments", "SqliteEventLog"]
