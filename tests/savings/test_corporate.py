"""What companies did to their shares happens to the shadow; what is no more is neither bought nor worth anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lotwise.dates import from_day_number, to_day_number
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, SHARE
from lotwise.savings.asked import calendar_of
from lotwise.savings.corporate import actions_of, closes_of_the_living
from lotwise.savings.history import History
from lotwise.savings.shadow import holdings_of
from lotwise.savings.shadow_rule import Schedule, ShadowRule
from lotwise.savings.told import tell
from lotwise.savings.walk import Walk
from tests.savings.test_parts import FIRST_ALONE, apart, of_household
from tests.savings.test_shadow import ALL, BOTH
from tests.savings.written_history import LONG_RATE, Happened, Written, bought, deposited, held, sold

NEVER = ShadowRule(Schedule.NEVER)
FLAT = {"A": {"2025-06-02": 100.0}, "B": {"2025-06-02": 100.0}}


def day(text: str) -> int:
    return to_day_number(date.fromisoformat(text))


def acted(kind: EventKind, on: str, symbol: str, account: int, **terms: object) -> Happened:
    return replace(Happened(kind, on, symbol, account=account), **terms)  # type: ignore[arg-type]


def shadow_of(written: Written, history: History | None = None) -> dict[str, float]:
    """Shares that the shadow of account 0 holds at the end, by symbol."""
    history = history or written.history()
    walk = Walk(history, np.ones(len(written.kinds), np.bool_), written.rule)
    for today in calendar_of(history, day(written.last), written.rule).days:
        walk.step(today.day, due=today.due)
    found = holdings_of(walk.shadow.state)
    mine = found.account == 0
    shares = (found.shares[mine] / SHARE).tolist()
    return {written.symbols[each]: of for each, of in zip(found.security[mine].tolist(), shares, strict=True)}


@pytest.mark.parametrize(
    ("act", "price"),
    [
        (acted(EventKind.CASH_MERGER, "2025-10-01", "A", 1, amount=15_000), 0.0),
        (acted(EventKind.SPLIT, "2025-10-01", "A", 1, ratio=(3, 1)), 50.0),
    ],
)
def test_what_a_company_did_happens_to_a_shadow_that_alone_holds_it(act: Happened, price: float) -> None:
    """Household 0 has sold its 100 A before; household 1 holds them: 150 dollars each, or three shares for one."""
    happened = [
        *(held("2025-06-02", "A", 100, 10_000, "2020-01-02", account) for account in (0, 1)),
        sold("2025-07-01", "A", 100, 10_000),
        act,
    ]
    prices = {"A": {"2025-06-02": 100.0, "2025-10-01": price}}
    written = Written(prices, {"A": 1.0}, happened, "2025-06-02", "2026-02-27", rule=NEVER)
    history, asked = apart(replace(written, kinds=(0, 0)), married=False)  # type: ignore[arg-type]
    whole = tell(history, BOTH, asked)
    for other in (tell(history, FIRST_ALONE, asked), tell(history, BOTH, asked, most_events=1)):
        for mine, its in zip(of_household(whole, 0), of_household(other, 0), strict=True):
            np.testing.assert_array_equal(mine, its)
    # The shadow realises 50 a share in the merger, and has 150 a share unrealised after the split; B and C say so.
    realised = 5_000 * LONG_RATE if act.kind == EventKind.CASH_MERGER else 0.0
    alone = tell(history, FIRST_ALONE, asked)
    assert alone.saved.total.sum() / DOLLAR == pytest.approx(realised, abs=0.01)
    assert alone.months.gains[-1, 0, 1] / DOLLAR == pytest.approx(0.0 if realised else 5_000, abs=0.01)


def ended(**changes: object) -> Written:
    """A tenth of C, which ended in November; the target still names it."""
    prices = {**FLAT, "C": {"2025-06-02": 10.0}}
    happened = [
        *(held("2025-06-02", symbol, 500, 50_000, "2020-01-02") for symbol in "AB"),
        held("2025-06-02", "C", 10, 100, "2020-01-02"),
        deposited("2025-11-03", 2_000),
    ]
    target = {"A": 0.45, "B": 0.45, "C": 0.1}
    return replace(Written(prices, target, happened, "2025-06-02", "2026-02-27"), **changes)  # type: ignore[arg-type]


def test_a_company_that_is_no_more_is_not_bought_and_the_others_get_its_weight() -> None:
    merger = acted(EventKind.CASH_MERGER, "2025-11-20", "C", 0, amount=1_000)
    written = ended(happened=[*ended().happened, merger], silent={"C": "2025-11-20"})
    shares = shadow_of(written)
    assert "C" not in shares
    assert shares["A"] == pytest.approx(shares["B"], abs=1e-4)
    assert (shares["A"] + shares["B"]) * 100 > 102_000  # all that there is, its own cash among it


def test_what_has_no_close_of_its_own_stays_as_it_is() -> None:
    """The shadow keeps what it holds of C, ten shares and what November's deposit bought, and shares out the rest."""
    shares = shadow_of(ended(silent={"C": "2025-12-01"}))
    assert shares["C"] == pytest.approx(210, abs=1e-4)
    assert shares["A"] == pytest.approx(500, abs=1e-4)
    assert shadow_of(ended())["C"] == pytest.approx(0.1 * 102_100 / 10, abs=0.1)


def test_an_end_stops_the_last_close_until_the_symbol_is_held_again() -> None:
    days = np.arange(day("2025-06-02"), day("2025-06-12"), dtype=np.int32)
    merger = acted(EventKind.CASH_MERGER, "2025-06-05", "A", 0, amount=500)
    happened = [held("2025-06-02", "A", 5, 400, "2020-01-02"), merger, bought("2025-06-10", "A", 1, 20)]
    history = Written(FLAT, {"A": 1.0}, happened, "2025-06-02", "2025-06-30").history()
    price = np.full((days.size, 2), 7, np.int64)
    living, ends = closes_of_the_living(price, days, history.actions, history.events)
    assert living[:, 0].tolist() == [7, 7, 7, 0, 0, 0, 0, 0, 7, 7]
    assert np.flatnonzero(ends[:, 0]).tolist() == [3]
    assert (living[:, 1] == 7).all()
    assert history.actions.details["cash"].tolist() == [100 * DOLLAR]  # 500 of five shares


def test_the_same_action_reported_on_another_day_is_one() -> None:
    split = {"ratio": (2, 1)}
    happened = [
        *(held("2025-06-02", "A", 5, 400, "2020-01-02", account) for account in (0, 1)),
        acted(EventKind.SPLIT, "2025-09-02", "A", 0, **split),
        acted(EventKind.SPLIT, "2025-09-04", "A", 1, **split),
        acted(EventKind.SPLIT, "2026-01-05", "A", 1, **split),
    ]
    written = Written(FLAT, {"A": 1.0}, happened, "2025-06-02", "2026-02-27", kinds=(0, 0))  # type: ignore[arg-type]
    history = written.history()
    found = [from_day_number(int(each)).isoformat() for each in history.actions.events["day"]]
    assert found == ["2025-09-02", "2026-01-05"]
    late = history.events[[3]]
    market = actions_of(history.events, history.details, history.world, (late, history.details))
    found = [from_day_number(int(each)).isoformat() for each in market.events["day"]]
    assert found == ["2025-09-04", "2026-01-05"]  # the market's day goes before a custodian's


def test_a_sale_of_shares_that_the_ledger_never_held_is_no_beginning_and_saves_nothing() -> None:
    """Three names sold in spring, two of them on one day and at a loss; the record begins in June with A and B."""
    past = [
        replace(sold(on, symbol, shares, amount), basis=basis, acquired="2024-01-02")
        for on, symbol, shares, amount, basis in (
            ("2025-03-03", "A", 14, 1_400, 3_000),
            ("2025-03-03", "B", 439, 43_900, 80_000),
            ("2025-04-01", "A", 5, 500, 100),
        )
    ]
    prices = {"A": {"2025-03-03": 100.0}, "B": {"2025-03-03": 100.0}}
    held_since = [held("2025-06-02", symbol, 100, 10_000, "2020-01-02") for symbol in "AB"]
    later = replace(sold("2025-08-01", "A", 7, 700), basis=2_000, acquired="2025-01-02")
    target = {"A": 0.5, "B": 0.5}
    written = Written(prices, target, [*past, *held_since, later], "2025-03-03", "2025-09-30", rule=NEVER)
    found = tell(written.history(), ALL, written.asked())
    assert from_day_number(int(found.begins[0])).isoformat() == "2025-06-02"
    assert found.credits.size == 0
    assert found.thumb.sum() == 0
    assert found.saved.total.sum() == 0
    assert found.saved.record.long_carried[0] + found.saved.record.short_carried[0] > 0  # both sides have the losses
