"""What is said of a prospect's move beside its figures: the plan, what the target does not have, what is assumed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.prospect_file.assuming import AssumedLot, Assuming
from lotwise.nightly.transition_years import Future
from lotwise.prospects.choices import Standing
from lotwise.prospects.plan import Move, part_kept
from lotwise.prospects.transition import Legacy, Planned, Resting
from lotwise.rebalancing.book import AccountKind
from lotwise.rebalancing.frontier import Frontier
from lotwise.securities.market import SecurityKind

__all__ = ["assumed", "legacy_of", "planned", "resting_on"]

_KEPT = 1e-4  # of a holding: less is none


def resting_on(lots: Sequence[AssumedLot], assuming: Assuming) -> Resting:
    """How much of value and of gains rests on what was assumed, and what to ask for."""
    value = sum(each.value for each in lots)
    sizes = [abs(each.value - each.basis) for each in lots]
    unsure = [size for size, each in zip(sizes, lots, strict=True) if each.basis_assumed]

    def part(amount: int, whole: int) -> float:
        return amount / whole if whole else 0.0

    return Resting(
        sum(each.basis_assumed or each.date_assumed for each in lots),
        part(sum(each.value for each in lots if each.basis_assumed), value),
        part(sum(each.value for each in lots if each.date_assumed), value),
        part(sum(unsure), sum(sizes)),
        assuming.basis,
        str(assuming.holding),
        tuple(dict.fromkeys(each.lot.symbol for each in lots if each.basis_assumed)),
        tuple(dict.fromkeys(each.lot.symbol for each in lots if each.date_assumed)),
    )


def planned(firm: Firm, lots: Sequence[AssumedLot], moves: Sequence[Move]) -> tuple[Planned, ...]:
    """The moves in the prospect's own words: sales in the order of the file, then purchases, the largest first."""
    labels, names = firm.labels, firm.market_labels
    sales, purchases = [], []
    for move in moves:
        account, symbol = str(labels.accounts[move.account]), names.symbols[move.security]
        taxable = int(firm.book.accounts.kind[move.account]) == AccountKind.TAXABLE
        figures = (move.shares, move.value, move.gain, move.long_term, taxable)
        if move.lot < 0:
            purchases.append(Planned(False, account, symbol, names.names[move.security], None, None, *figures, False))
            continue
        own = lots[int(str(labels.lots[move.lot]).removeprefix("L")) - 1]  # as `write_as_firm` numbers them
        unsure = own.basis_assumed or own.date_assumed
        name = names.names[move.security]
        sales.append(Planned(True, account, symbol, name, own.lot.line, own.acquired, *figures, unsure))
    sales.sort(key=lambda each: each.line or 0)
    return (*sales, *sorted(purchases, key=lambda each: -each.value))


def legacy_of(firm: Firm, standing: Standing, moves: Sequence[Move]) -> tuple[Legacy, ...]:
    """What is held and is not in the target, the largest first, and how much of it the recommended move keeps."""
    gain = np.bincount(firm.book.lots.security, standing.gain, firm.market.price.size)
    rows = np.flatnonzero((standing.weight > 0) & (standing.target == 0))
    kept = part_kept(moves, standing)
    return tuple(
        Legacy(
            firm.market_labels.symbols[row],
            firm.market_labels.names[row],
            SecurityKind(int(firm.market.kind[row])).name.lower(),
            round(standing.weight[row] * standing.value),
            int(gain[row]),
            float(kept[row]) if kept[row] > _KEPT else 0.0,
        )
        for row in rows[np.argsort(-standing.weight[rows], kind="stable")].tolist()
    )


def assumed(future: Future, assuming: Assuming, frontier: Frontier, unsure: bool) -> tuple[str, ...]:
    """What is taken for granted, in sentences; of an unknown basis or date only where there is one."""
    unknown = (
        f"an unknown basis is {assuming.basis:.0%} of value; without a date or term a lot is {assuming.holding}-term"
    )
    return (
        *frontier.assumes,
        "nothing was sold at a loss in the last 30 days, and no gain was realised this year before the move",
        *((unknown,) if unsure else ()),
        "selling everything counts every loss in full: buying the same names back within 30 days would bar them",
        "selling everything buys all of the model, whatever restrictions bar",
        f"simulated prices grow by {future.drift:.0%} a year on average, with the risk of the firm's model",
        "the target drifts with them; one visit a year; taxes are paid from other money, by the law of this year",
    )
