"""Every tax number stands in a dated, cited file of law: code holds none.

In `tax/` no number but 0, 1 and 2 stands in code, apart from the codes of enumerations and the few listed here with
their reason. In `ledger/` numbers of calendars, bits and codes are everyday; there no figure of the law may stand: no
threshold, limit or rate of any file of law, however it is scaled.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

import lotwise
from lotwise.money import DOLLAR, FULL_RATE

PACKAGE = Path(lotwise.__file__).parent
LAW = PACKAGE / "tax" / "law"
STRUCTURE = {Decimal(0), Decimal(1), Decimal(2)}

# File: numbers that may stand in it, because they are not figures of the law.
LABELS: dict[str, tuple[str, set[str]]] = {
    "states.py": ("codes of directions", {"3", "4", "5"}),
    "schedule_d.py": ("numbers of lines of the form", {"3", "6", "7", "9", "10", "13", "14", "15", "16", "21"}),
    "txf.py": ("record numbers of the exchange format", {"321", "711", "712", "323", "713", "714"}),
    "form_cells.py": ("one cent", {"0.01"}),
    "dividend_rates.py": ("dollars of income that a rate is averaged over", {"1000"}),
}


def as_number(value: object) -> Decimal | None:
    """Number that a literal is, or that its text says."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_enumeration(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(parent, ast.Name) and parent.id.endswith(("Enum", "Flag")) for parent in node.bases
    )


def numbers_in(source: str) -> Iterator[tuple[int, Decimal]]:
    """Line and value of every number in code, but for enumerations and documentation."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if is_enumeration(node):
            continue
        if isinstance(node, ast.Constant):
            number = as_number(node.value)
            if number is not None:
                yield node.lineno, number
        waiting.extend(ast.iter_child_nodes(node))


def sources(folder: str) -> list[Path]:
    found = sorted((PACKAGE / folder).glob("*.py"))
    assert found
    return found


def figures_of_law() -> set[Decimal]:
    """Every number of the files of law that no calendar would have: as written, in percent, and in units."""

    def numbers(value: Any) -> Iterator[Decimal]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key not in {"year", "years", "effective", "known", "absent", "follows_loss_deduction"}:
                    yield from numbers(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from numbers(inner)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            yield Decimal(value)

    figures: set[Decimal] = set()
    for path in LAW.rglob("*.toml"):
        for number in numbers(tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)):
            if 0 < number < 1:
                figures |= {number, number * FULL_RATE}
            elif number > 1000:
                figures |= {number, number * DOLLAR}
    return {figure for figure in figures if not is_round(figure)}


def is_round(number: Decimal) -> bool:
    """Whether it is large with one digit and zeros, as units, counts and sizes are too."""
    return number >= 10_000 and len(number.normalize().as_tuple().digits) == 1


@pytest.mark.parametrize("path", sources("tax"), ids=lambda path: path.name)
def test_tax_code_holds_no_number(path: Path) -> None:
    allowed = STRUCTURE | {Decimal(text) for text in LABELS.get(path.name, ("", set()))[1]}
    strange = [
        f"{path.name}:{line}: {number}" for line, number in numbers_in(path.read_text()) if number not in allowed
    ]
    assert not strange, f"numbers belong into tax/law/*.toml with their citation: {strange}"


@pytest.mark.parametrize("path", sources("ledger"), ids=lambda path: path.name)
def test_ledger_code_holds_no_figure_of_the_law(path: Path) -> None:
    figures = figures_of_law()
    strange = [f"{path.name}:{line}: {number}" for line, number in numbers_in(path.read_text()) if number in figures]
    assert not strange, f"numbers belong into tax/law/*.toml with their citation: {strange}"


@pytest.mark.parametrize(
    "code",
    [
        "limit = 3_000",
        "rate = Decimal('0.038')",
        "tax = income * 37 // 100",
        "def f(limit: int = 30000000) -> int: ...",
    ],
)
def test_a_tax_number_is_seen(code: str) -> None:
    assert {number for _, number in numbers_in(code)} - STRUCTURE


def test_the_figures_of_the_law_are_known() -> None:
    assert {Decimal(3000), Decimal("0.038"), Decimal(38_000_000), Decimal(609_350)} <= figures_of_law()


def test_every_file_with_an_exception_is_there() -> None:
    assert {path.name for path in sources("tax")} >= set(LABELS)
