"""When a sale turns long term, as the Code, the Service and the courts have it; facts in our own words.

`more_than` is the number of months that had to be exceeded in the law of the time.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from lotwise.dates import to_day_number
from lotwise.ledger.holding_period import LONG_TERM_MONTHS, is_long_term, is_long_term_number


class Held(NamedTuple):
    acquired: str
    sold: str
    more_than: int
    long_term: bool
    source: str


CASES = (
    Held("1945-06-19", "1945-12-19", 6, False, "Fogel v. Commissioner, 203 F.2d 347 (5th Cir. 1953)"),
    Held("1945-06-19", "1945-12-20", 6, True, "the day after the sale in Fogel; 26 U.S.C. 1222"),
    Held("1972-11-30", "1973-05-31", 6, False, "Caspe v. United States, 694 F.2d 1116 (8th Cir. 1982)"),
    Held("1972-11-30", "1973-06-01", 6, True, "Rev. Rul. 66-7: the first day of the seventh month"),
    Held("1968-12-24", "1969-06-25", 6, True, "Rev. Rul. 70-598: trade dates, whatever the settlement"),
    Held("2023-06-15", "2024-06-15", 12, False, "IRS Publication 544 (2024), holding period"),
    Held("2023-06-15", "2024-06-17", 12, True, "IRS Publication 544 (2024), holding period"),
    Held("2023-02-28", "2024-02-29", 12, False, "Rev. Rul. 66-7: acquired on the last day of a month"),
    Held("2023-02-28", "2024-03-01", 12, True, "Rev. Rul. 66-7: the first day of the thirteenth month"),
    Held("2024-02-28", "2025-02-28", 12, False, "Rev. Rul. 66-7: the period begins on February 29"),
    Held("2024-02-28", "2025-03-01", 12, True, "26 U.S.C. 1222: 2025 has no February 29"),
    Held("2024-02-29", "2025-02-28", 12, False, "Rev. Rul. 66-7: acquired on the last day of a month"),
    Held("2024-02-29", "2025-03-01", 12, True, "Rev. Rul. 66-7: the first day of the thirteenth month"),
    Held("2024-12-31", "2025-12-31", 12, False, "Rev. Rul. 66-7: across the end of the year"),
    Held("2024-12-31", "2026-01-01", 12, True, "Rev. Rul. 66-7: across the end of the year"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.acquired} to {case.sold}")
def test_published_holding_periods(case: Held) -> None:
    assert_term(case)


def assert_term(case: Held) -> None:
    acquired, sold = date.fromisoformat(case.acquired), date.fromisoformat(case.sold)
    assert is_long_term(acquired, sold, case.more_than) == case.long_term, case.source
    if case.more_than == LONG_TERM_MONTHS:
        number = is_long_term_number(to_day_number(acquired), to_day_number(sold))
        assert number == case.long_term, case.source


def test_the_vectors(vectors_dir: Path) -> None:
    entries = json.loads((vectors_dir / "holding_period.json").read_text(encoding="utf-8"))
    assert entries
    for entry in entries:
        facts = entry["inputs"]
        long_term = entry["expected"]["term"] == "LT"
        assert_term(Held(facts["acquired"], facts["sold"], facts["more_than_months"], long_term, entry["name"]))
