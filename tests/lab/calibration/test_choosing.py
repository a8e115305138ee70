"""Choosing on one half and judging on the other: the rule on made-up figures, both ways, and worth by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lotwise.households.profile import KEYS
from lotwise.lab.calibration import calibrating
from lotwise.lab.calibration.choosing import Choice, choice_of, chosen_values, judged
from lotwise.lab.calibration.clients import KINDS, by_kind_start_policy, cohort_in, halves
from lotwise.lab.calibration.tried import LOOKS, Knob, Tried, knobs, policy_of, tried_values
from lotwise.lab.calibration.worth import Noise, Parts, gain_over, noise_of, worth_of
from lotwise.lab.cohorts.policies import Looks
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.protocol import Verdict
from lotwise.lab.simulated_market import SimulatedShape, simulate_market

KNOB = Knob("worth_it_bps", "1", ("0.1", "5"))
TRIED = (Tried(0, "0.1"), Tried(0, "5"), Tried(1, "100"))


def worth(*means: float, spread: float = 1.0) -> np.ndarray:
    """(1, 3, policies): the default at zero, then each value at its mean, one start better, one worse by `spread`."""
    columns = [np.zeros(3), *(np.array([mean - spread, mean, mean + spread]) for mean in means)]
    return np.stack(columns, axis=1)[None]


ERROR = 1.0 / np.sqrt(3.0)  # of three starts a standard deviation of 1 apart


def test_noise_is_the_error_of_the_starts_means() -> None:
    found = gain_over(worth(4.0, spread=1.0), 1)
    assert found.mean == pytest.approx(4.0)
    assert found.error == pytest.approx(ERROR)
    two_clients = np.array([[1.0, 3.0, 5.0], [5.0, 3.0, 1.0]])  # alike on average on every start
    assert noise_of(two_clients) == Noise(3.0, 0.0)
    assert noise_of(np.ones((4, 1))).error == np.inf


@pytest.mark.parametrize(
    ("low", "high", "place", "matters"),
    [
        (3.0, 5.0, 1, True),
        (3.0, 1.0, 0, True),
        (1.1, 0.5, -1, False),  # within two errors
        (-5.0, 0.2, -1, True),  # matters: it could be worse; nothing is better than the default
    ],
)
def test_a_half_chooses_what_is_better_beyond_noise(low: float, high: float, place: int, *, matters: bool) -> None:
    found = choice_of(0, TRIED, worth(low, high, 99.0))
    assert (found.place, found.matters) == (place, matters)
    assert found.noise == pytest.approx(ERROR)
    assert found.spread == pytest.approx(max(low, high, 0) - min(low, high, 0))


def test_only_values_of_a_setting_are_compared_with_its_default() -> None:
    choices = [choice_of(knob, TRIED, worth(1.0, 6.0, 9.0)) for knob in (0, 1)]
    assert chosen_values(choices, TRIED) == {0: "5", 1: "100"}
    assert chosen_values([choice_of(0, TRIED, worth(0.0, 0.0, 9.0))], TRIED) == {}


SURE, UNSURE = Noise(4.0, 1.0), Noise(1.9, 1.0)


@pytest.mark.parametrize(
    ("choice", "there", "changes", "words"),
    [
        (Choice(-1, True, 9.0, 1.0), (SURE, SURE), False, "1 kept"),
        (Choice(-1, False, 1.0, 1.0), (SURE, SURE), False, "1 kept, does not matter"),
        (Choice(1, True, 9.0, 1.0), (SURE, SURE), True, "should be 5: worth 4.0 bp"),
        (Choice(1, True, 9.0, 1.0), (UNSURE, SURE), False, "1 kept: 5 is not confirmed"),
        (Choice(1, True, 9.0, 1.0), (SURE, Noise(-1.0, 1.0)), True, "should be 5: worth 4.0 bp"),
        (Choice(1, True, 9.0, 1.0), (SURE, Noise(-7.5, 1.0)), False, "1 kept: 5 costs 7.5 bp where nothing is taxed"),
    ],
)
def test_the_other_half_confirms_or_does_not(
    choice: Choice, there: tuple[Noise, Noise], words: str, *, changes: bool
) -> None:
    found, said = judged(KNOB, choice, "5", there)
    assert found is changes
    assert said.startswith(words)


@pytest.mark.parametrize(
    ("changes", "best", "verdict"),
    [
        ([False, False], 40.0, Verdict.REPRODUCED),
        ([True, False], 4.9, Verdict.IN_PART),
        ([True, False], 5.1, Verdict.NOT),
    ],
)
def test_the_verdict(changes: list[bool], best: float, verdict: Verdict) -> None:
    assert calibrating._judged([(each, "") for each in changes], best) is verdict


def test_worth_counts_tax_cost_and_the_square_of_tracking() -> None:
    one = np.full((1, 1, 1), 1.0)
    parts = Parts(sold=100 * one, stepped_up=60 * one, cost=3 * one, tracking=200 * one)
    assert worth_of(parts).item() == pytest.approx(-100 - 3 - 50 * 4)
    assert worth_of(parts, stepped_up=True).item() == pytest.approx(-60 - 3 - 50 * 4)
    assert worth_of(parts, price=25.0).item() == pytest.approx(-100 - 3 - 25 * 4)


# --- what is tried, and for whom ----------------------------------------------------------------------------------


def test_defaults_are_those_of_the_profile_and_no_value_is_the_default() -> None:
    for full in (False, True):
        for knob in knobs(Looks.DAILY if full else Looks.MONTHLY, full=full):
            assert knob.default not in knob.others, knob
    found = {knob.key: knob.default for knob in knobs(Looks.DAILY, full=True)}
    assert found["risk_price_bps"] == "50"
    assert found["harvest"] == "0.97"
    assert found["buy_opportunity_cost"] == "true"


def test_a_policy_differs_from_the_default_in_what_is_tried_alone() -> None:
    settings = knobs(Looks.MONTHLY, full=False)
    default = policy_of("default", settings, {})
    assert default.looks is Looks.MONTHLY
    assert default.profile is not None
    assert not default.profile.layers
    for each in tried_values(settings):
        policy = policy_of("one", settings, {each.knob: each.value})
        assert policy.profile is not None
        key = settings[each.knob].key
        if key == LOOKS:
            assert (policy.looks.value, dict(policy.profile.layers)) == (each.value, {})
        else:
            assert policy.looks is Looks.MONTHLY
            changed = {name for name in KEYS if getattr(policy.profile, name) != getattr(default.profile, name)}
            assert changed == {key}


def test_halves_meet_at_a_years_end_and_share_no_day_of_a_life() -> None:
    panel = simulate_market(2, SimulatedShape(date(2019, 1, 2), date(2025, 12, 31), 40))
    first, second = halves(panel, 3)
    assert str(panel.days[first.last].astype("datetime64[D]")) == "2022-12-30"
    assert second.starts[0] == first.last
    assert second.last == len(panel.days) - 1
    assert len(set(first.starts)) == len(set(second.starts)) == 3
    policies = (policy_of("default", knobs(Looks.MONTHLY, full=False), {}),) * 2
    cohort = cohort_in(second, policies, CapIndex(10))
    shaped = by_kind_start_policy(np.arange(len(cohort.start), dtype=float), second)
    assert shaped.shape == (len(KINDS), 3, 2)
    for at in np.ndindex(shaped.shape):
        household = int(shaped[at])
        assert cohort.start[household] == second.starts[at[1]]
        assert cohort.policy[household] == at[2]
        assert cohort.rates[household, 0] == round(KINDS[at[0]].short * 1e9)
    with pytest.raises(ValueError, match="2 years of prices and a year in either half, had"):
        halves(simulate_market(2, SimulatedShape(date(2023, 1, 3), date(2025, 12, 31), 40)), 3)
