"""Sleeves against one account: the rule of the verdict, tracking made equal, and what must hold of every run."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lotwise.lab.experiments import sleeves
from lotwise.lab.experiments.protocol import Verdict
from lotwise.lab.experiments.running import Asked, Ran, run_experiment
from lotwise.lab.simulated_market import SimulatedShape, simulate_market


def measured(blind: tuple[float, float], know: tuple[float, float]) -> sleeves._Measured:
    """One account whose tracking falls with its price and whose drag rises; (drag, turnover) of sleeves at 55 bp."""
    made = {name: np.zeros(len(sleeves._WAYS)) for name in sleeves._Measured._fields}
    for row, way in enumerate(sleeves._WAYS):
        if way.name == sleeves._ONE:
            at = sleeves._PRICES[sleeves._ONE].index(way.price)
            made["tracking"][row] = (100, 70, 50, 30, 20)[at]
            made["sold"][row] = (10, 20, 30, 40, 50)[at]
            made["turnover"][row] = (40, 36, 32, 28, 24)[at]
        else:
            made["tracking"][row] = 55
            made["sold"][row], made["turnover"][row] = blind if way.name == sleeves._BLIND else know
    return sleeves._Measured(**made)


def test_one_account_is_read_between_its_prices() -> None:
    one = sleeves._at_equal_tracking(measured((0, 0), (0, 0)), sleeves._place(sleeves._BLIND, 50))
    assert one.tracking.tolist() == [55]
    assert one.sold.tolist() == [27.5]  # a quarter of the way from 30 at 50 bp to 20 at 70 bp
    assert one.turnover.tolist() == [33]


@pytest.mark.parametrize(
    ("blind", "know", "verdict"),
    [
        ((30, 40), (28, 34), Verdict.REPRODUCED),
        ((30, 40), (28, 30), Verdict.IN_PART),  # those that know turn over less
        ((30, 40), (27, 34), Verdict.IN_PART),  # those that know owe less
        ((27, 40), (30, 34), Verdict.NOT),
    ],
)
def test_the_verdict(blind: tuple[float, float], know: tuple[float, float], verdict: Verdict) -> None:
    assert sleeves._judged(measured(blind, know))[0] is verdict


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    market = simulate_market(5, SimulatedShape(date(2022, 6, 1), date(2024, 9, 30), 110))
    return run_experiment(sleeves.SLEEVES, Asked(tmp_path_factory.mktemp("lab")), market)


def test_only_blind_sleeves_wash_each_other_and_only_sleeves_trade_against_each_other(ran: Ran) -> None:
    figures = ran.finding.figures
    for way in sleeves._WAYS:
        stem = f"{way.name} {way.price}"
        assert (figures[f"{stem} disallowed"] > 0.1) == (way.name == sleeves._BLIND), stem
        assert (figures[f"{stem} crossed"] > 0) == (way.name != sleeves._ONE), stem


def test_a_higher_price_tracks_more_closely(ran: Ran) -> None:
    figures = ran.finding.figures
    for name, prices in sleeves._PRICES.items():
        tracking = [figures[f"{name} {price} tracking"] for price in prices]
        assert tracking[0] > tracking[-1], name


def test_every_way_begins_with_the_same_money(ran: Ran) -> None:
    cohort = ran.finding.lives[0].cohort
    firsts = np.unique(cohort.taxpayer)
    assert firsts.size == 2 * len(sleeves._WAYS)
    opened = np.add.reduceat(cohort.opening, firsts)
    assert (opened == 1_000_000 * 10_000).all()
    outside = np.add.reduceat(cohort.outside[:, 0], firsts)
    assert (outside == 250_000 * 10_000).all()
    came = np.bincount(cohort.taxpayer[cohort.household[cohort.flows["account"]]], cohort.flows["amount"])[firsts]
    saving = came[came > 0]
    assert saving.size == len(sleeves._WAYS)
    assert saving == pytest.approx(np.full(saving.size, saving[0]), rel=1e-5)
