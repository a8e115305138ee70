"""Shares as single objects: a parcel is held, a disposal is what became of one, a match ties a loss to a purchase.

Written for the reference of the ledger (tests.reference.ledger_reference): plain Python, integers of any size, one
object for each group of shares with one history. Money and shares are the integers of lotwise.money; every division
goes through `fraction_of`, which is exact until it rounds once, half to even.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from lotwise.households.accounts import AccountKind
from lotwise.ledger.tables import LotMark, Origin

NOBODY = -1
BILLION = 1_000_000_000


def fraction_of(whole: int, part: int, of: int) -> int:
    """`whole` x `part` / `of`, rounded half to even."""
    return round(Fraction(whole * part, of))


@dataclass(frozen=True, slots=True)
class Owner:
    """An account: whose it is, how it is taxed, and how it picks lots."""

    taxpayer: int
    kind: AccountKind
    relief: int
    short_rate: int
    long_rate: int

    @property
    def taxed(self) -> bool:
        return self.kind == AccountKind.TAXABLE


@dataclass(slots=True)
class Parcel:
    """Shares of one account with one history. `came` is the event that brought them, `turn` their place among all."""

    turn: int
    came: int
    acquisition: int
    account: int
    security: int
    name: int
    bought_by: int  # order that bought them
    shares: int
    basis: int
    original_basis: int
    acquired: int
    holding_start: int
    marks: LotMark
    loss_basis: int | None = None
    absorbed_loss: int = 0
    absorbed_from: int = NOBODY

    def take(self, shares: int, turn: int) -> Parcel:
        """Split off some of the shares with their part of every amount; what is not split off stays here.

        The basis of a part is still its original basis with the loss taken over, to the last unit.
        """
        assert 0 < shares < self.shares
        basis, absorbed = (fraction_of(whole, shares, self.shares) for whole in (self.basis, self.absorbed_loss))
        adjusted_elsewhere = self.basis - self.original_basis - self.absorbed_loss
        part = replace(
            self,
            turn=turn,
            shares=shares,
            basis=basis,
            original_basis=basis - absorbed - fraction_of(adjusted_elsewhere, shares, self.shares),
            absorbed_loss=absorbed,
            loss_basis=None if self.loss_basis is None else fraction_of(self.loss_basis, shares, self.shares),
        )
        self.shares -= part.shares
        self.basis -= part.basis
        self.original_basis -= part.original_basis
        self.absorbed_loss -= part.absorbed_loss
        if self.loss_basis is not None and part.loss_basis is not None:
            self.loss_basis -= part.loss_basis
        return part

    @property
    def can_replace(self) -> bool:
        """Whether the shares were bought and have not replaced others yet."""
        return bool(self.marks & LotMark.REPLACEMENT) and not self.marks & LotMark.ABSORBED

    @property
    def basis_per_share(self) -> int:
        """Billionths of a unit of money for a millionth of a share: what differs by less differs by rounding only."""
        return fraction_of(self.basis, BILLION, self.shares)


@dataclass(slots=True)
class Disposal:
    """Shares sold: the parcel as it left, what was received, and how much of a loss has been disallowed.

    `basis` counts for tax: of a gift it can be the value on the day of the gift (Reg. 1.1015-1). `open_shares` are the
    shares that no purchase has been matched with, `all_shares` those it began with, both in the shares of today.
    """

    event: int
    sold_by: int  # order that sold them
    sold: int
    parcel: Parcel
    called: int  # security by which a replacement is found: its name since
    proceeds: int
    basis: int
    holding_start: int
    origin: Origin = Origin.SALE
    all_shares: int = 0
    open_shares: int = 0
    disallowed: int = 0
    permanent: int = 0
    replaced: int = 0  # shares that replaced others after they were sold (Reading.ANY_ACQUISITION)

    @property
    def loss(self) -> int:
        return max(self.basis - self.proceeds, 0)

    def disallow(self, shares: int) -> int:
        """Match some of the open shares; returns the part of the loss that goes with them.

        After m of n shares, what is disallowed is loss x m / n, rounded once: all n shares give the exact loss.
        """
        assert 0 < shares <= self.open_shares
        self.open_shares -= shares
        amount = fraction_of(self.loss, self.all_shares - self.open_shares, self.all_shares) - self.disallowed
        self.disallowed += amount
        return amount

    def take(self, shares: int, turn: int) -> Disposal:
        """Split off some of the shares sold, with their part of proceeds and basis."""
        whole = self.parcel.shares
        part = replace(
            self,
            parcel=self.parcel.take(shares, turn),
            proceeds=fraction_of(self.proceeds, shares, whole),
            basis=fraction_of(self.basis, shares, whole),
            all_shares=shares,
            open_shares=shares,
        )
        self.proceeds -= part.proceeds
        self.basis -= part.basis
        self.all_shares = self.open_shares = self.parcel.shares
        return part


@dataclass(frozen=True, slots=True)
class Match:
    """Shares sold at a loss and as many bought in their place."""

    sale: int
    purchase: int
    shares: int
    loss: int
    day: int
    held_days: int
    permanent: bool


@dataclass(slots=True)
class Outcome:
    """What a record folds into."""

    parcels: list[Parcel] = field(default_factory=list)
    disposals: list[Disposal] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
