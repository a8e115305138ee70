"""A household through its simulated futures: every policy on the same paths, and what each comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.errors import FolderError, Severity, UnknownNameError
from lotwise.households.toml_values import closest
from lotwise.interchange.firm_folder import Firm
from lotwise.lab.cohorts.measures import AtTheEnd, growth_a_year, lives_in_years, tax_drag, tracking_error
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live, rows_to_live
from lotwise.lab.future.household import CarriedOver, carried_over
from lotwise.lab.future.model import ModelFromToday, model_from_today
from lotwise.lab.future.prices import Future, RiskOfToday, prices_to_come
from lotwise.lab.future.ways import ways_of
from lotwise.lab.market_panel import Floats
from lotwise.money import DOLLAR

__all__ = ["FIGURES", "Futures", "futures_of"]

# What is told of a policy on a path; fractions and dollars.
FIGURES = (
    "sold",  # value after tax and cost if everything is sold at the end, above that of the ordinary rule
    "stepped_up",  # the same if nothing is taxed at the end
    "before_tax",  # what it earned before tax and after costs, above the ordinary rule: chance
    "tax",  # dollars paid over the years
    "tax_left",  # dollars of tax if everything is sold at the end
    "tracking",  # realised, a year
    "carried",  # dollars of losses carried on at the end
    "cost",  # half spreads, fraction of value a year
)


@dataclass(frozen=True, slots=True)
class Futures:
    """What became of a household: P policies on S paths."""

    household: str
    name: str
    firm: Firm
    future: Future
    policies: tuple[Policy, ...]  # the ordinary rule first, the own profile second
    model: ModelFromToday
    value: float  # dollars today
    years: float
    figures: dict[str, Floats]  # FIGURES, each (S, P)
    left_out: tuple[str, ...]

    def frame(self) -> pl.DataFrame:
        """One row per policy and path."""
        paths, policies = next(iter(self.figures.values())).shape
        return pl.DataFrame(
            {
                "policy": [policy.name for policy in self.policies] * paths,
                "path": np.repeat(np.arange(1, paths + 1), policies),
                **{name: self.figures[name].ravel() for name in FIGURES},
            }
        )


class _Asked(NamedTuple):
    """One household, ready to be lived."""

    row: int
    carried: CarriedOver
    policies: tuple[Policy, ...]
    model: ModelFromToday


def futures_of(
    firm: Firm,
    household: str,
    future: Future,
    alternatives: Sequence[str] = (),
    checkpoints: Path | None = None,
    on_phase: Callable[[str, int], Callable[[int], None]] = lambda _name, _total: lambda _done: None,
) -> Futures:
    """Live a household of a firm whose market has its risk through its futures.

    `on_phase` is told that a path begins and how many days it has, and gives what is told of days that are over. A path
    that was interrupted goes on from its last checkpoint. Raises UnknownNameError for a household that is not there,
    FolderError for one that is refused for bad data, ProfileError for an alternative that cannot be, ValueError where
    it holds nothing or its model has no price.
    """
    asked = _asked(firm, household, alternatives)
    risk, found = RiskOfToday(firm.market), list[dict[str, Floats]]()
    years = 0.0
    for path in range(future.paths):
        panel = prices_to_come(firm.market, firm.market_labels, future, path)
        settings = LiveSettings(checkpoints=checkpoints)
        told = on_phase(f"path {path + 1} of {future.paths}", rows_to_live(asked.carried.cohort, panel, settings))
        lived = live(asked.carried.cohort, panel, risk, settings, told)
        years = float(lives_in_years(lived)[0])
        found.append(_figures(lived))
    return Futures(
        household,
        firm.household_names[asked.row],
        firm,
        future,
        asked.policies,
        asked.model,
        asked.carried.value,
        years,
        {name: np.stack([each[name] for each in found]) for name in FIGURES},
        asked.carried.left_out,
    )


def _asked(firm: Firm, household: str, alternatives: Sequence[str]) -> _Asked:
    names = firm.labels.households.tolist()
    if household not in names:
        hint = closest(household, names).strip()
        raise UnknownNameError(
            f"the household must be one of the {len(names):,} that are there, was {household!r}. {hint}".rstrip()
        )
    row = names.index(household)
    if firm.book.households.blocked[row]:
        errors = [each for each in firm.findings if each.household == household and each.severity is Severity.ERROR]
        why = str(errors[0]) if errors else "its data cannot be used"
        raise FolderError(f"household {household} is refused: {why}", firm.findings)
    policies = ways_of(firm.profiles[firm.book.households.policy[row]], alternatives)
    model, unpriced = model_from_today(firm, row)
    carried = carried_over(firm, row, policies, model)
    if unpriced > 0:
        first = f"{unpriced:.1%} of the model, in securities without a price"
        carried = carried._replace(left_out=(first, *carried.left_out))
    return _Asked(row, carried, policies, model)


def _figures(lived: Lived) -> dict[str, Floats]:
    """FIGURES of one path, (P,) each."""
    years = lives_in_years(lived)
    kept = _cost_kept(lived)
    grown = (1.0 + growth_a_year(lived)) ** years
    after = {end: (1.0 - tax_drag(lived, end)) ** years * kept for end in (AtTheEnd.LIQUIDATION, AtTheEnd.STEP_UP)}

    def above(values: Floats) -> Floats:
        more: Floats = values / values[0] - 1.0
        return more

    return {
        "sold": above(after[AtTheEnd.LIQUIDATION]),
        "stepped_up": above(after[AtTheEnd.STEP_UP]),
        "before_tax": above(grown),
        "tax": lived.tax.sum(axis=0) / DOLLAR,
        "tax_left": lived.ending.liquidation / DOLLAR,
        "tracking": tracking_error(lived),
        "carried": (lived.ending.carried_short + lived.ending.carried_long) / DOLLAR,
        "cost": -np.log(kept) / years,
    }


def _cost_kept(lived: Lived) -> Floats:
    """(H,) part of value that half spreads leave, those of the first day among them."""
    cost, value = lived.daily["cost"], lived.daily["value"]
    kept: Floats = np.prod(1.0 - np.divide(cost, value, out=np.zeros_like(value), where=value > 0), axis=0)
    return kept
