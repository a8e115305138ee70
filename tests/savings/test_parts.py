"""A firm told in parts comes to the same as told at once; what connects households is not cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from lotwise.ledger.events import NO_CODE, EventKind
from lotwise.money import DOLLAR
from lotwise.savings.asked import Asked
from lotwise.savings.history import History
from lotwise.savings.parts import groups_of, part_of, with_own_details
from lotwise.savings.shadow_rule import Schedule, ShadowRule
from lotwise.savings.standing import Period, Told
from lotwise.savings.told import tell
from lotwise.savings.years import Cause
from tests.savings.test_shadow import BOTH, histories
from tests.savings.written_history import Written, bought, held, sold

FIRST_ALONE = np.array([True, False])
FLAT = {"A": {"2025-06-02": 100.0, "2025-09-02": 60.0}, "B": {"2025-06-02": 100.0}}


def apart(written: Written, *, married: bool) -> tuple[History, Asked]:
    """Account 0 is of household 0, account 1 of household 1; married ones are one taxpayer."""
    history, asked = written.history(), written.asked()
    accounts = history.world.accounts.copy()
    accounts["taxpayer"] = [0, 0] if married else [0, 1]
    both = history._replace(
        world=history.world._replace(accounts=accounts),
        accounts=history.accounts._replace(household=np.array([0, 1], np.int32)),
        targets=history.targets._replace(of=np.repeat(history.targets.of, 2, axis=0)),
        rates=np.repeat(history.rates, 2, axis=0),
    )
    return both, asked._replace(position=np.repeat(asked.position, 2), later=np.repeat(asked.later, 2))


def of_household(told: Told, row: int) -> list[np.ndarray]:
    """Everything that is told of a household."""
    parts = [told.thumb[:, row], told.saved.parts[:, row], told.saved.record.total[:, row]]
    return [*parts, told.saved.shadow.total[:, row], *(column[:, row] for column in told.months[1:])]


@given(histories())
def test_parts_come_to_the_same_as_the_whole(written: Written) -> None:
    history, asked = apart(written, married=False)
    assert len(groups_of(history, BOTH)) == 1
    assert [each.tolist() for each in groups_of(history, BOTH, 1)] == [[0], [1]]
    whole, parted = tell(history, BOTH, asked), tell(history, BOTH, asked, most_events=1)
    alone = tell(history, FIRST_ALONE, asked)
    for row in (0, 1):
        for one, other in zip(of_household(whole, row), of_household(parted, row), strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(of_household(whole, 0), of_household(alone, 0), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("day", "lot", "account", "household", "credit"):
        np.testing.assert_array_equal(
            np.sort(whole.credits[name], kind="stable"), np.sort(parted.credits[name], kind="stable")
        )
    assert whole.credits["credit"].sum() == whole.thumb[Period.SINCE].sum()


@given(histories())
def test_credits_kept_or_not_the_sums_are_the_same_day_by_day_or_seldom(written: Written) -> None:
    history, asked = apart(written, married=True)
    daily = tell(history, BOTH, asked._replace(daily=True))
    sums = tell(history, BOTH, asked._replace(traced=False))
    assert sums.credits.size == 0
    np.testing.assert_array_equal(daily.thumb, sums.thumb)
    lines = daily.credits[daily.credits["day"] == asked.until]
    assert lines["credit"].sum() == daily.thumb[Period.DAY].sum()


def loss_and_purchase() -> Written:
    """Account 0 sells A at a loss of 4,000; nine days later account 1 buys as much of it."""
    happened = [
        held("2025-06-02", "A", 100, 10_000, "2020-01-02"),
        held("2025-06-02", "B", 100, 10_000, "2020-01-02", 1),
        sold("2025-10-01", "A", 100, 6_000),
        bought("2025-10-10", "A", 100, 6_000, 1),
    ]
    written = Written(FLAT, {"A": 0.5, "B": 0.5}, happened, "2025-06-02", "2026-02-27")
    return replace(written, kinds=(0, 0), rule=ShadowRule(Schedule.NEVER))  # type: ignore[arg-type]


@pytest.mark.parametrize(("married", "saved"), [(False, 3_000 * 0.408), (True, 0.0)])
def test_a_spouses_purchase_washes_the_loss_whoever_is_asked_for(married: bool, saved: float) -> None:
    history, asked = apart(loss_and_purchase(), married=married)
    for chosen in (BOTH, FIRST_ALONE):
        found = tell(history, chosen, asked)
        assert found.saved.parts[0, 0].sum() / DOLLAR == pytest.approx(saved, abs=0.01)
        # An ordinary rebalance sells half of it; the other half is a harvest, until all of the loss is washed.
        harvested = found.thumb[Period.SINCE, 0, Cause.HARVESTING] / DOLLAR
        assert harvested == pytest.approx((2_000 - 4_000 * married) * 0.238, abs=0.01)
    assert tell(history, FIRST_ALONE, asked).begins.tolist()[1] == 0


def test_what_is_bought_in_an_account_that_is_not_managed_washes_too() -> None:
    history, asked = apart(loss_and_purchase(), married=True)
    away = history._replace(accounts=history.accounts._replace(household=np.array([0, -1], np.int32)))
    found = tell(away, FIRST_ALONE, asked)
    assert found.saved.total.sum() == 0
    assert found.thumb[Period.SINCE, 0, Cause.HARVESTING] / DOLLAR == pytest.approx(-2_000 * 0.238, abs=0.01)
    assert found.months.value[-1, 0] / DOLLAR == 6_000  # cash of the sale: nothing of the other account


def test_accounts_that_lots_move_between_stay_together_and_details_follow() -> None:
    history, _ = apart(loss_and_purchase(), married=False)
    events, details = history.events.copy(), history.details.copy()
    events["kind"][2] = EventKind.TRANSFER_OUT
    details["counter_account"] = NO_CODE
    details["counter_account"][events["detail"][2]] = 1
    moved = history._replace(events=events, details=details)
    assert [each.tolist() for each in groups_of(moved, FIRST_ALONE, 1)] == [[0, 1]]
    part = part_of(history, np.array([1]))
    assert part.events.tolist() == [1, 3]
    assert part.history.events["account"].tolist() == [0, 0]
    assert part.history.details["basis"][part.history.events["detail"][0]] == 10_000 * DOLLAR


def test_details_beyond_those_of_the_history_are_found_among_the_others() -> None:
    history, _ = apart(loss_and_purchase(), married=False)
    events = history.events[:2].copy()
    more = history.details[:1].copy()
    more["basis"] = 7
    events["detail"][1] = history.details.size
    renumbered, own = with_own_details(events, history.details, more)
    assert own["basis"][renumbered["detail"]].tolist() == [10_000 * DOLLAR, 7]
