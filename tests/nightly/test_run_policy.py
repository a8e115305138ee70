"""The policy of a folder from end to end: what a run says of turnover, rest, after-tax dollars and cash asked for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from lotwise.interchange.firm_folder import read_firm
from lotwise.nightly.run import RunReport, prepared_firm, run_folder
from lotwise.rebalancing.explain import explain_household
from lotwise.rebalancing.netting import netted_household
from lotwise.reports.explanation import policy_words
from tests.interchange.small_firm import small_firm, write

HOUSEHOLDS = """household_id,model,federal_short_rate,federal_long_rate,state_rate
CAPPED,core,0.37,0.2,0.05
RESTS,core,0.37,0.2,0.05
MUST,core,0.37,0.2,0.05
ASKED,core,0.37,0.2,0.05
TAXED,core,0.37,0.2,0.05
"""
OVERRIDES = """[CAPPED]
turnover_cap = 0.1
[RESTS]
days_between_trades = 10
[MUST]
turnover_cap = 0.01
[ASKED]
withdrawal_rate = 0.0
withdrawal_penalty = 0.0
[TAXED]
after_tax_weighting = true
withdrawal_rate = 0.4
"""
TRANSACTIONS = """date,account_id,kind,transaction_id,symbol,shares,amount,fee,basis,term
2025-06-25,RESTS-T,sell,T1,CCC,1,9,0,9,short
"""
REQUESTS = """request_id,account_id,household_id,kind,amount
R1,MUST-T,,raise_cash,20000
R2,,ASKED,raise_cash,5000
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunReport, Path]:
    """Five households, each with 50,000 of AAA in a taxable account (bought for 5,000) and 50,000 of BBB in an IRA."""
    folder = tmp_path_factory.mktemp("policy")
    files = small_firm() | {
        "households.csv": HOUSEHOLDS,
        "overrides.toml": OVERRIDES,
        "transactions.csv": TRANSACTIONS,
        "requests.csv": REQUESTS,
    }
    for optional in ("restrictions", "pending_orders", "glide"):
        del files[f"{optional}.csv"]
    accounts, lots = ["account_id,household_id,kind,cash"], ["account_id,lot_id,symbol,shares,acquired,basis"]
    for name in (line.split(",")[0] for line in HOUSEHOLDS.splitlines()[1:]):
        accounts += [f"{name}-T,{name},taxable,500", f"{name}-R,{name},traditional,500"]
        lots += [f"{name}-T,L1,AAA,500,2020-01-02,5000", f"{name}-R,L2,BBB,450,2020-01-02,5000"]
    files["accounts.csv"] = "\n".join((*accounts, ""))
    files["lots.csv"] = "\n".join((*lots, ""))
    return run_folder(write(folder / "firm", files), folder / "out", threads=1), folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def found(folder: Path, household: str, file: str) -> list[dict[str, str]]:
    said = rows(folder / "out" / "findings.csv")
    return [row for row in said if row["household"] == household and row["file"] == file]


def household(folder: Path, name: str) -> dict[str, str]:
    return next(row for row in rows(folder / "out" / "households.csv") if row["household_id"] == name)


def test_turnover_is_half_of_what_the_trades_of_the_file_come_to(report: tuple[RunReport, Path]) -> None:
    _, folder = report
    capped, free = household(folder, "CAPPED"), household(folder, "TAXED")
    traded = float(capped["bought"]) + float(capped["sold"])
    assert 0.08 * float(capped["value"]) < traded / 2 <= 0.1 * float(capped["value"])
    assert float(free["bought"]) + float(free["sold"]) > traded
    (said,) = found(folder, "CAPPED", "(limits)")
    assert (said["column"], said["severity"]) == ("turnover_cap", "notice")
    assert "a dollar bought or sold is charged" in said["was"]


def test_a_household_that_rests_says_until_when(report: tuple[RunReport, Path]) -> None:
    _, folder = report
    row = household(folder, "RESTS")
    assert (row["status"], row["cause"]) == ("hold", "traded_lately")
    assert "it traded on 2025-06-25 and rests until 2025-07-05 (days_between_trades = 10)" in row["message"]


def test_cash_that_must_be_raised_beyond_the_cap_is_a_warning(report: tuple[RunReport, Path]) -> None:
    _, folder = report
    (said,) = found(folder, "MUST", "(limits)")
    assert (said["column"], said["severity"]) == ("turnover_cap", "warning")
    assert float(household(folder, "MUST")["sold"]) >= 19_000


def test_cash_is_raised_where_it_costs_least_and_the_finding_says_where(report: tuple[RunReport, Path]) -> None:
    _, folder = report
    (said,) = found(folder, "ASKED", "(requests)")
    assert said["was"].startswith("ASKED-R 5,000") or said["was"].startswith("ASKED-R $5,000")
    cash = {row["account_id"]: float(row["cash_after"]) for row in rows(folder / "out" / "accounts.csv")}
    assert cash["ASKED-R"] > 0.1
    assert cash["ASKED-T"] < 0.02


def test_tracking_is_of_what_counts(report: tuple[RunReport, Path]) -> None:
    """Alike households, but that a dollar of the IRA counts 60 cents in one of them: its target is farther."""
    done, folder = report
    assert float(household(folder, "TAXED")["value"]) == float(household(folder, "CAPPED")["value"])
    assert household(folder, "TAXED")["te_before"] != household(folder, "CAPPED")["te_before"]
    weight = done.firm.book.households.deferred_weight
    assert sorted(set(weight.tolist())) == pytest.approx([0.6, 1.0])


def test_an_explanation_is_of_the_very_trades_and_tells_the_price(report: tuple[RunReport, Path]) -> None:
    done, folder = report
    firm, _ = prepared_firm(folder / "firm")
    names = firm.labels.households.tolist()
    for name in ("CAPPED", "ASKED"):
        row = names.index(name)
        book = netted_household(firm.book, firm.market, row)
        story = explain_household(book, firm.market, row)
        sold = sum(lot.sold for account in story.accounts for line in account.names for lot in line.lots)
        lines = done.proposals.trades
        assert sold == lines.shares[(lines.household == row) & (lines.lot >= 0)].sum()
        assert (story.trading_price > 0) == (name == "CAPPED")
    story = explain_household(firm.book, firm.market, names.index("RESTS"))
    assert ["rests until 2025-07-05" in words for words in policy_words(story)] == [True]


def test_no_key_of_a_profile_is_left_unused(tmp_path: Path) -> None:
    files = small_firm() | {"overrides.toml": OVERRIDES.replace("CAPPED", "H1").replace("TAXED", "H2")}
    firm = read_firm(write(tmp_path, files))
    assert not any("not used" in finding.must_be for finding in firm.findings if finding.file == "overrides.toml")
