"""Lots of ours and of a custodian written by hand, in dollars, shares and days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.dates import NO_DATE
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.ledger.reconciliation import CUSTODIAN_LOT, Labels, Outcome, Reconciliation, Tolerance, reconcile
from lotwise.ledger.reconciliation_tables import Cause
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, LOT, REALIZED, WASH, LotMark, State, World
from lotwise.money import DOLLAR, SHARE

__all__ = [
    "LABELS",
    "NO_DAY",
    "TODAY",
    "Ours",
    "Sold",
    "Theirs",
    "custodian_table",
    "described",
    "dollars",
    "lot_table",
    "reconciled",
    "state_of",
    "world_of",
]

TODAY = 20_000
NO_DAY = int(NO_DATE)
LABELS = Labels(["own", "ira"], ["AAA", "BBB", "CCC"], [f"lot{i}" for i in range(1_000)])


class Ours(NamedTuple):
    """A lot of ours; money in units of a ten-thousandth of a dollar, shares in whole ones."""

    shares: int
    basis: int
    acquired: int = TODAY - 500
    name: int = NO_CODE
    start: int | None = None  # the day acquired unless given
    absorbed: int = 0
    security: int = 0
    account: int = 0
    marks: int = LotMark.REPLACEMENT


class Theirs(NamedTuple):
    """A lot of the custodian's."""

    shares: int
    basis: int = MISSING
    acquired: int = TODAY - 500
    name: int = NO_CODE
    original: int = MISSING
    security: int = 0
    account: int = 0


class Sold(NamedTuple):
    """Shares of ours sold."""

    shares: int
    basis: int
    proceeds: int
    acquired: int = TODAY - 500
    sold: int = TODAY
    name: int = NO_CODE
    security: int = 0


def dollars(amount: int) -> int:
    return amount * DOLLAR


def lot_table(lots: list[Ours]) -> Table:
    table = np.zeros(len(lots), LOT)
    for number, (row, lot) in enumerate(zip(table, lots, strict=True)):
        row["number"], row["acquisition"], row["parent"], row["absorbed_from"] = number, number, -1, -1
        row["shares"], row["basis"], row["original_basis"] = lot.shares * SHARE, lot.basis, lot.basis - lot.absorbed
        row["absorbed_loss"], row["loss_basis"], row["bought_by"] = lot.absorbed, MISSING, NO_CODE
        row["account"], row["security"], row["name"] = lot.account, lot.security, lot.name
        row["acquired"], row["holding_start"] = lot.acquired, lot.acquired if lot.start is None else lot.start
        row["marks"] = lot.marks | (LotMark.ABSORBED if lot.absorbed else 0)
    return table


def custodian_table(lots: list[Theirs]) -> Table:
    rows = [
        (lot.shares * SHARE, lot.basis, lot.original, lot.account, lot.security, lot.name, lot.acquired, line)
        for line, lot in enumerate(lots, start=2)
    ]
    return np.array(rows, CUSTODIAN_LOT)


def state_of(lots: list[Ours], sold: list[Sold]) -> State:
    realized = np.zeros(len(sold), REALIZED)
    for number, (row, sale) in enumerate(zip(realized, sold, strict=True)):
        row["event"], row["shares"] = number, sale.shares * SHARE
        row["basis"], row["proceeds"] = sale.basis, sale.proceeds
        row["acquired"], row["holding_start"], row["sold"] = sale.acquired, sale.acquired, sale.sold
        row["name"], row["security"], row["bought_by"] = sale.name, sale.security, NO_CODE
    return State(lot_table(lots), realized, np.empty(0, WASH))


def world_of(*kinds: AccountKind) -> World:
    """Accounts of one taxpayer, three securities."""
    accounts = np.zeros(len(kinds), ACCOUNT)
    accounts["kind"] = kinds
    return World(accounts, np.zeros(3, np.bool_), np.empty(0, IDENTICAL))


def reconciled(
    ours: list[Ours], theirs: list[Theirs], sold: list[Sold] | None = None, tolerance: Tolerance | None = None
) -> Reconciliation:
    """Account 0 is taxable, account 1 a retirement account."""
    world = world_of(AccountKind.TAXABLE, AccountKind.TRADITIONAL)
    return reconcile(state_of(ours, sold or []), custodian_table(theirs), world, TODAY, tolerance)


def described(found: Reconciliation) -> list[tuple[Outcome, Cause, int, int]]:
    """Outcome, causes and how many lots of each side, row by row."""
    return [
        (Outcome(int(row["outcome"])), Cause(int(row["causes"])), int(row["our_count"]), int(row["their_count"]))
        for row in found.rows
    ]
