"""The tables and files of a run against its proposals, to the last unit."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import Finding, ProposalError, Severity
from lotwise.interchange import results
from lotwise.interchange.results import (
    PAGE,
    file_names,
    result_tables,
    write_findings,
    write_results,
    write_tables,
)
from lotwise.interchange.trade_table import exact
from lotwise.rebalancing.proposal import Proposals, Status
from tests.reports.small_run import SmallRun, simulated_run, small_run

TRADES = [
    "household_id",
    "account_id",
    "side",
    "symbol",
    "lot_id",
    "shares",
    "price",
    "value",
    "basis",
    "gain",
    "term",
    "tax",
    "cost",
    "reason",
]
HOUSEHOLDS = [
    "household_id",
    "status",
    "message",
    "value",
    "te_before",
    "te_after",
    "tax",
    "cost",
    "score_bps",
    "gap_convex_bps",
    "gap_bps",
    "n_trades",
]
FINDINGS = ["file", "line", "column", "severity", "must_be", "was", "to_do", "household"]


def with_proposals(run: SmallRun, proposals: Proposals) -> SmallRun:
    return replace(run, proposals=proposals)


def write(run: SmallRun, folder: Path, formats: tuple[str, ...] = ("csv", "parquet")) -> None:
    write_results(
        folder,
        book=run.book,
        labels=run.labels,
        market=run.market,
        market_labels=run.market_labels,
        proposals=run.proposals,
        findings=run.findings,
        formats=formats,
    )


def test_columns_of_the_contract_come_first_and_in_its_order() -> None:
    tables = small_run().tables()
    assert tables.trades.columns[: len(TRADES)] == TRADES
    assert tables.households.columns[: len(HOUSEHOLDS)] == HOUSEHOLDS
    assert tables.findings.columns == FINDINGS


def test_every_trade_in_exact_numbers() -> None:
    first, second, buy, roth, _ = small_run().tables().trades.iter_rows(named=True)
    assert first["side"] == "sell"
    assert first["symbol"] == "AAA"
    assert first["lot_id"] == "lot-1"
    assert first["term"] == "long"
    assert first["tax"] == Decimal("-293.692")
    assert str(first["acquired"]) == "2011-01-26"
    assert second["shares"] == Decimal("20.25")
    assert second["term"] == "short"
    assert buy["lot_id"] is None
    assert buy["term"] is None
    assert buy["acquired"] is None
    assert buy["shares"] == Decimal("40.123456")
    assert buy["price"] == Decimal("123.4567")
    assert roth["account_id"] == "H1-roth"
    assert roth["account_kind"] == "roth"


def test_households_say_only_what_was_computed() -> None:
    rows = {row["household_id"]: row for row in small_run().tables().households.iter_rows(named=True)}
    assert [rows[name]["status"] for name in ("H1", "H2", "H3", "H4")] == [
        "proposed",
        "hold",
        "refused",
        "failed",
    ]
    refused = rows["H3"]
    assert [refused[name] for name in ("te_before", "te_after", "score_bps", "gap_bps")] == [None] * 4
    assert rows["H4"]["te_before"] == 0.03
    assert rows["H4"]["te_after"] is None
    assert rows["H1"]["score_bps"] == pytest.approx(12.34)
    assert rows["H2"]["value"] == Decimal("250000.1234")
    # the Roth account's gain of $334.567 is not realised for tax
    assert rows["H1"]["short_gain"] == Decimal(400)
    assert rows["H1"]["long_gain"] == Decimal(-1234)
    assert rows["H1"]["bought"] == Decimal("4953.5111")


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20), st.sampled_from([4, 6]))
def test_exact_columns_are_exact_at_every_size(units: list[int], digits: int) -> None:
    column = exact(np.array(units, np.int64), 10**digits)
    assert column.dtype == pl.Decimal(38, digits)
    assert column.to_list() == [Decimal(value).scaleb(-digits) for value in units]


def test_csv_and_parquet_hold_the_same_and_parse_back_exactly(tmp_path: Path) -> None:
    run = small_run()
    write(run, tmp_path / "out")
    for name, table in (("trades", run.tables().trades), ("households", run.tables().households)):
        assert pl.read_parquet(tmp_path / "out" / f"{name}.parquet").equals(table)
        text = pl.read_csv(tmp_path / "out" / f"{name}.csv", infer_schema=False)
        for column, kind in table.schema.items():
            if kind.is_decimal():
                assert text[column].to_list() == [plain_decimal(value) for value in table[column].to_list()]
            elif kind.is_float():
                got = text[column].cast(pl.Float64).to_list()
                assert got == pytest.approx(table[column].to_list(), abs=1e-9)


def plain_decimal(value: Decimal) -> str:
    """As a person writes it: no exponent, no zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def test_no_number_of_a_csv_file_has_an_exponent(tmp_path: Path) -> None:
    write(simulated_run(600, 5), tmp_path / "out")
    for name in ("trades", "households", "accounts", "relaxations"):
        lines = (tmp_path / "out" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert len(lines) > 1
        assert not [line for line in lines if re.search(r"(^|,)-?\d[\d.]*[eE][-+]?\d+(,|$)", line)]


def test_formats_choose_the_files_and_findings_are_always_csv(tmp_path: Path) -> None:
    write(small_run(), tmp_path / "parquet", formats=("parquet",))
    assert names(tmp_path / "parquet") == [
        "accounts.parquet",
        "findings.csv",
        "findings.parquet",
        "households.parquet",
        "relaxations.parquet",
        "trades.parquet",
    ]
    with pytest.raises(ValueError, match="formats must be csv or parquet, were \\['xlsx'\\]"):
        write(small_run(), tmp_path / "none", formats=("xlsx",))
    assert not (tmp_path / "none").exists()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_later_run_leaves_no_file_of_an_earlier_one_and_touches_no_other(tmp_path: Path) -> None:
    write(small_run(), tmp_path)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    write(simulated_run(30, 3), tmp_path, formats=("csv",))
    assert names(tmp_path) == [
        "accounts.csv",
        "findings.csv",
        "households.csv",
        "notes.txt",
        "relaxations.csv",
        "trades.csv",
    ]
    assert "H00000" in (tmp_path / "households.csv").read_text(encoding="utf-8")


def test_findings_alone_take_the_place_of_an_earlier_result(tmp_path: Path) -> None:
    write_tables(tmp_path, small_run().tables(), pages={PAGE: lambda: "<p>earlier</p>"})
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    found = Finding("lots.csv", 3, "shares", Severity.ERROR, "positive", "-1", "correct it", "H1")
    write_findings(tmp_path, [found])
    assert names(tmp_path) == ["findings.csv", "findings.parquet", "notes.txt"]
    table = pl.read_parquet(tmp_path / "findings.parquet")
    assert table.columns == FINDINGS
    assert table.row(0) == ("lots.csv", 3, "shares", "error", "positive", "-1", "correct it", "H1")
    assert pl.read_csv(tmp_path / "findings.csv", schema=table.schema).rows() == table.rows()
    write_findings(tmp_path, [found], formats=("csv",))
    assert names(tmp_path) == ["findings.csv", "notes.txt"]


def test_the_names_of_the_files_are_those_that_are_written(tmp_path: Path) -> None:
    for formats in (("csv",), ("parquet",), ("csv", "parquet")):
        write(small_run(), tmp_path / "-".join(formats), formats=formats)
        assert names(tmp_path / "-".join(formats)) == sorted(file_names(formats))


def test_pages_are_part_of_the_set(tmp_path: Path) -> None:
    write_tables(tmp_path / "out", small_run().tables(), pages={"run.html": lambda: "<p>é</p>"})
    assert (tmp_path / "out" / "run.html").read_bytes() == "<p>é</p>".encode()


def _full_disk(*_arguments: object, **_options: object) -> str:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("writer", ["the lines", "the Parquet file", "the page"])
def test_where_one_of_the_writers_fails_nothing_is_written_and_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    earlier, tables = tmp_path / "earlier", simulated_run(20, 5).tables()
    write_tables(earlier, small_run().tables(), pages={PAGE: lambda: "<p>earlier</p>"})
    before = {path.name: path.read_bytes() for path in earlier.iterdir()}
    if writer == "the lines":
        monkeypatch.setattr(results, "trade_lines", _full_disk)
    if writer == "the Parquet file":
        monkeypatch.setattr(pl.DataFrame, "write_parquet", _full_disk)
    page = _full_disk if writer == "the page" else lambda: "<p>new</p>"
    for folder in (earlier, tmp_path / "new"):
        with pytest.raises(OSError, match="No space left"):
            write_tables(folder, tables, pages={PAGE: page}, threads=2)
    assert {path.name: path.read_bytes() for path in earlier.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["earlier"]


def test_findings_as_found_with_hostile_cells(tmp_path: Path) -> None:
    hostile = '=cmd|"x", \udc80\n</script>'
    found = Finding("lots.csv", None, None, Severity.ERROR, "text", hostile, "look")
    run = replace(small_run(), findings=(found,))
    write(run, tmp_path / "out")
    row = pl.read_csv(tmp_path / "out" / "findings.csv").row(0, named=True)
    assert row["was"] == hostile.replace("\udc80", "?")
    assert row["line"] is None
    assert row["severity"] == "error"


def test_relaxations_and_accounts_name_what_gave_way() -> None:
    tables = small_run().tables()
    assert tables.relaxations.row(0) == ("H1", "H1-taxable", "* max_weight sector Energy 0.1", 0.1, 0.112)
    assert tables.relaxations.row(1)[2] == "the cash that its policy and requests ask for"
    assert tables.accounts["relaxed"].to_list()[0] == (
        "* max_weight sector Energy 0.1: at most 10.00% asked for, 11.20% reached"
    )
    assert tables.accounts["relaxed"].null_count() == 4


def test_trades_of_a_household_that_is_not_proposed_are_a_bug() -> None:
    run = small_run()
    outcomes = run.proposals.outcomes
    status = outcomes.status.copy()
    status[0] = Status.HOLD
    broken = run.proposals._replace(outcomes=outcomes._replace(status=status))
    with pytest.raises(ProposalError, match="household row 0 is hold and counts 4 trades, but 4 stand"):
        with_proposals(run, broken).tables()


def test_a_figure_that_is_not_a_number_is_a_bug() -> None:
    run = small_run()
    figures = run.proposals.trades.figure_2.copy()
    figures[2] = np.nan
    broken = run.proposals._replace(trades=run.proposals.trades._replace(figure_2=figures))
    with pytest.raises(ProposalError, match="figure_2 of trade 2 must be a finite number, was nan"):
        with_proposals(run, broken).tables()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(0, 8), st.integers(0, 1_000))
def test_totals_of_the_tables_are_totals_of_the_proposals(households: int, each: int, seed: int) -> None:
    run = simulated_run(households, each, seed)
    tables = run.tables()
    trades = run.proposals.trades
    assert tables.trades.height == len(trades.value)
    assert tables.households["n_trades"].sum() == len(trades.value)
    for column in ("value", "basis", "gain", "tax", "cost"):
        exact = Decimal(int(getattr(trades, column).sum())).scaleb(-4)
        assert tables.trades[column].sum() == exact
    moved = tables.households.select(pl.col("bought") + pl.col("sold")).to_series()
    assert moved.sum() == tables.trades["value"].sum()
    assert tables.households["tax"].sum() == tables.trades["tax"].sum()


def test_a_run_without_anything_is_written_all_the_same(tmp_path: Path) -> None:
    run = replace(simulated_run(1, 0), findings=())
    write(run, tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "trades.parquet").height == 0
    assert (tmp_path / "out" / "findings.csv").read_text(encoding="utf-8").strip() == ",".join(FINDINGS)


def test_tables_take_every_part_by_name() -> None:
    run = small_run()
    tables = result_tables(
        book=run.book,
        labels=run.labels,
        market=run.market,
        market_labels=run.market_labels,
        proposals=run.proposals,
        findings=(),
    )
    assert tables.findings.height == 0
    assert "see findings.csv" in tables.households["message"][2]
