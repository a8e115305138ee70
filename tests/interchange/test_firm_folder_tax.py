"""Tax positions and rates of households as a firm folder says them, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import Finding, Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.firm_folder.tax_positions import TaxPositions, YearToDate
from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import RateOrigin
from lotwise.tax.income import Income
from lotwise.tax.position import blank_positions, position_of
from tests.interchange.small_firm import small_firm, write

# The couple of tests/tax/test_household_rates.py: 24% and 15% in 2025, no state income tax in Texas.
COUPLE = {"filing_status": "married_joint", "state": "TX", "ordinary_income": "230000", "magi": "240000"}
DEFAULTS = (458_000_000, 288_000_000)  # firm.toml: 0.408, 0.238 and 0.05


def read(folder: Path, cells: Mapping[str, str], day: date | None = None, firm: str = "") -> Firm:
    """Read the small firm where H1 says these cells and nothing else of its tax; `firm` joins its profile."""
    files = small_firm()
    del files["transactions.csv"]  # whose gains would stand instead of the ytd columns
    columns = ",".join(("household_id", "model", *cells))
    files["households.csv"] = f"{columns}\n{','.join(('H1', 'core', *cells.values()))}\n"
    files["firm.toml"] = files["firm.toml"].replace("risk_price_bps = 40", f"risk_price_bps = 40\n{firm}")
    return read_firm(write(folder, files), day)


def rates(firm: Firm) -> tuple[int, int]:
    households = firm.book.households
    return int(households.short_rate[0]), int(households.long_rate[0])


def loss_rates(firm: Firm) -> tuple[int, int]:
    households = firm.book.households
    return int(households.loss_short_rate[0]), int(households.loss_long_rate[0])


def said(firm: Firm, column: str) -> list[Finding]:
    return [found for found in firm.findings if (found.file, found.column) == ("households.csv", column)]


def test_income_and_filing_status_say_the_rates(tmp_path: Path) -> None:
    firm = read(tmp_path, COUPLE)
    assert rates(firm) == (240_000_000, 150_000_000)
    assert firm.book.households.rate_origin.tolist() == [RateOrigin.INCOME]
    assert not [found for column in (*COUPLE, "state_rate", "federal_short_rate") for found in said(firm, column)]


def test_the_law_of_a_state_joins_the_federal_one(tmp_path: Path) -> None:
    firm = read(tmp_path, COUPLE | {"state": "pa"})  # 3.07%, 72 P.S. 7302
    assert rates(firm) == (270_700_000, 180_700_000)
    assert not said(firm, "state")


def test_a_state_rate_of_its_own_stands_instead_of_the_law(tmp_path: Path) -> None:
    firm = read(tmp_path, COUPLE | {"state": "PA", "state_rate": "0.01"})
    assert rates(firm) == (250_000_000, 160_000_000)


def test_gains_of_the_year_managed_and_elsewhere_count(tmp_path: Path) -> None:
    gains = {
        "ytd_long_gains": "6000",
        "outside_long_gains": "4000",
        "ytd_short_gains": "-1",
        "outside_short_gains": "1",
    }
    firm = read(tmp_path, COUPLE | gains)
    assert rates(firm) == (278_000_000, 188_000_000)
    position = position_of(firm.book.tax[0])
    assert (position.short_gains, position.long_gains) == (0, 10_000 * DOLLAR)


def test_dividends_and_carryforwards_count(tmp_path: Path) -> None:
    assert rates(read(tmp_path / "a", COUPLE | {"expected_qualified_dividends": "10000"})) == (
        278_000_000,
        188_000_000,
    )
    assert rates(read(tmp_path / "b", COUPLE | {"long_carryforward": "50000"})) == (0, 0)
    assert rates(read(tmp_path / "c", COUPLE | {"short_carryforward": "50000"})) == (0, 0)


def test_own_rates_come_before_income_and_default_rates_after_it(tmp_path: Path) -> None:
    own = read(tmp_path / "own", COUPLE | {"federal_short_rate": "0.3", "federal_long_rate": "0.2"})
    assert rates(own) == (300_000_000, 200_000_000)
    assert own.book.households.rate_origin.tolist() == [RateOrigin.OWN]
    assert not said(own, "federal_short_rate")
    unknown = read(tmp_path / "unknown", {"name": "One"})
    assert rates(unknown) == DEFAULTS
    assert unknown.book.households.rate_origin.tolist() == [RateOrigin.DEFAULT]
    (found,) = said(unknown, "federal_short_rate")
    assert (found.severity, found.was) == (Severity.NOTICE, "'no rates'")
    assert found.to_do == "the firm's default rates are used"


def test_own_rates_take_the_state_from_its_law_where_income_is_known(tmp_path: Path) -> None:
    own = {"federal_short_rate": "0.3", "federal_long_rate": "0.2"}
    assert rates(read(tmp_path / "a", COUPLE | own | {"state": "PA"})) == (330_700_000, 230_700_000)
    firm = read(tmp_path / "b", own | {"state": "PA"})
    assert rates(firm) == (350_000_000, 250_000_000)
    assert [found.to_do for found in said(firm, "state_rate")] == ["fill it, or the firm's default is used"]


@pytest.mark.parametrize("year", [2027, 2031])
def test_a_year_after_the_law_takes_the_last_law_and_says_so(tmp_path: Path, year: int) -> None:
    later = read(tmp_path / "later", COUPLE, date(year, 6, 30))
    last = read(tmp_path / "last", COUPLE, date(2026, 6, 30))
    assert rates(later) == rates(last)
    (found,) = [found for found in later.findings if found.column == "as_of"]
    assert (found.severity, found.was, found.to_do) == (Severity.NOTICE, str(year), "the law of 2026 is used")
    assert not [found for found in last.findings if found.column == "as_of"]


def test_a_state_that_is_not_known_has_the_firms_rate_and_a_reason(tmp_path: Path) -> None:
    firm = read(tmp_path, COUPLE | {"state": "ZZ"})
    assert rates(firm) == (290_000_000, 200_000_000)
    (found,) = said(firm, "state")
    assert (found.severity, found.was, found.household) == (Severity.WARNING, "'ZZ'", "H1")
    assert found.to_do.endswith("give the household's own total rate as state_rate; the firm's default is used")


def test_income_without_a_state_or_status_is_taxed_as_single_at_the_firms_state_rate(tmp_path: Path) -> None:
    firm = read(tmp_path, {"ordinary_income": "150000"})  # 2025, single: 24% from 103,350 to 197,300
    assert rates(firm) == (290_000_000, 200_000_000)
    assert [found.severity for found in said(firm, "state_rate")] == [Severity.WARNING]
    assert [found.to_do for found in said(firm, "filing_status")] == ["fill it; until then it counts as single"]


def test_a_loss_is_worth_what_the_unrealised_losses_of_tonight_save(tmp_path: Path) -> None:
    files = small_firm()
    lot = "A1,L3,CCC,1000,2025-01-02,{basis},purchase,\n"
    worth = {}
    for loss in (0, 10_000):
        value = 12_500  # 1,000 shares of CCC at 12.50
        files["lots.csv"] = "account_id,lot_id,symbol,shares,acquired,basis,acquisition,purpose\n" + lot.format(
            basis=value + loss
        )
        files["households.csv"] = f"household_id,model,{','.join(COUPLE)}\nH1,core,{','.join(COUPLE.values())}\n"
        worth[loss] = loss_rates(read_firm(write(tmp_path / str(loss), files)))
    assert worth == {0: (240_000_000, 240_000_000), 10_000: (156_000_000, 156_000_000)}


def test_a_profile_may_state_the_worth_of_losses(tmp_path: Path) -> None:
    own = {"federal_short_rate": "0.4", "federal_long_rate": "0.2", "state_rate": "0"}
    full = read(tmp_path / "full", own, firm="loss_usability = 1")
    assert loss_rates(full) == rates(full) == (400_000_000, 200_000_000)
    half = read(tmp_path / "half", own, firm="loss_usability = 0.5")
    assert loss_rates(half) == (200_000_000, 100_000_000)


def test_what_the_record_knows_of_the_year_replaces_the_columns() -> None:
    table = blank_positions(2, 2025)
    table["short_gains"], table["long_gains"] = [70, 70], [90, 90]
    table["qualified_dividends"] = [20, 5]
    read_as = TaxPositions(table, np.zeros(2, np.uint8), np.array([7, 7]), np.array([9, 9]))
    received = Income(*(np.array(column) for column in ([8, 8], [3, 3], [1, 2], [10, 20], [400, 400])))
    record = YearToDate(np.array([100, 100]), np.array([-300, -300]), np.array([True, False]), received)
    told = read_as.with_year_to_date(record)
    assert told["short_gains"].tolist() == [107, 70]
    assert told["long_gains"].tolist() == [-291, 90]
    # The greater of what is expected of the year and what was received (8 + 3), whatever the record knows of gains.
    assert told["qualified_dividends"].tolist() == [20, 11]
    assert told["investment_income"].tolist() == [11, 22]
    assert read_as.with_year_to_date(None) is table
    assert table["short_gains"].tolist() == [70, 70]


def test_rates_that_take_more_than_the_gain_refuse_the_household(tmp_path: Path) -> None:
    firm = read(tmp_path, {"federal_short_rate": "0.9", "federal_long_rate": "0.2", "state_rate": "0.2"})
    assert [found.was for found in said(firm, "federal_short_rate")] == ["'more than 1'"]
    assert firm.book.households.blocked.tolist() == [True]
    assert rates(firm)[0] <= 1_000_000_000


def test_every_household_of_a_book_has_a_position_that_the_law_covers(tmp_path: Path) -> None:
    firm = read_firm(write(tmp_path, small_firm()))
    assert len(firm.book.tax) == len(firm.labels.households)
    assert (firm.book.tax["short_rate"] != MISSING).all()
    assert firm.book.households.short_rate.tolist() == [420_000_000, 350_000_000, 300_000_000]
