"""Which calibration was in force when, who asked for it and why."""

from __future__ import annotations

from core.domain.calibration import CalibrationVersion
from core.services.calibration import CalibrationReport
from dashboard.components.decisions_table import decisions_table
from dashboard.formatting import local, plural


def calibration_history(report: CalibrationReport) -> None:
    """Draw the last versions, the newest first."""
    rows = [
        {
            "When": local(one.created_at),
            "Version": one.number,
            "What": _what(one),
            "Who": maker(report, one),
            "Why": one.why,
        }
        for one in report.history
    ]
    decisions_table(rows, key="calibration-history", alt="Versions of the calibration, the newest first")


def maker(report: CalibrationReport, version: CalibrationVersion) -> str:
    """Who asked for a version, by name."""
    return report.names.get(version.made_by, version.made_by) if version.made_by else "Feedroom"


def version_name(id: str) -> str:
    """An id in words.

    >>> version_name("calibration-000012")
    'version 12'
    """
    return f"version {int(id.rpartition('-')[2])}"


def _what(version: CalibrationVersion) -> str:
    if not version.base:
        return f"Fitted on {plural(version.impressions, 'seen slot')}"
    return "As predicted" if version.base == "none" else f"Back at {version_name(version.base)}"
