from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="needs scikit-learn (the extra bench)")

from typer.testing import CliRunner

from lotwise.bench.risk_judgement import Sizes
from lotwise.bench.risk_report import BAR, RiskSize, measure_risk, missed_bars
from lotwise.cli import app
from lotwise.errors import FolderError


def test_a_year_makes_every_table(market_dir: Path) -> None:
    seen: list[str] = []
    measured = measure_risk(
        market_dir, RiskSize(2016, 2016, Sizes(random=5, accounts=5)), lambda k: seen.append(str(k.day))
    )
    main, yearly, pairs = measured
    assert len(seen) == 12
    assert "12 months" in main.title
    # Four forecasts of four classes; that Lotwise judges its own accounts is said once.
    assert [row[:2] for row in main.rows].count(("optimised with it", "Lotwise")) == 1
    assert len(main.rows) == 4 * 4 - 1
    assert all(0.2 < float(row[4]) < 3.0 for row in main.rows)
    assert [row[0] for row in yearly.rows] == ["2016"]
    assert {row[0] for row in pairs.rows} >= {"SPY - IVV", "AGG - BND"}
    assert "Solves that missed their gap: 0." in main.note
    assert all(table.markdown().startswith("### ") for table in measured)


def test_the_bar_is_kept_between_its_ends() -> None:
    assert [bool(missed_bars(b, 168)) for b in (0.84, *BAR, 1.0, 1.16)] == [True, False, False, False, True]
    assert missed_bars(2.0, 36) == []
    assert missed_bars(2.0, 168) == ["the mean bias of optimised portfolios must lie between 0.85 and 1.15, was 2.00"]


def test_years_without_prices_are_said(market_dir: Path) -> None:
    with pytest.raises(FolderError, match="must have prices of at least 6 months of 1990-1991, had 0"):
        measure_risk(market_dir, RiskSize(1990, 1991, Sizes(5, 5)))


def test_a_folder_that_is_none_ends_with_2_and_a_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "risk", "--market", str(tmp_path)])
    assert result.exit_code == 2
    unwrapped = "".join(result.output.split())  # a terminal breaks long paths inside of words
    assert "prices.parquet:mustbeaParquettable" in unwrapped
    assert "Traceback" not in result.output
    result = CliRunner().invoke(app, ["bench", "risk"])
    assert result.exit_code == 2
    assert "--market DIR" in result.output
