"""Who the demo firm's clients are: size, tax class, model, profile and accounts, each household from its own seed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from lotwise.lab.demo_models import STOCK_MODELS

__all__ = ["AccountPlan", "HouseholdPlan", "plan_household"]

# Household values in dollars: median and standard deviation of the logarithm, least and greatest.
VALUE = (1_200_000.0, 1.15)
VALUE_BOUNDS = (100_000.0, 20_000_000.0)
# Below this a household holds few names and fractions of shares; above the next it may hold everything.
SMALL, LARGE = 400_000.0, 2_000_000.0
MODEL_CHANCES: tuple[tuple[float, dict[str, float]], ...] = (
    (SMALL, {"FUNDS_80_20": 0.5, "BALANCED_60_40": 0.3, "LARGE_100": 0.2}),
    (
        LARGE,
        {
            "LARGE_500": 0.25,
            "LARGE_100": 0.25,
            "GROWTH_150": 0.12,
            "VALUE_150": 0.13,
            "BALANCED_60_40": 0.15,
            "GLOBAL_80_20": 0.10,
        },
    ),
    (
        float("inf"),
        {
            "LARGE_500": 0.45,
            "LARGE_100": 0.15,
            "GROWTH_150": 0.12,
            "VALUE_150": 0.12,
            "GLOBAL_80_20": 0.16,
        },
    ),
)
PROFILE_CHANCES = {"": 0.5, "patient_growth": 0.2, "year_round_harvest": 0.2, "close_tracking": 0.1}
# Chances of each account beyond the first taxable one, and of its being held away.
EXTRA_CHANCES = {"taxable": 0.25, "traditional": 0.60, "roth": 0.40}
AWAY_CHANCE = 0.12
# One household in a hundred gives no income and no rates: the firm's default rates and a finding.
UNKNOWN_RATES = 11
# Every fourth household gives rates of its own; those of the others follow from income, filing status and state.
OWN_RATES_EVERY = 4


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One account to be filled: `content` is the model it has been invested in so far."""

    account_id: str
    kind: str
    value: float
    content: str
    owner: str
    custodian: str
    held_away: bool


@dataclass(frozen=True, slots=True)
class HouseholdPlan:
    """One household to be filled; rates and money as they are written."""

    number: int  # from 0
    household_id: str
    name: str
    model: str
    profile: str
    filing_status: str
    state: str
    ordinary_income: int | None
    federal_short_rate: str
    federal_long_rate: str
    state_rate: str
    value: float
    fee_bps: int
    accounts: tuple[AccountPlan, ...]


def _classes() -> dict[str, Any]:
    return tomllib.loads(files("lotwise.lab").joinpath("income_classes.toml").read_text(encoding="utf-8"))


_TAX = _classes()


def _choose(rng: np.random.Generator, chances: dict[str, float]) -> str:
    weight = np.array(list(chances.values()))
    return list(chances)[int(rng.choice(len(weight), p=weight / weight.sum()))]


def _income_class(rng: np.random.Generator, value: float) -> dict[str, Any]:
    """Draw an income class that fits a household of this size."""
    fitting = [each for each in _TAX["classes"] if value <= each["largest_value"]]
    share = np.array([each["share"] for each in fitting])
    chosen: dict[str, Any] = fitting[int(rng.choice(len(fitting), p=share / share.sum()))]
    return chosen


def _ira_content(rng: np.random.Generator, model: str, value: float) -> str:
    """What a retirement account holds so far: often an index fund or the bonds, sometimes the model itself."""
    draw = rng.random()
    if model in STOCK_MODELS:
        if draw < 0.35 and value > SMALL:
            return model
        return "INDEX_FUND" if draw < 0.75 else "INDEX_FUND_TWIN"
    return model if draw < 0.6 else "BOND_FUNDS"


def _accounts(
    rng: np.random.Generator, household: str, model: str, value: float, joint: bool
) -> tuple[AccountPlan, ...]:
    """One to four accounts that share the household's value; the first taxable one is the largest."""
    kinds = ["taxable"] if rng.random() < 0.95 else []
    for kind, chance in EXTRA_CHANCES.items():
        if rng.random() < chance * (1.2 if joint else 0.9):
            kinds.append(kind)
    kinds = kinds or ["traditional"]
    size = rng.dirichlet([6.0 if place == 0 else 1.8 for place in range(len(kinds))])
    plans = []
    for place, kind in enumerate(kinds):
        worth = max(float(size[place]) * value, 5_000.0)
        away = place > 0 and rng.random() < AWAY_CHANCE
        content = model if kind == "taxable" else _ira_content(rng, model, worth)
        if away:
            content = "INDEX_FUND" if rng.random() < 0.5 else "INDEX_FUND_TWIN"
        owner = ("joint" if kind == "taxable" else "first" if rng.random() < 0.6 else "second") if joint else "first"
        account_id = f"{household}-{kind[:2].upper()}{place + 1}"
        custodian = "elsewhere" if away else ("custodian A" if rng.random() < 0.7 else "custodian B")
        plans.append(AccountPlan(account_id, kind, worth, content, owner, custodian, away))
    return tuple(plans)


def plan_household(seed: int, number: int) -> HouseholdPlan:
    """Draw household `number` (from 0): the same for a seed, however many households the firm has."""
    rng = np.random.default_rng([seed, 2, number])
    value = float(np.clip(VALUE[0] * np.exp(VALUE[1] * rng.normal()), *VALUE_BOUNDS))
    model = _choose(rng, next(chances for limit, chances in MODEL_CHANCES if value < limit))
    joint = rng.random() < 0.6
    status = "married_joint" if joint else "single"
    tax = _income_class(rng, value)
    states = _TAX["states"]
    share = np.array([state["share"] for state in states])
    state = states[int(rng.choice(len(states), p=share / share.sum()))]
    income = round(float(rng.uniform(*tax["income"][status])), -2)
    profile = _choose(rng, PROFILE_CHANCES)
    household = f"H{number + 1:04d}"
    accounts = _accounts(rng, household, model, value, joint)
    told = number % 100 != UNKNOWN_RATES
    own_rates = told and number % OWN_RATES_EVERY == 0
    return HouseholdPlan(
        number=number,
        household_id=household,
        name=f"Household {number + 1:03d}",
        model=model,
        profile="small_account" if value < SMALL else profile,
        filing_status=status,
        state=state["state"],
        ordinary_income=int(income) if told else None,
        federal_short_rate=tax["federal_short_rate"] if own_rates else "",
        federal_long_rate=tax["federal_long_rate"] if own_rates else "",
        state_rate=state["rate"] if own_rates else "",
        value=value,
        fee_bps=100 if value < SMALL else 80 if value < LARGE else 50,
        accounts=accounts,
    )
