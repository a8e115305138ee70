"""Income and Schedule D on the command line: one folder with figures that are worked out here by hand.

H1 and H2 are a couple who file separately, H3 a stranger; `ira` is H1's.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lotwise import cli_ledger
from lotwise.cli_ledger import ledger_app
from tests.interchange.ledger_folder import folder_with

RUNNER = CliRunner()
FIRM = "version = 1\nas_of = 2024-12-31\n"
HOUSEHOLDS = """household_id,model,wash_group,filing_status,short_carryforward,long_carryforward
H1,core,couple,married_separate,1000,2000
H2,core,couple,married_separate,,
H3,core,,single,50,
"""
SECURITIES = "symbol,kind\nAAA,stock\nFUND,fund\n"
HEADER = "date,account_id,kind,transaction_id,symbol,shares,amount,fee,lot_id,ex_date,qualified"
ROWS = (
    "2023-12-29,other,dividend,D0,AAA,,7.00,,,2023-12-15,true",
    "2024-01-02,own,buy,B1,AAA,100,5000.00,,L1,,",
    "2024-03-01,own,buy,B2,FUND,10,1000.00,,L2,,",
    "2024-06-28,own,interest,I1,,,12.34,,,,",
    "2024-07-11,own,buy,B3,AAA,100,6000.00,,L3,,",
    "2024-07-31,own,dividend,D1,AAA,,200.00,1.50,,2024-07-12,true",
    "2024-07-31,ira,dividend,D2,AAA,,50.00,,,2024-07-12,true",
    # Held 60 days of the 121 around 12 July: the dividend on these hundred shares does not qualify.
    "2024-09-09,own,sell,S1,AAA,100,5500.00,,L3,,",
    "2024-09-30,spouse,reinvest,R1,FUND,1,90.00,,,,",
    "2024-12-16,other,buy,B4,AAA,10,600.00,,,,",
    "2024-12-20,own,capital_gain_distribution,C1,FUND,,300.00,,,,",
    "2024-12-20,own,reinvest,R2,FUND,3,300.00,,,,",
    "2025-01-02,other,dividend,D3,AAA,,9.00,,,2024-12-30,true",
    # Declared in December by a fund: income of 2024 (26 U.S.C. 852(b)(7)).
    "2025-01-10,spouse,capital_gain_distribution,C2,FUND,,40.00,,,2024-12-30,",
)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with room for every column."""
    monkeypatch.setattr(cli_ledger, "_out", Console(width=160))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = folder_with(
        tmp_path / "firm",
        firm__toml=FIRM,
        households__csv=HOUSEHOLDS,
        securities__csv=SECURITIES,
        transactions__csv="\n".join([HEADER, *ROWS]) + "\n",
    )
    run("post", folder)
    return folder


def run(*arguments: object, status: int = 0) -> str:
    done = RUNNER.invoke(ledger_app, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done.output


def rows_of(*arguments: object) -> list[dict[str, str]]:
    """Rows that a command writes as CSV; what it has to say beside goes elsewhere."""
    done = RUNNER.invoke(ledger_app, [*(str(argument) for argument in arguments), "--csv"])
    assert done.exit_code == 0, done.output
    return table(done.stdout)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def lines(said: str) -> list[str]:
    return [" ".join(line.split()) for line in said.splitlines()]


def test_every_payment_is_listed_with_the_part_that_qualifies(folder: Path) -> None:
    rows = rows_of("income", folder, "--year", 2024)
    shown = [
        (row["transaction_id"], row["kind"], row["amount"], row["qualified"], row["expected"], row["ordinary"])
        for row in rows
    ]
    assert shown == [
        ("I1", "interest", "12.34", "", "", ""),
        ("D1", "dividend", "200.00", "100.00", "0.00", "100.00"),  # 200 paid: a fee is no less income
        ("R1", "dividend", "90.00", "0.00", "0.00", "90.00"),
        ("C1", "capital_gain_distribution", "300.00", "", "", ""),
        ("C2", "capital_gain_distribution", "40.00", "", "", ""),
    ]
    assert (rows[1]["ex_date"], rows[1]["shares_on_ex_date"], rows[2]["recorded_as"]) == (
        "2024-07-12",
        "200",
        "reinvest",
    )
    assert (rows[4]["date"], rows[4]["counts_on"]) == ("2025-01-10", "2024-12-31")
    assert {row["account_id"] for row in rows} == {"own", "spouse"}  # the retirement account's is on no return


def test_income_of_a_household_an_account_and_another_year(folder: Path) -> None:
    def ids(*arguments: object) -> list[str]:
        return [row["transaction_id"] for row in rows_of("income", folder, *arguments)]

    assert ids("--year", 2024, "--household", "H2") == ["R1", "C2"]
    assert ids("--year", 2024, "--account", "own") == ["I1", "D1", "C1"]
    assert ids("--year", 2024, "--account", "ira") == []
    assert ids("--year", 2023) == ["D0"]
    assert ids("--year", 2025) == ["D3"]
    assert "must be one of accounts.csv" in " ".join(
        run("income", folder, "--year", 2024, "--household", "H9", status=2).split()
    )


def test_dividends_that_will_qualify_if_kept_and_those_of_shares_never_seen(folder: Path) -> None:
    # Bought on 16 December, ex on the 30th: by 10 January (the last day posted) 25 days are held.
    said = run("income", folder, "--year", 2025)
    assert "expected to qualify, if kept $9.00" in lines(said)
    assert "called qualified" not in said
    unseen = " ".join(run("income", folder, "--year", 2023).split())
    assert "1 dividend called qualified, of shares not held on the ex-date as far as the ledger knows" in unseen
    assert "ordinary dividends $7.00" in unseen


def test_the_gains_of_a_year_with_what_funds_distributed_are_those_of_the_return(folder: Path) -> None:
    said = lines(run("gains", folder, "--year", 2024, "--household", "H1"))
    # Sold for 5,500 what cost 6,000; distributed 300.
    assert "short $5,500.00 $6,000.00 -$500.00 $0.00 $0.00 -$500.00" in said
    assert "long $0.00 $0.00 $0.00 $0.00 $0.00 $0.00" in said
    assert "distributed $0.00 $0.00 $300.00 $0.00 $0.00 $300.00" in said
    assert "year $5,500.00 $6,000.00 -$200.00 $0.00 $0.00 -$200.00" in said
    for row in (
        "qualified dividends $100.00",
        "expected to qualify, if kept $0.00",
        "ordinary dividends $100.00",
        "interest $12.34",
        "capital gain distributions $300.00",
    ):
        assert row in said
    (sale,) = rows_of("gains", folder, "--year", 2024)
    assert sale["recognised"] == "-500.00"


def test_a_dividend_stays_qualified_when_the_shares_are_renamed_or_moved_later(tmp_path: Path) -> None:
    header = HEADER + ",new_symbol,counter_account"
    rows = (
        # A2 belongs to the same taxpayer. OLD is NEW from August 2024, and NEWER from 2025: long after the year.
        "2020-01-02,A1,buy,B1,OLD,100,5000.00,,L1,,,,",
        "2020-01-02,A1,buy,B2,KEPT,100,5000.00,,L2,,,,",
        "2024-07-31,A1,dividend,D1,OLD,,100.00,,,2024-07-12,true,,",
        "2024-07-31,A1,dividend,D2,KEPT,,100.00,,,2024-07-12,true,,",
        "2024-08-05,A1,symbol_change,C1,OLD,,,,,,,NEW,",
        "2024-08-06,A1,transfer_out,M1,KEPT,100,,,,,,,A2",
        "2025-08-05,A1,symbol_change,C2,NEW,,,,,,,NEWER,",
    )
    accounts = "account_id,household_id,kind,cash\nA1,H1,taxable,0\nA2,H1,taxable,0\n"
    text = "\n".join([header, *rows]) + "\n"
    folder = folder_with(tmp_path / "moved", accounts__csv=accounts, transactions__csv=text)
    run("post", folder)
    shown = [
        (row["symbol"], row["qualified"], row["shares_on_ex_date"]) for row in rows_of("income", folder, "--year", 2024)
    ]
    assert shown == [("OLD", "100.00", "100"), ("KEPT", "100.00", "100")]


def schedule(path: Path) -> dict[str, tuple[str, ...]]:
    return {
        row["line"]: (row["proceeds"], row["basis"], row["adjustment"], row["amount"])
        for row in table(path.read_text(encoding="utf-8"))
    }


def test_schedule_d_of_each_household(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "forms"
    said = run("form8949", folder, "--year", 2024, "--out", out)
    assert "lines 6 and 14" not in said
    assert "2 households written" in said
    assert sorted(path.name for path in out.iterdir()) == [
        "H1-2024-form8949.csv",
        "H1-2024-schedule-d.csv",
        "H1-2024.txf",
        "H2-2024-schedule-d.csv",  # distributions and no sales
    ]
    one = schedule(out / "H1-2024-schedule-d.csv")
    assert one["1a"] == ("0", "0", "", "0")
    assert one["1b"] == ("5500", "6000", "0", "-500")
    assert (one["6"][3], one["7"][3]) == ("1000", "-1500")
    assert (one["13"][3], one["14"][3], one["15"][3]) == ("300", "2000", "-1700")
    # 26 U.S.C. 1211(b): married and filing separately, 1,500 of the 3,200 may be deducted.
    assert (one["16"][3], one["21"][3]) == ("-3200", "1500")
    other = schedule(out / "H2-2024-schedule-d.csv")
    assert [other[line][3] for line in ("6", "7", "13", "14", "15", "16", "21")] == [
        "0", "0", "40", "0", "40", "40", "0",
    ]  # fmt: skip


def test_the_form_the_schedule_and_the_ledger_say_the_same(folder: Path, tmp_path: Path) -> None:
    run("form8949", folder, "--year", 2024, "--household", "H1", "--out", tmp_path)
    form = table((tmp_path / "H1-2024-form8949.csv").read_text(encoding="utf-8"))
    (total,) = [row for row in form if row["description"] == "line 2 totals"]
    (sale,) = rows_of("gains", folder, "--year", 2024, "--household", "H1")
    assert Decimal(total["gain"]) == Decimal(sale["recognised"])
    distributed = [
        Decimal(row["amount"])
        for row in rows_of("income", folder, "--year", 2024, "--household", "H1")
        if row["kind"] == "capital_gain_distribution"
    ]
    found = schedule(tmp_path / "H1-2024-schedule-d.csv")
    assert Decimal(found["16"][3]) == Decimal(total["gain"]) + sum(distributed) - 1000 - 2000


def test_what_was_carried_is_known_for_the_year_of_the_firm_only(folder: Path, tmp_path: Path) -> None:
    more = folder / "more.csv"
    more.write_text(f"{HEADER}\n2025-02-03,own,sell,S2,AAA,100,4000.00,,L1,,\n")
    run("post", folder, more)
    said = " ".join(run("form8949", folder, "--year", 2025, "--out", tmp_path).split())
    assert "lines 6 and 14 of Schedule D are 0: households.csv does not say what was carried into 2025" in said
    found = schedule(tmp_path / "H1-2025-schedule-d.csv")
    assert [found[line][3] for line in ("6", "14", "15", "16", "21")] == ["0", "0", "-1000", "-1000", "1000"]
    (folder / "firm.toml").unlink()
    assert "lines 6 and 14" in run("form8949", folder, "--year", 2024, "--out", tmp_path)
    assert schedule(tmp_path / "H1-2024-schedule-d.csv")["16"][3] == "-200"


def test_a_wrong_status_or_carryforward_is_said_and_counts_as_none(folder: Path, tmp_path: Path) -> None:
    spoiled = HOUSEHOLDS.replace("married_separate,1000,2000", "divorced,-1000,2000")
    (folder / "households.csv").write_text(spoiled, encoding="utf-8")
    said = " ".join(run("form8949", folder, "--year", 2024, "--out", tmp_path).split())
    assert "households.csv:2 [filing_status]" in said
    assert "until then it counts as single on Schedule D" in said
    assert "households.csv:2 [short_carryforward]" in said
    found = schedule(tmp_path / "H1-2024-schedule-d.csv")
    # -500 + 300 - 2,000: of a loss of 2,200 a single filer deducts all.
    assert [found[line][3] for line in ("6", "14", "16", "21")] == ["0", "2000", "-2200", "2200"]
