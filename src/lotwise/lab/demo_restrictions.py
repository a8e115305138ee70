"""What the demo's clients do not want: screens, sector bounds, single names and lots, and the screens themselves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.lab.demo_households import HouseholdPlan
from lotwise.lab.demo_models import CHILDREN, FUND_MODELS, weights_on
from lotwise.lab.market_panel import Floats, MarketPanel

__all__ = ["Restriction", "Wishes", "screen_members"]

# A screen holds the stocks of the industries that contain one of these words.
SCREENS = {
    "tobacco": ("Tobacco",),
    "weapons": ("Aerospace & Defense",),
    "fossil_fuels": ("Oil & Gas", "Pipelines", "Coal"),
}
# Chances of each wish per household.
SCREEN_CHANCE = 0.14
SECTOR_CHANCE = 0.06
EMPLOYER_CHANCE = 0.10
KEEP_LEGACY_CHANCE = 0.40  # of the households with legacy lots
NEVER_TRADE_CHANCE = 0.04
FLOOR_CHANCE = 0.02
# A sector bound stands at this part of the sector's weight in the household's model.
SECTOR_PART = 0.85
# Employers and held names come from this many of the largest members.
LARGEST = 200


class Restriction(NamedTuple):
    """One line of restrictions.csv; weight '' where the rule has none."""

    household_id: str
    rule: str
    scope: str
    value: str
    weight: str
    account_id: str


def screen_members(panel: MarketPanel) -> list[tuple[str, int]]:
    """Screen and security of screens.csv: live stocks by industry."""
    live = panel.live
    return [
        (screen, place)
        for screen, words in SCREENS.items()
        for place, industry in enumerate(panel.universe.industries)
        if live[place] and any(word in industry for word in words)
    ]


class Wishes:
    """Draws the restrictions of one household after the other."""

    def __init__(self, panel: MarketPanel) -> None:
        self.panel = panel
        self.last = len(panel.days) - 1
        size = np.where(panel.member[-1] & panel.live, np.nan_to_num(panel.caps[-1]), 0.0)
        self.largest = np.argsort(-size, kind="stable")[: min(LARGEST, int((size > 0).sum()))]
        self.screens = sorted({screen for screen, _ in screen_members(panel)})
        self._weights: dict[str, Floats] = {}

    def everyone(self) -> list[Restriction]:
        """What holds for every household: the firm's restricted list, one large name that nobody may buy."""
        name = int(self.largest[len(self.largest) // 3])
        return [Restriction("*", "never_buy", "symbol", self.panel.universe.symbols[name], "", "")]

    def _sector_bound(self, household: HouseholdPlan) -> Restriction | None:
        """Bound the largest sector of a model of stocks a little below the model."""
        if household.model in FUND_MODELS or household.model in CHILDREN:
            return None
        if household.model not in self._weights:
            self._weights[household.model] = weights_on(self.panel, self.last, household.model)
        weights = self._weights[household.model]
        sectors = np.array(self.panel.universe.sectors)
        totals = {str(name): float(weights[sectors == name].sum()) for name in np.unique(sectors) if name}
        name = max(totals, key=lambda each: totals[each])
        bound = f"{totals[name] * SECTOR_PART:.2f}"
        return Restriction(household.household_id, "max_weight", "sector", name, bound, "")

    def of(
        self, rng: np.random.Generator, household: HouseholdPlan, legacy_lots: list[tuple[str, str]]
    ) -> list[Restriction]:
        """Draw a household's restrictions; `legacy_lots` are its (account, lot) pairs of old positions."""
        who = household.household_id
        symbols = self.panel.universe.symbols
        found: list[Restriction] = []
        if self.screens and rng.random() < SCREEN_CHANCE:
            screen = self.screens[int(rng.integers(len(self.screens)))]
            found.append(Restriction(who, "never_own", "screen", screen, "", ""))
        bound = self._sector_bound(household) if rng.random() < SECTOR_CHANCE else None
        if bound is not None:
            found.append(bound)
        if rng.random() < EMPLOYER_CHANCE:
            found.append(Restriction(who, "never_buy", "symbol", symbols[int(rng.choice(self.largest))], "", ""))
        if rng.random() < NEVER_TRADE_CHANCE:
            found.append(Restriction(who, "never_trade", "symbol", symbols[int(rng.choice(self.largest))], "", ""))
        if rng.random() < FLOOR_CHANCE:
            top = symbols[int(self.largest[int(rng.integers(10))])]
            found.append(Restriction(who, "min_weight", "symbol", top, "0.01", ""))
        if legacy_lots and rng.random() < KEEP_LEGACY_CHANCE:
            found += [Restriction(who, "never_sell", "lot", lot, "", account) for account, lot in legacy_lots]
        return found
