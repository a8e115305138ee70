"""A prospect's move against arithmetic done here: two names, no factor, one rate; and prospects at the edges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lotwise.interchange.prospect_file.as_firm import Prospect
from lotwise.money import DOLLAR
from lotwise.nightly.transition import Asked, transition_of
from lotwise.nightly.transition_document import transition_choices
from lotwise.nightly.transition_years import Future
from lotwise.prospects.transition import Transition
from lotwise.reports.documents.transition_page import transition_document
from tests.interchange.small_firm import write
from tests.nightly.prospect_firm import PRICES, RATES, firm_files, written

HEADER = "Symbol,Quantity,Cost Basis,Date Acquired,Account Type\n"
SPECIFIC = 0.05  # of both names, as `firm_files` has it
KEYS = """trading_cost_multiplier = 1
buy_opportunity_cost = false
minimum_trade = 0
worth_it_bps = 0
cash_band = 0
"""


def moved(folder: Path, rows: str, price: float = 1.0, **changes: Any) -> Transition:
    """A prospect who moves to half S00, half S01 of a firm whose policy is without any refinement."""
    files = firm_files()
    policy = files["firm.toml"].replace("risk_price_bps = 40", f"risk_price_bps = {price}")
    files["firm.toml"] = policy.replace("cash_band = 0.01\n", KEYS)
    files["models.csv"] = "model,symbol,weight\nTWO,S00,0.5\nTWO,S01,0.5\n"
    files["restrictions.csv"] = "household_id,rule,scope,value\n"
    firm = write(folder / "firm", files)
    file = folder / "lots.csv"
    file.write_text(HEADER + rows)
    asked = Asked(Prospect("TWO", tax=RATES), points=30, future=Future(paths=2, years=3), threads=1)
    return transition_of(file, firm, replace(asked, **changes))


ONE_LOT = "S00,5000,60000,2015-03-04,\n"  # at 20: 100,000


def test_the_recommended_point_of_one_lot_by_hand(tmp_path: Path) -> None:
    """Sell x of the value, 0 <= x <= 0.5, and buy the other name with it.

    TE^2 = 2 x 0.05 (0.5 - x)^2. Of a dollar sold 40 cents are gain, taxed at 20%: 8 cents, of which half counts. Half a
    spread of 4 bp is paid twice: 4 bp. At a price of 1: d/dx 0.1 (0.5 - x)^2 = -0.2 (0.5 - x) = -(0.04 + 0.0004).
    """
    found = moved(tmp_path, ONE_LOT)
    best, nothing, everything = found.recommended, found.nothing, found.liquidate
    x = 0.5 - 0.0404 / 0.2
    value = 100_000 * DOLLAR
    assert found.value == value
    assert nothing.tracking == pytest.approx((2 * SPECIFIC * 0.25) ** 0.5)
    assert best.sold == pytest.approx(x * value, rel=2e-3)
    assert best.tax == pytest.approx(x * 0.08 * value, rel=2e-3)
    assert best.long_gains == pytest.approx(x * 0.4 * value, rel=2e-3)
    assert best.short_gains == 0
    assert best.tracking == pytest.approx((2 * SPECIFIC) ** 0.5 * (0.5 - x), rel=2e-3)
    assert best.overlap == pytest.approx(0.5 + x, rel=2e-3)
    assert best.turnover == pytest.approx(x, rel=2e-3)
    assert best.cost == pytest.approx(x * 0.0004 * value, rel=2e-3)
    saved = 2 * SPECIFIC * (0.25 - (0.5 - x) ** 2) * value  # a year of tracking, at a price of 1
    assert best.break_even == pytest.approx((x * 0.08 + x * 0.0004) * value / saved, rel=3e-3)
    assert (everything.tax, everything.overlap, everything.turnover) == (40_000 * DOLLAR // 5, 1.0, 1.0)
    assert found.keep == ""


def test_the_plan_is_what_the_choice_comes_to(tmp_path: Path) -> None:
    found = moved(tmp_path, ONE_LOT)
    best = found.recommended
    (sale,) = (each for each in found.plan if each.sells)
    (bought,) = (each for each in found.plan if not each.sells)
    assert (sale.symbol, sale.line, bought.symbol) == ("S00", 2, "S01")
    assert sale.acquired is not None
    assert sale.acquired.isoformat() == "2015-03-04"
    assert sale.long_term
    assert not sale.assumed
    assert sale.value == pytest.approx(best.sold, abs=2)
    assert sale.gain == pytest.approx(best.long_gains, abs=2)
    assert bought.value == pytest.approx(best.sold, abs=DOLLAR)
    assert sale.shares / 1e6 * 20 == pytest.approx(sale.value / DOLLAR, abs=0.01)


def test_a_budget_is_used_up_and_takes_the_years_that_it_takes(tmp_path: Path) -> None:
    """The move wants $2,384 of tax. A year's $1,000 are used up, and not enough."""
    found = moved(tmp_path, ONE_LOT, budgets=(1_000 * DOLLAR, None), future=Future(paths=4, years=3))
    limited, free = found.years
    (first,) = set(limited.tax[:, 0].tolist())  # all paths are one until prices move
    assert 0.85 * 1_000 * DOLLAR < first <= 1_000 * DOLLAR + 100
    assert limited.years.min() >= 2
    assert free.tax[:, 0].tolist() == pytest.approx([found.recommended.tax] * 4, rel=2e-3)
    assert free.years.tolist() == [1] * 4
    # each $80 of tax sell 1% of value: TE = sqrt(0.1) (0.5 - sold)
    sold = first / DOLLAR / 8_000
    assert limited.tracking[:, 0].tolist() == pytest.approx([0.1**0.5 * (0.5 - sold)] * 4, rel=2e-3)
    assert limited.complete_in(1) == 0.0
    assert free.complete_in(1) == 1.0


def test_where_tracking_is_worth_little_one_keeps_what_one_has(tmp_path: Path) -> None:
    """At a price of 0.4 the first dollar sold saves 0.4 x 0.2 x 0.5 = 4 cents, and counts as 4.04."""
    found = moved(tmp_path, ONE_LOT, price=0.4)
    assert found.recommended.turnover == pytest.approx(0, abs=1e-5)
    assert found.recommended.tax == 0
    assert "keep what you have" in found.advice[0]
    document = transition_document(transition_choices(found, "P"))
    assert document.headline.startswith("Keep what you have. Nothing is worth trading")
    assert found.plan == ()
    assert [each.years.tolist() for each in found.years] == [[1, 1]]


def test_a_move_that_does_not_pay_within_the_horizon_is_not_the_headline(tmp_path: Path) -> None:
    found = moved(tmp_path, ONE_LOT, horizon=1.0)
    assert found.recommended.break_even == pytest.approx(1.15, abs=0.01)
    assert "1.1 years of less tracking" in found.keep or "1.2 years of less tracking" in found.keep
    assert transition_document(transition_choices(found, "P")).headline.startswith("Keep what you have.")


# --- prospects at the edges -----------------------------------------------------------------------------------------


def test_only_losses(tmp_path: Path) -> None:
    """Worth 100,000, cost 150,000: to sell saves, and what is saved is said as a saving."""
    found = moved(tmp_path, "S00,5000,150000,2015-03-04,\n")
    best = found.recommended
    assert found.liquidate.long_gains == -50_000 * DOLLAR
    # a net loss is worth $3,000 against other income this year, at the short-term rate of 40%
    assert found.liquidate.tax == best.tax == -1_200 * DOLLAR
    assert found.reasons[-1].endswith("the same as recommended.")
    assert "-$" not in " ".join((*found.reasons, *found.advice))
    assert "pays at once" in found.advice[0]
    assert best.overlap > found.nothing.overlap
    assert [each.budget for each in found.years] == [None]
    headline = transition_document(transition_choices(found, "P")).headline
    assert "saves" in headline or "costs no tax" in headline


def test_only_an_ira_is_moved_without_tax(tmp_path: Path) -> None:
    found = moved(tmp_path, "S00,5000,60000,2015-03-04,Rollover IRA\nS02,100,,,Rollover IRA\n")
    assert {choice.tax for choice in found.choices} == {0}
    assert found.standing.gains == (0, 0)
    assert found.recommended.tracking < 0.01
    assert found.resting.lots == 0  # nothing depends on a basis or a date
    assert all(not each.taxable and each.gain == 0 for each in found.plan)
    document = transition_choices(found, "P")
    assert document.lots == ()
    assert {sale.gain for sale in document.sales} == {None}
    assert [one.symbol for one in found.legacy] == ["S02"]
    assert found.legacy[0].kept == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("after_tax", ["false", "true"])
def test_each_account_buys_with_its_own_money(tmp_path: Path, after_tax: str) -> None:
    """Lots of three kinds of accounts: none taxes or pays for another, whatever a dollar of an IRA counts."""
    rows = "S00,1000,3000,2016-11-19,Individual\nS05,300,9,2016-01-01,Traditional IRA\nS06,100,99,,Roth\n"
    file, firm = written(tmp_path, HEADER + rows)
    policy = f"[profile]\nafter_tax_weighting = {after_tax}\nwithdrawal_rate = 0.25\n"
    (firm / "firm.toml").write_text((firm / "firm.toml").read_text().replace("[profile]\n", policy))
    asked = Asked(Prospect("TWELVE", tax=RATES), points=12, future=Future(paths=1, years=1), threads=1)
    found = transition_of(file, firm, asked)
    assert found.standing.gains == (0, 17_000 * DOLLAR)  # of the taxable lot alone
    assert found.liquidate.tax == 17_000 * DOLLAR // 5
    held = {"prospect": 20_000, "prospect traditional": 300 * PRICES["S05"], "prospect roth": 100 * PRICES["S06"]}
    for account, value in held.items():
        sold, bought = (
            sum(each.value for each in found.plan if each.account == account and each.sells is sells)
            for sells in (True, False)
        )
        assert 0 < sold <= value * DOLLAR + 2
        assert 0 <= sold - bought <= 0.01 * found.value + DOLLAR  # what is over stays as cash, within its band
        assert all(each.taxable == (account == "prospect") for each in found.plan if each.account == account)


def test_only_a_fund_is_sold_or_held_and_said(tmp_path: Path) -> None:
    found = moved(tmp_path, "FNDA,1000,20000,2014-02-03,\n")  # at 104: 104,000, gain 84,000
    (fund,) = found.legacy
    assert (fund.symbol, fund.kind, fund.value, fund.gain) == ("FNDA", "fund", 104_000 * DOLLAR, 84_000 * DOLLAR)
    sold = sum(each.value for each in found.plan if each.sells)
    assert fund.kept == pytest.approx(1 - sold / fund.value, abs=1e-6)
    assert sold == pytest.approx(found.recommended.sold, abs=2)
    (row,) = transition_choices(found, "P").outside
    assert row.kept == pytest.approx(fund.value - sold, abs=DOLLAR)
    assert found.nothing.overlap == 0


def test_a_lot_of_ten_million_and_one_of_a_cent(tmp_path: Path) -> None:
    found = moved(tmp_path, "S00,500000,6000000,2015-03-04,\nS02,0.0003,0.01,2015-03-04,\n")  # at 34: 1.02 cents
    assert found.value == 10_000_000 * DOLLAR + 102
    assert (found.lots, found.nothing.names) == (2, 2)
    (one,) = found.legacy
    assert (one.symbol, one.value) == ("S02", 102)
    assert 0 <= one.kept <= 1
    assert found.recommended.tax == pytest.approx(10_000_000 * DOLLAR * 0.298 * 0.08, rel=2e-3)
    for each in found.plan:
        assert each.value > 0
        assert each.shares > 0
    document = transition_document(transition_choices(found, "P"))
    assert "$23," in document.headline or "$238," in document.headline


def test_twenty_dollars_are_moved_though_the_firm_trades_no_less_than_a_hundred(tmp_path: Path) -> None:
    file, firm = written(tmp_path, HEADER + "S00,1,5,2015-03-04,\n")
    asked = Asked(Prospect("TWELVE", tax=RATES), points=12, future=Future(paths=3, years=2), threads=1)
    found = transition_of(file, firm, asked)
    assert found.value == 20 * DOLLAR
    assert found.recommended.tax > 2 * DOLLAR
    assert found.years[-1].years.tolist() == [1, 1, 1]
    assert found.years[-1].tax[:, 0].tolist() == pytest.approx([found.recommended.tax] * 3, abs=DOLLAR // 50)


def test_what_is_there_already_is_kept(tmp_path: Path) -> None:
    rows = "".join(f"S{n:02d},{1_000 / PRICES[f'S{n:02d}']:.6f},500,2015-03-04,\n" for n in range(12))
    file, firm = written(tmp_path, HEADER + rows)
    asked = Asked(Prospect("TWELVE", tax=RATES), points=12, future=Future(paths=2, years=2), threads=1)
    found = transition_of(file, firm, asked)
    assert found.nothing.overlap == pytest.approx(1, abs=1e-6)
    assert found.keep.startswith("Nothing is worth trading")
    assert "It trades nothing" in found.reasons[1]
    assert found.liquidate.tax == pytest.approx(12 * 500 * DOLLAR // 5, abs=DOLLAR)


def test_assumed_costs_and_dates_are_said_on_paper(tmp_path: Path) -> None:
    found = moved(tmp_path, "S00,4000,60000,2015-03-04,\nS00,500,n/a,2015-03-04,\nS02,100,1000,various,\n")
    document = transition_choices(found, "P")
    assert document.missing[0].endswith("paid for: S00.")
    assert document.missing[1].endswith("and when: S02.")
    assert document.today.cost_unknown == 10_000 * DOLLAR
    said = " ".join(document.assumptions)
    assert "50% of value is assumed" in said
    part = 5_000 / (20_000 + 5_000 + 2_400)  # sizes of gains: 80,000 - 60,000; half of 10,000; 3,400 - 1,000
    assert f"{part:.1%} of all gains and losses rests on it" in said
    assert [sale.assumed for sale in document.sales if sale.symbol == "S02"] in ([], [True])
