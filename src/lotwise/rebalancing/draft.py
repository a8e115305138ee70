"""Proposals while they are being written: tables with room to spare, one record per row, for the kernels."""

from __future__ import annotations

from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, kernel, records
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.proposal import AccountResults, Outcomes, Proposals, Relaxations, Trades

__all__ = ["Draft", "draft_for", "empty_tally", "proposals_of", "trade_records"]

Columns = TypeVar("Columns", Outcomes, AccountResults, Relaxations)

_TRADE_TYPES = dict(
    zip(
        Trades._fields,
        (
            *(np.int32,) * 3,
            np.int64,
            np.uint8,
            *(np.int64,) * 4,
            np.uint8,
            *(np.int64,) * 2,
            np.uint8,
            *(np.float64,) * 2,
        ),
        strict=True,
    )
)
# The narrow fields first: a record of 88 bytes instead of 120.
_BY_WIDTH = dict(sorted(_TRADE_TYPES.items(), key=lambda field: np.dtype(field[1]).itemsize))


class Draft(NamedTuple):
    """The tables of `Proposals` for a range of households; the records have the fields of the columns they become."""

    trades: Records
    outcomes: Records
    accounts: Records
    relaxations: Records
    gains: Records  # (H,) money: short, long: gains of the taxable lines of each household; lines: how many they are
    tally: Records  # (1,) running totals of the household in hand, see `empty_tally`


def empty_tally() -> Records:
    """Return the totals of one household: money for score and gaps; best: best score of an account, as a fraction.

    cause of its best reason to trade; cash: the fraction that was outside its band; solved: accounts; rests: whether it
    trades only if it must; waits: whether trades that are worth it wait for that.
    """
    sums = dict.fromkeys(("score", "gap", "gap_convex", "best", "cash"), float)
    return records(1, **sums, cause=int, solved=int, rests=np.bool_, waits=np.bool_)


def trade_records(rows: int) -> Records:
    """Allocate for so many trades; every field of a row is written before it is read."""
    kind = np.dtype(list(_BY_WIDTH.items()), align=True)
    return cast("Records", np.empty(rows, kind).view(np.recarray))


def _outcome_records(rows: int) -> Records:
    whole = {"status", "cause", "value", "tax", "cost", "trades"}
    return records(rows, **{name: int if name in whole else float for name in Outcomes._fields})


def draft_for(book: Book, first: int, last: int, trades: Records | None = None) -> Draft:
    """Allocate for every trade and relaxation that households first .. last can have.

    `trades` are used where they have room.
    """
    accounts = slice(book.households.account_start[first], book.households.account_start[last] + 1)
    lot_start = book.accounts.lot_start[accounts]
    count = len(lot_start) - 1
    household = book.accounts.household[accounts.start : accounts.stop - 1]
    rules = book.households.rules[household]
    name_rules = np.diff(book.rules.name_start)[rules]
    names = np.diff(book.models.start)[book.households.model[household]] + name_rules
    room = int(2 * (lot_start[-1] - lot_start[0]) + names.sum())
    slack = int(np.diff(book.rules.group_start)[rules].sum() + 2 * name_rules.sum()) + 2 * count
    return Draft(
        trades if trades is not None and trades.size >= room else trade_records(room),
        _outcome_records(last - first),
        records(count, **{name: int if name == "steps" else float for name in AccountResults._fields}),
        records(slack, household=int, account=int, source=int, required=float, reached=float),
        records(last - first, short=int, long=int, lines=int),
        empty_tally(),
    )


@kernel
def _write_trades(lines: Records, order: NDArray[np.int64], out: Trades) -> None:
    """Write lines of a draft into columns in this order, all of a line at a time."""
    for at in range(order.size):
        i = order[at]
        out.household[at] = lines[i].household
        out.account[at] = lines[i].account
        out.security[at] = lines[i].security
        out.lot[at] = lines[i].lot
        out.side[at] = lines[i].side
        out.shares[at] = lines[i].shares
        out.value[at] = lines[i].value
        out.basis[at] = lines[i].basis
        out.gain[at] = lines[i].gain
        out.long_term[at] = lines[i].long_term
        out.tax[at] = lines[i].tax
        out.cost[at] = lines[i].cost
        out.reason[at] = lines[i].reason
        out.figure_1[at] = lines[i].figure_1
        out.figure_2[at] = lines[i].figure_2


def _by_household(rows: Records) -> NDArray[np.int64]:
    """Order of rows by household, in which most already are."""
    household = np.asarray(rows["household"])
    if np.all(household[1:] >= household[:-1]):
        return np.arange(len(household))
    return np.argsort(household, kind="stable")


def _columns(kind: type[Columns], table: Records, types: tuple[type, ...]) -> Columns:
    return kind(*(table[name].astype(to) for name, to in zip(kind._fields, types, strict=True)))


def proposals_of(draft: Draft, trades: int, relaxations: int) -> Proposals:
    """Turn a draft with so many trades and relaxations into columns of the types that `Proposals` promises.

    In the order of households: those that are one portfolio were written after the others.
    """
    floats = (np.float64, np.float64)
    outcome_types = (
        np.uint8,
        np.uint8,
        np.float64,
        np.int64,
        *floats,
        np.int64,
        np.int64,
        *floats,
        np.float64,
        np.int32,
    )
    lines = Trades(*(np.empty(trades, _TRADE_TYPES[name]) for name in Trades._fields))
    _write_trades(draft.trades, _by_household(draft.trades[:trades]), lines)
    return Proposals(
        lines,
        _columns(Outcomes, draft.outcomes, outcome_types),
        _columns(AccountResults, draft.accounts, (np.int32, *(np.float64,) * 6)),
        _columns(
            Relaxations, draft.relaxations[_by_household(draft.relaxations[:relaxations])], (*(np.int32,) * 3, *floats)
        ),
    )
