"""Every kind of bad input: what is found, where, and whom it blocks; the others stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.rebalancing.book import LotFlag
from tests.interchange.book_integrity import assert_sound
from tests.interchange.small_firm import small_firm, write

ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE
ALL = {"H1", "H2", "H3"}


def blocked(firm: Firm) -> set[str]:
    return set(firm.labels.households[firm.book.households.blocked].tolist())


def spoiled(folder: Path, file: str, old: str, new: str) -> Firm:
    files = small_firm()
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    firm = read_firm(write(folder, files))
    assert_sound(firm)
    return firm


# file, what is replaced, by what, line and column of the finding, severity, who is blocked
CASES = [
    ("households.csv", "H1,core", "H1,cores", 2, "model", ERROR, {"H1"}),
    ("households.csv", "H3,core", "H2,core", 4, "household_id", ERROR, {"H2"}),
    ("households.csv", "0.37,", "37,", 2, "federal_short_rate", ERROR, {"H1"}),
    ("households.csv", "0.37,", ",", 2, "federal_short_rate", WARNING, set()),
    ("households.csv", "gentle,", "gentel,", 3, "profile", ERROR, {"H2"}),
    ("households.csv", "H3,core,Three", "H3,core", 4, None, ERROR, set()),
    ("households.csv", "H3,core", ",core", 4, "household_id", ERROR, set()),
    ("households.csv", "H3,core", "*,core", 4, "household_id", ERROR, set()),
    ("accounts.csv", "A1,H1,taxable", "A1,H1,margin", 3, "kind", ERROR, {"H1"}),
    ("accounts.csv", "A1,H1,taxable,1000.5", "A1,H1,taxable,NaN", 3, "cash", ERROR, {"H1"}),
    ("accounts.csv", "A1,H1,taxable,1000.5", "A1,H1,taxable,", 3, "cash", ERROR, {"H1"}),
    ("accounts.csv", "A5,H3", "A3,H3", 4, "account_id", ERROR, {"H2", "H3"}),
    ("accounts.csv", "A5,H3", "A5,H9", 6, "household_id", ERROR, set()),
    ("accounts.csv", "A5,H3,taxable,7,", "A5,H3,taxable,7", 6, None, ERROR, {"H3"}),
    ("lots.csv", "A1,L1,AAA,10,", "A1,L1,AAA,-10,", 3, "shares", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA,10,", "A1,L1,AAA,0,", 3, "shares", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA,10,", "A1,L1,AAA,inf,", 3, "shares", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA,10,", "A1,L1,AAA,1e400,", 3, "shares", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA,10,", "A1,L1,AAA,99999999999999,", 3, "shares", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA", "A1,L1,AAX", 3, "symbol", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA", "A1,L1,CASH", 3, "symbol", ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA", "A9,L1,AAA", 3, "account_id", ERROR, set()),
    ("lots.csv", "A1,L1,AAA", "A1,L2,AAA", 2, "lot_id", ERROR, {"H1"}),
    ("lots.csv", "2020-01-02", "2025-07-01", 3, "acquired", ERROR, {"H1"}),
    ("lots.csv", "2020-01-02", "2020-13-02", 3, "acquired", WARNING, set()),
    ("lots.csv", "2020-01-02", "", 3, "acquired", WARNING, set()),
    ("lots.csv", ",500,", ",-500,", 3, "basis", WARNING, set()),
    ("lots.csv", ",500,", ",NaN,", 3, "basis", WARNING, set()),
    ("lots.csv", "500,,", "500,,keep", 3, "purpose", ERROR, {"H1"}),
    ("lots.csv", "500,,", "500,won in a raffle,", 3, "acquisition", NOTICE, set()),
    ("lots.csv", "A1,L1,AAA,10,2020-01-02,500,,", "A1,L1,AAA,10", 3, None, ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA", 'A1,"L1,AAA', 3, None, ERROR, {"H1"}),
    ("lots.csv", "A1,L1,AAA", "A1,L\x001,AAA", 3, "lot_id", ERROR, {"H1"}),
    ("lots.csv", "acquisition,", "acquisitions,", 1, "acquisitions", NOTICE, set()),
    ("securities.csv", "Chips,2.5", "Chips,x", 3, "spread_bps", WARNING, set()),
    ("securities.csv", "ET2,Fund 2", "ETF,Fund 2", 6, "symbol", ERROR, set()),
    ("prices.csv", "2025-06-30,AAA,103.0", "2025-06-30,AAA,-103", 17, "close", WARNING, set()),
    ("prices.csv", "2025-06-30,AAA,103.0", "2025-06-30,AAA,nan", 17, "close", WARNING, set()),
    ("prices.csv", "2025-06-30,AAA", "2025-06-27,AAA", 17, "date", WARNING, set()),
    ("prices.csv", "2025-06-30,AAA", "2025-06-31,AAA", 17, "date", ERROR, set()),
    ("models.csv", "core,AAA,,0.5", "core,AAA,,0.4", 2, "weight", ERROR, ALL),
    ("models.csv", "core,AAA", "core,AAX", 2, "symbol", ERROR, ALL),
    ("models.csv", "core,AAA,,0.5", "core,AAA,,-0.5", 2, "weight", ERROR, ALL),
    ("models.csv", "fund,ETF,,0.9", "fund,ETF,,0.8", 5, "weight", ERROR, {"H2", "H3"}),
    ("models.csv", "fund,ETF,,0.9", "fund,,blend,0.9", 5, "child_model", ERROR, {"H2", "H3"}),
    ("models.csv", "blend,,fund", "blend,,funds", 8, "child_model", ERROR, {"H2", "H3"}),
    ("models.csv", "core,BBB", "core,AAA", 3, "symbol", ERROR, ALL),
    ("restrictions.csv", "H1,max_weight", "H1,most_weight", 3, "rule", ERROR, {"H1"}),
    ("restrictions.csv", "H1,max_weight,sector", "H1,max_weight,sektor", 3, "scope", ERROR, {"H1"}),
    ("restrictions.csv", "sector,Tech,0.4", "sector,Tec,0.4", 3, "value", ERROR, {"H1"}),
    ("restrictions.csv", "sector,Tech,0.4", "sector,Tech,40", 3, "weight", ERROR, {"H1"}),
    ("restrictions.csv", "sector,Tech,0.4", "sector,Tech,", 3, "weight", ERROR, {"H1"}),
    ("restrictions.csv", "lot,L2", "lot,L7", 4, "value", ERROR, {"H1"}),
    ("restrictions.csv", "CCC,,A3", "CCC,,A1", 5, "account_id", ERROR, {"H2"}),
    ("restrictions.csv", "H3,never_trade", "H9,never_trade", 6, "household_id", ERROR, set()),
    ("restrictions.csv", "screen,smoke", "screen,smoking", 2, "value", WARNING, set()),
    ("restrictions.csv", "*,never_buy", "*,never_bye", 2, "rule", ERROR, ALL),
    ("restrictions.csv", "household_id,rule", "household_id,rules", 1, "rule", ERROR, ALL),
    ("screens.csv", "BBB,0", "BBB,none", 3, "score", WARNING, set()),
    ("lookthrough.csv", "ETF,BBB,0.25", "ETF,BBB,0.75", 2, "weight", ERROR, set()),
    ("transactions.csv", "2025-06-10,A3", "2025-06-1x,A3", 2, "date", ERROR, {"H2"}),
    ("transactions.csv", "2025-06-10,A3", "2025-07-10,A3", 2, "date", WARNING, set()),
    ("transactions.csv", "A3,sell,T1,CCC", "A3,sold,T1,CCC", 2, "kind", ERROR, {"H2"}),
    ("transactions.csv", "A3,sell,T1,CCC", "A3,sell,T1,", 2, "symbol", ERROR, {"H2"}),
    ("transactions.csv", "0.1,20", "0.1,", 2, "basis", WARNING, set()),
    ("transactions.csv", "A1,buy,T4", "A1,bought,T4", 5, "kind", WARNING, set()),
    ("pending_orders.csv", "CCC,buy,2", "CCC,buy,", 2, "shares", ERROR, {"H1"}),
    ("pending_orders.csv", "A1,CCC", "A1,CCX", 2, "symbol", ERROR, {"H1"}),
    ("pending_orders.csv", "A1,CCC", "A7,CCC", 2, "account_id", ERROR, set()),
    ("glide.csv", "H3,2025-01-01,blend", "H3,2025-01-01,blond", 2, "model", ERROR, {"H3"}),
    ("glide.csv", "H3,2026-01-01,fund", "H3,2026-01-01,found", 3, "model", WARNING, set()),
    ("glide.csv", "H3,2025-01-01", "H3,someday", 2, "date", ERROR, {"H3"}),
    ("glide.csv", "H3,2026-01-01", "H3,2025-01-01", 3, "date", ERROR, {"H3"}),
    ("requests.csv", "raise_cash,100", "raise_cash,lots", 2, "amount", ERROR, {"H1"}),
    ("corporate_actions.csv", "split,2", "splits,2", 2, "kind", WARNING, set()),
    ("firm.toml", "risk_price_bps = 40", "risk_price_bp = 40", 6, "risk_price_bp", ERROR, ALL),
    ("firm.toml", "state_rate = 0.05", "state_rates = 0.05", 11, "state_rates", ERROR, set()),
    (
        "profiles.toml",
        "step_up_probability = 0.2",
        "step_up_probability = 2",
        5,
        "step_up_probability",
        ERROR,
        {"H2"},
    ),
    ("profiles.toml", "step_up_probability = 0.2", "", 3, "deferral_years", ERROR, {"H2"}),
    ("profiles.toml", "[gentle]", "[gentle", 1, None, ERROR, {"H2"}),
    ("risk/specific.csv", "AAA,0.05", "AAA,-1", 2, "variance", ERROR, set()),
    ("risk/covariance.csv", "0.04", "x", 2, "value", ERROR, set()),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "severity", "whom"),
    CASES,
    ids=[f"{file} {old!r} -> {new!r}" for file, old, new, *_ in CASES],
)
def test_a_bad_cell_is_found_and_blocks_only_its_own(
    tmp_path: Path,
    file: str,
    old: str,
    new: str,
    line: int,
    column: str | None,
    severity: Severity,
    whom: set[str],
) -> None:
    firm = spoiled(tmp_path, file, old, new)
    found = [(f.file, f.line, f.column, f.severity) for f in firm.findings]
    assert (file, line, column, severity) in found, "\n".join(map(str, firm.findings))
    assert blocked(firm) == whom
    for household in whom:
        assert any(f.household in (household, "*") and f.severity is ERROR for f in firm.findings)


def test_unknown_basis_or_date_is_kept_and_never_sold(tmp_path: Path) -> None:
    firm = spoiled(tmp_path, "lots.csv", "2020-01-02,500", "soon,")
    assert firm.labels.lots[0] == "L1"
    assert firm.book.lots.flags[0] & LotFlag.UNKNOWN_TAX
    assert firm.book.lots.basis[0] == 0


def test_a_tax_deferred_lot_needs_no_basis(tmp_path: Path) -> None:
    firm = spoiled(tmp_path, "lots.csv", "2021-05-05,9000", "2021-05-05,")
    assert not firm.book.lots.flags[2] & LotFlag.UNKNOWN_TAX
    assert {f.severity for f in firm.findings} == {NOTICE}


def test_purchases_of_unknown_day_count_as_made_today_in_every_account(tmp_path: Path) -> None:
    files = small_firm()
    # A Roth account's lot, two taxable ones of H3, and a gift of H2, which is no purchase.
    for row in ("ETF,100,2021-05-05", "BBB,2,2023-03-03", "CCC,8,2019-03-04", "AAA,3,2024-12-31"):
        files["lots.csv"] = files["lots.csv"].replace(row, row.rsplit(",", 1)[0] + ",")
    firm = read_firm(write(tmp_path, files))
    assert_sound(firm)
    windows, today = firm.book.windows, int(firm.market.as_of)
    opened = {
        (household, int(windows.identical[row])): int(windows.bought_shares[row])
        for household in range(3)
        for row in range(windows.start[household], windows.start[household + 1])
        if windows.no_loss_until[row] == today + 30
    }
    # The fund in H1's Roth account; H2 is of the same taxpayer. The pending buy of CCC was there before.
    assert opened == {
        (0, 2): 2_000_000,
        (0, 3): 100_000_000,
        (1, 2): 2_000_000,
        (1, 3): 100_000_000,
        (2, 1): 2_000_000,
        (2, 2): 8_000_000,
    }
    found = {(f.household, f.line, f.was) for f in firm.findings if f.must_be.startswith("the day of every purchase")}
    assert found == {
        ("H1", 4, "'1 lot of A2 without a date: ETF'"),
        ("H3", 6, "'1 lot of A4 without a date: CCC'"),
        ("H3", 7, "'1 lot of A5 without a date: BBB'"),
    }
    assert not blocked(firm)


def test_undated_purchases_of_one_account_are_one_finding(tmp_path: Path) -> None:
    rows = "BBB,2,2023-03-03,100,,\nA5,L2,CCC,2.123456,2022-02-02,20.1234,inheritance"
    firm = spoiled(tmp_path, "lots.csv", rows, "BBB,2,,100,,\nA5,L2,CCC,2.123456,,20.1234,purchase")
    found = [f for f in firm.findings if f.must_be.startswith("the day of every purchase")]
    assert [(f.line, f.severity, f.was) for f in found] == [(7, WARNING, "'2 lots of A5 without a date: BBB, CCC'")]
    assert "losses of this name are not sold in the household" in found[0].to_do


def test_a_gift_below_its_donors_basis_is_not_sold(tmp_path: Path) -> None:
    files = small_firm()
    rows = files["lots.csv"].splitlines()
    files["lots.csv"] = "\n".join([rows[0] + ",loss_basis", *(row + "," for row in rows[1:])])
    files["lots.csv"] = files["lots.csv"].replace("400,gift,hold,", "400,gift,,310")
    firm = read_firm(write(tmp_path, files))
    assert firm.book.lots.flags[3] & LotFlag.UNKNOWN_TAX  # worth 309, donor's basis 400


def test_a_stale_price_stops_trading_in_its_security_only(tmp_path: Path) -> None:
    files = small_firm()
    files["prices.csv"] = "\n".join(
        row.replace("2025-06-2", "2025-06-1") if ",CCC," in row else row
        for row in files["prices.csv"].splitlines()
        if not row.startswith("2025-06-30,CCC")
    )
    firm = read_firm(write(tmp_path, files))
    assert firm.market.tradable.tolist() == [True, True, False, True, True]
    assert any(f.severity is WARNING and "CCC last on 2025-06-17" in f.was for f in firm.findings)
    assert not blocked(firm)


@pytest.mark.parametrize(("last", "fresh"), [("2025-06-23", True), ("2025-06-20", False)])
def test_five_trading_days_are_fresh_and_six_are_stale(tmp_path: Path, last: str, fresh: bool) -> None:
    files = small_firm()
    kept = [row for row in files["prices.csv"].splitlines() if ",CCC," not in row]
    files["prices.csv"] = "\n".join([*kept, f"{last},CCC,12,12"])
    firm = read_firm(write(tmp_path, files))
    assert bool(firm.market.tradable[2]) is fresh


def test_no_price_at_all_blocks_the_households_that_hold_it(tmp_path: Path) -> None:
    files = small_firm()
    files["prices.csv"] = "\n".join(row for row in files["prices.csv"].splitlines() if ",ETF," not in row)
    firm = read_firm(write(tmp_path, files))
    assert firm.market.price[3] == 0
    assert not firm.market.tradable[3]
    assert blocked(firm) == {"H1"}
    assert any(f.file == "models.csv" and f.was == "ETF" and f.severity is WARNING for f in firm.findings)


def test_a_wrong_price_newer_than_the_last_one_stops_trading(tmp_path: Path) -> None:
    firm = spoiled(tmp_path, "prices.csv", "2025-06-30,AAA,103.0", "2025-06-30,AAA,-103")
    assert not firm.market.tradable[0]
    assert firm.market.price[0] == 1_020_000


def test_an_unquoted_sum_of_weights_within_rounding_is_spread(tmp_path: Path) -> None:
    firm = spoiled(tmp_path, "models.csv", "core,AAA,,0.5", "core,AAA,,0.4999995")
    assert not blocked(firm)
    assert firm.book.models.weight[:3].sum() == pytest.approx(1, abs=1e-15)


def test_a_doubled_transaction_counts_once(tmp_path: Path) -> None:
    row = "2025-06-10,A3,sell,T1,CCC,1,9,0.1,20,short\n"
    firm = spoiled(tmp_path / "same", "transactions.csv", row, row + row)
    found = [f for f in firm.findings if f.column == "transaction_id"]
    assert [(f.line, f.severity, f.household) for f in found] == [(3, NOTICE, "H2")]
    firm = spoiled(tmp_path / "other", "transactions.csv", row, row + row.replace(",9,", ",8,") + row)
    found = [f for f in firm.findings if f.column == "transaction_id"]
    assert [(f.line, f.severity, f.household) for f in found] == [(3, WARNING, "H2"), (4, NOTICE, "H2")]


def test_a_pending_sale_of_more_than_is_held_is_a_warning(tmp_path: Path) -> None:
    firm = spoiled(tmp_path / "once", "pending_orders.csv", "A3,AAA,sell,1", "A3,AAA,sell,2\nA3,AAA,sell,1.5")
    found = [f for f in firm.findings if f.file == "pending_orders.csv"]
    assert [(f.line, f.column, f.severity, f.household) for f in found] == [(3, "shares", WARNING, "H2")]
    assert "at most the 3 shares of AAA that A3 holds" in found[0].must_be
    assert found[0].was == "3.5 on sale"
    firm = spoiled(tmp_path / "none", "pending_orders.csv", "A3,AAA,sell,1", "A3,BBB,sell,1")
    assert any("at most the 0 shares of BBB" in f.must_be for f in firm.findings)
    assert not blocked(firm)


def test_a_cash_target_that_a_model_replaces_is_a_warning(tmp_path: Path) -> None:
    # H2 follows blend (5% CASH) by profile gentle, H3 by the firm's own.
    firm = spoiled(tmp_path / "firm", "firm.toml", "risk_price_bps = 40", "cash_target = 0.02")
    found = [f for f in firm.findings if f.column == "cash_target"]
    assert [(f.file, f.line, f.severity) for f in found] == [("firm.toml", 6, WARNING)]
    assert found[0].was == "0.02"
    assert "0.05 in blend" in found[0].must_be
    assert "the model's 0.05 is used, not 0.02" in found[0].to_do
    firm = spoiled(tmp_path / "named", "profiles.toml", "[gentle]", "[gentle]\ncash_target = 0.03")
    found = [f for f in firm.findings if f.column == "cash_target"]
    assert [(f.file, f.line, f.was) for f in found] == [("profiles.toml", 2, "0.03")]
    firm = spoiled(tmp_path / "alike", "firm.toml", "risk_price_bps = 40", "cash_target = 0.05")
    assert not [f for f in firm.findings if f.column == "cash_target"]


def test_decimals_beyond_the_units_are_a_notice_by_column(tmp_path: Path) -> None:
    files = small_firm()
    files["lots.csv"] = files["lots.csv"].replace("5.5,", "5.5000001,").replace("100,2021", "100.0000000,2021")
    files["lots.csv"] = files["lots.csv"].replace("2.123456,", "2.12345649,").replace("600.25,", "6.0025001e2,")
    firm = read_firm(write(tmp_path / "text", files))
    found = {(f.column, f.severity, f.was) for f in firm.findings if f.must_be.startswith("at most ")}
    assert found == {("shares", NOTICE, "2 values with more"), ("basis", NOTICE, "1 value with more")}
    assert not blocked(firm)
    folder = write(tmp_path / "doubles", files)
    numbers = pl.read_csv(folder / "lots.csv").with_columns(basis=pl.col("basis") * 3 / 3)
    numbers.write_parquet(folder / "lots.parquet")
    (folder / "lots.csv").unlink()
    firm = read_firm(folder)
    again = {(f.column, f.severity, f.was) for f in firm.findings if f.must_be.startswith("at most ")}
    assert again == {("shares", NOTICE, "2 values with more"), ("basis", NOTICE, "1 value with more")}


def test_a_rule_on_a_group_says_that_it_does_not_reach_into_funds(tmp_path: Path) -> None:
    files = small_firm()
    files["restrictions.csv"] = """household_id,rule,scope,value,weight,account_id
*,never_buy,screen,smoke,,
H1,never_own,sector,Tech,,
H2,never_own,sector,Energy,,A3
H3,never_sell,sector,Tech,,
H3,max_weight,sector,Tech,0.5,
H3,never_own,symbol,AAA,,
"""
    firm = read_firm(write(tmp_path / "all", files))
    found = {f.line: f for f in firm.findings if f.file == "restrictions.csv"}
    # H1 holds ETF, which holds BBB (Tech); H2's model holds ETF; ET2 is neither held nor in a model.
    assert {line: f.was for line, f in found.items()} == {
        2: "never_buy, and ETF contains some",
        3: "never_own, and ETF contains some",
        4: "never_own, and ETF contains some",
    }
    assert {f.severity for f in found.values()} == {NOTICE}
    assert "add max_weight on the same group" in found[2].to_do
    files["lookthrough.csv"] = "fund,symbol,weight,as_of\nET2,AAA,0.75,2025-05-31\n"
    firm = read_firm(write(tmp_path / "none", files))
    assert not [f for f in firm.findings if f.file == "restrictions.csv"]


def test_a_risk_model_of_no_use_says_that_an_estimated_one_is_used(tmp_path: Path) -> None:
    spoilt: list[tuple[str, str | None]] = [
        ("risk/covariance.csv", "factor,factor2,value\nmarket,market,-0.04\n"),
        ("risk/covariance.csv", "factor,factor2,value\nmarket,market,x\n"),
        ("risk/exposures.csv", "symbol,value\nAAA,1\n"),
        ("risk/specific.csv", None),
    ]
    for number, (file, text) in enumerate(spoilt):
        files = small_firm()
        if text is None:
            del files[file]
        else:
            files[file] = text
        firm = read_firm(write(tmp_path / str(number), files))
        assert firm.risk_model is None
        (found,) = [f for f in firm.findings if f.file == "risk"]
        assert (found.severity, found.line) == (ERROR, None)
        assert "a model estimated from prices instead" in found.to_do
        assert not any("is refused" in f.to_do for f in firm.findings if f.file.startswith("risk"))
    files = {name: text for name, text in small_firm().items() if not name.startswith("risk/")}
    assert not [f for f in read_firm(write(tmp_path / "none", files)).findings if f.file.startswith("risk")]


def test_no_rates_anywhere_block(tmp_path: Path) -> None:
    files = small_firm()
    files["households.csv"] = files["households.csv"].replace("0.37,0.2,0.05", ",,")
    firm = read_firm(write(tmp_path / "with", files))
    assert not blocked(firm)
    assert firm.book.households.short_rate[0] == 458_000_000
    files["firm.toml"] = files["firm.toml"].split("[rates]")[0]
    firm = read_firm(write(tmp_path / "without", files))
    assert blocked(firm) == {"H1"}


def test_all_findings_of_all_files_come_at_once(tmp_path: Path) -> None:
    files = small_firm()
    files["lots.csv"] = files["lots.csv"].replace("A1,L1,AAA", "A1,L1,XXX")
    files["accounts.csv"] = files["accounts.csv"].replace("A3,H2,taxable", "A3,H2,margin")
    files["restrictions.csv"] = files["restrictions.csv"].replace("H3,never_trade", "H3,never_trades")
    firm = read_firm(write(tmp_path, files))
    assert blocked(firm) == ALL
    assert {f.file for f in firm.findings if f.severity is ERROR} == {
        "lots.csv",
        "accounts.csv",
        "restrictions.csv",
    }


def test_the_line_is_the_physical_one_after_a_cell_with_line_ends(tmp_path: Path) -> None:
    files = small_firm()
    files["households.csv"] = files["households.csv"].replace("One, the first", "One\nand\nonly")
    files["households.csv"] = files["households.csv"].replace("H3,core", "H3,cores")
    firm = read_firm(write(tmp_path, files))
    assert any((f.file, f.line, f.column) == ("households.csv", 6, "model") for f in firm.findings)
    assert firm.household_names[0] == "One\nand\nonly"


@pytest.mark.parametrize("stem", ["households", "accounts", "lots", "securities", "prices", "models", "firm"])
@pytest.mark.parametrize("what", ["missing", "empty", "garbage", "folder"])
def test_without_a_needed_file_nothing_can_be_done(tmp_path: Path, stem: str, what: str) -> None:
    folder = write(tmp_path, {**small_firm(), "restrictions.csv": "household_id,rule,scope,value\nH1,x,y,z\n"})
    path = folder / ("firm.toml" if stem == "firm" else f"{stem}.csv")
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what != "missing":
        path.write_bytes(b"" if what == "empty" else b"\xff\xfe\x00garbage\n\x00")
    with pytest.raises(FolderError) as caught:
        read_firm(folder)
    assert any(f.file.startswith(stem) and f.severity is ERROR for f in caught.value.findings)
    # The wrong cells of the other files are listed all the same.
    assert any(f.file == "restrictions.csv" for f in caught.value.findings)


NEEDED = ["households", "accounts", "lots", "securities", "prices", "models", "firm"]


@pytest.mark.parametrize("stem", NEEDED)
def test_a_missing_file_makes_no_findings_about_the_others(tmp_path: Path, stem: str) -> None:
    files = small_firm()
    del files["firm.toml" if stem == "firm" else f"{stem}.csv"]
    with pytest.raises(FolderError) as caught:
        read_firm(write(tmp_path, files))
    found = [f for f in caught.value.findings if f.severity is not NOTICE]
    assert [(f.file.split(".")[0], f.was) for f in found] == [(stem, "missing")], "\n".join(map(str, found))
    assert all(f.household in (None, "H1", "H2", "H3") for f in caught.value.findings)


# What is wrong in each file, told by another file than the one that is missing: file, old, new, line, column, severity.
ELSEWHERE = [
    ("households.csv", "H3,core", "H2,core", 4, "household_id", ERROR),
    ("accounts.csv", "A5,H3", "A3,H3", 4, "account_id", ERROR),
    ("lots.csv", "A1,L1,AAA", "A1,L2,AAA", 2, "lot_id", ERROR),
    ("lots.csv", "AAA,10,2020-01-02", "AAA,10,", 3, "acquired", WARNING),
    ("models.csv", "core,AAA,,0.5", "core,AAA,,0.4", 2, "weight", ERROR),
    ("restrictions.csv", "sector,Tech,0.4", "sector,Tech,", 3, "weight", ERROR),
    ("transactions.csv", "A3,sell,T1,CCC", "A3,sell,T1,", 2, "symbol", ERROR),
    ("profiles.toml", "step_up_probability = 0.2", "step_up_probability = 2", 5, "step_up_probability", ERROR),
    ("lookthrough.csv", "ETF,BBB,0.25", "ETF,BBB,0.75", 2, "weight", ERROR),
    ("risk/specific.csv", "AAA,0.05", "AAA,-1", 2, "variance", ERROR),
    ("prices.csv", "2025-06-30,AAA", "2025-06-27,AAA", 17, "date", WARNING),
    ("securities.csv", "ET2,Fund 2", "ETF,Fund 2", 6, "symbol", ERROR),
]


@pytest.mark.parametrize("stem", NEEDED)
def test_a_missing_file_hides_nothing_of_the_others(tmp_path: Path, stem: str) -> None:
    files = small_firm()
    for file, old, new, *_ in ELSEWHERE:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1)
    missing = "firm.toml" if stem == "firm" else f"{stem}.csv"
    del files[missing]
    with pytest.raises(FolderError) as caught:
        read_firm(write(tmp_path, files))
    found = {(f.file, f.line, f.column, f.severity) for f in caught.value.findings}
    wanted = {(file, line, column, severity) for file, _, _, line, column, severity in ELSEWHERE if file != missing}
    assert wanted <= found, "\n".join(map(str, caught.value.findings))


def test_what_is_found_too_late_to_go_on_hides_nothing_either(tmp_path: Path) -> None:
    files = small_firm()
    files["models.csv"] = "model,symbol,child_model,weight\ncore,AAA,,0.5\n"  # none sound
    files["prices.csv"] = files["prices.csv"].replace(",AAA,", ",AAX,").replace("2025-06", "2026-06")  # none yet
    files["lots.csv"] = files["lots.csv"].replace("A1,L1,AAA", "A1,L1,AAX")
    with pytest.raises(FolderError) as caught:
        read_firm(write(tmp_path, files))
    found = {(f.file, f.column) for f in caught.value.findings if f.severity is ERROR}
    assert found >= {("models.csv", "weight"), ("models.csv", None), ("prices.csv", None), ("lots.csv", "symbol")}
    assert "and 1 more" in str(caught.value)


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="folder"):
        read_firm(tmp_path / "none")


def test_two_forms_of_one_file_are_one_too_many(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    pl.read_csv(folder / "glide.csv").write_parquet(folder / "glide.parquet")
    firm = read_firm(folder)
    assert blocked(firm) == ALL
    assert any(f.file == "glide.csv" and f.was == "both" for f in firm.findings)


def test_a_file_that_is_nearly_of_the_contract_is_pointed_at(tmp_path: Path) -> None:
    files = small_firm()
    files["restriction.csv"] = files.pop("restrictions.csv")
    firm = read_firm(write(tmp_path, files))
    found = [f for f in firm.findings if f.file == "restriction.csv"]
    assert [f.severity for f in found] == [WARNING]
    assert "did you mean restrictions.csv?" in found[0].to_do


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.with_columns(shares=pl.lit([1, 2], dtype=pl.List(pl.Int64))),
        lambda frame: frame.with_columns(lot_id=pl.lit(b"\xff", dtype=pl.Binary)),
    ],
)
def test_parquet_columns_of_no_use_stop_the_file(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    folder = write(tmp_path, small_firm())
    change(pl.read_csv(folder / "lots.csv")).write_parquet(folder / "lots.parquet")
    (folder / "lots.csv").unlink()
    with pytest.raises(FolderError):
        read_firm(folder)


def test_parquet_rows_are_counted_from_one(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    frame = pl.read_csv(folder / "lots.csv").with_columns(
        shares=pl.when(pl.col("lot_id") == "L9").then(float("nan")).otherwise(pl.col("shares"))
    )
    frame.write_parquet(folder / "lots.parquet")
    (folder / "lots.csv").unlink()
    firm = read_firm(folder)
    assert [(f.file, f.line, f.was) for f in firm.findings if f.severity is ERROR] == [("lots.parquet", 5, "'NaN'")]
    assert blocked(firm) == {"H3"}


def test_thousands_of_wrong_rows_are_summed_by_household(tmp_path: Path) -> None:
    files = small_firm()
    many = [f"A{1 + number % 5},N{number},AAA,x,2020-01-02,1,," for number in range(3000)]
    files["lots.csv"] += "\n".join(many) + "\n"
    firm = read_firm(write(tmp_path, files))
    assert blocked(firm) == ALL
    found = [f for f in firm.findings if f.column == "shares"]
    assert 1000 < len(found) < 1010
    assert sum("more such rows" in f.was for f in found) == 3


def test_windows_do_not_overflow_on_absurd_but_legal_lots(tmp_path: Path) -> None:
    files = small_firm()
    files["lots.csv"] = files["lots.csv"].replace("BBB,5.5,", "BBB,999999999,")
    firm = read_firm(write(tmp_path, files))
    assert (firm.book.windows.bought_shares >= 0).all()
    value = firm.book.lots.shares.astype(object) * firm.market.price[firm.book.lots.security].astype(object)
    assert all(each // 10**6 < np.iinfo(np.int64).max for each in value)
