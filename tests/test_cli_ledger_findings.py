"""What the ledger's commands show: all findings in a file, tables that are whole on a narrow terminal."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from lotwise import cli_ledger
from tests.interchange.ledger_folder import HEADER, folder_with
from tests.test_cli_ledger import run, table

LOTS_HEADER = "account_id,lot_id,symbol,shares,acquired,basis"


def posted(path: Path, *rows: str, header: str = HEADER, accounts: str | None = None) -> Path:
    files = {} if accounts is None else {"accounts__csv": accounts}
    folder = folder_with(path / "firm", transactions__csv="\n".join([header, *rows]) + "\n", **files)
    run("post", folder)
    return folder


def findings_of(path: Path) -> list[dict[str, str]]:
    return table(path.read_text(encoding="utf-8"))


def test_every_finding_of_a_posting_is_in_the_file(tmp_path: Path) -> None:
    folder = posted(tmp_path, "2024-01-03,own,buy,T1,A,100,5000,1,L1")
    # 30 sales of 101 shares each: none can stand. 20 of them are shown.
    rows = [f"2024-05-01,own,sell,S{number},A,101,1,," for number in range(30)]
    (folder / "bad.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    out = tmp_path / "out" / "found.csv"
    said = " ".join(run("post", folder, folder / "bad.csv", "--findings", out, status=1).split())
    assert "and 10 more: all are in " in said
    found = findings_of(out)
    assert [(row["file"], row["line"], row["severity"]) for row in found] == [
        ("bad.csv", str(number + 2), "error") for number in range(30)
    ]
    assert list(found[0]) == ["file", "line", "column", "severity", "must_be", "was", "to_do", "household"]
    assert "at most the 100 shares of A" in found[0]["must_be"]
    assert "and 10 more: --findings FILE writes all" in " ".join(
        run("post", folder, folder / "bad.csv", status=1).split()
    )


def test_the_file_is_written_where_there_is_nothing_to_say_and_where_nothing_can_be_done(tmp_path: Path) -> None:
    folder = posted(tmp_path, "2024-01-03,own,buy,T1,A,100,5000,1,L1")
    out = tmp_path / "found.csv"
    more = folder / "more.csv"
    more.write_text(f"{HEADER}\n2024-01-04,own,buy,T2,A,1,50,,L2\n")
    run("post", folder, more, "--findings", out)
    assert findings_of(out) == []
    run("open", folder, "--findings", out, status=2)  # it has postings: no finding, but words
    run("post", folder, folder / "none.csv", "--findings", out, status=2)
    (found,) = findings_of(out)
    assert (found["file"], found["severity"]) == ("none.csv", "error")
    # A place that cannot be written stops nothing.
    assert "not written" in run("post", folder, "--findings", folder / "more.csv" / "found.csv")


def test_the_findings_of_opening_and_of_reconciling_are_in_the_file(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path / "firm",
        firm__toml="version = 1\nas_of = 2024-12-31\n",
        lots__csv=f"{LOTS_HEADER}\nown,L1,A,100,2020-01-02,5000\nnobody,L2,A,1,2020-01-02,50\n",
    )
    out = tmp_path / "found.csv"
    run("open", folder, "--findings", out, status=1)
    assert ("lots.csv", "3", "account_id") in [(row["file"], row["line"], row["column"]) for row in findings_of(out)]
    custodian = tmp_path / "custodian.csv"
    custodian.write_text(f"{LOTS_HEADER}\nown,L1,A,100,2020-01-02,5000\nown,L9,A,many,2020-01-02,1\n")
    run("reconcile", folder, custodian, "--findings", out, status=1)
    assert ("custodian.csv", "3", "shares") in [(row["file"], row["line"], row["column"]) for row in findings_of(out)]


def test_rows_posted_again_are_counted_in_one_notice_a_file(tmp_path: Path) -> None:
    folder = posted(tmp_path, *(f"2024-01-03,own,buy,T{number},A,1,50,,L{number}" for number in range(30)))
    out = tmp_path / "found.csv"
    run("post", folder, "--findings", out)
    (found,) = findings_of(out)
    assert (found["file"], found["line"], found["severity"]) == ("transactions.csv", "", "notice")
    assert found["was"].startswith("30 rows ")


def test_shares_sold_short_have_no_basis_for_a_loss(tmp_path: Path) -> None:
    folder = posted(tmp_path, "2024-01-03,own,sell_short,T1,A,100,5000,1,")
    (lot,) = table(run("lots", folder, "--csv"))
    assert (lot["shares"], lot["acquisition"], lot["loss_basis"]) == ("-100", "short", "")


# Names and figures as long as they come: 15 characters of an account, gains of millions.
LONG = "ACCOUNT-0000001"
WIDE_ACCOUNTS = f"account_id,household_id,kind,cash\n{LONG},H1,taxable,0\n"
WIDE = (
    f"2020-01-02,{LONG},buy,T1,LONGNAME,123456.789,98765432.10,,L1",
    f"2024-03-01,{LONG},sell,T2,LONGNAME,100000.5,12345678.90,,",
    f"2024-03-02,{LONG},buy,T3,LONGNAME,1000.25,100000.10,,L2",
    f"2024-03-28,{LONG},dividend,T4,LONGNAME,,1234567.89,,",
)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(cli_ledger, "_out", Console())


@pytest.mark.usefixtures("narrow")
def test_on_80_columns_every_figure_and_every_heading_is_whole(tmp_path: Path) -> None:
    folder = posted(tmp_path, *WIDE, accounts=WIDE_ACCOUNTS)
    said = run("gains", folder, "--year", 2024)
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said
    words = said.split()
    (row,) = table(run("gains", folder, "--year", 2024, "--csv"))
    for name in ("account_id", "symbol", "disallowed", "recognised"):
        assert row[name] in words
    # Of the sale: 100,000.5 of 123,456.789 shares at 98,765,432.10 cost 80,000,400.73; 1,000.25 were bought again.
    cost = 98765432.10 * 100000.5 / 123456.789
    loss = cost - 12345678.90
    assert float(row["disallowed"]) == pytest.approx(loss * 1000.25 / 100000.5, abs=0.01)
    # The totals, in the order of the form: all six, of all four rows.
    totals = said[said.index("Totals") :]
    for figure in ("$12,345,678.90", f"${cost:,.2f}", f"-${loss:,.2f}", f"${loss * 1000.25 / 100000.5:,.2f}"):
        assert figure in totals.split()
    for heading in ("disallowed", "recognised", "proceeds", "distributed", "account", "symbol"):
        assert heading in words
    assert "--csv has all columns" in " ".join(words)


@pytest.mark.usefixtures("narrow")
def test_on_80_columns_no_cell_of_any_table_is_cut(tmp_path: Path) -> None:
    folder = posted(tmp_path, *WIDE, accounts=WIDE_ACCOUNTS)
    commands = (("lots",), ("gains", "--year", 2024), ("income", "--year", 2024), ("washes",))
    for name, *options in commands:
        said = run(name, folder, *options)
        assert "…" not in said
        assert max(map(len, said.splitlines())) <= 80
        (*_, first) = table(run(name, folder, *options, "--csv"))[:1]
        # What stands in the line of an account stands there in full.
        line = next(line for line in said.splitlines() if "ACCOUNT" in line)
        assert LONG in line.split()
        cells = " ".join(cell for cell in first.values() if cell).split()
        assert set(line.split()) <= set(cells), name


def test_a_wide_terminal_leaves_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_ledger, "_out", Console(width=160))
    folder = posted(tmp_path, *WIDE, accounts=WIDE_ACCOUNTS)
    said = run("gains", folder, "--year", 2024)
    assert "no room" not in said
    (row,) = csv.DictReader(io.StringIO(run("gains", folder, "--year", 2024, "--csv")))
    line = next(line for line in said.splitlines() if LONG in line)
    shown = ("account_id", "symbol", "shares", "acquired", "sold", "gain", "disallowed", "recognised", "term")
    assert line.split() == [row[name] for name in shown]
