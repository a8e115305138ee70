"""Several portfolios of one taxpayer: what one buys washes what another sells, and what is owed is owed together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from lotwise.dates import from_day_number
from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of, part_of
from lotwise.lab.cohorts.outside import blank_events
from lotwise.lab.cohorts.policies import engine
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, _spans, live
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.cohorts.taxpayers import as_counted, by_taxpayer
from lotwise.lab.experiments.sleeves import crossed
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR
from tests.lab.cohorts.small_market import BEGIN, FRACTIONS, small_panel, small_risk
from tests.lab.cohorts.test_measures import DAYS, written

LARGE, ALL = CapIndex(6, cash=0.01), CapIndex(10, cash=0.01)
PARTS = (0.7, 0.3)


def sleeves(*, knows_others: bool) -> Cohort:
    """Two sleeves of overlapping models, and after them somebody else."""
    policy = engine("sleeves", keys=FRACTIONS, knows_others=knows_others)
    clients = [
        Client(BEGIN, 100_000.0 * part, target=target, taxpayer=3, part=part, outside_short=20_000.0)
        for target, part in enumerate(PARTS)
    ]
    return cohort_of((policy,), (replace(LARGE), replace(ALL)), [*clients, Client(BEGIN, 60_000.0)])


@pytest.fixture(scope="module")
def blind() -> Lived:
    panel = small_panel(volatility=0.04)
    return live(sleeves(knows_others=False), panel, small_risk(), LiveSettings(keeps_lines=True))


@pytest.fixture(scope="module")
def knowing() -> Lived:
    return live(sleeves(knows_others=True), small_panel(volatility=0.04), small_risk())


def test_what_one_buys_washes_what_another_sold_and_who_knows_of_it_does_not(blind: Lived, knowing: Lived) -> None:
    washed, unwashed = (int(lived.gains[:, :2, 2].sum()) for lived in (blind, knowing))
    assert washed > 100 * DOLLAR
    # The engine reckons before half the spread, which can make a loss of cents of what it sells at its basis.
    assert unwashed < DOLLAR
    assert knowing.gains[:, :2, 3:].sum() < 0  # losses were realised all the same
    assert blind.gains[:, 2, 2].sum() < DOLLAR  # of another taxpayer


def test_a_life_alone_is_the_same_beside_others(blind: Lived) -> None:
    policy = engine("sleeves", keys=FRACTIONS)
    alone = cohort_of((policy,), (replace(LARGE), replace(ALL)), [Client(BEGIN, 60_000.0)])
    lived = live(alone, small_panel(volatility=0.04), small_risk())
    assert lived.daily["value"][:, 0].tolist() == blind.daily["value"][:, 2].tolist()


def test_at_a_quarters_end_sleeves_hand_over_what_is_beyond_their_part(blind: Lived) -> None:
    flow = np.rint(blind.daily["flow"] * DOLLAR).astype(np.int64)
    days = [from_day_number(day) for day in blind.days.tolist()]
    ends = [
        row for row, (day, after) in enumerate(pairwise(days))
        if row and after.month != day.month and day.month % 3 == 0
    ]  # fmt: skip
    assert len(ends) >= 2
    moved = np.flatnonzero((flow[1:] != 0).any(axis=1)) + 1
    assert moved.tolist() == ends
    assert (flow[moved].sum(axis=1) == 0).all()
    assert (flow[moved, 2] == 0).all()
    for row in ends:
        before, after = (blind.daily["value"][at, :2] for at in (row - 1, row))
        assert after / after.sum() == pytest.approx(PARTS, abs=2e-3)
        grown = before / before.sum() - PARTS
        assert abs(grown[0]) > 1e-4  # else there was nothing to hand over


def test_parts_are_told_as_a_whole(blind: Lived) -> None:
    cohort = sleeves(knows_others=False)
    told, wholes = by_taxpayer(blind, cohort, np.array([1, 0]))
    assert told.daily["value"][:, 0] == pytest.approx(blind.daily["value"][:, :2].sum(axis=1))
    assert told.daily["value"][:, 1].tolist() == blind.daily["value"][:, 2].tolist()
    assert told.daily["flow"][1:] == pytest.approx(np.zeros_like(told.daily["flow"][1:]), abs=1e-6)
    assert told.tax[:, 1].tolist() == blind.tax[:, 2].tolist()  # taxed alone as it was
    assert told.ending.liquidation[1] == blind.ending.liquidation[2]
    assert wholes.household.tolist() == [0, 0, 1]
    assert wholes.outside[0, 0] == 40_000 * DOLLAR
    assert told.target_of.tolist() == [1, 0]


def test_gains_of_one_and_losses_of_another_are_netted() -> None:
    clients = [Client(0, 1_000.0, long_rate=0.20, state_rate=0.05, taxpayer=1) for _ in range(2)]
    cohort = cohort_of((engine("engine"),), (LARGE,), clients)
    gains = np.zeros((3, 2, 5), np.int64)
    gains[1, 0, 1], gains[1, 1, 1] = 10_000 * DOLLAR, -4_000 * DOLLAR
    lived = written([np.full(DAYS.size, 1_000.0)] * 2, gains=gains)
    told, _ = by_taxpayer(lived, cohort, np.array([0]))
    assert told.tax[:, 0].tolist() == [0, round(6_000 * 0.25 * DOLLAR), 0]


def test_what_counts_is_after_tax_on_withdrawals() -> None:
    kinds = (AccountKind.ROTH, AccountKind.TAXABLE, AccountKind.TRADITIONAL)
    client = Client(BEGIN, 1.0, kinds=kinds, sizes=(10_000.0, 50_000.0, 40_000.0), withdrawal_rate=0.3)
    cohort = cohort_of((engine("engine", keys=FRACTIONS),), (LARGE,), [client])
    assert cohort.kind.tolist() == [0, 1, 2]
    assert (cohort.opening / DOLLAR).tolist() == [50_000, 40_000, 10_000]
    assert cohort.counts.tolist() == [1.0, 0.7, 1.0]
    lived = live(cohort, small_panel(), small_risk(), LiveSettings(last=BEGIN + 3))
    first = lived.daily[0, 0]
    assert first["value"] == pytest.approx(100_000.0, rel=1e-3)
    assert first["counted"] == pytest.approx(88_000.0, rel=1e-3)
    assert as_counted(lived).daily["value"][0, 0] == first["counted"]
    unsaid = cohort_of((engine("engine"),), (LARGE,), [replace(client, withdrawal_rate=None, state_rate=0.05)])
    assert unsaid.counts[1] == pytest.approx(1 - 0.408 - 0.05)


def test_no_part_of_a_cohort_ends_within_a_taxpayer() -> None:
    clients = [Client(BEGIN, 1_000.0, taxpayer=number // 3) for number in range(9)]
    cohort = cohort_of((engine("engine"),), (LARGE,), [Client(BEGIN, 1_000.0), *clients])
    spans = _spans(cohort, LiveSettings(part=3))
    assert spans == [(0, 4), (4, 7), (7, 10)]
    assert part_of(cohort, 4, 7).taxpayer.tolist() == [0, 0, 0]
    assert [part_of(cohort, *span).start.size for span in spans] == [4, 3, 3]


@pytest.mark.parametrize(
    ("clients", "why"),
    [
        ([Client(0, 1.0, taxpayer=1), Client(0, 1.0), Client(0, 1.0, taxpayer=1)], "must follow each other, 2 stands"),
        ([Client(0, 1.0, taxpayer=1), Client(5, 1.0, taxpayer=1)], "must have one start and one policy"),
        ([Client(0, 1.0, kinds=(AccountKind.TAXABLE,), sizes=(1.0, 2.0))], "had 1.0, 2.0 dollars in 1"),
    ],
)
def test_what_cannot_be_one_taxpayer_is_refused(clients: list[Client], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        cohort_of((engine("engine"),), (LARGE,), clients)


def test_what_sleeves_trade_against_each_other_is_counted_by_hand() -> None:
    cohort = sleeves(knows_others=False)
    rows = [  # day, account, security, side, dollars
        (date(2024, 3, 5), 0, 4, EventKind.SELL, 900.0),
        (date(2024, 3, 7), 0, 4, EventKind.BUY, 100.0),  # 800 sold on balance
        (date(2024, 3, 28), 1, 4, EventKind.BUY, 500.0),  # of which another buys 500
        (date(2024, 4, 2), 1, 4, EventKind.BUY, 300.0),  # in another month
        (date(2024, 3, 5), 1, 6, EventKind.BUY, 700.0),  # another name
        (date(2024, 3, 6), 2, 4, EventKind.BUY, 400.0),  # another taxpayer
    ]
    events = blank_events(len(rows), EventKind.BUY, 0)
    for row, (day, account, security, kind, dollars) in zip(events, rows, strict=True):
        row["day"], row["account"] = (day - date(1970, 1, 1)).days, account
        row["security"], row["kind"], row["amount"] = security, kind, round(dollars * DOLLAR)
    assert crossed(events, cohort).tolist() == [500.0, 0.0, 0.0]
