"""What is not known of a lot is asked for, and meanwhile assumed in a stated way: what rests on it can be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from lotwise.errors import Finding, Severity
from lotwise.households.accounts import AccountKind
from lotwise.interchange.prospect_file.known import Known
from lotwise.interchange.prospect_file.lots import ProspectLot, ProspectLots
from lotwise.money import DOLLAR, SHARE

__all__ = ["AssumedLot", "Assuming", "Holding", "with_assumptions"]


class Holding(StrEnum):
    """How long lots without a date are taken to have been held."""

    LONG = "long"
    SHORT = "short"


# Days before today that stand for an unknown date: well beyond a year, and half a year, outside every wash window.
_DAYS_AGO = {Holding.LONG: 730, Holding.SHORT: 183}


@dataclass(frozen=True, slots=True)
class Assuming:
    """What stands for what is not known: a basis as a part of value, and how long it was held."""

    basis: float = 0.5
    holding: Holding = Holding.LONG

    def __post_init__(self) -> None:
        if not 0 <= self.basis <= 10:
            raise ValueError(f"the assumed basis must be a part of value from 0 to 10, was {self.basis}")


@dataclass(frozen=True, slots=True)
class AssumedLot:
    """A lot that the engine can take, and what of it is assumed."""

    lot: ProspectLot
    value: int  # money at the firm's price, or the file's where the firm has none
    basis: int
    acquired: date
    basis_assumed: bool
    date_assumed: bool


def with_assumptions(
    file: str,
    read: ProspectLots,
    known: Known,
    today: date,
    assuming: Assuming,
) -> tuple[tuple[AssumedLot, ...], tuple[Finding, ...]]:
    """Fill what is not known of each lot and ask for it; in tax-deferred accounts nothing depends on it."""
    made: list[AssumedLot] = []
    asked: list[Finding] = []
    for lot in read.lots:
        price = known.price.get(lot.symbol, 0) or lot.price or 0
        value = round(lot.shares * price / SHARE)
        no_basis, no_date = lot.basis is None and lot.basis_part is None, lot.acquired is None
        part = assuming.basis if lot.basis_part is None else lot.basis_part
        basis = round(value * part) if lot.basis is None else lot.basis
        holding = Holding(lot.term) if lot.term else assuming.holding
        acquired = lot.acquired or today - timedelta(days=_DAYS_AGO[holding])
        taxable = lot.account_kind is AccountKind.TAXABLE
        made.append(AssumedLot(lot, value, basis, acquired, no_basis and taxable, no_date and taxable))
        if no_basis and taxable:
            to_do = f"ask for it; ${basis / DOLLAR:,.2f} is assumed, {part:.0%} of value (--assume-basis)"
            must_be, was = "what was paid for the lot", f"not known, of {lot.symbol}"
            asked.append(Finding(file, lot.line, read.basis_column, Severity.WARNING, must_be, was, to_do))
        if no_date and taxable:
            why = "as the file says of its term" if lot.term else "--assume-date"
            to_do = f"ask for it; {acquired} is assumed, {holding}-term ({why})"
            must_be, was = "the day it was bought", f"not known, of {lot.symbol}"
            asked.append(Finding(file, lot.line, read.date_column, Severity.WARNING, must_be, was, to_do))
    return tuple(made), tuple(asked)
