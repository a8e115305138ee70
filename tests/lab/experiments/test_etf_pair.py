"""The pair of funds: its rule both ways, and its figures by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lotwise.lab.cohorts.clients import Client, cohort_of
from lotwise.lab.cohorts.policies import ordinary
from lotwise.lab.cohorts.targets import FundPair, OneFund
from lotwise.lab.experiments import etf_pair
from lotwise.lab.experiments.protocol import Verdict
from lotwise.money import DOLLAR
from tests.lab.cohorts.test_measures import flat, written


def figures(once: float, saving: float) -> dict[str, float]:
    made: dict[str, float] = {}
    for kind, ratio in zip(etf_pair._SAVES, (once, saving), strict=True):
        made |= {
            f"{kind} ratio to {etf_pair._PAIR}": ratio,
            f"{kind} gross ratio to {etf_pair._PAIR}": 2.0,
            f"{kind} {etf_pair._INDEX} losses": 10.0 * ratio if np.isfinite(ratio) else 5.0,
            f"{kind} {etf_pair._PAIR} losses": 10.0 if np.isfinite(ratio) else 0.0,
        }
    return made


@pytest.mark.parametrize(
    ("once", "saving", "verdict"),
    [
        (1.9, 1.9, Verdict.REPRODUCED),
        (1.4, 2.6, Verdict.REPRODUCED),
        (1.9, 2.7, Verdict.IN_PART),
        (1.3, 1.9, Verdict.IN_PART),
        (5.0, 1.2, Verdict.IN_PART),  # more of it in both
        (np.inf, 1.2, Verdict.IN_PART),  # the pair had no losses at all
        (5.0, 1.05, Verdict.NOT),
        (0.8, 1.0, Verdict.NOT),
        (np.nan, 1.2, Verdict.NOT),  # neither had
    ],
)
def test_the_verdict(once: float, saving: float, verdict: Verdict) -> None:
    found, because = etf_pair._judged(figures(once, saving))
    assert found is verdict
    assert "nan" not in because
    assert "published: 1.9 times" in because


@pytest.mark.parametrize(
    ("index", "pair", "ratio"), [(6.0, 3.0, 2.0), (6.0, 0.0, np.inf), (6.0, -1.0, np.inf), (-2.0, 4.0, -0.5)]
)
def test_a_ratio_needs_losses_of_the_pair(index: float, pair: float, ratio: float) -> None:
    assert etf_pair._ratio(index, pair) == ratio
    assert np.isnan(etf_pair._ratio(-1.0, 0.0))


def test_net_losses_are_a_part_of_what_was_brought_in_by_then() -> None:
    """1,000 and 500 more in 2024: 100 lost in 2024 and 80 gained in 2025 are 100 and 20 of 1,500."""
    gains: Any = np.zeros((3, 1, 5), np.int64)
    gains[1, 0, 0], gains[1, 0, 1] = -130 * DOLLAR, 30 * DOLLAR
    gains[2, 0, 1] = 80 * DOLLAR
    lived = written([flat()], gains=gains)
    lived.daily["flow"][100] = 500.0
    parts = etf_pair._parts(lived, np.array([True]))
    assert parts == pytest.approx([100 / 1_500, 20 / 1_500, np.nan], nan_ok=True)
    assert etf_pair._net_losses(lived)[:, 0].tolist() == [0.0, 100.0, -80.0]


def test_years_that_not_every_account_lived_are_left_out() -> None:
    lived = written([flat(), flat()], start=np.array([0, 400], np.int32), gains=np.zeros((3, 2, 5), np.int64))
    parts = etf_pair._parts(lived, np.array([True, True]))
    assert np.isfinite(parts).tolist() == [True, False, False]


def test_accounts_of_a_kind_come_together() -> None:
    policies = tuple(replace(ordinary("one"), name=policy.name) for policy, _ in etf_pair._policies())
    client = Client(0, 1_000.0)
    clients = [
        replace(client, policy=number, flows=((50, 10.0),) if saves else ())
        for saves in etf_pair._SAVES.values()
        for _ in range(2)
        for number in range(len(policies))
    ]
    cohort = cohort_of(policies, (OneFund(), FundPair()), clients)
    saving = etf_pair._of_kind(cohort, "saving monthly")
    assert sorted(set(cohort.flows["account"].tolist())) == np.flatnonzero(saving).tolist()
    assert saving.sum() == 2 * len(policies)
