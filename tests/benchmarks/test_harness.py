"""The harness counts honestly, and every benchmark can be found and run."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path

import pytest

from tests.benchmarks import harness

FOLDER = Path(__file__).parent
SHARED = {"big_catalogue", "harness", "http_load", "processes", "streamlit_client", "test_harness"}
NAMES = sorted({path.stem for path in FOLDER.glob("[!_]*.py")} - SHARED)


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_has_a_main_and_a_row_in_the_readme(name: str) -> None:
    module = importlib.import_module(f"tests.benchmarks.{name}")
    assert callable(module.main)
    assert f"| `{name}` |" in (FOLDER / "README.md").read_text()


def test_a_run_prints_a_table_and_writes_the_promised_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(report: harness.Report, options: object) -> None:
        report.add("one page", "p50", 12.34, "ms")

    assert harness.run("example", measure, ["--json", str(tmp_path / "deep" / "out.json")]) == 0
    printed = capsys.readouterr().out
    assert "one page" in printed
    assert "12.34" in printed
    written = json.loads((tmp_path / "deep" / "out.json").read_text())
    assert written["benchmark"] == "example"
    assert set(written["machine"]) == {"cpu", "cores", "memory_gb", "python", "platform"}
    assert written["rows"] == [{"case": "one page", "metric": "p50", "value": 12.34, "unit": "ms"}]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert harness.median(values) == 50
    assert harness.percentile(values, 95) == 95
    assert harness.p99(values) == 99
    assert harness.p99([7.0]) == 7.0


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 values"):
        harness.median([])


def test_a_number_without_unit_or_that_is_not_finite_is_refused() -> None:
    report = harness.Report("example")
    with pytest.raises(ValueError, match="not a measurement"):
        report.add("case", "metric", math.nan, "ms")
    with pytest.raises(ValueError, match="not a measurement"):
        report.add("case", "metric", 1.0, "")


def test_a_ratio_to_nothing_is_refused() -> None:
    assert harness.ratio(3.0, 1.5) == 2.0
    with pytest.raises(ValueError, match="baseline"):
        harness.ratio(1.0, 0.0)


def test_warm_up_calls_are_made_but_not_counted() -> None:
    calls: list[int] = []
    assert len(harness.time_each(lambda: calls.append(1), repeat=3, warm_up=2)) == 3
    assert len(calls) == 5
