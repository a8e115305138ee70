"""Open lots that the law states against those that the ledger holds, whatever pieces either cuts them into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.law.case_facts import Facts
from tests.law.comparison import Comparison
from tests.ledger.written_results import OpenLot

__all__ = ["StatedLot", "compare_lots", "stated_lots"]

_MILLIONTH = Decimal("0.000001")


class StatedLot(NamedTuple):
    """A lot that a case states; None = it does not say."""

    name: str
    shares: Decimal
    basis: Decimal | None
    holding_start: date | None = None
    acquired: date | None = None

    def __str__(self) -> str:
        start = f", held from {self.holding_start}" if self.holding_start else ""
        return f"{self.shares} for {self.basis}{start}"


def stated_lots(entries: Sequence[Facts]) -> list[StatedLot]:
    """Lots of a case; `per_share`, where it is stated, must agree with shares and basis."""
    stated = []
    for entry in entries:
        starts = [key for key in ("holding_start_day_count", "holding_start", "held_from") if key in entry]
        lot = StatedLot(
            entry.text("lot"),
            entry.number("shares"),
            entry.number("basis") if "basis" in entry else None,
            entry.day(*starts) if starts else None,
            entry.day("acquired", "date") if "acquired" in entry or "date" in entry else None,
        )
        if "per_share" in entry:
            each = entry.number("per_share")
            lot = lot._replace(basis=each * lot.shares if lot.basis is None else lot.basis)
            assert lot.basis is not None
            assert abs(lot.basis - each * lot.shares) <= lot.shares / 100, f"{entry.where}: {each} a share is not {lot}"
        stated.append(lot)
    return stated


def compare_lots(check: Comparison, stated: Sequence[StatedLot], open_lots: Sequence[OpenLot]) -> None:
    """Compare lots by name: shares, basis and start of the holding period.

    A lot may be stated in fewer pieces than it is held in, or in more if the pieces do not differ.
    """
    held = [StatedLot(lot.name, lot.shares, lot.basis, lot.holding_start, lot.acquired) for lot in open_lots]
    for name in sorted({lot.name for lot in held} | {lot.name for lot in stated}):
        wanted = _joined([lot for lot in stated if lot.name == name])
        pieces = [lot for lot in held if lot.name == name]
        if not _fits(pieces, wanted, [lot.shares for lot in wanted], [[] for _ in wanted], check.tolerance):
            texts = [", ".join(f"[{lot}]" for lot in lots) or "none" for lots in (wanted, pieces)]
            check.differ(f"open lots {name}: must be {texts[0]}; were {texts[1]}")


def _joined(lots: Sequence[StatedLot]) -> list[StatedLot]:
    """Join lots of one name that do not differ but in shares."""
    joined: list[StatedLot] = []
    for lot in lots:
        for i, other in enumerate(joined):
            if (lot.holding_start, lot.acquired) == (other.holding_start, other.acquired) and _same_price(lot, other):
                basis = None if lot.basis is None or other.basis is None else lot.basis + other.basis
                joined[i] = other._replace(shares=lot.shares + other.shares, basis=basis)
                break
        else:
            joined.append(lot)
    return joined


def _same_price(one: StatedLot, other: StatedLot) -> bool:
    if one.basis is None or other.basis is None:
        return one.basis is other.basis
    return Fraction(one.basis) * Fraction(other.shares) == Fraction(other.basis) * Fraction(one.shares)


def _fits(
    pieces: Sequence[StatedLot],
    wanted: Sequence[StatedLot],
    left: Sequence[Decimal],
    taken: Sequence[Sequence[StatedLot]],
    tolerance: Decimal,
) -> bool:
    """Whether the pieces can be dealt out so that every lot wanted gets its shares, basis and dates.

    `left` are the shares that each lot wanted still lacks, `taken` the pieces it has got.
    """
    if not pieces:
        return all(abs(shares) <= _MILLIONTH for shares in left) and all(
            lot.basis is None
            or abs(sum((got.basis or Decimal(0) for got in parts), Decimal(0)) - lot.basis) <= tolerance
            for lot, parts in zip(wanted, taken, strict=True)
        )
    piece, rest = pieces[0], pieces[1:]
    for i, lot in enumerate(wanted):
        days_agree = lot.holding_start in (None, piece.holding_start) and lot.acquired in (None, piece.acquired)
        if days_agree and left[i] >= piece.shares - _MILLIONTH:
            lacking = [shares - piece.shares if j == i else shares for j, shares in enumerate(left)]
            given = [[*parts, piece] if j == i else parts for j, parts in enumerate(taken)]
            if _fits(rest, wanted, lacking, given, tolerance):
                return True
    return False
