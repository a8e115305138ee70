"""Named substitutes: the first choice first, and what cannot stand for a security is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from lotwise.errors import Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from tests.interchange.book_integrity import assert_sound
from tests.interchange.small_firm import SYMBOLS, small_firm, write


def firm_with(folder: Path, *rows: str) -> Firm:
    files = small_firm()
    files["substitutes.csv"] = "\n".join(("symbol,substitute,rank", *rows, ""))
    firm = read_firm(write(folder, files))
    assert_sound(firm)
    return firm


def named(firm: Firm) -> dict[str, list[str]]:
    start, security, _ = firm.book.substitutes
    rows = {SYMBOLS[row]: security[start[row] : start[row + 1]].tolist() for row in range(len(SYMBOLS))}
    return {symbol: [SYMBOLS[place] for place in places] for symbol, places in rows.items() if places}


def test_substitutes_are_ranked(tmp_path: Path) -> None:
    rows = ("ETF,AAA,2", "AAA,ETF,", "AAA,CCC,10", "AAA,BBB,9", "ETF,BBB,1", "AAA,ET2,", "BBB,AAA,1")
    firm = firm_with(tmp_path, *rows)
    assert named(firm) == {"AAA": ["BBB", "CCC", "ETF", "ET2"], "BBB": ["AAA"], "ETF": ["BBB", "AAA"]}
    start, _, rank = firm.book.substitutes
    of_aaa = rank[start[SYMBOLS.index("AAA")] :][:4].tolist()
    assert of_aaa[0] < of_aaa[1] < of_aaa[2] == of_aaa[3]  # those without a rank come last, no choice among them named
    assert [f for f in firm.findings if f.file == "substitutes.csv"] == []


@pytest.mark.parametrize(
    ("row", "column", "must_be"),
    [
        ("AAX,BBB,1", "symbol", "a symbol of the securities file"),
        ("AAA,BBX,1", "substitute", "a symbol of the securities file"),
        ("AAA,AAA,1", "substitute", "another security"),
        ("ETF,ET2,1", "substitute", "a security that is not substantially identical"),
        ("BBB,CCC,3", "substitute", "a pair once"),
        ("AAA,BBB,first", "rank", "a decimal number, 0 to 1000000"),
        ("AAA,BBB,-1", "rank", "a decimal number, 0 to 1000000"),
        (",BBB,1", "symbol", "text, filled"),
        ("AAA,,1", "substitute", "text, filled"),
        ("AAA,BBB", None, "a row as wide as the header"),
    ],
)
def test_a_row_that_cannot_be_used_is_said_and_left_out(
    tmp_path: Path, row: str, column: str | None, must_be: str
) -> None:
    firm = firm_with(tmp_path, "BBB,CCC,1", row)
    found = [f for f in firm.findings if f.file == "substitutes.csv" and f.severity is Severity.WARNING]
    assert [(f.line, f.column, f.must_be) for f in found] == [(3, column, must_be)]
    assert named(firm) == {"BBB": ["CCC"]}
    assert not firm.book.households.blocked.any()
