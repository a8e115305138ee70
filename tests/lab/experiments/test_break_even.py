"""Break-even: its rule both ways, when a move counts as ahead, and what its accounts begin with."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from lotwise.lab.cohorts.clients import OpeningLot
from lotwise.lab.cohorts.measures import AtTheEnd
from lotwise.lab.experiments import EXPERIMENTS, break_even
from lotwise.lab.experiments.break_even_words import Key, Measured, Of, pictures_of, tables_of
from lotwise.lab.experiments.protocol import Verdict
from lotwise.lab.experiments.running import Asked, Ran, run_experiment
from lotwise.lab.simulated_market import SimulatedShape, simulate_market

NEVER = math.inf


def first(by_gain: list[float], at_fees: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> dict[Key, float]:
    """Years by gain, alike at both ends; a fee adds some years."""
    return {
        ("very wealthy", "no new money", "priced", gain, end.value, fee): years + more
        for gain, years in zip(break_even._GAINS, by_gain, strict=True)
        for end in break_even._ENDS
        for fee, more in zip(break_even._FEES, at_fees, strict=True)
    }


@pytest.mark.parametrize(
    ("by_gain", "at_fees", "verdict"),
    [
        ([1, 2, 3, NEVER], (0, 0, 1), Verdict.REPRODUCED),
        ([2, 2, NEVER, NEVER], (0, 0, 0), Verdict.REPRODUCED),
        ([1, 2, 3, 4], (0, 0, 0), Verdict.IN_PART),  # the largest gain is ahead, too
        ([NEVER] * 4, (0, 0, 0), Verdict.IN_PART),  # always keep
        ([1, 2, 3, NEVER], (1, 0, 0), Verdict.IN_PART),  # a higher fee is ahead sooner
        ([3, 2, NEVER, NEVER], (0, 0, 0), Verdict.NOT),  # a larger gain is ahead sooner
    ],
)
def test_the_verdict(by_gain: list[float], at_fees: tuple[float, float, float], verdict: Verdict) -> None:
    found, because = break_even._judged(first(by_gain, at_fees))
    assert found is verdict
    assert "inf" not in because
    assert ("keep what you have" in because) == (not math.isfinite(by_gain[0]) or not math.isfinite(by_gain[-1]))


@pytest.mark.parametrize(
    ("ahead", "year"),
    [
        ([-1, -1, 2, 3], 3),
        ([1, 2, 3, 4], 1),
        ([1, -1, 3, 4], 3),  # it fell behind again
        ([1, 2, 3, -4], NEVER),
        ([-1, -1, -1, 0], NEVER),
        ([-1, -1, -1, 1], 5),
    ],
)
def test_ahead_is_for_good(ahead: list[float], year: float) -> None:
    assert break_even._first_ahead([1, 2, 3, 5], ahead) == year


def test_a_way_begins_with_the_fund_and_its_gain_or_with_cash() -> None:
    person = break_even._PERSONS[0]
    kept = break_even._client(break_even._Way(person, "no new money", "keep", 0.4), 10, 100, 7)
    assert kept.lots == (OpeningLot(7, 1_000_000.0, 600_000.0, 1_095),)
    assert (kept.dollars, kept.flows, kept.policy) == (0.0, (), break_even._FUND)
    moved = break_even._client(break_even._Way(person, "new money", "priced", 0.4), 10, 100, 7)
    assert moved.lots == kept.lots
    assert (moved.policy, moved.flows[0]) == (break_even._INDEX, (31, 10_000.0))
    sold = break_even._client(break_even._Way(person, "no new money", "at once", 0.0), 10, 100, 7)
    assert (sold.dollars, sold.lots, sold.policy) == (1_000_000.0, (), break_even._INDEX)


def test_the_tables_say_keep_where_nothing_is_ahead() -> None:
    ends = (AtTheEnd.LIQUIDATION.value, AtTheEnd.STEP_UP.value)
    told = {
        ("one", "none", how, 0.4, end, fee): years
        for how, by_end in (("priced", (3.0, NEVER)), ("at once", (NEVER, 2.0)))
        for end, years in zip(ends, by_end, strict=True)
        for fee in (0.001, 0.002)
    }
    measured = Measured([1, 2], told, {key: [-0.01, -0.0123] for key in told}, {("one", "none", 0.4): 0.75})
    of = Of((("one", "none"),), (0.4,), (0.001, 0.002), 0.002)
    priced, at_once, ahead, fund = tables_of(measured, of)
    assert priced.rows == (("one, none", "0.10%", "3 / keep"), ("one, none", "0.20%", "3 / keep"))
    assert [row[-1] for row in at_once.rows] == ["keep / 2"] * 2
    minus = "\N{MINUS SIGN}1.2%"
    assert [row[1:] for row in ahead.rows] == [
        ("priced by the engine", f"{minus} / {minus}"),
        ("sold at once", f"{minus} / {minus}"),
    ]
    assert fund.rows == (("one, none", "75%"),)
    for table in (priced, at_once, ahead, fund):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    assert len(pictures_of(measured, of)) == 2


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    market = simulate_market(3, SimulatedShape(date(2022, 6, 1), date(2025, 9, 30), 30))
    return run_experiment(EXPERIMENTS["break-even"], Asked(tmp_path_factory.mktemp("lab")), market)


def test_what_is_kept_is_not_sold_and_what_is_moved_at_once_is_in_no_fund(ran: Ran) -> None:
    life = ran.finding.lives[0]
    lived, ways = life.lived, break_even._ways()
    for number, way in enumerate(ways):
        held = lived.lots["security"][lived.lots["account"] == number]
        if way.how == "keep":
            assert lived.gains[:, number].tolist() == [[0] * 5] * len(lived.years)
            assert len(set(held.tolist())) == 1
        elif way.how == "at once":
            assert len(set(held.tolist())) > 10
    # A larger gain keeps more of the fund, and is worth more to those who keep it and never sell.
    figures = ran.finding.figures
    stays = ran.finding.tables[-1].rows[0][1:]
    shares = [float(each.rstrip("%")) for each in stays]
    assert shares == sorted(shares)
    ahead = [
        figures[f"very wealthy, no new money, at once, {gain:.0%}, step-up, 0.17% ahead"] for gain in (0, 0.2, 0.6)
    ]
    assert ahead[0] - ahead[1] == pytest.approx(0.2 * (0.238 + 0.05), rel=1e-6)
    assert ahead[0] - ahead[2] == pytest.approx(0.6 * (0.238 + 0.05), rel=1e-6)
    fees = [figures[f"very wealthy, no new money, priced, 0%, step-up, {fee:.2%} ahead"] for fee in (0.0005, 0.0037)]
    years = (lived.days[-1] - lived.days[0]) / 365.25
    assert fees[0] - fees[1] == pytest.approx(0.0032 * years, rel=0.3)


def test_a_market_without_a_year_after_the_start_is_refused(tmp_path: Path) -> None:
    market = simulate_market(3, SimulatedShape(date(2022, 6, 1), date(2024, 9, 30), 30))
    with pytest.raises(ValueError, match="must go on for a year after the last start"):
        run_experiment(EXPERIMENTS["break-even"], Asked(tmp_path), market)
