"""Sets of rules from restrictions: every household points to one, equal sets are one, row 0 is the set for all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.groups import GroupBook
from lotwise.interchange.firm_folder.restrictions import BOUNDS, EVERYONE, Restriction
from lotwise.rebalancing.book import Groups, NameRule, RuleSets

__all__ = ["RuleBook", "build_rules"]

_FLAGS = {
    "never_buy": NameRule.NO_BUY,
    "never_sell": NameRule.NO_SELL,
    "never_own": NameRule.NO_BUY,
    "never_trade": NameRule.NO_BUY | NameRule.NO_SELL,
    "min_weight": NameRule(0),
    "max_weight": NameRule(0),
}


class RuleBook(NamedTuple):
    """The rule sets, the set of each household of the roster, and the groups that rules bound."""

    sets: RuleSets
    of_household: NDArray[np.int32]
    groups: Groups
    group_names: tuple[str, ...]


def _bounds(rule: Restriction) -> tuple[float, float]:
    low = rule.weight if rule.rule == "min_weight" else 0.0
    high = rule.weight if rule.rule == "max_weight" else 0.0 if rule.rule == "never_own" else 1.0
    return low, high


class _Columns:
    """Columns of `RuleSets` and `Groups` while they grow."""

    def __init__(self, groups: GroupBook, account_rows: NDArray[np.int32], findings: FindingList) -> None:
        self._groups = groups
        self._account_rows = account_rows
        self._findings = findings
        self.name_start = [0]
        self.names: list[tuple[NDArray[np.int32], int, int, float, float, int]] = []
        self.group_start = [0]
        self.group_rows: list[tuple[int, int, float, float, int]] = []
        self.bounded: dict[tuple[str, str], int] = {}
        self.coefficients: list[tuple[NDArray[np.int32], NDArray[np.float64]]] = []

    def add_set(self, rules: list[Restriction]) -> None:
        """Add one set of rules."""
        names = self.name_start[-1]
        for rule in rules:
            account = -1 if rule.account < 0 else int(self._account_rows[rule.account])
            low, high = _bounds(rule)
            if rule.rule in BOUNDS and rule.scope != "symbol":
                group = self._group(rule.scope, rule.value)
                self.group_rows.append((group, account, low, high, rule.source))
            else:
                members = self._groups.members(rule.scope, rule.value)
                self.names.append((members, account, int(_FLAGS[rule.rule]), low, high, rule.source))
                names += len(members)
        self.name_start.append(names)
        self.group_start.append(len(self.group_rows))

    def _group(self, scope: str, value: str) -> int:
        if (scope, value) not in self.bounded:
            self.bounded[scope, value] = len(self.bounded)
            self.coefficients.append(self._groups.coefficients(scope, value, self._findings))
        return self.bounded[scope, value]

    def rule_sets(self) -> RuleSets:
        """The sets as columns."""
        sizes = [len(members) for members, *_ in self.names]

        def spread(column: int, dtype: type[np.generic]) -> NDArray[np.generic]:
            return np.repeat(np.array([row[column] for row in self.names], dtype=dtype), sizes)

        def grouped(column: int, dtype: type[np.generic]) -> NDArray[np.generic]:
            return np.array([row[column] for row in self.group_rows], dtype=dtype)

        return RuleSets(
            np.array(self.name_start, dtype=np.int64),
            np.concatenate([np.zeros(0, dtype=np.int32), *(members for members, *_ in self.names)]),
            spread(1, np.int32).astype(np.int32),
            spread(2, np.uint8).astype(np.uint8),
            spread(3, np.float64).astype(np.float64),
            spread(4, np.float64).astype(np.float64),
            spread(5, np.int32).astype(np.int32),
            np.array(self.group_start, dtype=np.int64),
            grouped(0, np.int32).astype(np.int32),
            grouped(1, np.int32).astype(np.int32),
            grouped(2, np.float64).astype(np.float64),
            grouped(3, np.float64).astype(np.float64),
            grouped(4, np.int32).astype(np.int32),
        )

    def groups(self) -> Groups:
        """The bounded groups as sparse rows."""
        sizes = [len(found) for found, _ in self.coefficients]
        return Groups(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([np.zeros(0, dtype=np.int32), *(found for found, _ in self.coefficients)]),
            np.concatenate([np.zeros(0), *(share for _, share in self.coefficients)]),
        )


def build_rules(
    rules: list[Restriction],
    groups: GroupBook,
    households: int,
    account_rows: NDArray[np.int32],
    findings: FindingList,
) -> RuleBook:
    """Make the rule sets of `households` households; `account_rows` are the book's rows of the accounts (-1 = none).

    A household's set is the rules for all, then its own. Equal sets of different households are one: what they say
    counts, not which row says it.
    """
    own: dict[int, list[Restriction]] = {}
    for rule in rules:
        if rule.account < 0 or account_rows[rule.account] >= 0:
            own.setdefault(rule.household, []).append(rule)
    for_all = own.pop(EVERYONE, [])
    columns = _Columns(groups, account_rows, findings)
    columns.add_set(for_all)
    of_household = np.zeros(households, dtype=np.int32)
    seen: dict[tuple[tuple[str, str, str, float, int], ...], int] = {}
    for household in sorted(own):
        said = tuple(sorted(rule[1:6] for rule in own[household]))
        if said not in seen:
            seen[said] = len(seen) + 1
            columns.add_set([*for_all, *own[household]])
        of_household[household] = seen[said]
    names = tuple(f"{scope.replace('_', ' ')} {value}" for scope, value in columns.bounded)
    return RuleBook(columns.rule_sets(), of_household, columns.groups(), names)
