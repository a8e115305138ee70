"""The demo firm is a firm folder: its columns, its sums, its wash windows, its few wrong rows."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from lotwise.dates import WASH_DAYS, is_trading_day, to_day_number
from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import read_firm
from lotwise.lab.demo_firm import DemoSummary, fill_households, write_demo_firm, write_firm
from lotwise.lab.demo_tables import OLD_SYMBOL
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import SimulatedShape, simulate_market

VALUE = pl.col("shares") * pl.col("close")
REQUIRED = {
    "households": {"household_id", "model"},
    "accounts": {"account_id", "household_id", "kind", "cash"},
    "lots": {"account_id", "lot_id", "symbol", "shares", "acquired", "basis"},
    "securities": {"symbol"},
    "models": {"model", "symbol", "child_model", "weight"},
    "restrictions": {"household_id", "rule", "scope", "value"},
    "transactions": {"date", "account_id", "kind"},
    "lookthrough": {"fund", "symbol", "weight"},
    "screens": {"screen", "symbol", "score"},
    "substitutes": {"symbol", "substitute", "rank"},
}


def _read(folder: Path, stem: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{stem}.csv", infer_schema=False)


def _numbers(frame: pl.DataFrame, expression: pl.Expr) -> NDArray[np.float64]:
    return frame.select(expression.cast(pl.Float64)).to_series().to_numpy()


@pytest.fixture(scope="module")
def lots(demo: DemoSummary) -> pl.DataFrame:
    """Lots with what is known of their accounts and of their prices."""
    prices = pl.read_parquet(demo.folder / "prices.parquet")
    last = prices.sort("date").group_by("symbol").agg(pl.col("close").last(), pl.col("date").last())
    return (
        _read(demo.folder, "lots")
        .with_columns(pl.col("shares", "basis").cast(pl.Float64), pl.col("acquired").str.to_date())
        .filter(pl.col("symbol") != OLD_SYMBOL)
        .join(last.rename({"date": "price_date"}), on="symbol", how="left")
        .join(_read(demo.folder, "accounts").drop("owner"), on="account_id", how="left")
    )


def test_every_file_has_its_required_columns(demo: DemoSummary) -> None:
    for stem, columns in REQUIRED.items():
        assert columns <= set(_read(demo.folder, stem).columns), stem
    prices = pl.read_parquet(demo.folder / "prices.parquet")
    assert prices.schema == {
        "date": pl.Date,
        "symbol": pl.String,
        "close": pl.Float64,
        "adj_close": pl.Float64,
    }
    assert prices["close"].is_not_nan().all()
    assert prices["date"].max() == demo.as_of


def test_the_summary_counts_what_is_there(demo: DemoSummary, lots: pl.DataFrame) -> None:
    assert _read(demo.folder, "households").height == demo.households == 110
    assert _read(demo.folder, "accounts").height == demo.accounts
    assert lots.height == demo.lots - 1  # without the one of the unknown symbol
    value = _numbers(lots, VALUE).sum() + _numbers(_read(demo.folder, "accounts"), pl.col("cash")).sum()
    # The summary prices the late fund at its true last close.
    assert value == pytest.approx(demo.value, rel=1e-3)


def test_names_refer_to_what_exists_and_are_unique(demo: DemoSummary, lots: pl.DataFrame) -> None:
    folder = demo.folder
    households, accounts = _read(folder, "households"), _read(folder, "accounts")
    symbols = set(_read(folder, "securities")["symbol"])
    models = set(_read(folder, "models")["model"])
    assert households["household_id"].is_unique().all()
    assert accounts["account_id"].is_unique().all()
    assert lots.select("account_id", "lot_id").is_unique().all()
    assert set(accounts["household_id"]) == set(households["household_id"])
    assert set(lots["account_id"]) <= set(accounts["account_id"])
    assert set(lots["symbol"]) <= symbols
    assert set(households["model"]) <= models
    rules = _read(folder, "restrictions")
    assert set(rules["household_id"]) <= {*households["household_id"], "*"}
    kept = rules.filter(pl.col("scope") == "lot")
    assert kept.height > 0
    assert kept.join(lots, left_on=["account_id", "value"], right_on=["account_id", "lot_id"]).height == kept.height


def test_households_are_of_many_kinds(demo: DemoSummary, lots: pl.DataFrame) -> None:
    worth = _numbers(lots.group_by("household_id").agg(VALUE.sum().alias("value")), pl.col("value"))
    assert np.quantile(worth, 0.1) < 500_000
    assert np.quantile(worth, 0.9) > 3_000_000
    accounts = _read(demo.folder, "accounts")
    assert set(accounts["kind"]) == {"taxable", "traditional", "roth"}
    sizes = accounts.group_by("household_id").len()["len"]
    assert (sizes.min(), sizes.max()) == (1, 4)
    away = accounts.filter(pl.col("held_away") == "true").height / accounts.height
    assert 0.02 < away < 0.25
    assert set(lots["acquisition"]) == {"purchase", "reinvest", "gift", "inheritance"}
    assert _read(demo.folder, "households")["model"].n_unique() == 7


def test_lots_have_gains_and_losses_of_all_ages(lots: pl.DataFrame, demo: DemoSummary) -> None:
    taxable = lots.filter(pl.col("kind") == "taxable").drop_nulls(["basis", "acquired"])
    value, basis = _numbers(taxable, VALUE), _numbers(taxable, pl.col("basis"))
    assert 0.15 < (value < basis).mean() < 0.55
    assert 0.15 < 1 - basis.sum() / value.sum() < 0.6
    age = _numbers(taxable, (pl.lit(demo.as_of) - pl.col("acquired")).dt.total_days())
    assert age.min() >= 0
    assert (age <= WASH_DAYS).sum() > 20
    assert (age > 3650).sum() > 0  # positions from before the prices begin
    assert all(is_trading_day(day) for day in taxable["acquired"].drop_nulls().unique())


def test_a_purchase_costs_its_close_that_day(lots: pl.DataFrame, panel: MarketPanel) -> None:
    bought = lots.filter((pl.col("acquisition") == "purchase") & pl.col("basis").is_not_null()).sample(500, seed=1)
    place = {symbol: at for at, symbol in enumerate(panel.universe.symbols)}
    first = int(panel.days[0])
    checked = 0
    for symbol, day, shares, basis in bought.select("symbol", "acquired", "shares", "basis").iter_rows():
        if day is None or to_day_number(day) < first:
            continue
        row = int(np.searchsorted(panel.days, to_day_number(day)))
        assert basis == pytest.approx(shares * panel.close[row, place[symbol]], abs=0.011)
        checked += 1
    assert checked > 400


def test_loss_sales_are_recent_true_losses_and_no_wash_sales(demo: DemoSummary, lots: pl.DataFrame) -> None:
    made = _read(demo.folder, "transactions").with_columns(pl.col("date").str.to_date())
    sales = made.filter(pl.col("kind") == "sell")
    assert sales.height == demo.sales > 0
    days = demo.as_of - timedelta(days=WASH_DAYS)
    assert (made["date"] >= days).all()
    assert (sales["amount"].cast(pl.Float64) < sales["basis"].cast(pl.Float64)).all()
    owner = _read(demo.folder, "accounts").select("account_id", "household_id")
    sold = sales.join(owner, on="account_id").select("household_id", "symbol", "date")
    near = lots.join(sold, on=["household_id", "symbol"])
    assert near.filter((pl.col("acquired") - pl.col("date")).dt.total_days().abs() <= WASH_DAYS).height == 0


def test_recent_lots_and_purchases_are_the_same(demo: DemoSummary, lots: pl.DataFrame) -> None:
    made = _read(demo.folder, "transactions").filter(pl.col("kind") != "sell")
    recent = lots.filter(pl.col("acquired") >= demo.as_of - timedelta(days=WASH_DAYS))
    both = made.join(recent, on=["account_id", "lot_id", "symbol"], suffix="_of_lot")
    assert both.height == made.height == recent.height > 0
    amount, basis = (_numbers(both, pl.col(name)) for name in ("amount", "basis_of_lot"))
    np.testing.assert_array_equal(amount[np.isfinite(basis)], basis[np.isfinite(basis)])


def test_the_wrong_rows_are_few_and_there(demo: DemoSummary, lots: pl.DataFrame) -> None:
    assert lots["basis"].null_count() == 2  # households 4 and 104
    assert lots["acquired"].null_count() == 2
    stale = lots.filter(pl.col("price_date") < demo.as_of)
    assert stale["household_id"].to_list() == ["H0009", "H0059", "H0109"]
    assert stale["symbol"].unique().to_list() == ["ZFINC"]
    unknown = _read(demo.folder, "households").filter(pl.col("ordinary_income").is_null())
    assert unknown["household_id"].to_list() == ["H0012"]


def _digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_writes_the_same_bytes(demo: DemoSummary, tmp_path: Path) -> None:
    again = write_demo_firm(tmp_path / "firm", seed=1, households=110)
    assert again._replace(folder=demo.folder) == demo
    assert _digest(tmp_path / "firm") == _digest(demo.folder)


def test_a_larger_firm_begins_with_the_same_households(panel: MarketPanel) -> None:
    few, more = list(fill_households(panel, 5, range(3))), list(fill_households(panel, 5, range(4)))
    for one, other in zip(few, more, strict=False):
        assert one.plan == other.plan
        for left, right in zip(one.accounts, other.accounts, strict=True):
            np.testing.assert_array_equal(left.lots.shares, right.lots.shares)
            assert left.cash == right.cash


def test_an_earlier_demo_is_replaced_and_leaves_nothing(tmp_path: Path) -> None:
    small = simulate_market(3, SimulatedShape(members=40))
    write_firm(tmp_path, small, households=2)
    (tmp_path / "lots.parquet").write_bytes(b"left by a larger demo")
    write_firm(tmp_path, small, households=3)
    assert not (tmp_path / "lots.parquet").exists()
    assert pl.read_csv(tmp_path / "households.csv").height == 3


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "firm.toml").write_text('version = 1\nname = "Another firm"\n')
    with pytest.raises(FolderError, match="must be empty or hold an earlier demo"):
        write_demo_firm(tmp_path, households=1)
    assert [path.name for path in tmp_path.iterdir()] == ["firm.toml"]
    file = tmp_path / "firm.toml"
    with pytest.raises(FolderError, match="it is a file"):
        write_demo_firm(file, households=1)


def test_at_least_one_household(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one household, had 0"):
        write_firm(tmp_path, simulate_market(3, SimulatedShape(members=40)), households=0)


def test_the_reader_takes_the_demo_with_few_findings_and_the_one_error_meant(demo: DemoSummary) -> None:
    firm = read_firm(demo.folder)
    assert firm.as_of == demo.as_of
    assert len(firm.household_names) == demo.households
    assert len(firm.book.lots.shares) == demo.lots - 1
    assert firm.labels.households[firm.book.households.blocked].tolist() == ["H0022"]
    errors = [finding for finding in firm.findings if finding.severity is Severity.ERROR]
    assert [(finding.file, finding.column, finding.household) for finding in errors] == [
        ("lots.csv", "symbol", "H0022")
    ]
    # What is wrong on purpose, and no more than a person reads.
    assert sum(finding.severity is Severity.WARNING for finding in firm.findings) <= 15


def test_some_profiles_trade_only_for_much(demo: DemoSummary) -> None:
    firm = read_firm(demo.folder)
    thresholds = {profile.name: float(profile.worth_it_bps) for profile in firm.profiles}
    assert sorted(thresholds.values())[-2:] == [40.0, 40.0]
