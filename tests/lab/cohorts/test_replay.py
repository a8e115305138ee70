"""A cohort's life: nothing is lost, nothing is foreseen, and what is taken up again ends as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotwise.errors import FolderError
from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.checkpoints import fingerprint_of
from lotwise.lab.cohorts.clients import Client, cohort_of
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.policies import Looks, engine
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, SHARE
from tests.lab.cohorts.small_market import (
    BEGIN,
    LAST,
    POLICIES,
    SPLIT_ROW,
    TARGET,
    other_future,
    small_cohort,
    small_panel,
    small_risk,
)

KEPT = LiveSettings(keeps_lines=True)
IN = (EventKind.DEPOSIT, EventKind.DIVIDEND, EventKind.SELL, EventKind.CASH_MERGER)
OUT = (EventKind.WITHDRAWAL, EventKind.FEE, EventKind.BUY, EventKind.REINVEST)


@pytest.fixture(scope="module")
def lived() -> Lived:
    return live(small_cohort(), small_panel(), small_risk(), KEPT)


def columns(table: object) -> list[np.ndarray]:
    """Columns of a table of records, without the room between them; of an array, itself."""
    array = np.asarray(table)
    return [array[name] for name in array.dtype.names] if array.dtype.names else [array]


def same(one: Lived, other: Lived) -> None:
    """Every array of two lives is the same to the byte."""
    for name in Lived._fields:
        a, b = getattr(one, name), getattr(other, name)
        parts = zip(a, b, strict=True) if name == "ending" else [(a, b)]
        for first, second in parts:
            for column, other_column in zip(columns(first), columns(second), strict=True):
                assert column.tobytes() == other_column.tobytes(), name


def test_something_of_everything_happens(lived: Lived) -> None:
    assert lived.trades is not None
    assert lived.realized is not None
    kinds = set(lived.trades["kind"].tolist())
    assert kinds >= {*map(int, IN), *map(int, OUT), int(EventKind.SPLIT)}
    assert (lived.realized["disallowed"] > 0).any()  # the ordinary rule knows no windows
    assert set(lived.realized["account"].tolist()) == set(range(len(POLICIES)))
    assert (
        lived.gains[:, :, 2].sum(axis=0)
        == np.bincount(lived.realized["account"], lived.realized["disallowed"].astype(float), len(POLICIES))
    ).all()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), volatility=st.floats(0.005, 0.06))
def test_shares_cash_and_basis_are_conserved(seed: int, volatility: float) -> None:
    """What is held at the end is what the events brought, less what they took; recounted here from the events alone."""
    lived = live(small_cohort(), small_panel(seed, volatility), small_risk(), KEPT)
    events, lots, realized = lived.trades, lived.lots, lived.realized
    assert events is not None
    assert realized is not None
    sign = np.where(np.isin(events["kind"], IN), 1, 0) - np.where(np.isin(events["kind"], OUT), 1, 0)
    cash = np.zeros(len(POLICIES), np.int64)
    np.add.at(cash, events["account"], sign * events["amount"])
    merged = realized[realized["origin"] == 5]
    np.add.at(cash, merged["account"], merged["proceeds"])
    assert cash.tolist() == lived.cash.tolist()
    bought = events[np.isin(events["kind"], (EventKind.BUY, EventKind.REINVEST))]
    # A disallowed loss is basis twice: of the shares sold, and of what replaced them.
    taken_over = int(realized["disallowed"].sum() - realized["permanent"].sum())
    assert int(lots["basis"].sum() + realized["basis"].sum()) == int(bought["amount"].sum()) + taken_over
    unsplit = ~np.isin(events["security"], (1, 2))
    for security in range(12):
        if security in (1, 2):
            continue
        mine = unsplit & (events["security"] == security)
        came = events["shares"][mine & np.isin(events["kind"], (EventKind.BUY, EventKind.REINVEST))].sum()
        went = realized["shares"][realized["security"] == security].sum()
        assert came - went == lots["shares"][lots["security"] == security].sum()


def test_losses_are_counted_apart_from_gains(lived: Lived) -> None:
    assert lived.realized is not None
    rows = lived.realized
    counted = rows["proceeds"] - rows["basis"] + rows["disallowed"]
    for account in range(len(POLICIES)):
        mine = rows["account"] == account
        for term in (0, 1):
            own = counted[mine & (rows["long_term"] == term)]
            assert lived.gains[:, account, term].sum() == own.sum()
            assert lived.gains[:, account, 3 + term].sum() == own[own < 0].sum()


def test_a_days_value_is_shares_at_the_close_and_cash(lived: Lived) -> None:
    panel = small_panel()
    price = np.nan_to_num(np.rint(panel.close[-1] * DOLLAR))
    worth = np.bincount(lived.lots["account"], lived.lots["shares"] / SHARE * price[lived.lots["security"]])
    assert lived.daily["value"][-1] == pytest.approx((worth + lived.cash) / DOLLAR)


@pytest.mark.parametrize("row", [BEGIN + 16, SPLIT_ROW - 1, 140, LAST - 1])
def test_another_future_changes_nothing_before_it(row: int) -> None:
    panel = small_panel()
    until = LiveSettings(last=row, keeps_lines=True)
    seen = live(small_cohort(), panel, small_risk(), until)
    unseen = live(small_cohort(), other_future(panel, row), small_risk(), until)
    same(seen, unseen)


def test_another_future_changes_the_days_after_it() -> None:
    """The test above can fail: what is shuffled matters once it has happened."""
    panel, row = small_panel(), 140
    first = live(small_cohort(), panel, small_risk())
    other = live(small_cohort(), other_future(panel, row), small_risk())
    upto = row + 1 - first.first
    assert first.daily[:upto].tobytes() == other.daily[:upto].tobytes()
    assert first.daily[upto:].tobytes() != other.daily[upto:].tobytes()


def test_what_decides_has_no_memory_of_later_days() -> None:
    panel = small_panel()
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, len(panel.days))
    for row in range(100):
        market.add(tape.at(row))
    held = [each for each in vars(market).values() if isinstance(each, np.ndarray) and len(each) == len(panel.days)]
    assert len(held) == 4  # days, prices, values, members
    for table in held:
        later = table[100:].astype(float)
        assert np.all(np.isnan(later) | (later == 0))
    with pytest.raises(ValueError, match="one of rows 0 to 99, was 100"):
        market.caps_on(100)
    with pytest.raises(ValueError, match="the next day must be row 100, was 102"):
        market.add(tape.at(102))


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 60, 130])
def test_what_was_interrupted_ends_as_if_it_had_not_been(tmp_path: Path, after: int, lived: Lived) -> None:
    days = [0]

    def stop(done: int) -> None:
        days[0] += done
        if days[0] >= after:
            raise StoppedError

    kept = LiveSettings(keeps_lines=True, checkpoints=tmp_path, every=20)
    with pytest.raises(StoppedError):
        live(small_cohort(), small_panel(), small_risk(), kept, stop)
    again: list[int] = []
    resumed = live(small_cohort(), small_panel(), small_risk(), kept, again.append)
    same(resumed, lived)
    assert sum(again) == LAST + 1 - BEGIN
    assert after < 20 or len(again) < LAST + 1 - BEGIN  # it did not begin anew
    third: list[int] = []
    same(live(small_cohort(), small_panel(), small_risk(), kept, third.append), lived)
    assert len(third) == 1  # all of it was there


def test_a_checkpoint_is_of_one_life_alone(tmp_path: Path, lived: Lived) -> None:
    kept = LiveSettings(checkpoints=tmp_path, keeps_lines=True)
    live(small_cohort(), small_panel(3), small_risk(), kept)
    same(live(small_cohort(), small_panel(), small_risk(), kept), lived)


@pytest.mark.parametrize("securities", [12, 1_500])
def test_a_checkpoint_is_named_by_every_digit_of_every_spread(securities: int) -> None:
    """Written out, an array of more than 1,000 numbers would lose its middle, and each number its last digits."""
    panel = small_panel()
    spreads = np.resize(panel.universe.spread_bps, securities)
    moved = spreads.copy()
    moved[securities // 2] = np.nextafter(moved[securities // 2], np.inf)
    panels = [replace(panel, universe=replace(panel.universe, spread_bps=each)) for each in (spreads, spreads, moved)]
    assert len({fingerprint_of(small_cohort(), each, small_risk(), (0,)) for each in panels}) == 2


def test_a_checkpoint_that_was_cut_off_is_named(tmp_path: Path) -> None:
    kept = LiveSettings(checkpoints=tmp_path, last=BEGIN + 16)
    live(small_cohort(), small_panel(), small_risk(), kept)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(FolderError, match=f"{file.name}: must be a checkpoint .* delete it"):
        live(small_cohort(), small_panel(), small_risk(), kept)


def test_parts_are_lived_as_the_whole_is(lived: Lived) -> None:
    """Households have nothing to do with each other: one at a time, they end as together, but for events' numbers."""
    parts = live(small_cohort(), small_panel(), small_risk(), LiveSettings(keeps_lines=True, part=1))
    for name in ("daily", "gains", "income", "tax", "cash", "target"):
        for column, whole in zip(columns(getattr(parts, name)), columns(getattr(lived, name)), strict=True):
            assert column.tobytes() == whole.tobytes(), name
    for one, other in zip(parts.ending, lived.ending, strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("together", ["true", "false"])
def test_a_household_of_three_kinds_of_account_is_taxed_for_one(together: str) -> None:
    kinds = (AccountKind.TAXABLE, AccountKind.TRADITIONAL, AccountKind.ROTH)
    keys = f"fractional_shares = true\nminimum_trade = 0\nas_one_portfolio = {together}"
    policy = engine("monthly", Looks.MONTHLY, keys)
    cohort = cohort_of((policy,), (TARGET,), [Client(BEGIN, 30_000.0, kinds=kinds)])
    lived = live(cohort, small_panel(), small_risk(), KEPT)
    assert lived.realized is not None
    taxed = lived.realized[lived.realized["account"] == 0]
    assert lived.realized["account"].max() == 2
    assert int(lived.gains[:, 0, :2].sum()) == int((taxed["proceeds"] - taxed["basis"] + taxed["disallowed"]).sum())
    assert lived.daily["value"][0] == pytest.approx(90_000, rel=1e-3)


def test_who_begins_outside_the_market_is_refused() -> None:
    cohort = cohort_of(POLICIES[:1], (TARGET,), [Client(LAST + 1, 1_000.0)])
    with pytest.raises(ValueError, match=f"between rows 0 and {LAST} .* between {LAST + 1} and {LAST + 1}"):
        live(cohort, small_panel(), small_risk())
    with pytest.raises(ValueError, match="client 0 must have one of 1 policies and 1 targets, had 4 and 0"):
        cohort_of(POLICIES[:1], (TARGET,), [Client(BEGIN, 1_000.0, policy=4)])
    with pytest.raises(ValueError, match="client 0 must have accounts worth something, had 0"):
        cohort_of(POLICIES[:1], (TARGET,), [Client(BEGIN, 0)])
