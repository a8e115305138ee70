"""What a prospect's file says, lot by lot, before anything is assumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lotwise.errors import Finding
from lotwise.households.accounts import AccountKind

__all__ = ["ProspectLot", "ProspectLots", "Unvalued"]


@dataclass(frozen=True, slots=True)
class ProspectLot:
    """One lot: money in ten-thousandths of a dollar, shares in millionths; None or '' where the file does not say."""

    line: int
    account: str
    account_kind: AccountKind
    symbol: str
    known: bool  # to the firm
    shares: int
    basis: int | None  # of the whole lot
    basis_part: float | None  # basis as a part of value, where the file says it so
    acquired: date | None
    term: str  # "long", "short" or ""
    price: int | None  # as the file says it
    kind: str
    asset_class: str
    name: str


@dataclass(frozen=True, slots=True)
class Unvalued:
    """What is held and has no price: it is in no figure."""

    line: int
    symbol: str
    shares: int
    basis: int | None


@dataclass(frozen=True, slots=True)
class ProspectLots:
    """A prospect's file as read."""

    lots: tuple[ProspectLot, ...]
    cash: tuple[tuple[str, AccountKind, int], ...]  # account, its kind, money
    unvalued: tuple[Unvalued, ...]
    left_out: int  # rows with something in them that could not be used
    findings: tuple[Finding, ...]
    basis_column: str = "basis"  # what the file calls it
    date_column: str = "acquired"
