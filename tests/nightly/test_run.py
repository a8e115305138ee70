"""A run from folder to folder: everything is written, or nothing is; one bad household harms no other."""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise import __version__
from lotwise.errors import FolderError
from lotwise.nightly import run
from lotwise.nightly.engines import net_in_threads
from lotwise.nightly.run import RunReport, Watch, run_folder
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.netting import Netted
from lotwise.securities.market import Market
from tests.interchange.small_firm import small_firm, write

TABLES = ("accounts", "findings", "households", "relaxations", "trades")
FILES = sorted([*(f"{name}.{ending}" for name in TABLES for ending in ("csv", "parquet")), "run.html", "run.json"])
FINDINGS_ALONE = ["findings.csv", "findings.parquet"]  # what is written where nothing could be done

# FIRM_FOLDER, version 1: what `lotwise rebalance` writes
CONTRACT = {
    "trades": "household_id account_id side symbol lot_id shares price value basis gain term tax cost reason",
    "households": "household_id status message value te_before te_after tax cost score_bps gap_convex_bps gap_bps"
    " n_trades",
}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def spoiled(folder: Path, **changes: tuple[str, str]) -> Path:
    """Write the small firm with one text replaced in some of its files (stem = CSV file)."""
    files = small_firm()
    for stem, (old, new) in changes.items():
        name = f"{stem}.csv"
        assert old in files[name]
        files[name] = files[name].replace(old, new)
    return write(folder, files)


def ran(tmp_path: Path, **changes: tuple[str, str]) -> RunReport:
    return run_folder(spoiled(tmp_path / "firm", **changes), tmp_path / "out", threads=1)


def test_a_run_writes_every_file_and_nothing_else(tmp_path: Path) -> None:
    report = ran(tmp_path)
    assert names_in(tmp_path / "out") == FILES
    assert names_in(tmp_path) == ["firm", "out"]
    assert report.exit_status == 0
    assert sorted(report.run.files) == FILES


@pytest.mark.parametrize("table", sorted(CONTRACT))
def test_the_columns_of_the_contract_come_first_and_in_its_order(tmp_path: Path, table: str) -> None:
    ran(tmp_path)
    wanted = CONTRACT[table].split()
    as_csv = pl.read_csv(tmp_path / "out" / f"{table}.csv")
    as_parquet = pl.read_parquet(tmp_path / "out" / f"{table}.parquet")
    assert as_csv.columns[: len(wanted)] == wanted
    assert as_parquet.columns == as_csv.columns
    assert as_parquet.height == as_csv.height > 0


def test_findings_say_file_line_column_severity_and_what_to_do(tmp_path: Path) -> None:
    ran(tmp_path)
    findings = pl.read_csv(tmp_path / "out" / "findings.csv")
    assert findings.columns[:7] == ["file", "line", "column", "severity", "must_be", "was", "to_do"]
    (rule,) = findings.filter(pl.col("file") == "restrictions.csv").rows(named=True)
    assert (rule["line"], rule["column"], rule["severity"]) == (2, "rule", "notice")
    assert "max_weight" in rule["to_do"]


def test_trades_agree_with_their_household(tmp_path: Path) -> None:
    ran(tmp_path)
    trades = pl.read_parquet(tmp_path / "out" / "trades.parquet")
    households = pl.read_parquet(tmp_path / "out" / "households.parquet")
    for row in households.rows(named=True):
        own = trades.filter(pl.col("household_id") == row["household_id"])
        assert own.height == row["n_trades"]
        assert own["tax"].sum() == row["tax"]
        assert (own.height > 0) == (row["status"] == "proposed")


def test_the_same_folder_gives_the_same_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    for out, threads in (("one", 1), ("two", 2)):
        run_folder(folder, tmp_path / out, threads=threads)
    for name in FILES:
        if name != "run.html":
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_folder_of_a_run_says_what_it_came_of_and_what_it_holds(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    run_folder(folder, tmp_path / "out", households=["H2"], formats=("csv",))
    said = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    day = tomllib.loads((folder / "firm.toml").read_text())["as_of"]
    assert (said["lotwise"], said["as_of"], said["households"]) == (__version__, str(day), ["H2"])
    for found, place in ((said["inputs"], folder), (said["outputs"], tmp_path / "out")):
        for name, digest in found.items():
            assert digest == hashlib.blake2b((place / name).read_bytes(), digest_size=16).hexdigest()
    assert sorted(said["outputs"]) == [name for name in names_in(tmp_path / "out") if name != "run.json"]
    assert {"firm.toml", "prices.csv", "lots.csv"} <= set(said["inputs"])
    lots = folder / "lots.csv"
    lots.write_bytes(lots.read_bytes() + b"\n")
    run_folder(folder, tmp_path / "out", households=["H2"], formats=("csv",))
    again = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [name for name in said["inputs"] if said["inputs"][name] != again["inputs"][name]] == ["lots.csv"]
    (folder / "prices.csv").unlink()
    with pytest.raises(FolderError):
        run_folder(folder, tmp_path / "out")
    assert not (tmp_path / "out" / "run.json").exists()


def test_only_the_households_asked_for_are_run(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    whole = run_folder(folder, tmp_path / "whole").tables
    part = run_folder(folder, tmp_path / "part", households=["H2", "H3"]).tables
    assert part.households["household_id"].to_list() == ["H2", "H3"]
    assert part.trades.equals(whole.trades.filter(pl.col("household_id").is_in(["H2", "H3"])))


def test_a_household_that_is_not_there_is_a_finding_and_the_others_run(tmp_path: Path) -> None:
    report = run_folder(write(tmp_path / "firm", small_firm()), tmp_path / "out", households=["H1", "H99"])
    assert report.tables.households["household_id"].to_list() == ["H1"]
    assert "'H99'" in report.tables.findings["was"].to_list()


def test_where_none_of_the_households_is_there_only_that_is_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    with pytest.raises(FolderError) as caught:
        run_folder(folder, tmp_path / "out", households=["H99"])
    assert any(finding.was == "'H99'" for finding in caught.value.findings)
    assert names_in(tmp_path / "out") == FINDINGS_ALONE


def test_another_day_takes_the_prices_of_that_day(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    report = run_folder(folder, tmp_path / "out", as_of=date(2025, 6, 27))
    assert report.firm.as_of == date(2025, 6, 27)
    assert report.run.as_of == date(2025, 6, 27)
    by_symbol = dict(zip(report.firm.market_labels.symbols, report.firm.market.price.tolist(), strict=True))
    assert by_symbol["AAA"] == 1_020_000  # 100 dollars on 25 June, a dollar more each trading day


def test_a_bad_row_refuses_its_household_and_no_other(tmp_path: Path) -> None:
    report = ran(tmp_path, lots=("A1,L2,BBB,5.5,", "A1,L2,BBB,-5.5,"))
    households = {row["household_id"]: row for row in report.tables.households.rows(named=True)}
    assert report.exit_status == 1
    assert [row["status"] for row in households.values()] == ["refused", "proposed", "hold"]
    assert "lots.csv:2" in households["H1"]["message"]
    assert [row["model"] is None for row in households.values()] == [True, False, False]  # what it follows is not known
    assert set(report.tables.trades["household_id"]) == {"H2"}
    assert names_in(tmp_path / "out") == FILES


@pytest.mark.parametrize(
    ("missing", "named"),
    [("firm.toml", "firm.toml"), ("prices.csv", "prices"), ("lots.csv", "lots"), ("models.csv", "models")],
)
def test_a_folder_without_an_essential_file_is_refused_and_its_findings_are_written(
    tmp_path: Path, missing: str, named: str
) -> None:
    folder = write(tmp_path / "firm", small_firm())
    (folder / missing).unlink()
    with pytest.raises(FolderError) as caught:
        run_folder(folder, tmp_path / "out")
    assert any(finding.file.startswith(named) for finding in caught.value.findings)
    assert names_in(tmp_path / "out") == FINDINGS_ALONE


def test_where_no_risk_model_can_be_had_that_is_said_and_written(tmp_path: Path) -> None:
    files = {name: text for name, text in small_firm().items() if not name.startswith("risk/")}
    with pytest.raises(FolderError) as caught:  # four days of prices are too few
        run_folder(write(tmp_path / "firm", files), tmp_path / "out")
    assert "risk model" in caught.value.findings[-1].must_be
    assert names_in(tmp_path / "out") == FINDINGS_ALONE


def test_a_second_run_replaces_the_first_completely(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    out = tmp_path / "out"
    run_folder(folder, out)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    run_folder(folder, out, households=["H3"], formats=("csv",))
    assert names_in(out) == sorted([*(f"{name}.csv" for name in TABLES), "notes.txt", "run.html", "run.json"])
    assert pl.read_csv(out / "households.csv")["household_id"].to_list() == ["H3"]
    assert pl.read_csv(out / "trades.csv").height == 0


def test_a_run_that_can_do_nothing_leaves_no_trades_of_an_earlier_one_to_be_taken_for_its_own(tmp_path: Path) -> None:
    folder = write(tmp_path / "firm", small_firm())
    out = tmp_path / "out"
    run_folder(folder, out)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "lots.csv").unlink()
    with pytest.raises(FolderError):
        run_folder(folder, out)
    assert names_in(out) == [*FINDINGS_ALONE, "notes.txt"]


def test_who_watches_sees_every_phase_and_every_household(tmp_path: Path) -> None:
    phases: list[tuple[str, int]] = []
    done: list[int] = []
    watch = Watch(on_phase=lambda name, total: phases.append((name, total)), on_done=done.append)
    report = run_folder(write(tmp_path / "firm", small_firm()), tmp_path / "out", watch=watch)
    assert [name for name, _ in phases] == ["read", "risk", "compile", "solve", "verify", "write"]
    assert dict(phases)["solve"] == sum(done) == 3
    assert list(report.seconds) == [name for name, _ in phases]
    assert min(report.seconds.values()) >= 0


def test_what_breaks_a_rule_is_not_written_but_recorded_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_wrong_tax(book: Book, market: Market, *_: object) -> Netted:
        netted = net_in_threads(book, market)
        proposals = netted.proposals
        row = int(np.flatnonzero(proposals.trades.household == 0)[0])
        proposals.trades.tax[row] += 1  # a hundredth of a cent
        return netted

    monkeypatch.setattr(run, "net_in_threads", with_a_wrong_tax)
    report = ran(tmp_path)
    households = {row["household_id"]: row for row in report.tables.households.rows(named=True)}
    assert report.exit_status == 1
    assert (households["H1"]["status"], households["H1"]["cause"]) == ("failed", "not_verified")
    assert (households["H1"]["n_trades"], households["H2"]["status"]) == (0, "proposed")
    assert set(report.tables.trades["household_id"]) == {"H2"}
    own = report.firm.book.accounts.household == 0
    assert not any(column[own].any() for column in report.proposals.accounts)
    assert report.proposals.accounts.steps[~own].any()
    faults = report.tables.findings.filter(pl.col("file") == "(verification)")
    assert set(faults["household"]) == {"H1"}
    assert faults.height >= 1
