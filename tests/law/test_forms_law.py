"""Form 8949, Schedule D and TXF: what instructions and specifications print, line by line.

A case of rows gives boxes, proceeds, basis and adjustments, and states cells of Schedule D in whole dollars; a case of
a sale states the record of a TXF file. Lines 6, 14 and 21 stand in parentheses on the form: cases may state them with
or without the minus sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from lotwise.money import DOLLAR, parse_decimal
from lotwise.tax.form_cells import Cells, whole_dollars
from lotwise.tax.forms import Box, FormLine, form_lines, on_form_8949
from lotwise.tax.schedule_d import PrintedLine, schedule_d
from lotwise.tax.txf import txf_record
from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import Comparison, is_long
from tests.tax.realized_rows import Sold, table_of

TOPIC = "forms"

# 26 U.S.C. 1211(b), dollars.
LOSS_LIMITS = {"SINGLE": 3000, "JOINT": 3000, "SEPARATE": 1500, "HEAD_OF_HOUSEHOLD": 3000, "SURVIVING_SPOUSE": 3000}
IN_PARENTHESES = ("6", "14", "21")
DISALLOWED = ("disallowed", "wash_sale_disallowed", "wash_disallowed", "wash", "wash_sale")
ADJUSTMENT = ("adjustment", "g", *DISALLOWED)
DISTRIBUTIONS = ("capital_gain_distributions", "cap_gain_distributions", "distributions", "line13")


class Published(NamedTuple):
    """Rows (box, proceeds, basis, code, adjustment), and lines (d, e, g, h) or amounts, in whole dollars."""

    rows: tuple[tuple[str, str, str, str, str], ...]
    lines: Mapping[str, tuple[int, ...]]
    listed: int  # lines that Form 8949 lists
    source: str


PUBLISHED = (
    Published(
        (("D", "6000", "2000", "", "0"), ("D", "5000", "3000", "", "0")),
        {"8a": (11_000, 5_000, 6_000), "15": (6_000,), "16": (6_000,)},
        0,
        "Instructions for Schedule D, lines 1a and 8a, Example 1: two reported sales of shares held three years",
    ),
    Published(
        (("B", "1000", "1200", "", "0"), ("E", "900", "400", "", "0"), ("F", "70", "0", "", "0")),
        {"2": (1_000, 1_200, 0, -200), "9": (900, 400, 0, 500), "10": (70, 0, 0, 70), "16": (370,)},
        3,
        "Schedule D lines 2, 9 and 10: basis that was not reported goes by way of Form 8949",
    ),
    Published(
        (("A", "1000", "1500", "W", "500"), ("C", "10", "25", "", "0")),
        {"1a": (0, 0, 0), "1b": (1_000, 1_500, 500, 0), "3": (10, 25, 0, -15), "7": (-15,), "21": (15,)},
        2,
        "Instructions for Form 8949, code W: the loss disallowed is a positive number in column (g)",
    ),
    Published(
        (("D", "20000", "26000", "", "0"),),
        {"8a": (20_000, 26_000, -6_000), "16": (-6_000,), "21": (3_000,)},
        0,
        "26 U.S.C. 1211(b); Schedule D line 21: the smaller of the loss and 3,000",
    ),
    Published(
        (("D", "1000", "990", "E", "-4.50"), ("A", "100", "99.50", "BW", "0.49")),
        {"8b": (1_000, 990, -5, 6), "1b": (100, 100, 0, 1), "16": (6,)},
        2,
        "Instructions for Form 8949, codes B and E; rounding off: 50 cents and more up, cell by cell",
    ),
)


def _money(text: str) -> int:
    return parse_decimal(text, DOLLAR)


def _line(box: str, cells: Cells, code: str) -> FormLine:
    return FormLine(Box(box), "100 sh. XYZ", "01/02/2024", "03/03/2025", cells, code)


@pytest.mark.parametrize("form", PUBLISHED, ids=lambda form: form.source)
def test_published_forms(form: Published) -> None:
    lines = [_line(box, Cells(_money(d), _money(e), _money(g)), code) for box, d, e, code, g in form.rows]
    printed = {line.line: line for line in schedule_d(lines).printed(_money("3000"))}
    for number, cells in form.lines.items():
        found = [cell for cell in printed[number][1:] if cell is not None]
        assert tuple(found) == cells, (form.source, number)
    assert len(on_form_8949(lines)) == form.listed, form.source


@pytest.mark.usefixtures("vectors_dir")
def test_forms(vector: Mapping[str, Any]) -> None:
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    facts, expected = case.table("inputs"), case.table("expected")
    if any(name in facts for name in ("sale", "sales")):
        _check_txf(check, facts, expected)
    else:
        _check_schedule_d(check, facts, expected)
    case.done()
    check.done()


def _box_of(row: Facts) -> Box:
    if "box" in row:
        return Box(row.text("box"))
    reported = row.flag("basis_reported")
    form = row.flag("form_1099b") if "form_1099b" in row else True
    column = 0 if reported else 1 if form else 2
    return Box("DEF"[column] if is_long(row, "term") else "ABC"[column])


def _line_of(row: Facts) -> FormLine:
    """A line as a case states it."""
    adjustment = row.number(*ADJUSTMENT) if any(name in row for name in ADJUSTMENT) else 0
    washed = any(name in row for name in DISALLOWED)
    code = row.text("code", "f") if any(name in row for name in ("code", "f")) else "W" if washed and adjustment else ""
    amounts = (row.number("proceeds", "d"), row.number("basis", "cost", "e"), adjustment)
    acquired, sold = (f"{row.day(name):%m/%d/%Y}" if name in row else "VARIOUS" for name in ("acquired", "sold"))
    description = row.text("description") if "description" in row else "XYZ"
    code = "".join(sorted(code.replace(",", "").replace(" ", "")))
    cells = Cells(*(_money(str(amount)) for amount in amounts))
    return FormLine(_box_of(row), description, acquired, sold, cells, code)


def _check_txf(check: Comparison, facts: Facts, expected: Facts) -> None:
    sales = facts.tables("sales") if "sales" in facts else [facts.table("sale")]
    written = [text for sale in sales for text in txf_record(_line_of(sale))]
    check.same("record", written, expected.raw("lines"))


def _check_schedule_d(check: Comparison, facts: Facts, expected: Facts) -> None:
    rows = facts.tables("rows") if "rows" in facts else [facts.table("row")]
    lines = [_line_of(row) for row in rows]
    schedule = schedule_d(
        lines,
        short_carryover=_optional(facts, "st_carryover", "short_carryover"),
        long_carryover=_optional(facts, "lt_carryover", "long_carryover"),
        distributions=_optional(facts, *DISTRIBUTIONS),
    )
    limit = LOSS_LIMITS[facts.text("filing_status")] if "filing_status" in facts else LOSS_LIMITS["SINGLE"]
    printed = {line.line: line for line in schedule.printed(limit * DOLLAR)}
    for key in list(expected.keys()):
        if key == "form_8949_required":
            check.same(key, bool(on_form_8949(lines)), expected.flag(key))
        elif key.removeprefix("line").removeprefix("_") in printed:
            _check_line(check, printed[key.removeprefix("line").removeprefix("_")], key, expected)
        else:
            _check_cell(check, lines, key, expected)


def _optional(facts: Facts, *names: str) -> int:
    """Money of a fact that may be there; carryovers as positive losses, however they are written."""
    return abs(_money(str(facts.number(*names)))) if any(name in facts for name in names) else 0


def _check_line(check: Comparison, line: PrintedLine, key: str, expected: Facts) -> None:
    value = expected.raw(key)
    if isinstance(value, Mapping):
        cells = expected.table(key)
        for name, found in zip("degh", line[1:], strict=True):
            if name in cells:
                check.same(f"{key} ({name})", found or 0, cells.number(name))
        return
    stated = expected.number(key)
    check.same(key, line.amount, abs(stated) if line.line in IN_PARENTHESES else stated)


def _check_cell(check: Comparison, lines: list[FormLine], key: str, expected: Facts) -> None:
    """A cell of Form 8949: of one row, or of all rows as a list."""
    names = {"d": "d", "proceeds": "d", "e": "e", "basis": "e", "g": "g", "adjustment": "g", "h": "h", "gain": "h",
             "f": "f", "code": "f", "box": "box"}  # fmt: skip
    if key not in names:
        raise UnknownShapeError(f"{expected.where}: nothing understands {key}; teach the adapter of forms")
    if names[key] in ("f", "box"):
        found = [line.code if names[key] == "f" else line.box.value for line in lines]
        check.same(key, found if len(found) > 1 else found[0], expected.raw(key))
        return
    cells = [{"d": c.proceeds, "e": c.basis, "g": c.adjustment, "h": c.gain} for c in (line.cells for line in lines)]
    stated = [_money(str(number)) for number in expected.numbers(key)]
    check.same(key, [cell[names[key]] for cell in cells], stated)


def test_the_printed_cells_come_from_the_ledger_too() -> None:
    """Schedule D instructions, "Rounding": 5,872 - 5,286 + 6 is 592, and the form shows 593, from 592.80."""
    rows = table_of(Sold("5872.31", "5285.50", "5.99", lot=1), Sold("17001.68", "12037.28", lot=2, long_term=True))
    schedule = schedule_d(form_lines(rows, ["XYZ"]))
    printed = {line.line: line[1:] for line in schedule.printed(_money("3000"))}
    assert printed["1b"] == (5_872, 5_286, 6, 593)
    assert printed["8a"] == (17_002, 12_037, None, 4_964)
    assert printed["16"] == (None, None, None, 5_557)
    assert whole_dollars(schedule.line_16) == 5_557
