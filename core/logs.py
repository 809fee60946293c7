"""How processes log: to standard output, and never with the values of variables, among which are keys and what people wrote."""

from __future__ import annotations

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback


def settle_logs() -> None:
    """Log as structlog does by itself, but tracebacks as Python prints them: by itself it shows all locals if `rich` is there."""
    *before, _ = structlog.get_config()["processors"]
    structlog.configure(processors=[*before, ConsoleRenderer(exception_formatter=plain_traceback)])
