"""The book of a day in a life is the book that the nightly run reads of the same accounts, from a folder and ledger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.dates import from_day_number
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.lab.cohorts.books import Night
from lotwise.lab.cohorts.checkpoints import Checkpoints
from lotwise.lab.cohorts.deciding import market_without_risk
from lotwise.lab.cohorts.policies import engine
from lotwise.lab.cohorts.replay import LiveSettings, PartOfLife
from lotwise.lab.known_then import known_on
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, FULL_RATE
from lotwise.securities.market import Market
from lotwise.storage.listings import decimals, list_lots
from tests.lab.cohorts.posted_life import posted, rows_of
from tests.lab.cohorts.small_market import STOCKS, small_cohort, small_panel, small_risk

ROW = 180
KEYS = 'fractional_shares = true\nminimum_trade = 0\nworth_it_bps = 0.1\nharvest = "any"\nrisk_price_bps = 40'


def a_life() -> PartOfLife:
    policies = (engine("one", keys=KEYS), engine("two", keys=KEYS))
    life = PartOfLife(
        small_cohort(policies, state_rate=0.05, outside_long=1_500.0),
        small_panel(volatility=0.04),
        small_risk(),
        (70, ROW),
        LiveSettings(keeps_lines=True),
    )
    life.whole(Checkpoints(None, ""), lambda _: None)
    return life


def night_of(life: PartOfLife) -> tuple[Night, Market]:
    """The book as it would be made once more at the close of the last day, after its trades."""
    deciding, standing = life.deciding, life.standing
    today = market_without_risk(life.market, deciding._qualified)
    market = deciding._risk.with_risk(today, life.market, life.cohort.targets)
    year = int(life.years[-1])
    tax = life.taxes.position(year, standing.gains(int(life.years[0])))
    weights = [target.on(life.market) for target in life.cohort.targets]
    held = (standing, standing.state, standing.cash)
    return deciding._books.night(np.arange(2), held, market, weights, tax, deciding.last_trade), market


def folder_of(life: PartOfLife, folder: Path) -> Firm:
    """Write the same accounts, market and targets as a firm folder with a posted ledger, and read it."""
    panel = small_panel(volatility=0.04)
    day = from_day_number(int(panel.days[ROW]))
    events = np.concatenate(life.events)
    ledger, _ = posted(folder, rows_of(events, panel), day)
    known, weights = known_on(panel, ROW), life.cohort.targets[0].on(life.market)
    symbols = np.array(panel.universe.symbols)
    live = np.flatnonzero(np.isfinite(known.close).any(axis=0))
    spread = life.market.spread / 1e5
    pl.DataFrame(
        {
            "symbol": symbols[live],
            "kind": ["stock"] * live.size,
            "asset_class": ["US equity"] * live.size,
            "spread_bps": spread[live],
            "dividend_yield": life.market.dividend_yield[live],
        }
    ).write_csv(folder / "securities.csv")
    row, column = np.nonzero(np.isfinite(known.close))
    dates = [from_day_number(each).isoformat() for each in known.days[row].tolist()]
    closes = known.close[row, column]
    prices = {"date": dates, "symbol": symbols[column], "close": closes, "adj_close": known.adjusted[row, column]}
    pl.DataFrame(prices).write_csv(folder / "prices.csv")
    names, parts = [*symbols[weights.security], "CASH"], [*weights.weight, weights.cash]
    pl.DataFrame({"model": ["index"] * len(names), "symbol": names, "weight": parts}).write_csv(folder / "models.csv")
    tax = life.taxes.position(int(life.years[-1]), life.standing.gains(int(life.years[0])))
    pl.DataFrame(
        {
            "household_id": ["H0", "H1"],
            "model": ["index"] * 2,
            **{
                name: life.cohort.rates[:, at] / FULL_RATE
                for at, name in enumerate(("federal_short_rate", "federal_long_rate", "state_rate"))
            },
            **{name: tax[name] / DOLLAR for name in ("short_carryforward", "long_carryforward")},
            **{
                f"outside_{term}_gains": life.cohort.outside[:, at] / DOLLAR
                for at, term in enumerate(("short", "long"))
            },
        }
    ).write_csv(folder / "households.csv")
    cash = decimals(life.standing.cash, DOLLAR)
    accounts = {"account_id": ["A0", "A1"], "household_id": ["H0", "H1"], "kind": ["taxable"] * 2, "cash": cash}
    pl.DataFrame(accounts).write_csv(folder / "accounts.csv")
    list_lots(ledger, np.ones(len(ledger.standing().names.accounts), np.bool_)).write_csv(folder / "lots.csv")
    text = f'version = 1\nname = "One"\nas_of = {day.isoformat()}\n\n[profile]\n{KEYS}\n'
    (folder / "firm.toml").write_text(text)
    return read_firm(folder)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Night, Market, Firm]:
    life = a_life()
    night, market = night_of(life)
    assert (np.concatenate(life.events)["kind"] == EventKind.SELL).any()
    return night, market, folder_of(life, tmp_path_factory.mktemp("books"))


def test_the_market_of_the_day_is_the_same(both: tuple[Night, Market, Firm]) -> None:
    _, market, firm = both
    own = [f"S{each:02d}" for each in range(STOCKS)]
    at = [own.index(symbol) for symbol in firm.market_labels.symbols]
    quoted = firm.market.tradable
    for name in ("price", "spread", "kind"):
        assert getattr(market, name)[at][quoted].tolist() == getattr(firm.market, name)[quoted].tolist(), name
    assert market.qualified_share[at] == pytest.approx(firm.market.qualified_share)


def test_lots_cash_and_windows_are_the_same(both: tuple[Night, Market, Firm]) -> None:
    night, market, firm = both
    own = [f"S{each:02d}" for each in range(STOCKS)]
    at = np.array([own.index(symbol) for symbol in firm.market_labels.symbols])
    lots, read = night.book.lots, firm.book.lots
    assert night.book.accounts.lot_start.tolist() == firm.book.accounts.lot_start.tolist()
    assert night.book.accounts.cash.tolist() == firm.book.accounts.cash.tolist()
    columns = ("shares", "basis", "acquired", "holding_start", "flags")

    def rows(book_lots: object, security: np.ndarray) -> list[tuple[int, ...]]:
        return sorted(zip(security.tolist(), *(getattr(book_lots, name).tolist() for name in columns), strict=True))

    assert rows(lots, lots.security) == rows(read, at[read.security])
    windows, found = night.book.windows, firm.book.windows
    assert windows.start.tolist() == found.start.tolist()
    assert found.identical.size > 3
    group = {int(firm.market.identical[place]): int(market.identical[at[place]]) for place in range(at.size)}
    for name in ("no_buy_until", "bought_shares", "no_loss_until"):
        for first, last in zip(windows.start[:-1], windows.start[1:], strict=True):
            ours = dict(
                zip(windows.identical[first:last].tolist(), getattr(windows, name)[first:last].tolist(), strict=True)
            )
            read_groups = [group[each] for each in found.identical[first:last].tolist()]
            assert ours == dict(zip(read_groups, getattr(found, name)[first:last].tolist(), strict=True)), name


def test_taxes_and_rates_are_the_same(both: tuple[Night, Market, Firm]) -> None:
    night, _, firm = both
    # A life does not ask how long shares were held around a dividend (26 U.S.C. 1(h)(11)(B)(iii)): all is qualified.
    assert (night.book.tax["qualified_dividends"] >= firm.book.tax["qualified_dividends"]).all()
    for name in firm.book.tax.dtype.names or ():
        if name not in ("qualified_dividends", "investment_income"):
            assert night.book.tax[name].tolist() == firm.book.tax[name].tolist(), name
    for name in ("short_rate", "long_rate", "loss_short_rate", "loss_long_rate", "ordinary_rate", "qualified_rate"):
        assert getattr(night.book.households, name).tolist() == getattr(firm.book.households, name).tolist(), name
    for name in ("rate_origin", "last_trade", "deferred_weight", "withdrawal_cost", "blocked"):
        assert getattr(night.book.households, name).tolist() == getattr(firm.book.households, name).tolist(), name


def test_policies_and_models_are_the_same(both: tuple[Night, Market, Firm]) -> None:
    night, _, firm = both
    for name, column in night.book.policies._asdict().items():
        read = getattr(firm.book.policies, name)[firm.book.households.policy]
        assert column[night.book.households.policy].tolist() == pytest.approx(read.tolist(), nan_ok=True), name
    own = [f"S{each:02d}" for each in range(STOCKS)]
    at = [own.index(firm.market_labels.symbols[each]) for each in firm.book.models.security]
    ours = dict(zip(night.book.models.security.tolist(), night.book.models.weight.tolist(), strict=True))
    assert ours == pytest.approx(dict(zip(at, firm.book.models.weight.tolist(), strict=True)))
    assert night.book.models.cash == pytest.approx(firm.book.models.cash)
