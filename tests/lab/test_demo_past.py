"""A firm with a past: nothing of it looks ahead, nothing appears or is lost, and its ledger is its lots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.dates import from_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.ledger_files.custodian_lots import compare_lots
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.lab.demo_firm import write_firm
from lotwise.lab.demo_past import nights_of, opening_of
from lotwise.lab.known_then import known_on, shares_since
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import SimulatedShape, simulate_market
from lotwise.ledger.reconciliation import Outcome
from lotwise.money import DOLLAR, SHARE, exact_mul_div
from lotwise.nightly.savings import told_savings, write_savings
from lotwise.nightly.savings_archive import compare_savings
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.savings.shadow_rule import ShadowRule

HOUSEHOLDS = 12  # of which three have a past
KEY = ["account_id", "symbol"]


def swap_worst(folder: Path, households: Sequence[str]) -> tuple[Firm, Trades]:
    """Decide as somebody who has never heard of tax: each account swaps its two worst lots for the worst name."""
    firm = read_firm(folder, None, households or None)
    book, market = firm.book, firm.market
    rows: list[tuple[int, int, int, int, int, int, int]] = []
    for account in np.flatnonzero(book.accounts.trades).tolist():
        household = int(book.accounts.household[account])
        own = np.arange(book.accounts.lot_start[account], book.accounts.lot_start[account + 1])
        own = own[market.tradable[book.lots.security[own]] & (book.lots.flags[own] & 3 == 0)]
        if own.size < 5 or book.households.blocked[household]:
            continue
        gain = book.lots.shares[own] / SHARE * market.price[book.lots.security[own]] - book.lots.basis[own]
        proceeds = 0
        for lot in own[np.argsort(gain, kind="stable")[:2]].tolist():
            security, shares = int(book.lots.security[lot]), int(book.lots.shares[lot])
            value = exact_mul_div(shares, int(market.price[security]), SHARE)
            proceeds += value
            rows.append((household, account, security, lot, Side.SELL, shares, value))
        wanted = int(book.lots.security[own[np.argmin(gain)]])
        shares = proceeds // int(market.price[wanted]) * SHARE
        if shares:
            value = exact_mul_div(shares, int(market.price[wanted]), SHARE)
            rows.append((household, account, wanted, -1, Side.BUY, shares, value))
    table = np.array(rows or np.zeros((0, 7)), np.int64)
    columns = dict(zip(("household", "account", "security", "lot", "side", "shares", "value"), table.T, strict=True))
    nothing = np.zeros(len(table), np.int64)
    return firm, Trades(*(columns.get(name, nothing) for name in Trades._fields))


@pytest.fixture(scope="module")
def small() -> MarketPanel:
    return simulate_market(4, SimulatedShape(first=date(2020, 1, 2), members=60))


@pytest.fixture(scope="module")
def firm(small: MarketPanel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("past") / "firm"
    write_firm(folder, small, seed=7, households=HOUSEHOLDS, decide=swap_worst)
    return folder


def _read(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{name}.csv", infer_schema=False)


def _units(text: str | None, unit: int) -> int:
    return int(Decimal(text or 0) * unit)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "state" not in path.parts
    }


def _shuffled_after(panel: MarketPanel, row: int) -> MarketPanel:
    """The market with the prices and sizes after a row in another order, listed when it was."""
    columns = {}
    rng = np.random.default_rng(11)
    for name in ("close", "adjusted", "caps"):
        values = getattr(panel, name).copy()
        for place in range(values.shape[1]):
            listed = row + 1 + np.flatnonzero(np.isfinite(values[row + 1 :, place]))
            values[listed, place] = values[rng.permutation(listed), place]
        columns[name] = values
    return replace(panel, **columns)


def test_what_comes_later_changes_nothing_before_it(small: MarketPanel, firm: Path, tmp_path: Path) -> None:
    cut = nights_of(small)[1].row
    write_firm(tmp_path / "firm", _shuffled_after(small, cut), seed=7, households=HOUSEHOLDS, decide=swap_worst)
    until = pl.col("date") <= from_day_number(int(small.days[cut])).isoformat()
    one, other = _read(firm, "transactions"), _read(tmp_path / "firm", "transactions")
    assert one.filter(until).height > 200
    assert one.filter(until).equals(other.filter(until))
    assert not one.filter(~until).equals(other.filter(~until))


def test_a_market_known_then_ends_then_and_counts_shares_as_then(small: MarketPanel) -> None:
    split = int(np.argmax(small.splits.row))
    row, security = int(small.splits.row[split]) - 1, int(small.splits.security[split])
    then = known_on(small, row)
    assert then.as_of == from_day_number(int(small.days[row]))
    assert len(then.close) == len(then.caps) == row + 1
    assert max(then.dividends.row.max(), then.splits.row.max()) <= row
    worth_now = shares_since(small, row)[security] * small.close[row, security]
    assert then.close[-1, security] == pytest.approx(worth_now, abs=1e-4)
    np.testing.assert_allclose(then.adjusted[-1][then.live], then.close[-1][then.live])


def test_the_same_seed_has_the_same_past(small: MarketPanel, firm: Path, tmp_path: Path) -> None:
    write_firm(tmp_path / "firm", small, seed=7, households=HOUSEHOLDS, decide=swap_worst)
    assert _files(tmp_path / "firm") == _files(firm)


def test_an_earlier_past_is_replaced(small: MarketPanel, tmp_path: Path) -> None:
    write_firm(tmp_path / "firm", small, seed=1, households=2, decide=swap_worst)
    write_firm(tmp_path / "firm", small, seed=1, households=2)
    assert not (tmp_path / "firm" / "ledger").exists()
    assert not (tmp_path / "firm" / "history").exists()


def test_shares_and_cash_are_what_the_record_makes_of_the_opening(firm: Path, small: MarketPanel) -> None:
    """Add up the files alone, as a person with a spreadsheet would."""
    opening = from_day_number(int(small.days[opening_of(small)])).isoformat()
    shares: dict[tuple[str, str], int] = defaultdict(int)
    for account, symbol, start in _read(firm / "history", f"lots-{opening}").select(*KEY, "shares").iter_rows():
        shares[account, symbol] += _units(start, SHARE)
    cash: dict[str, int] = defaultdict(int)
    for account, dollars in _read(firm / "history", f"accounts-{opening}").select("account_id", "cash").iter_rows():
        cash[account] = _units(dollars, DOLLAR)
    actions = _read(firm, "corporate_actions").with_columns(first=pl.lit(0), account_id=pl.lit(""), shares=pl.lit("0"))
    rows = pl.concat([actions, _read(firm, "transactions").with_columns(first=pl.lit(1))], how="diagonal")
    signs = {"buy": -1, "sell": 1, "dividend": 1, "deposit": 1, "withdrawal": -1, "fee": -1}
    for row in rows.sort("date", "first", maintain_order=True).iter_rows(named=True):
        key, kind = (row["account_id"], row["symbol"]), row["kind"]
        if kind in signs:
            cash[key[0]] += signs[kind] * _units(row["amount"], DOLLAR)
            shares[key] -= signs[kind] * _units(row["shares"], SHARE) if kind in ("buy", "sell") else 0
            continue
        for account, symbol in [each for each in shares if each[1] == key[1]]:
            if kind == "split":
                shares[account, symbol] *= int(row["ratio"])
            else:
                per_share = _units(row["cash_per_share"], DOLLAR)
                cash[account] += exact_mul_div(shares.pop((account, symbol)), per_share, SHARE)
    held: dict[tuple[str, str], int] = defaultdict(int)
    for account, symbol, number in _read(firm, "lots").select(*KEY, "shares").iter_rows():
        if account in cash:  # the others have only just come
            held[account, symbol] += _units(number, SHARE)
    assert {key: number for key, number in shares.items() if number} == held
    now = dict(_read(firm, "accounts").select("account_id", "cash").iter_rows())
    # A merger pays every lot to the cent's hundredth of its own.
    assert all(abs(made - _units(now[name], DOLLAR)) <= DOLLAR // 100 for name, made in cash.items())
    assert all(_units(dollars, DOLLAR) >= 0 for dollars in now.values())


def test_basis_is_conserved_through_sales_and_wash_sales(firm: Path, small: MarketPanel) -> None:
    ledger = open_ledger(firm).ledger
    state = ledger.standing().state
    opening = from_day_number(int(small.days[opening_of(small)])).isoformat()
    began = sum(_units(basis, DOLLAR) for basis in _read(firm / "history", f"lots-{opening}")["basis"])
    bought = _read(firm, "transactions").filter(pl.col("kind") == "buy")["amount"]
    came = began + sum(_units(amount, DOLLAR) for amount in bought)
    accounts = ledger.standing().names.accounts
    past = accounts.is_in(_read(firm / "history", f"accounts-{opening}")["account_id"].implode()).to_numpy()
    realized, lots = state.realized[past[state.realized["account"]]], state.lots[past[state.lots["account"]]]
    gone = int(realized["basis"].sum()) - int((realized["disallowed"] - realized["permanent"]).sum())
    assert int(realized["disallowed"].sum()) > 0  # whoever never heard of tax washes his losses
    assert came == gone + int(lots["basis"].sum())


def test_the_ledger_is_the_lots_and_has_everything(firm: Path) -> None:
    opened = open_ledger(firm)
    as_of = read_firm(firm).as_of
    found = compare_lots(opened.ledger, firm / "lots.csv", (as_of - date(1970, 1, 1)).days)
    assert found.count(Outcome.BROKEN) == 0
    assert found.count(Outcome.EXPLAINED) == 2  # the lots of which a custodian tells no basis, or no day
    again = post_files(firm)
    assert (again.posted, again.refused, again.exit_status) == (0, 0, 0)
    assert again.duplicates == _read(firm, "transactions").height


def test_the_reader_finds_no_more_than_what_is_wrong_on_purpose(firm: Path) -> None:
    read = read_firm(firm)
    assert not [each for each in read.findings if each.severity is Severity.ERROR]
    assert sum(each.severity is Severity.WARNING for each in read.findings) <= 10
    assert read.book.households.blocked.sum() == 0


def test_tonight_counts_a_wash_sale_that_the_lots_contain_only_once(firm: Path) -> None:
    """Lots that a wash sale parted are listed as LOT and LOT~2, each with its own basis."""
    lots = _read(firm, "lots").filter(pl.col("basis").is_not_null())
    assert lots["lot_id"].str.contains("~").any()
    read = read_firm(firm)
    assert not [each for each in read.findings if "of losses" in str(each)]
    assert int(read.book.lots.basis.sum()) == sum(_units(basis, DOLLAR) for basis in lots["basis"])


def test_what_was_saved_adds_up_and_comes_out_again(firm: Path, tmp_path: Path) -> None:
    run = told_savings(firm, None, [], ShadowRule())
    table = run.tables.households
    assert table.height == HOUSEHOLDS
    for name, parts in (("rule_of_thumb", 2), ("shadow", 3), ("present_value", 3)):
        for period in ("", "_ytd"):
            causes = [f"{name}_{cause}{period}" for cause in ("deferral", "harvesting", "location")[:parts]]
            assert (table.select(pl.sum_horizontal(causes)).to_series() == table[f"{name}{period}"]).all()
    assert (table["tax_shadow"] - table["tax_record"] == table["shadow"]).all()
    past = table.filter(pl.col("since") < date(2025, 1, 1))
    assert past["household_id"].to_list() == ["H0001", "H0006", "H0011"]
    assert (past["shadow"] != 0).all()
    assert (past["fee"] > 0).all()
    write_savings(tmp_path, run)
    assert compare_savings(tmp_path, told_savings(firm, None, [], ShadowRule())).is_same


def test_a_market_that_is_too_short_has_no_past(small: MarketPanel, tmp_path: Path) -> None:
    short = known_on(small, int(np.searchsorted(small.days, (date(2020, 12, 15) - date(1970, 1, 1)).days)))
    with pytest.raises(ValueError, match="a past needs 15 months of prices at least, had 11"):
        write_firm(tmp_path / "firm", short, households=1, decide=swap_worst)
    assert not (tmp_path / "firm").exists()
