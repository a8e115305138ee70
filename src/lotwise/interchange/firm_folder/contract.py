"""How the firm folder's contract is written down: files, their columns, the type and bounds of each.

The contract itself is `client_files` and `market_files`. Reading, validation and documentation all come from
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from lotwise.errors import Severity
from lotwise.money import DOLLAR, FULL_RATE, SHARE

__all__ = [
    "ACTION_KINDS",
    "FILLED_DATE",
    "MOST_MONEY",
    "MOST_PRICE",
    "MOST_SHARES",
    "ONE_SHARE_UNIT",
    "Column",
    "FileContract",
    "Kind",
    "id_column",
    "later",
    "text_column",
]


class Kind(Enum):
    """Type of a column: how it is said, and the integer units of one (0 = no exact number)."""

    TEXT = ("text", 0)
    CHOICE = ("one of the listed words", 0)
    FLAG = ("true or false", 0)
    DATE = ("a date as YYYY-MM-DD", 0)
    SHARES = ("a decimal number of shares", SHARE)
    MONEY = ("a decimal number of dollars", DOLLAR)
    RATE = ("a fraction (0.05 = 5%)", FULL_RATE)
    BASIS_POINTS = ("basis points", FULL_RATE // 10_000)
    NUMBER = ("a decimal number", 0)

    def __init__(self, words: str, units: int) -> None:
        self.words = words
        self.units = units


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `required`: the column must be there; `filled`: no cell of it may be empty.

    `low` and `high` bound a number, in the unit of the file. `bad` says how much a wrong cell stops: an error
    blocks the row's household, or the row's own name where it has none.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    filled: bool = False
    low: str | None = None
    high: str | None = None
    choices: tuple[str, ...] = ()
    used: bool = True
    bad: Severity = Severity.ERROR

    @property
    def must_be(self) -> str:
        """What a cell must be, for a finding."""
        if self.choices:
            words = "one of " + ", ".join(self.choices)
        elif self.low is not None and self.high is not None:
            words = f"{self.kind.words}, {self.low} to {self.high}"
        elif self.low is not None:
            words = f"{self.kind.words}, {self.low} or more"
        else:
            words = self.kind.words
        return words + (", filled" if self.filled else "")

    @property
    def severity(self) -> Severity:
        """How much a wrong cell stops: one that is not used yet stops nothing."""
        return self.bad if self.used else Severity.WARNING

    def in_units(self, bound: str) -> int:
        """Return a bound in the column's integer units."""
        return int(Decimal(bound) * self.kind.units)


@dataclass(frozen=True, slots=True)
class FileContract:
    """One file. `needed`: nothing can be done without it; `blocks_all`: unusable, it blocks everyone."""

    stem: str
    meaning: str
    columns: tuple[Column, ...]
    needed: bool = False
    blocks_all: bool = False
    used: bool = True
    until: str = ""  # what an error in a cell means; empty: what it belongs to is refused

    @property
    def name(self) -> str:
        """Name of the file as CSV."""
        return f"{self.stem}.csv"

    def column(self, name: str) -> Column:
        """Return the column of this name."""
        return next(column for column in self.columns if column.name == name)


def id_column(name: str, meaning: str, *, required: bool = True, filled: bool = True) -> Column:
    """A column that names something: a wrong cell is an error."""
    return Column(name, Kind.TEXT, meaning, required=required, filled=filled)


def text_column(name: str, meaning: str, *, used: bool = True) -> Column:
    """A column of words: a wrong cell is a warning."""
    return Column(name, Kind.TEXT, meaning, used=used, bad=Severity.WARNING)


def later(name: str, kind: Kind, meaning: str, low: str | None = None, high: str | None = None) -> Column:
    """A column that is validated and not used yet."""
    return Column(name, kind, meaning, low=low, high=high, used=False)


# Bounds that no household meets but a slipped decimal point does; within them no product of shares and price that
# `lots` accepts, and no sum of a household, leaves 64 bits.
MOST_SHARES = "1000000000"
MOST_MONEY = "1000000000000"
MOST_PRICE = "100000000"
ONE_SHARE_UNIT = "0.000001"

# What a company does to all its shares: in corporate_actions for everyone, in transactions for one account.
ACTION_KINDS = (
    "split",
    "stock_dividend",
    "stock_dividend_other_class",
    "symbol_change",
    "cash_merger",
    "stock_merger",
    "mixed_merger",
    "spin_off",
    "return_of_capital",
)

FILLED_DATE = Column("date", Kind.DATE, "day", required=True, filled=True)
