"""Tax value against the fee: figures by hand, the verdict by its rule, and a run on a small market."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.lab.cohorts.clients import Client, cohort_of
from lotwise.lab.cohorts.measures import lives_in_years
from lotwise.lab.cohorts.policies import ordinary
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.lab.experiments import tax_value
from lotwise.lab.experiments.fee_payers import fee_of
from lotwise.lab.experiments.protocol import Verdict
from lotwise.lab.experiments.running import Asked, run_experiment
from lotwise.lab.experiments.tax_value import TAX_VALUE, _Found, _Shares
from lotwise.lab.simulated_market import SimulatedShape, simulate_market
from lotwise.money import DOLLAR
from tests.lab.cohorts.small_market import BEGIN, TARGET, small_panel, small_risk


@pytest.mark.parametrize(
    ("dollars", "fee"),
    [(100_000, 0.0125), (250_000, 0.011), (999_999, 0.010), (1e6, 0.0085), (5e6, 0.005), (9e7, 0.005)],
)
def test_the_fee_is_that_of_its_tier(dollars: float, fee: float) -> None:
    assert fee_of(dollars) == fee


def test_shares_by_hand() -> None:
    found = tax_value._shares(np.array([3.0, 1.0]), np.array([2.0, 2.0]), np.array([30.0, 10.0]))
    assert found == _Shares(0.5, 0.75, 1.0)


def test_what_a_life_saved_by_hand() -> None:
    policies = (ordinary("one"), ordinary("two"))
    client = Client(BEGIN, 100_000.0, short_rate=0.35, long_rate=0.15, state_rate=0.05, fee=0.01)
    cohort = cohort_of(policies, (TARGET,), [client, replace(client, policy=1)])
    lived = live(cohort, small_panel(), small_risk(), LiveSettings())
    # The same life twice, to which taxes and losses are given by hand.
    tax = np.array([[1_000, 1_500], [-200, 700]]) * DOLLAR
    gains = np.zeros((2, 2, 5), np.int64)
    gains[0, 0, 3], gains[1, 0, 4] = -400 * DOLLAR, -1_000 * DOLLAR
    years = lives_in_years(lived)[0]
    found = tax_value._measured(lived._replace(tax=tax, gains=gains), cohort, 0)
    assert found.saved * years == pytest.approx([2_200 - 800])
    assert found.harvested * years == pytest.approx([400 * 0.40 + 1_000 * 0.20])
    value = lived.daily["value"][:, 0]
    assert found.value == pytest.approx([value[value > 0].mean()])
    assert found.fee == pytest.approx(0.01 * found.value, rel=0.25)  # by the quarter, on its last day
    assert found.kept[0] > 0


FINE, MANY = _Shares(0.58, 0.80, 2.0), _Shares(0.86, 0.99, 3.8)
FEW, POOR, SMALL = _Shares(0.57, 0.90, 2.0), _Shares(0.90, 0.79, 2.0), _Shares(0.96, 0.99, 3.7)


@pytest.mark.parametrize(
    ("own", "index", "losses", "verdict"),
    [
        (FINE, FINE, MANY, Verdict.REPRODUCED),
        (_Shares(1.0, 1.0, 9.0), FEW, MANY, Verdict.IN_PART),  # with the list alone
        (FINE, POOR, MANY, Verdict.IN_PART),
        (FEW, FINE, SMALL, Verdict.IN_PART),
        (POOR, FEW, MANY, Verdict.IN_PART),
        (POOR, FEW, SMALL, Verdict.NOT),
        (FEW, POOR, _Shares(0.85, 0.9, 7.6), Verdict.NOT),
    ],
)
def test_the_verdict_on_tax_value(own: _Shares, index: _Shares, losses: _Shares, verdict: Verdict) -> None:
    found, because = tax_value._judged(_Found(own, index, losses, _Shares(0.31, 0.4, 1.0)))
    assert found is verdict
    for part in (f"{own.households:.0%} of households", f"{losses.times:.1f} times it", "for 31% with the list"):
        assert part in because


def test_the_experiment_runs_and_its_table_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tax_value._ACCOUNTS, "quick", 12)
    market = simulate_market(3, SimulatedShape(date(2022, 6, 1), date(2025, 9, 30), 30))
    ran = run_experiment(TAX_VALUE, Asked(tmp_path), market)
    by_kind, _, by_fee = ran.finding.tables
    assert sum(int(row[1]) for row in by_kind.rows[:-1]) == int(by_kind.rows[-1][1]) == 12
    shares = [float(row[1].rstrip("%")) for row in by_fee.rows]
    assert shares == sorted(shares, reverse=True)  # the dearer, the fewer
    both = pl.read_parquet(ran.folder / "households.parquet")
    assert both["target"].value_counts(sort=True)["count"].to_list() == [12, 12]
    kept = both.filter(pl.col("target") == "list")
    above = kept.filter(pl.col("saved") > pl.col("fee"))
    assert ran.finding.figures["list saved households"] == pytest.approx(above.height / 12)
    assert ran.finding.figures["list saved dollars"] == pytest.approx(
        above["value"].to_numpy().sum() / kept["value"].to_numpy().sum()
    )
    assert (both["fee"] > 0).all()
    assert "<svg" in ran.finding.pictures[0].svg
