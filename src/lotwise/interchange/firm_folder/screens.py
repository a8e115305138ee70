"""screens.csv and the built-in screens: which securities each screen excludes, and what restrictions may ask of one.

A restriction names a screen in one of two ways:

- `NAME`: a screen of the file (scored above 0, true, or just listed), or a built-in one that the file does not have;
- `NAME < NUMBER`, and `<=`, `>`, `>=` likewise: the securities whose score in the file is on that side of the number.

Blanks around the sign do not matter. A name of the file that holds such a sign itself is taken whole, and a threshold
goes by the last sign. A security without a score is outside of every threshold.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.households.toml_values import closest
from lotwise.interchange.firm_folder.built_in_screens import Found, built_in_screens, find_members
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.securities import Securities, code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.securities.market import SecurityKind

__all__ = ["Asked", "Screens", "read_screens"]

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_THRESHOLD = re.compile(rf"^(?P<name>.*[^<>=\s])\s*(?P<sign><=|>=|<|>)\s*(?P<number>{_NUMBER})$")
_SIGN = re.compile(r"[<>=≤≥]")
_SIDES: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FUNDS = (SecurityKind.ETF, SecurityKind.FUND)
_NAMED = 6  # industries, or symbols, that one finding names


class Asked(NamedTuple):
    """What a restriction's value says: the screen by the one name it has, or why it says nothing."""

    name: str  # '' where it names none
    must_be: str = ""
    hint: str = ""
    unreadable: bool = False  # it is no name and no threshold; else what it names is not there


class _Scores(NamedTuple):
    """Scores of one screen; a security may have several."""

    security: NDArray[np.int32]
    score: NDArray[np.float64]


@dataclass(slots=True)
class Screens:
    """Every screen that a restriction can ask for; `members` grows by what is asked."""

    securities: Securities
    file: str
    securities_file: str
    members: dict[str, NDArray[np.int32]]
    scores: dict[str, _Scores]
    _built_in: dict[str, Found] = field(default_factory=dict)
    _thresholds: dict[str, str] = field(default_factory=dict)  # the screen of each threshold that was asked for

    def ask(self, value: str) -> Asked:
        """Find the screen that a restriction's value means."""
        if value in self.members:
            return Asked(value)
        if value in built_in_screens():
            return self._ask_built_in(value)
        if _SIGN.search(value):
            return self._ask_threshold(value)
        known = (*self.members, *built_in_screens())
        return Asked("", "a screen that is there", closest(value, known))

    def _ask_built_in(self, name: str) -> Asked:
        funds = np.isin(self.securities.kind, _FUNDS)
        found = find_members(built_in_screens()[name], self.securities.labels, funds)
        if not found.judged:
            needs = f"a screen that can be told: {name} goes by industry, which {self.securities_file} gives of none"
            return Asked("", needs, "add industries, or list the screen in screens.csv; ")
        self._built_in[name] = found
        self.members[name] = found.members
        return Asked(name)

    def _ask_threshold(self, value: str) -> Asked:
        read = _THRESHOLD.match(value)
        number = float(read["number"]) if read else math.inf
        unreadable = Asked("", 'a screen, or a screen and a threshold like "esg < 40" (<, <=, >, >=)', "", True)
        if read is None or not math.isfinite(number):
            return unreadable
        name = read["name"]
        if name not in self.scores:
            if _SIGN.search(name):
                return unreadable
            must_be = "a screen whose rows in screens.csv have numbers"
            return Asked("", must_be, "" if name in self.members else closest(name, tuple(self.scores)))
        asked = f"{name} {read['sign']} {repr(number).removesuffix('.0')}"
        if asked in self.members and asked not in self._thresholds:
            return unreadable  # a list of the file has this name, which was not written as it stands there
        if asked not in self.members:
            scores = self.scores[name]
            within = _SIDES[read["sign"]](scores.score, number)
            self.members[asked] = np.unique(scores.security[within]).astype(np.int32)
            self._thresholds[asked] = name
        return Asked(asked)

    def report_used(self, findings: FindingList) -> None:
        """Say what each built-in screen and each threshold that was asked for found, and what it cannot tell."""
        for name, found in self._built_in.items():
            self._report_built_in(name, found, findings)
        judged = ~np.isin(self.securities.kind, _FUNDS)
        for asked, name in self._thresholds.items():
            without = judged.copy()
            without[self.scores[name].security] = False
            if without.any():
                message = Message(
                    Severity.NOTICE,
                    f"a score for every security that {asked} is to judge",
                    "add their scores; until then they count as outside: they are held and bought",
                )
                was = f"{without.sum()} of {judged.sum()} securities that are no funds without one"
                findings.add(Place(self.file, None, "score"), message, was)

    def _report_built_in(self, name: str, found: Found, findings: FindingList) -> None:
        place = Place(self.securities_file, None, "industry")
        replace = f"list {name} in screens.csv to put your own in its place"
        message = Message(
            Severity.NOTICE if len(found.members) else Severity.WARNING,
            f"what is meant by {name}: it goes by industry, and excludes {built_in_screens()[name].meaning}",
            f"if it is not, {replace}",
        )
        was = f"{len(found.members)} {_securities(len(found.members))}{_counted(found.industries, ' by ')}"
        if found.unknown:
            was += f"; {found.unknown} with neither industry nor sector count as outside"
        findings.add(place, message, was)
        if found.too_broad:
            count = sum(found.too_broad.values())
            message = Message(
                Severity.WARNING,
                f"industries that tell {name} from the rest",
                f"give narrower ones, or {replace}; until then they count as outside: they are held and bought",
            )
            findings.add(place, message, f"{count} {_securities(count)}{_counted(found.too_broad, ' in ')}")


def _securities(count: int) -> str:
    return "security" if count == 1 else "securities"


def _counted(industries: Mapping[str, int], before: str) -> str:
    """Name industries, those of most securities first, with their counts."""
    ranked = sorted(industries, key=lambda name: (-industries[name], name))
    if not ranked:
        return ""
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return before + ", ".join(f"{name} ({industries[name]})" for name in ranked[:_NAMED]) + more


def read_screens(table: TypedTable, securities_file: str, securities: Securities, findings: FindingList) -> Screens:
    """Members and scores of each screen: on it if scored above 0, true, or just listed; a wrong score as listed."""
    table.report_cells(findings)
    for row in table.broken:
        message = Message(Severity.ERROR, "a row as wide as the header", "correct the row; it is not used")
        findings.add(Place(table.file, row.line), message, row.why)
    frame = table.frame.filter(pl.col("screen").is_not_null() & pl.col("symbol").is_not_null())
    score = pl.col("score").str.to_lowercase()
    number = pl.when(score.str.contains(f"^{_NUMBER}$")).then(score).cast(pl.Float64, strict=False)
    frame = frame.with_columns(
        code_of(frame["symbol"], securities.labels.symbols).alias("security"),
        pl.when(number.is_finite()).then(number).alias("number"),
    )
    is_word = pl.col("score").str.to_lowercase().is_in(["true", "false"])
    wrong = pl.col("score").is_not_null() & pl.col("number").is_null() & ~is_word
    for line, was in frame.filter(wrong).select(LINE, "score").iter_rows():
        message = Message(Severity.WARNING, "a number, true or false", "correct it; it counts as on the screen")
        findings.add(Place(table.file, line, "score"), message, was)
    _report_contradictions(table.file, frame, findings)
    _report_strangers(table.file, frame.filter(pl.col("security").is_null()), findings)
    members = {name: np.zeros(0, dtype=np.int32) for name in frame["screen"].unique(maintain_order=True).to_list()}
    known = frame.filter(pl.col("security").is_not_null())
    off = (score == "false") | (pl.col("number") <= 0)
    for (name,), part in known.filter(~off.fill_null(value=False)).group_by("screen"):
        members[str(name)] = np.unique(part["security"].to_numpy()).astype(np.int32)
    scores = {
        str(name): _Scores(part["security"].to_numpy().astype(np.int32), part["number"].to_numpy())
        for (name,), part in known.drop_nulls("number").group_by("screen")
    }
    return Screens(securities, table.file, securities_file, members, scores)


def _report_strangers(file: str, strangers: pl.DataFrame, findings: FindingList) -> None:
    """Name the symbols that no security has, with the line of the first: a misspelt one excludes nothing."""
    if strangers.is_empty():
        return
    symbols = strangers["symbol"].unique(maintain_order=True).to_list()
    more = f" and {len(symbols) - _NAMED} more" if len(symbols) > _NAMED else ""
    to_do = "correct those that are misspelt: they exclude nothing; others may stay"
    message = Message(Severity.NOTICE, "a symbol of the securities file", to_do)
    findings.add(Place(file, strangers[LINE][0], "symbol"), message, ", ".join(symbols[:_NAMED]) + more)


def _report_contradictions(file: str, frame: pl.DataFrame, findings: FindingList) -> None:
    """Warn of a security that one screen scores twice, and not alike."""
    said = pl.coalesce(pl.col("number").cast(pl.String), pl.col("score").str.to_lowercase(), pl.lit("true"))
    again = frame.filter(
        (said.n_unique().over("screen", "symbol") > 1) & ~pl.struct("screen", "symbol").is_first_distinct()
    )
    message = Message(
        Severity.WARNING,
        "one score for a security of a screen",
        "remove one of the rows; it is on the screen if any of them says so",
    )
    findings.rows(Place(file, None, "score"), message, rows_to_report(again[LINE], again["score"]))
