"""What a written record folds into, read back in dollars, shares, dates and names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from lotwise.dates import NO_DATE, from_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE
from lotwise.ledger.fold import Folded, fold
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Origin, Refusal
from lotwise.money import SHARE, to_dollars
from tests.ledger.written_events import Record

__all__ = ["Gain", "OpenLot", "Outcome", "outcome_of"]


class OpenLot(NamedTuple):
    """An open lot; `holding_start` is None where it is not known or the lot is always long term."""

    name: str
    account: str
    symbol: str
    shares: Decimal
    basis: Decimal
    original_basis: Decimal
    acquired: date | None
    holding_start: date | None
    always_long: bool
    marks: LotMark


class Gain(NamedTuple):
    """A realised gain; `event` is its number in the record."""

    event: int
    name: str
    account: str
    symbol: str
    taxable: bool
    shares: Decimal
    proceeds: Decimal
    basis: Decimal
    disallowed: Decimal
    permanent: Decimal
    long_term: bool
    origin: Origin

    @property
    def recognized(self) -> Decimal:
        """Gain or loss that counts: Form 8949, column (h) = (d) - (e) + (g)."""
        return self.proceeds - self.basis + self.disallowed


class Outcome(NamedTuple):
    """Everything a record folds into."""

    lots: list[OpenLot]
    gains: list[Gain]
    refused: dict[int, Refusal]  # by number of the event
    folded: Folded


def outcome_of(record: Record) -> Outcome:
    """Fold a record and read the result."""
    events, details, world = record.tables()
    folded = fold(events, details, world)
    read = _Names(record)
    taxable = world.accounts["kind"] == AccountKind.TAXABLE
    gains = [
        Gain(
            int(row["event"]),
            read.lot(row["name"]),
            read.accounts[row["account"]],
            read.symbols[row["security"]],
            bool(taxable[row["account"]]),
            Decimal(int(row["shares"])) / SHARE,
            to_dollars(int(row["proceeds"])),
            to_dollars(int(row["basis"])),
            to_dollars(int(row["disallowed"])),
            to_dollars(int(row["permanent"])),
            bool(row["long_term"]),
            Origin(row["origin"]),
        )
        for row in folded.state.realized
    ]
    refused = {number: Refusal(status) for number, status in enumerate(folded.status.tolist()) if status}
    return Outcome([read.open_lot(row) for row in folded.state.lots], gains, refused, folded)


class _Names:
    """Names of a record's codes."""

    def __init__(self, record: Record) -> None:
        self.accounts = list(record.accounts)
        self.symbols = list(record.symbols)
        self.lots = list(record.lots)

    def lot(self, code: int) -> str:
        return "" if code == NO_CODE else self.lots[code]

    def open_lot(self, row: Any) -> OpenLot:
        start = int(row["holding_start"])
        return OpenLot(
            self.lot(row["name"]),
            self.accounts[row["account"]],
            self.symbols[row["security"]],
            Decimal(int(row["shares"])) / SHARE,
            to_dollars(int(row["basis"])),
            to_dollars(int(row["original_basis"])),
            _date(int(row["acquired"])),
            None if start == ALWAYS_LONG else _date(start),
            start == ALWAYS_LONG,
            LotMark(int(row["marks"])),
        )


def _date(day: int) -> date | None:
    return None if day == NO_DATE else from_day_number(day)
