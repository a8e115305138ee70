"""The commands of the ledger on folders of files: what they write, what they say, how they leave."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lotwise.cli import app
from lotwise.cli_ledger import ledger_app
from tests.interchange.ledger_folder import HEADER, folder_with

RUNNER = CliRunner()
ROWS = (
    "2024-01-02,own,deposit,T0,,,10000,,",
    "2024-01-03,own,buy,T1,A,100,5000,1,L1",
    "2024-03-01,own,sell,T2,A,60,2400,1,",
    "2024-03-10,ira,buy,T3,A,20,900,,L2",
    "2024-03-12,spouse,buy,T4,A,10,450,,L3",
    "2024-03-13,other,buy,T5,B,10,450,,L4",
)
SALES = "2024-11-01,other,sell,T6,B,10,500,,"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_with(tmp_path / "firm", transactions__csv="\n".join([HEADER, *ROWS]) + "\n")


def run(*arguments: object, status: int = 0) -> str:
    """Run a command; its output, errors included."""
    done = RUNNER.invoke(ledger_app, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.output


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_post_then_list(folder: Path) -> None:
    assert "posted" in run("post", folder)
    lots = table(run("lots", folder, "--csv"))
    assert [(row["account_id"], row["lot_id"], row["shares"], row["basis"]) for row in lots] == [
        ("own", "L1", "40", "2000.40"),
        ("ira", "L2", "20", "900.00"),
        ("spouse", "L3", "10", "550.2667"),  # 450, and 10 / 60 of the loss of 601.60
        ("other", "L4", "10", "450.00"),
    ]
    assert [row["lot_id"] for row in table(run("lots", folder, "--csv", "--household", "H1"))] == ["L1", "L2"]
    assert [row["lot_id"] for row in table(run("lots", folder, "--csv", "--account", "spouse"))] == ["L3"]
    assert "L1" in run("lots", folder)


def test_post_says_what_was_refused_and_leaves_with_1(folder: Path) -> None:
    run("post", folder)
    bad = folder / "bad.csv"
    bad.write_text(f"{HEADER}\n2024-05-01,own,sell,N1,A,500,1,,\n2024-01-05,own,buy,N2,A,1,1,,\n")
    said = " ".join(run("post", folder, bad, status=1).split())
    assert "bad.csv:2 [shares]: must be at most the 40 shares of A" in said
    assert "post with --backdated" in said
    assert "bad.csv:2" in run("post", folder, bad, "--backdated", status=1)
    assert len(table(run("lots", folder, "--csv", "--account", "own"))) == 2


def test_gains_of_a_year(folder: Path) -> None:
    run("post", folder)
    (row,) = table(run("gains", folder, "--year", 2024, "--csv"))
    assert (row["symbol"], row["proceeds"], row["basis"], row["term"]) == ("A", "2399.00", "3000.60", "short")
    # 30 of the 60 shares were replaced: 20 in the retirement account, for ever, 10 by the spouse.
    assert (row["disallowed"], row["gone_for_ever"]) == ("300.80", "200.5333")
    assert row["recognised"] == "-300.80"
    assert "-$300.80" in run("gains", folder, "--year", 2024)
    assert table(run("gains", folder, "--year", 2023, "--csv")) == []
    assert table(run("gains", folder, "--year", 2024, "--csv", "--household", "H2")) == []


def test_washes_and_open_windows(folder: Path) -> None:
    run("post", folder)
    rows = table(run("washes", folder, "--csv"))
    assert [(row["sale_id"], row["purchase_id"], row["becomes"]) for row in rows] == [
        ("T2", "T3", "gone for ever"),
        ("T2", "T4", "basis of the replacement"),
    ]
    said = run("washes", folder)
    assert "Windows open on 2024-03-13" in said
    assert "2024-03-31" in said  # thirty days after the sale of which thirty shares are not replaced
    assert "none" in run("washes", folder, "--household", "H3")
    (window,) = table(run("washes", folder, "--windows", "--csv", "--household", "H1"))
    # Thirty of the sixty shares are not replaced yet; what was bought has replaced already.
    assert (window["household_id"], window["symbol"]) == ("H1, H2", "A")
    assert (window["not_bought_until"], window["worthless_losses"]) == ("2024-03-31", "0")


def test_form_8949_as_csv_and_txf(folder: Path, tmp_path: Path) -> None:
    run("post", folder)
    more = folder / "more.csv"
    more.write_text(f"{HEADER}\n{SALES}\n")
    run("post", folder, more)
    run("form8949", folder, "--year", 2024, "--out", tmp_path / "forms")
    assert sorted(path.name for path in (tmp_path / "forms").iterdir()) == [
        "H1-2024-form8949.csv",
        "H1-2024-schedule-d.csv",
        "H1-2024.txf",
        "H3-2024-form8949.csv",
        "H3-2024-schedule-d.csv",
        "H3-2024.txf",
    ]
    (line, total) = table((tmp_path / "forms" / "H1-2024-form8949.csv").read_text())
    assert (line["description"], line["code"], line["adjustment"], line["gain"]) == (
        "60 sh. A",
        "W",
        "300.80",
        "-300.80",
    )
    assert total["gain"] == "-300.80"
    assert "$300.80" in (tmp_path / "forms" / "H1-2024.txf").read_text()
    run("form8949", folder, "--year", 2024, "--household", "H3", "--out", tmp_path / "one")
    assert len(list((tmp_path / "one").iterdir())) == 3
    assert "must be one of" in run("form8949", folder, "--year", 2024, "--household", "H9", status=2)


def test_reconcile_with_the_ledgers_own_lots_and_with_others(folder: Path, tmp_path: Path) -> None:
    run("post", folder)
    theirs = tmp_path / "theirs.csv"
    theirs.write_text(run("lots", folder, "--csv"))
    assert "4 matched, 0 explained, 0 broken" in run("reconcile", folder, theirs)
    theirs.write_text(theirs.read_text().replace("2000.40", "1900.40"))
    said = run("reconcile", folder, theirs, "--mend", tmp_path / "mend.csv", status=1)
    assert "3 matched, 0 explained, 1 broken" in said
    (row,) = table((tmp_path / "mend.csv").read_text())
    assert (row["kind"], row["lot_id"], Decimal(row["basis"])) == ("basis_correction", "L1", Decimal("1900.40"))
    run("post", folder, tmp_path / "mend.csv")
    assert "4 matched" in run("reconcile", folder, theirs)


def test_open_from_lots(tmp_path: Path) -> None:
    lots = "account_id,lot_id,symbol,shares,acquired,basis\nown,L1,A,5,2020-01-01,50\nown,L2,A,5,2020-01-01,\n"
    folder = folder_with(tmp_path, firm__toml="version = 1\nas_of = 2024-06-28\n", lots__csv=lots)
    said = " ".join(run("open", folder, status=1).split())
    assert "lots.csv:3 [basis]" in said
    assert [row["lot_id"] for row in table(run("lots", folder, "--csv"))] == ["L1"]
    assert "must be empty" in " ".join(run("open", folder, status=2).split())


def test_what_cannot_be_done_leaves_with_2(tmp_path: Path) -> None:
    for command in (("post",), ("lots",), ("washes",), ("gains", "--year", "2024")):
        said = run(command[0], tmp_path / "nowhere", *command[1:], status=2)
        assert "nothing could be done" in said
    folder = folder_with(tmp_path / "firm")
    assert "must be one of accounts.csv" in " ".join(run("lots", folder, "--account", "nobody", status=2).split())


def test_the_ledger_is_mounted_and_explains_itself() -> None:
    done = RUNNER.invoke(app, ["ledger", "--help"])
    assert done.exit_code == 0
    for command in ("open", "post", "lots", "gains", "income", "washes", "reconcile", "form8949"):
        assert command in done.output
        assert "Example: lotwise ledger" in RUNNER.invoke(app, ["ledger", command, "--help"]).output
