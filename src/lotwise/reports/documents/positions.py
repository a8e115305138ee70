"""What the page of holdings is made of: accounts, positions and their lots at one close.

Money is in ten-thousandths of a dollar, shares in millionths.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["HeldAccount", "HeldLot", "HeldPosition", "HoldingsOnDay"]


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account and its cash."""

    account_id: str
    kind: str  # "taxable", "traditional", "roth"
    cash: int
    held_away: bool


@dataclass(frozen=True, slots=True)
class HeldLot:
    """A lot of a position."""

    account_id: str
    lot_id: str
    shares: int
    value: int  # 0 where the security has no price
    basis: int | None  # None: not known
    acquired: date | None
    held_days: int | None  # for tax, on the day of the page; None: not known
    long_term: bool
    taxable: bool

    @property
    def has_gain(self) -> bool:
        """Whether it is in a taxable account and has a known cost."""
        return self.taxable and self.basis is not None


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A security with all its lots in all accounts."""

    symbol: str
    name: str
    asset_class: str  # '' = not known
    price: int | None  # None: not known
    lots: tuple[HeldLot, ...]

    @property
    def value(self) -> int:
        """Value of all lots."""
        return sum(lot.value for lot in self.lots)


@dataclass(frozen=True, slots=True)
class HoldingsOnDay:
    """Everything that a household holds at one close."""

    household_id: str
    name: str
    as_of: date
    accounts: tuple[HeldAccount, ...]
    positions: tuple[HeldPosition, ...]

    def __post_init__(self) -> None:
        """Refuse a lot of an account that is not listed (ValueError): totals by account would miss it."""
        known = {account.account_id for account in self.accounts}
        for position in self.positions:
            for lot in position.lots:
                if lot.account_id not in known:
                    raise ValueError(f"{self.household_id}: lot {lot.lot_id} is of no listed account: {lot.account_id}")

    @property
    def cash(self) -> int:
        """Cash of all accounts."""
        return sum(account.cash for account in self.accounts)

    @property
    def value(self) -> int:
        """Value of all positions and cash."""
        return self.cash + sum(position.value for position in self.positions)
