"""The tax of households.csv against the law, from what is read in trades.csv; and where its rates come from."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.money import DOLLAR, FULL_RATE, Money, Rate
from lotwise.nightly.run import RunReport, run_folder
from lotwise.tax.liability import liability, load_law
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition
from tests.interchange.small_firm import small_firm, write

JOINT = TaxPosition(2025, FilingStatus.MARRIED_JOINT, Money(230_000 * DOLLAR), magi=Money(240_000 * DOLLAR))
LAW = load_law()


@dataclass(frozen=True, slots=True)
class Case:
    """A household: its cells in households.csv, what they mean, and how its lots of AAA were bought."""

    cells: dict[str, str]
    position: TaxPosition
    aaa_basis: int  # dollars, for 100,000 of value of which the model wants 50,000


STATED = {"filing_status": "married_joint", "ordinary_income": "230000", "magi": "240000"}
CASES = {
    "threshold": Case(STATED | {"state": "TX"}, replace(JOINT, state=LAW.states.row("TX", 2025)), 40_000),
    "loser": Case(STATED | {"state": "PA"}, replace(JOINT, state=LAW.states.row("PA", 2025)), 190_000),
    "carrying": Case(
        STATED | {"state_rate": "0.05", "long_carryforward": "20000"},
        replace(JOINT, state_rate=Rate(50_000_000), long_carryforward=Money(20_000 * DOLLAR)),
        60_000,
    ),
    "own": Case(
        {"federal_short_rate": "0.4", "federal_long_rate": "0.2", "state_rate": "0.05", "ytd_short_gains": "-9000"},
        TaxPosition(
            2025,
            FilingStatus.SINGLE,
            short_gains=Money(-9_000 * DOLLAR),
            short_rate=Rate(400_000_000),
            long_rate=Rate(200_000_000),
            state_rate=Rate(50_000_000),
        ),
        70_000,
    ),
    "unknown": Case(
        {},
        TaxPosition(
            2025,
            FilingStatus.SINGLE,
            short_rate=Rate(408_000_000),
            long_rate=Rate(238_000_000),
            state_rate=Rate(50_000_000),
        ),
        150_000,
    ),
}


def table(header: list[str], rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in [header, *rows])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunReport, Path]:
    folder = tmp_path_factory.mktemp("taxed")
    columns = list(dict.fromkeys(column for case in CASES.values() for column in case.cells))
    households, accounts, lots = [], [], []
    for name, case in CASES.items():
        households.append([name, "core", *(case.cells.get(column, "") for column in columns)])
        accounts += [[f"{name}-T", name, "taxable", "500"], [f"{name}-R", name, "roth", "500"]]
        shares = 100_000 / 103
        lots += [
            [f"{name}-T", "long", "AAA", f"{shares / 2:.2f}", "2020-01-02", str(case.aaa_basis // 2)],
            [f"{name}-T", "short", "AAA", f"{shares / 2:.2f}", "2025-01-02", str(case.aaa_basis // 2)],
            [f"{name}-R", "ira", "AAA", "100", "2025-01-02", "1000"],
        ]
    files = small_firm()
    for optional in ("restrictions", "transactions", "pending_orders", "glide", "requests"):
        del files[f"{optional}.csv"]
    files["firm.toml"] = files["firm.toml"].replace("risk_price_bps = 40", "risk_price_bps = 5000")
    files["households.csv"] = table(["household_id", "model", *columns], households)
    files["accounts.csv"] = table(["account_id", "household_id", "kind", "cash"], accounts)
    files["lots.csv"] = table(["account_id", "lot_id", "symbol", "shares", "acquired", "basis"], lots)
    out = folder / "out"
    return run_folder(write(folder / "firm", files), out, threads=1), out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def units(text: str) -> int:
    return int(Decimal(text) * DOLLAR)


def test_the_tax_of_a_household_is_its_liability_with_its_trades_less_without(report: tuple[RunReport, Path]) -> None:
    _, out = report
    gains: dict[tuple[str, str], int] = defaultdict(int)
    for trade in rows(out / "trades.csv"):
        if trade["side"] == "sell" and trade["account_kind"] == "taxable":
            gains[trade["household_id"], trade["term"]] += units(trade["gain"])
    said = {row["household_id"]: units(row["tax"]) for row in rows(out / "households.csv")}
    for name, case in CASES.items():
        before = case.position
        assert gains[name, "short"] or gains[name, "long"], name
        after = replace(
            before,
            short_gains=Money(before.short_gains + gains[name, "short"]),
            long_gains=Money(before.long_gains + gains[name, "long"]),
        )
        assert said[name] == liability(after, LAW).total - liability(before, LAW).total, name


def test_the_tax_of_a_trade_is_at_the_rate_of_its_sign_and_term(report: tuple[RunReport, Path]) -> None:
    done, out = report
    households = done.firm.book.households
    names = done.firm.labels.households.tolist()
    signs = set()
    for trade in rows(out / "trades.csv"):
        if trade["side"] != "sell" or trade["account_kind"] != "taxable":
            assert units(trade["tax"] or "0") == 0
            continue
        loss = units(trade["gain"]) < 0
        column = f"loss_{trade['term']}_rate" if loss else f"{trade['term']}_rate"
        rate = int(getattr(households, column)[names.index(trade["household_id"])])
        assert abs(units(trade["tax"]) - units(trade["gain"]) * rate / FULL_RATE) <= 1
        signs.add((loss, trade["term"]))
    assert {loss for loss, _ in signs} == {True, False}


def test_trades_at_rates_and_households_by_the_law_differ_where_the_law_turns(report: tuple[RunReport, Path]) -> None:
    _, out = report
    at_rates: dict[str, int] = defaultdict(int)
    for trade in rows(out / "trades.csv"):
        at_rates[trade["household_id"]] += units(trade["tax"])
    by_law = {row["household_id"]: units(row["tax"]) for row in rows(out / "households.csv")}
    # lines are priced at the margin, where the 3.8% are due; the first dollars of gain are free of it
    assert at_rates["threshold"] > by_law["threshold"] > 0
    assert by_law["loser"] > at_rates["loser"]  # what is carried into next year saves nothing this year
    assert by_law["loser"] == -3_000 * DOLLAR * 24 // 100  # Pennsylvania deducts no loss from income


def test_the_page_says_whose_rates_they_are(report: tuple[RunReport, Path]) -> None:
    done, out = report
    assert dict(done.run.notes)["Tax rates"] == "3 by the law at their income, 1 their own, 1 default"
    assert "3 by the law at their income" in (out / "run.html").read_text(encoding="utf-8")
