"""Number B: the record against a ledger of the same flows that follows an ordinary rule; and number C."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EventKind, Relief
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import SHORT
from lotwise.money import DOLLAR, SHARE
from lotwise.savings.shadow_rule import Order, Schedule, ShadowRule
from lotwise.savings.told import Told, tell
from lotwise.savings.walk import Walk
from lotwise.savings.years import Cause
from lotwise.tax.gains import recognised
from tests.savings.written_history import (
    LONG_RATE,
    Happened,
    Written,
    bought,
    deposited,
    drawn,
    held,
    sold,
)

ALL = np.ones(1, np.bool_)
BOTH = np.ones(2, np.bool_)
HALVES = {"A": 0.5, "B": 0.5}


def told(written: Written) -> Told:
    return tell(written.history(), ALL, written.asked())


def saved(found: Told, cause: Cause | None = None) -> float:
    parts = found.saved.parts if cause is None else found.saved.parts[:, :, cause]
    return float(parts.sum()) / DOLLAR


def halves(*more: Happened, **changes: object) -> Written:
    """Half A and half B; A, with a gain of 50 a share, rises by half in September."""
    prices = {"A": {"2025-06-02": 100.0, "2025-09-02": 150.0}, "B": {"2025-06-02": 100.0}}
    happened = [
        held("2025-06-02", "A", 500, 25_000, "2020-01-02"),
        held("2025-06-02", "B", 500, 50_000, "2020-01-02"),
        *more,
    ]
    return replace(Written(prices, HALVES, happened, "2025-06-02", "2026-02-27"), **changes)  # type: ignore[arg-type]


def test_a_gain_that_the_ordinary_rule_realises_at_the_end_of_the_year_is_deferred() -> None:
    """Of 75,000 and 50,000 it sells 12,500 of A, two thirds of which are gain."""
    found = told(halves())
    assert saved(found) == pytest.approx(12_500 * 2 / 3 * LONG_RATE, abs=0.01)
    assert saved(found, Cause.DEFERRAL) == saved(found)
    assert found.saved.parts[1].sum() == 0  # nothing in 2026


def test_what_is_deferred_is_taken_back_when_the_record_realises_it() -> None:
    """The record sells the same shares in January: the tax comes a year later, and in all nothing is saved."""
    late = sold("2026-01-15", "A", 12_500 / 150, 12_500)
    assert saved(told(halves(late, relief=Relief.FIFO))) == pytest.approx(0, abs=0.01)


def test_a_loss_that_was_harvested_is_worth_its_rate_and_what_is_left_is_carried() -> None:
    """B falls and is sold at a loss of 20,000: 3,000 a year count against income at 40.8%; the rest is carried on."""
    prices = {"A": {"2025-06-02": 100.0}, "B": {"2025-06-02": 100.0, "2025-09-02": 60.0}}
    loss = sold("2025-10-01", "B", 500, 30_000)
    written = halves(loss, prices=prices, rule=ShadowRule(Schedule.NEVER))
    found = told(written)
    assert saved(found, Cause.HARVESTING) == saved(found) == pytest.approx(3_000 * 2 * 0.408, abs=0.01)
    assert found.saved.record.long_carried[0] == 14_000 * DOLLAR


def test_income_that_the_record_does_not_have_is_location() -> None:
    """Both pay the same dividends, but the record has sold B for A, which pays none."""
    swap = (sold("2025-06-03", "B", 500, 50_000), bought("2025-06-03", "A", 500, 50_000))
    written = halves(*swap, payouts={("B", "2025-08-15"): 2.0}, rule=ShadowRule(Schedule.NEVER))
    found = told(written)
    assert saved(found, Cause.LOCATION) == saved(found) == pytest.approx(500 * 2.0 * LONG_RATE, abs=0.01)


def test_the_present_value_takes_off_the_tax_that_waits() -> None:
    """What was not realised is still there: its latent tax is half of what was saved, at a delta of a half."""
    found = told(halves())
    assert float(found.months.present_value[-1, 0].sum()) / DOLLAR == pytest.approx(0.5 * saved(found), abs=0.01)


def test_what_a_harvest_took_from_the_basis_waits_and_what_is_carried_does_not() -> None:
    """20,000 of loss, of which 14,000 are carried on: saved so far, plus what is carried, less half of all of it."""
    prices = {"A": {"2025-06-02": 100.0}, "B": {"2025-06-02": 100.0, "2025-09-02": 60.0}}
    loss = sold("2025-10-01", "B", 500, 30_000)
    found = told(halves(loss, prices=prices, rule=ShadowRule(Schedule.NEVER)))
    present = found.months.present_value[-1, 0] / DOLLAR
    expected = 3_000 * 2 * 0.408 + 14_000 * LONG_RATE - 0.5 * 20_000 * LONG_RATE
    assert present[Cause.HARVESTING] == present.sum() == pytest.approx(expected, abs=0.01)


def test_what_is_deposited_is_invested_and_what_is_drawn_is_raised_in_proportion() -> None:
    written = halves(deposited("2025-07-01", 20_000), drawn("2025-08-01", 12_000), rule=ShadowRule(Schedule.NEVER))
    walk = Walk(written.history(), ALL, written.rule)
    shares = {}
    for day in ("2025-06-02", "2025-07-01", "2025-08-01"):
        walk.step(to_day_number(date.fromisoformat(day)), due=False)
        lots = walk.shadow.state.lots
        shares[day] = [int(lots["shares"][lots["security"] == row].sum()) / SHARE for row in range(2)]
    assert shares["2025-07-01"] == pytest.approx([600, 600])
    assert shares["2025-08-01"] == pytest.approx([540, 540])
    assert walk.shadow.cash[0] == pytest.approx(0, abs=1_000)


@pytest.mark.parametrize("rule", [ShadowRule(), ShadowRule(Schedule.QUARTERLY, relief=Order.HIFO)])
def test_a_record_that_follows_the_rule_saves_nothing(rule: ShadowRule) -> None:
    written = halves(deposited("2025-07-01", 20_000), rule=rule)
    history, asked = written.history(), written.asked()
    walk = Walk(history, ALL, rule)
    days = sorted({*history.market.days.tolist()})
    for day, following in zip(days, [*days[1:], days[-1] + 4], strict=True):
        due = rule.is_due(*(date.fromordinal(each + date(1970, 1, 1).toordinal()) for each in (day, following)))
        walk.step(day, due=due)
    followed = history._replace(events=walk.all_shadow_events())
    found = tell(followed, ALL, asked)
    assert (found.saved.total == 0).all()
    assert (found.months.present_value[-1] == 0).all()


AMOUNTS = st.floats(0.05, 0.9)


@st.composite
def histories(draw: st.DrawFn) -> Written:
    """A year and a half of buying, selling and flows in two accounts, with prices that move every month."""
    months = [f"{2025 + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}-03" for month in range(2, 20)]
    prices: dict[str, dict[str, float]] = {}
    for symbol in ("A", "B", "C"):
        walk = 100.0
        prices[symbol] = {}
        for month in months:
            walk *= draw(st.floats(0.85, 1.2))
            prices[symbol][month] = round(walk, 2)
    first = months[0]
    happened = [
        held(first, symbol, 100, draw(st.floats(2_000, 20_000)), "2021-05-03", account)
        for symbol in prices
        for account in (0, 1)
    ]
    left = {(symbol, account): 100.0 for symbol in prices for account in (0, 1)}
    for month in months[1:]:
        day = month[:8] + "10"
        symbol, account = draw(st.sampled_from("ABC")), draw(st.integers(0, 1))
        price = prices[symbol][month]
        what = draw(st.sampled_from(["sell", "buy", "deposit", "draw", "nothing"]))
        if what == "sell":
            shares = round(left[symbol, account] * draw(AMOUNTS), 4)
            if shares > 0:
                left[symbol, account] -= shares
                happened.append(sold(day, symbol, shares, round(shares * price, 2), account))
        elif what == "buy":
            shares = round(50 * draw(AMOUNTS), 4)
            left[symbol, account] += shares
            happened.append(bought(day, symbol, shares, round(shares * price, 2), account))
        elif what == "deposit":
            happened.append(deposited(day, 5_000, account))
        elif what == "draw":
            happened.append(drawn(day, 500, account))
    rule = ShadowRule(
        draw(st.sampled_from(Schedule)), band=draw(st.sampled_from([0.0, 0.2])), relief=draw(st.sampled_from(Order))
    )
    kinds = (AccountKind.TAXABLE, draw(st.sampled_from([AccountKind.TAXABLE, AccountKind.ROTH])))
    return Written(prices, {"A": 0.4, "B": 0.3, "C": 0.3}, happened, first, "2026-07-10", kinds, rule=rule)


@given(histories())
def test_b_is_the_difference_of_two_ledgers_folded_by_themselves(written: Written) -> None:
    history = written.history()
    found = tell(history, ALL, written.asked())
    assert found.refused.sum() == 0
    walk = Walk(history, BOTH, written.rule)
    everything = sorted({*history.market.days.tolist(), *history.events["day"].tolist()})
    for day, following in zip(everything, [*everything[1:], everything[-1] + 31], strict=True):
        dates = [date.fromordinal(each + date(1970, 1, 1).toordinal()) for each in (day, following)]
        walk.step(day, due=written.rule.is_due(dates[0], dates[1]))
    for side, events in ((walk.record, history.events), (walk.shadow, walk.all_shadow_events())):
        again = fold(events, history.details, history.world, empty_state()).state
        assert recognised(again.realized).sum() == recognised(side.state.realized).sum()
        assert again.lots["basis"].sum() == side.state.lots["basis"].sum()
        assert (side.state.lots["marks"] & SHORT == 0).all()
    # Parts add up to the difference of the two taxes, in every year and at every month's end.
    assert (found.saved.parts.sum(axis=2) == found.saved.total).all()
    assert (found.months.saved[-1] == found.saved.parts.sum(axis=0)).all()


@given(histories())
def test_both_sides_begin_alike_and_see_the_same_flows(written: Written) -> None:
    """Whatever either does: value at the end differs only by what was traded, never by a flow that one did not see."""
    history = written.history()
    walk = Walk(history, BOTH, replace(written.rule, schedule=Schedule.NEVER))
    for day in sorted({*history.market.days.tolist(), *history.events["day"].tolist()}):
        walk.step(day, due=False)
    kinds = history.events["kind"]
    outside = np.isin(kinds, (EventKind.DEPOSIT, EventKind.WITHDRAWAL))
    shadow = walk.all_shadow_events()
    same = np.isin(shadow["kind"], (EventKind.DEPOSIT, EventKind.WITHDRAWAL))
    assert shadow["amount"][same].sum() == history.events["amount"][outside].sum()
    bought_and_sold = walk.shadow.cash.sum() - sum(
        int(event["amount"]) * (1 if event["kind"] in (EventKind.DEPOSIT, EventKind.SELL) else -1)
        for event in shadow
        if event["kind"] in (EventKind.DEPOSIT, EventKind.WITHDRAWAL, EventKind.SELL, EventKind.BUY)
    )
    assert bought_and_sold == 0
