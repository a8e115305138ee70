"""Asset location: the rule of its verdict, and what must hold of every run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.experiments import location
from lotwise.lab.experiments.protocol import Setting, Size, Verdict
from lotwise.lab.experiments.running import Asked, Ran, run_experiment
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import SimulatedShape, simulate_market


@pytest.fixture(scope="module")
def market() -> MarketPanel:
    return simulate_market(3, SimulatedShape(date(2022, 6, 1), date(2025, 3, 31), 30))


@pytest.fixture(scope="module")
def ran(market: MarketPanel, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_experiment(location.LOCATION, Asked(tmp_path_factory.mktemp("lab")), market)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ([12, 40, 82, 5], Verdict.REPRODUCED),
        ([12, 40, 82, 100], Verdict.REPRODUCED),
        ([12, 5, 3, 100], Verdict.IN_PART),  # too few within
        ([40, 40, 40, -1], Verdict.IN_PART),  # it costs some
        ([40, -50, -1, 10], Verdict.NOT),
    ],
)
def test_the_verdict(gains: list[float], verdict: Verdict) -> None:
    found, because = location._judged(np.array(gains, float), np.zeros(4), np.zeros((2, 4)))
    assert found is verdict
    assert f"{max(gains):.0f} bp a year" in because


def test_households_hold_the_same_dollars_in_every_way(market: MarketPanel) -> None:
    cohort = location._cohort(
        Setting(market, Size.QUICK, 1, _never, RiskThen, lambda _name, _total: lambda _done: None)
    )
    ways = len(location._WAYS)
    firsts = np.unique(cohort.taxpayer)
    opened = np.add.reduceat(cohort.opening, cohort.account_start[firsts])
    counted = np.add.reduceat(cohort.opening * cohort.counts, cohort.account_start[firsts])
    assert (opened == 1_000_000 * 10_000).all()
    assert np.ptp(counted.reshape(-1, ways), axis=1) == pytest.approx(0)
    assert firsts.size % (ways * len(location._KINDS)) == 0
    kinds = cohort.kind.reshape(-1, 3)
    assert (kinds == [AccountKind.TAXABLE, AccountKind.TRADITIONAL, AccountKind.ROTH]).all()


def _never(name: str, cohort: Cohort, *, last: int | None = None, keeps_lines: bool = False) -> Lived:
    raise AssertionError(name, cohort, last, keeps_lines)


def test_interest_and_dividends_are_saved_and_bonds_leave_the_taxable_account(ran: Ran) -> None:
    figures = ran.finding.figures
    for kind in location._KINDS:
        for way in location._WAYS[1:]:
            assert figures[f"{kind.name}, {way} income"] > 0, (kind, way)
        assert figures[f"{kind.name}, account by account sold"] == 0
    # Bonds are the target's part of what counts, but where dollars are counted alike.
    for kind in location._KINDS:
        wanted = 100 * (1 - location._MIXES[kind.mix][1])
        own = [figures[f"{kind.name}, {way} bonds"] for way in location._WAYS]
        assert own[location._ASIDE] == pytest.approx(wanted, abs=4)
        assert own[location._FIRST] == pytest.approx(wanted, abs=4)
        assert own[location._ALIKE] < own[location._ONE]


def test_interest_of_bond_funds_is_ordinary_income(ran: Ran, market: MarketPanel) -> None:
    """Account by account, a taxable account holds the mix: interest is what its bonds paid, told as ordinary."""
    lived = ran.finding.lives[0].lived
    stocks = location._MIXES[0][1]
    assert lived.income[:, 0, 0].sum() > 0
    share = lived.income[:, 0].sum(axis=0) / lived.income[:, 0].sum()
    yields = 0.030 * (1 - stocks), stocks * (0.7 * 0.014 + 0.3 * 0.029)  # of the simulated funds
    assert share[0] == pytest.approx(yields[0] / sum(yields), abs=0.08)
    assert market.source == "simulated"


def test_what_is_told_is_written(ran: Ran) -> None:
    assert Path(ran.folder / "result.json").is_file()
    assert len(ran.finding.tables[0].rows) == len(location._KINDS)
    assert len(ran.finding.tables[1].rows) == len(location._MIXES) * len(location._WAYS)
