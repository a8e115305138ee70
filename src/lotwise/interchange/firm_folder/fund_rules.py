"""Restrictions that do not reach into funds: a notice where a fund that a household may hold contains what they bar.

never_buy and never_own on a sector, industry, asset class or screen act on what is held directly. A fund that contains
members of the group is neither barred nor sold; only max_weight counts it, by look-through.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.groups import GroupBook
from lotwise.interchange.firm_folder.restrictions import EVERYONE, Restriction
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.rebalancing.book import Models

__all__ = ["Holdable", "report_funds_within_reach"]

_RULES = ("never_buy", "never_own")
_SCOPES = ("sector", "industry", "asset_class", "screen")
_NAMED = 3  # funds that one notice names


class Holdable:
    """Which of the funds with look-through each household holds or may hold: those in its lots and in its model."""

    def __init__(
        self,
        accounts: AccountTable,
        models: Models,
        followed: NDArray[np.int32],
        lots: pl.DataFrame,
        funds: Collection[int],
    ) -> None:
        held = lots.filter(pl.col("security").is_in(list(funds))).select("household", "security").unique()
        self._lots: dict[int, set[int]] = {}
        for household, security in held.iter_rows():
            self._lots.setdefault(household, set()).add(security)
        self._in_models = [
            set(models.security[first:last].tolist()).intersection(funds)
            for first, last in itertools.pairwise(models.start.tolist())
        ]
        chosen = np.flatnonzero(accounts.roster.chosen).tolist()
        self._followed: Mapping[int, int] = dict(zip(chosen, followed.tolist(), strict=True))

    def of(self, household: int, funds: set[int]) -> set[int]:
        """Those of `funds` that a household of the roster holds or may hold (EVERYONE: that any household does)."""
        households: Iterable[int] = self._followed if household == EVERYONE else (household,)
        found: set[int] = set()
        for one in households:
            found |= funds & self._lots.get(one, set())
            if one in self._followed:
                found |= funds & self._in_models[self._followed[one]]
        return found


def report_funds_within_reach(
    table: TypedTable, rules: list[Restriction], groups: GroupBook, holdable: Holdable, findings: FindingList
) -> None:
    """Say, for each rule on a group, that funds which contain members of it are not touched by it."""
    names: dict[int, str] = dict(enumerate(groups.securities.labels.symbols))
    containing: dict[tuple[str, str], set[int]] = {}
    within: dict[tuple[str, str, int], set[int]] = {}
    for rule in rules:
        if rule.rule not in _RULES or rule.scope not in _SCOPES:
            continue
        group = (rule.scope, rule.value)
        if group not in containing:
            containing[group] = groups.funds_containing(*group)
        key = (*group, rule.household)
        if key not in within:
            within[key] = holdable.of(rule.household, containing[group])
        if not within[key]:
            continue
        funds = sorted(names[fund] for fund in within[key])
        words = ", ".join(funds[:_NAMED]) + (f" and {len(funds) - _NAMED} more" if len(funds) > _NAMED else "")
        message = Message(
            Severity.NOTICE,
            f"known to act on direct holdings only: funds that contain {rule.scope.replace('_', ' ')} {rule.value} "
            "are still held and bought",
            "to limit what funds contain too, add max_weight on the same group: it looks through funds",
        )
        place = Place(table.file, table.frame[LINE][rule.source], "rule")
        findings.add(place, message, f"{rule.rule}, and {words} contains some")
