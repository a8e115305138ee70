"""Legacy books are real purchases of the market's past, their taxes are the law's, and the verdict follows its rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.cli_lab import _show
from lotwise.cli_session import out_console
from lotwise.lab.cohorts.clients import Client
from lotwise.lab.cohorts.policies import engine
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments import transition
from lotwise.lab.experiments.legacy import Legacy, events_of, legacy_books
from lotwise.lab.experiments.moving import Arrived, Moves, arrived, move
from lotwise.lab.experiments.protocol import Finding, Verdict
from lotwise.lab.experiments.running import Asked, Ran, run_experiment
from lotwise.lab.experiments.transition import TRANSITION, _Cells, _Means
from lotwise.lab.known_then import known_on
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import SimulatedShape, simulate_market
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, SHARE
from tests.lab.cohorts.small_market import LAST, small_panel, small_risk

COUNT = 60


@pytest.fixture(scope="module")
def market() -> MarketPanel:
    return simulate_market(5, SimulatedShape(date(2022, 6, 1), date(2025, 9, 30), 40))


@pytest.fixture(scope="module")
def legacy(market: MarketPanel) -> Legacy:
    return legacy_books(market, COUNT, 1)


@pytest.fixture(scope="module")
def there(market: MarketPanel, legacy: Legacy) -> Arrived:
    return arrived(legacy, market, small_risk(), CapIndex(40), engine("default"))


# --- books --------------------------------------------------------------------------------------------------------


def test_every_lot_was_a_purchase_that_could_be_made(market: MarketPanel, legacy: Legacy) -> None:
    opened = legacy.opened[legacy.account]
    assert np.isfinite(market.close[legacy.row, legacy.security]).all()
    assert market.member[opened, legacy.security].all()  # known on the day of the first purchase
    assert market.live[legacy.security].all()
    assert (legacy.row >= opened).all()
    assert (legacy.row <= len(market.days) - 1 - 64).all()
    assert (legacy.shares >= 1).all()
    assert sorted(set(legacy.account.tolist())) == list(range(COUNT))


def test_books_have_few_names_and_many_and_are_worth_what_they_were_meant_to(
    market: MarketPanel, legacy: Legacy
) -> None:
    pairs = np.unique(np.stack([legacy.account, legacy.security]), axis=1)
    names = np.bincount(pairs[0])
    assert names.min() <= 7
    assert names.max() >= 30
    worth = np.bincount(legacy.account, legacy.shares * market.close[-1, legacy.security]) + legacy.cash
    meant = np.array([client.dollars for client in legacy.clients])
    assert worth == pytest.approx(meant, rel=0.1)  # whole shares
    assert np.median(worth / meant) == pytest.approx(1.0, rel=0.01)


def test_the_same_seed_draws_the_same_books(market: MarketPanel, legacy: Legacy) -> None:
    again, other = legacy_books(market, COUNT, 1), legacy_books(market, COUNT, 2)
    assert again.shares.tolist() == legacy.shares.tolist()
    assert other.shares.tolist() != legacy.shares.tolist()


def test_all_that_was_brought_in_is_what_lots_cost_and_cash(market: MarketPanel, legacy: Legacy) -> None:
    events = events_of(legacy, market)
    brought, buys = (events[events["kind"] == kind] for kind in (EventKind.DEPOSIT, EventKind.BUY))
    cost = np.bincount(buys["account"], buys["amount"].astype(np.float64), COUNT)
    assert brought["amount"] - cost == pytest.approx(legacy.cash * DOLLAR, abs=1)
    close = market.close[legacy.row, legacy.security]
    assert buys["amount"] / DOLLAR == pytest.approx(buys["shares"] / SHARE * close, abs=1e-4)


def test_a_market_that_is_too_short_has_no_past(market: MarketPanel) -> None:
    with pytest.raises(ValueError, match="a legacy needs 504 trading days before it at least, had 300"):
        legacy_books(known_on(market, 300), 5, 1)


# --- on the day ---------------------------------------------------------------------------------------------------


def test_the_tax_of_selling_everything_by_hand() -> None:
    panel = small_panel()
    client = Client(LAST, 60_000.0, short_rate=0.35, long_rate=0.15, state_rate=0.05)
    security, row, shares = np.array([0, 7], np.int32), np.array([90, 100], np.int32), np.array([200, 300])
    cash = np.array([1_000.0])
    legacy = Legacy([client], np.array([80], np.int32), np.zeros(2, np.int32), security, row, shares, cash)
    found = arrived(legacy, panel, small_risk(), CapIndex(10), engine("default"))
    worth, cost = shares * panel.close[-1, security], shares * panel.close[row, security]
    value, gain = float(worth.sum()) + 1_000.0, float((worth - cost).sum())
    assert found.value[0] == pytest.approx(value)
    assert found.gain[0] == pytest.approx(gain / value)
    # Held for less than a year; a net loss is deducted up to $3,000 (26 U.S.C. 1211(b)).
    assert found.liquidation[0] * value == pytest.approx(max(gain, -3_000.0) * 0.40, abs=0.01)
    parts = worth / worth.sum()
    assert found.worth_names[0] == pytest.approx(1 / float((parts**2).sum()))


def test_the_dearer_tracking_is_the_nearer_all_come(there: Arrived) -> None:
    cheap, dear = move(there, 5.0), move(there, 400.0)
    assert cheap.solved.all()
    assert dear.solved.all()
    assert dear.after.mean() < cheap.after.mean() < cheap.before.mean()
    assert dear.tax.mean() > cheap.tax.mean()
    assert (dear.cost >= 0).all()
    assert (there.liquidation + 1e-9 >= dear.tax)[there.gain > 0.3].all()


@pytest.mark.parametrize("by_true_tax", [True, False])
def test_moves_do_not_depend_on_threads(there: Arrived, by_true_tax: bool) -> None:
    one, two = (move(there, threads=threads, by_true_tax=by_true_tax) for threads in (1, 2))
    for name in Moves._fields[:-2]:
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name


# --- verdict ------------------------------------------------------------------------------------------------------


def cells_of(accounts: int, means: _Means) -> _Cells:
    """A surface of which one cell has accounts."""
    shape = len(transition._WORTH) - 1, len(transition._GAINS) - 1
    values = [np.full(shape, np.nan) for _ in range(5)]
    for table, value in zip(values, (means.liquidation, means.tax, 0.2, means.tracking, 0.0), strict=True):
        table[3, 2] = value
    counts = np.zeros(shape, np.int64)
    counts[3, 2] = accounts
    return _Cells(counts, *values)


AS_PUBLISHED, FAR, DEAR = _Means(0.0721, 0.0029, 0.0154), _Means(0.07, 0.003, 0.05), _Means(0.07, 0.01, 0.015)


@pytest.mark.parametrize(
    ("whole", "accounts", "cell", "verdict"),
    [
        (AS_PUBLISHED, 0, FAR, Verdict.REPRODUCED),
        (_Means(0.05, -0.001, 0.01), 0, FAR, Verdict.REPRODUCED),  # cheaper and nearer
        (_Means(0.02, 0.0029, 0.0154), 10, FAR, Verdict.NOT),  # there was little to tax
        (FAR, 10, AS_PUBLISHED, Verdict.IN_PART),
        (DEAR, 10, AS_PUBLISHED, Verdict.IN_PART),
        (FAR, 9, AS_PUBLISHED, Verdict.NOT),  # too few
        (FAR, 10, DEAR, Verdict.NOT),
    ],
)
def test_the_verdict_on_transition(whole: _Means, accounts: int, cell: _Means, verdict: Verdict) -> None:
    assert transition._judged(whole, cells_of(accounts, cell))[0] is verdict


def test_the_nearest_cell_is_named() -> None:
    because = transition._judged(FAR, cells_of(12, AS_PUBLISHED))[1]
    assert "nearest are books worth 20 to 40 names with gains of 20% to 30%: 7.21%, 0.29%, 1.54%" in because
    assert "nearest" not in transition._judged(FAR, cells_of(9, AS_PUBLISHED))[1]


def test_cells_are_means_of_their_accounts() -> None:
    one = np.ones(4)
    gain, names = np.array([0.05, 0.05, 0.6, 0.05]), np.array([3.0, 4.0, 90.0, 3.0])
    there = Arrived(None, None, one, gain, names, one, 0.0)  # type: ignore[arg-type]
    tax = np.array([0.01, 0.03, 0.05, 9.0])
    moves = Moves(tax, one, one, one, 2 * tax, np.array([True, True, True, False]), 1.0, 1.0)
    # Twice as dear: half the tracking error, at a tax of a tenth more.
    cells = transition._cells(there, moves, {25.0: moves, 50.0: moves._replace(tax=tax + 0.1, after=tax)})
    assert cells.accounts.sum() == 3  # one is not solved
    assert cells.means(0, 0) == pytest.approx((1.0, 0.02, 0.04))
    assert cells.means(5, 5) == pytest.approx((1.0, 0.05, 0.10))
    assert cells.at_published[0, 0] == pytest.approx(0.12)  # the nearest there is leaves 2%
    assert cells.at_published[5, 5] == pytest.approx(0.15)  # and 5%
    assert np.isnan(cells.tax[0, 1])


def test_the_experiment_runs_and_keeps_every_account(
    market: MarketPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(transition._ACCOUNTS, "quick", 120)
    done: list[int] = []
    ran = run_experiment(TRANSITION, Asked(tmp_path), market, on_done=done.append)
    assert sum(done) == 120 * 6
    kept = pl.read_parquet(ran.folder / "moves.parquet")
    assert kept.height == 120
    surface = ran.finding.tables[1]
    assert sum(int(row[2]) for row in surface.rows) == kept["solved"].sum()
    assert ran.finding.figures["tax"] == pytest.approx(kept.filter("solved")["tax"].mean())
    assert ran.finding.figures["tax"] < ran.finding.figures["liquidation"]
    assert all("<svg" in picture.svg for picture in ran.finding.pictures)


@pytest.mark.parametrize(("lived", "said"), [(0.0, "3 s"), (6.0, "6 account-years in 3 s: 2.0 a second")])
def test_what_lives_nobody_tells_of_no_account_years(lived: float, said: str, tmp_path: Path) -> None:
    finding = Finding(Verdict.NOT, "because", (), (), (), {})
    with out_console.capture() as told:
        _show(Ran(TRANSITION, finding, tmp_path, 3.0, lived))
    assert told.get().splitlines()[-1] == said
