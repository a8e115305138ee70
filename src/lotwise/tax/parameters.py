"""The federal figures of each year, read from `law/federal_*.toml`: no tax number stands in code.

Each file holds one year and each table of it its unit and its citation; `federal_statute.toml` holds what the Code
states once for all years. Kernels get the figures as arrays, one row per year and filing status.

A file that cannot be the law (a missing status, rates that fall, a threshold that is no whole unit) raises ValueError
with the file and the table: it is a bug of this package, not of anybody's data.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from lotwise.kernels import Records, kernel
from lotwise.ledger.events import NO_CODE
from lotwise.money import DOLLAR, FULL_RATE, IntArray, exact_mul_div

__all__ = [
    "FIGURES",
    "Citation",
    "FederalLaw",
    "FilingStatus",
    "citations",
    "federal_row",
    "figure_of",
    "filing_status",
    "kept_year",
    "load_federal",
]


class FilingStatus(IntEnum):
    """How a household files (26 U.S.C. 1(a)-(d), 2); a surviving spouse files like a married couple."""

    SINGLE = 0
    MARRIED_JOINT = 1
    MARRIED_SEPARATE = 2
    HEAD_OF_HOUSEHOLD = 3


STATUSES = len(FilingStatus)

# One row per year and filing status; money, and rates in billionths.
FIGURES = np.dtype(
    [
        ("zero_up_to", np.int64),  # worksheet of qualified dividends and capital gain, line 6
        ("middle_up_to", np.int64),  # line 13
        ("middle_rate", np.int64),  # line 18
        ("top_rate", np.int64),  # line 21
        ("standard_deduction", np.int64),
        ("loss_limit", np.int64),  # Schedule D line 21
        ("investment_threshold", np.int64),  # Form 8960 line 14
        ("investment_rate", np.int64),  # Form 8960 line 17
    ],
    align=True,
)


class FederalLaw(NamedTuple):
    """Federal figures of R = years x statuses rows, K brackets each; `federal_row` finds the row."""

    first_year: int
    bracket_start: IntArray  # (R, K) money
    bracket_rate: IntArray  # (R, K) billionths
    tax_at_start: IntArray  # (R, K) money, exact
    figures: Records  # (R,) FIGURES


class Citation(NamedTuple):
    """Where a table of figures comes from."""

    file: str
    table: str
    unit: str
    citation: str


_FOLDER = Path(__file__).parent / "law"
_STATUTE = "federal_statute.toml"


@kernel
def federal_row(law: FederalLaw, year: int, status: int) -> int:
    """Row of a year and filing status in the arrays of `law`; NO_CODE where it is not covered."""
    row = (year - law.first_year) * STATUSES + status
    if year < law.first_year or row >= law.bracket_start.shape[0] or status < 0 or status >= STATUSES:
        return NO_CODE
    return int(row)


def kept_year(law: FederalLaw, year: int) -> int:
    """The year itself where its law is kept, else the nearest year whose law is."""
    last = law.first_year + law.figures.size // STATUSES - 1
    return int(min(max(year, law.first_year), last))


def filing_status(text: str) -> FilingStatus:
    """Read a filing status by its name, in any case; `surviving_spouse` is MARRIED_JOINT.

    Raises ValueError with the names there are.
    """
    name = text.strip().upper()
    if name == "SURVIVING_SPOUSE":
        return FilingStatus.MARRIED_JOINT
    if name not in FilingStatus.__members__:
        names = ", ".join(status.lower() for status in FilingStatus.__members__)
        raise ValueError(f"filing status must be one of {names}, surviving_spouse; was {text!r}")
    return FilingStatus[name]


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file, parse_float=Decimal)


def _units(value: object, unit: int, where: str) -> int:
    """A figure of the law in whole units; never rounded."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{where}: must be a number, was {value!r}")  # noqa: TRY004 - the file is wrong, not a type
    scaled = Decimal(value) * unit
    if scaled < 0 or scaled != int(scaled):
        raise ValueError(f"{where}: must be a whole number of 1/{unit}, not negative, was {value}")
    return int(scaled)


def _table(content: Mapping[str, Any], name: str, file: str, *more: str) -> Mapping[str, Any]:
    if name not in content:
        raise ValueError(f"{file}: must have a table [{name}]")
    table: Mapping[str, Any] = content[name]
    for key in ("citation", "unit", *more, *(status.name.lower() for status in FilingStatus)):
        if key not in table:
            raise ValueError(f"{file} [{name}]: must have {key}")
    return table


def _schedule(table: Mapping[str, Any], status: FilingStatus, where: str) -> tuple[list[int], list[int]]:
    """Starts (money) and rates (billionths) of a schedule: as many, both increasing, the first start zero."""
    rates = [_units(rate, FULL_RATE, f"{where} rates") for rate in table["rates"]]
    starts = [_units(start, DOLLAR, f"{where} {status.name.lower()}") for start in table[status.name.lower()]]
    if len(starts) != len(rates) or starts[0] != 0 or sorted(set(starts)) != starts or sorted(set(rates)) != rates:
        raise ValueError(f"{where} {status.name.lower()}: must have as many starts as rates, from 0, both increasing")
    return starts, rates


def _tax_at(starts: list[int], rates: list[int], where: str) -> list[int]:
    """Tax on each start of a schedule; exact, or ValueError."""
    taxes = [0]
    for low, high, rate in zip(starts, starts[1:], rates, strict=False):
        product = (high - low) * rate
        if product % FULL_RATE:
            raise ValueError(f"{where}: the tax on {high} units is no whole unit")
        taxes.append(taxes[-1] + exact_mul_div(high - low, rate, FULL_RATE))
    return taxes


def _fill(row: Any, year: Mapping[str, Any], statute: Mapping[str, Any], status: FilingStatus, file: str) -> None:  # noqa: ANN401 - a record
    key = status.name.lower()
    starts, rates = _schedule(_table(year, "preferential", file, "rates"), status, f"{file} [preferential]")
    zero, middle, top = rates
    if zero:
        raise ValueError(f"{file} [preferential]: the first rate must be zero, was {zero}")
    _, row["zero_up_to"], row["middle_up_to"] = starts
    row["middle_rate"], row["top_rate"] = middle, top
    deduction = _table(year, "standard_deduction", file)
    row["standard_deduction"] = _units(deduction[key], DOLLAR, f"{file} [standard_deduction] {key}")
    limit = _table(statute, "loss_limit", _STATUTE)
    row["loss_limit"] = _units(limit[key], DOLLAR, f"{_STATUTE} [loss_limit] {key}")
    investment = _table(statute, "net_investment_income", _STATUTE, "rate")
    where = f"{_STATUTE} [net_investment_income]"
    row["investment_threshold"] = _units(investment[key], DOLLAR, f"{where} {key}")
    row["investment_rate"] = _units(investment["rate"], FULL_RATE, f"{where} rate")


def _years(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Files of the years in order; the years follow one another without a gap."""
    contents = [(path.name, _read(path)) for path in sorted(folder.glob("federal_*.toml")) if path.name != _STATUTE]
    years: list[Any] = [content.get("year") for _, content in contents]
    if not years or years != list(range(int(years[0] or 0), int(years[0] or 0) + len(years))):
        raise ValueError(f"{folder.name}: the years must follow one another, were {years}")
    return contents


@cache
def load_federal(folder: Path = _FOLDER) -> FederalLaw:
    """Read the federal law of every year there is a file of."""
    statute = _read(folder / _STATUTE)
    contents = _years(folder)
    figures = np.zeros(len(contents) * STATUSES, FIGURES)
    starts: list[list[int]] = []
    rates: list[list[int]] = []
    taxes: list[list[int]] = []
    for file, content in contents:
        for status in FilingStatus:
            where = f"{file} [ordinary]"
            start, rate = _schedule(_table(content, "ordinary", file, "rates"), status, where)
            _fill(figures[len(starts)], content, statute, status, file)
            starts.append(start)
            rates.append(rate)
            taxes.append(_tax_at(start, rate, where))
    return FederalLaw(
        first_year=int(contents[0][1]["year"]),
        bracket_start=np.array(starts, np.int64),
        bracket_rate=np.array(rates, np.int64),
        tax_at_start=np.array(taxes, np.int64),
        figures=cast("Records", figures.view(np.recarray)),
    )


def figure_of(law: FederalLaw, year: int, status: FilingStatus, name: str) -> int:
    """One figure of FIGURES for a year and filing status; ValueError where the year is not covered."""
    row = federal_row(law, year, int(status))
    if row == NO_CODE:
        last = law.first_year + law.figures.size // STATUSES - 1
        raise ValueError(f"the federal law here covers {law.first_year} to {last}, not {year}")
    return int(law.figures[row][name])


def citations(folder: Path = _FOLDER) -> Iterator[Citation]:
    """Every table of the federal files with its unit and its source, for reports and documentation."""
    for path in sorted(folder.glob("federal_*.toml")):
        for name, table in _read(path).items():
            if isinstance(table, dict):
                yield Citation(path.name, name, str(table["unit"]), str(table["citation"]))
