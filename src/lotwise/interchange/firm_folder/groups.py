"""What sectors, industries, asset classes and screens contain: members of each, and shares of funds looked through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.screens import Screens
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.securities.market import SecurityKind

__all__ = ["GroupBook", "read_lookthrough"]

_SUM_TOLERANCE = 1e-6
_FUNDS = (SecurityKind.ETF, SecurityKind.FUND)


def read_lookthrough(
    table: TypedTable, securities: Securities, today: int, findings: FindingList
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Holdings of each fund as of its latest day: positions and weights; a wrong row leaves its fund unknown."""
    table.report_cells(findings)
    wrong = table.errors()
    frame = table.frame.with_columns(
        code_of(table.frame["fund"], securities.labels.symbols).alias("code"),
        code_of(table.frame["symbol"], securities.labels.symbols).alias("security"),
        pl.col("as_of").fill_null(today),
    )
    spoiled = set(frame["fund"].filter(wrong).drop_nulls().to_list())
    known = set(frame["fund"].drop_nulls().to_list())
    for row in table.broken:
        message = Message(Severity.ERROR, "a row as wide as the header", "correct the row; its fund is unknown")
        findings.add(Place(table.file, row.line), message, row.why)
        spoiled |= known.intersection(cell.strip() for cell in row.cells)
    frame = frame.filter(pl.col("code").is_not_null() & (pl.col("as_of") <= today) & ~wrong)
    frame = frame.filter(pl.col("as_of") == pl.col("as_of").max().over("fund"))
    holdings = {}
    for (fund,), part in frame.group_by("fund", maintain_order=True):
        total = float(part["weight"].sum())
        if str(fund) in spoiled:
            continue
        if total > 1 + _SUM_TOLERANCE:
            message = Message(Severity.ERROR, "weights that sum to 1 at most", "correct them; the fund is unknown")
            findings.add(Place(table.file, part[LINE][0], "weight"), message, f"{fund}: {total:.9g}")
            continue
        listed = part.filter(pl.col("security").is_not_null())  # the rest belongs to no group here
        holdings[int(part["code"][0])] = (listed["security"].to_numpy(), listed["weight"].to_numpy())
    return holdings


@dataclass(slots=True)
class GroupBook:
    """Every group that a restriction can name."""

    securities: Securities
    screens: Screens
    lookthrough: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]
    file: str  # of look-through, for findings
    _by_scope: dict[str, dict[str, NDArray[np.int32]]]
    _warned: set[int]

    @classmethod
    def of(
        cls,
        securities: Securities,
        screens: Screens,
        lookthrough: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]],
        file: str,
    ) -> GroupBook:
        """Index the securities by each of their words."""
        labels = securities.labels
        by_scope = {"screen": screens.members}
        for scope, words in (
            ("symbol", labels.symbols),
            ("sector", labels.sectors),
            ("industry", labels.industries),
            ("asset_class", labels.asset_classes),
        ):
            index: dict[str, list[int]] = {}
            for number, word in enumerate(words):
                if word:
                    index.setdefault(word, []).append(number)
            by_scope[scope] = {word: np.array(found, dtype=np.int32) for word, found in index.items()}
        return cls(securities, screens, lookthrough, file, by_scope, set())

    def names(self, scope: str, value: str) -> bool:
        """Whether a scope but screens, which are asked for, has something of this name."""
        return value in self._by_scope[scope]

    def known(self, scope: str) -> tuple[str, ...]:
        """Names of a scope."""
        return tuple(self._by_scope[scope])

    def members(self, scope: str, value: str) -> NDArray[np.int32]:
        """Positions of the securities that belong to a group themselves, ascending."""
        return self._by_scope[scope][value]

    def funds_containing(self, scope: str, value: str) -> set[int]:
        """Positions of the funds that are no members of a group themselves and contain some of it by look-through."""
        members = self.members(scope, value)
        own = set(members.tolist())
        return {
            fund
            for fund, (held, weights) in self.lookthrough.items()
            if fund not in own and float(weights[np.isin(held, members)].sum()) > 0
        }

    def coefficients(
        self, scope: str, value: str, findings: FindingList
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Positions and coefficients of a group's bound: 1 for a member, for a fund the share found in the group.

        A fund without look-through counts by its own word; where it has none either, it counts as 0, a warning.
        """
        share = np.zeros(self.securities.count)
        inside = np.zeros(self.securities.count)
        members = self.members(scope, value)
        inside[members] = 1.0
        share[members] = 1.0
        labels = self.securities.labels
        words = {"sector": labels.sectors, "industry": labels.industries, "asset_class": labels.asset_classes}
        for fund in np.flatnonzero(np.isin(self.securities.kind, _FUNDS)):
            held = self.lookthrough.get(int(fund))
            if held is not None:
                share[fund] = min(float(held[1] @ inside[held[0]]), 1.0)
            elif not inside[fund] and not (scope in words and words[scope][fund]):
                self._warn(int(fund), scope, value, findings)
        found = np.flatnonzero(share)
        return found.astype(np.int32), share[found]

    def _warn(self, fund: int, scope: str, value: str, findings: FindingList) -> None:
        if fund in self._warned:
            return
        self._warned.add(fund)
        message = Message(
            Severity.WARNING,
            "look-through of every fund where a bound needs it",
            f"add {self.securities.labels.symbols[fund]}; until then none of it counts in {scope} {value} and the like",
        )
        findings.add(Place(self.file, None, "fund"), message, f"{self.securities.labels.symbols[fund]} missing")
