"""A household of a firm as it stands tonight, carried over into a cohort: one copy for each policy.

Carried over: accounts with their lots and cash, the model, rates or income and state, the year's gains so far, gains
outside, losses carried in, the fee, restrictions, kept lots, substitutes, wash-sale windows that are open. What cannot
be is said, item by item (`left_out`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.households.accounts import AccountKind
from lotwise.interchange.firm_folder import Firm
from lotwise.lab.cohorts.circumstances import LOSS, OPENING, Circumstances, rules_taken
from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.future.model import ModelFromToday
from lotwise.ledger.events import MISSING, Table
from lotwise.money import DOLLAR, SHARE, IntArray
from lotwise.rebalancing.book import Groups, LotFlag, RuleSets, Substitutes
from lotwise.reports.amounts import count, dollars

__all__ = ["CarriedOver", "carried_over"]

# Of a retirement account nothing depends on how long a lot has been held: what says no date gets one of long ago.
_LONG_AGO = 3_650
# An account that is not lived with.
_ELSEWHERE = -2

# What is carried over of nobody.
_NEVER = (
    "changes of the model, glide paths and what clients bring in or take out later",
    "companies that end, split or are taken over, and gains that funds distribute",
    "interest on cash, and changes of rates, income and law",
    "tax on what is withdrawn from retirement accounts",
)


class CarriedOver(NamedTuple):
    """A cohort of copies of a household, by policy, and what of it could not be carried over, in words."""

    cohort: Cohort
    left_out: tuple[str, ...]
    value: float  # dollars of what was


class _Rows(NamedTuple):
    """Where in the book a household's accounts and lots are."""

    household: int
    accounts: IntArray
    lots: IntArray
    account_of: NDArray[np.int32]  # of each lot, among `accounts`
    rules: int  # its row of RuleSets


def carried_over(firm: Firm, household: int, policies: tuple[Policy, ...], model: ModelFromToday) -> CarriedOver:
    """Carry a household over; raises ValueError where nothing is left of it."""
    book, left = firm.book, list[str]()
    span = np.arange(book.households.account_start[household], book.households.account_start[household + 1])
    accounts = span[book.accounts.trades[span]]
    for account in span[~book.accounts.trades[span]].tolist():
        left.append(f"account {firm.labels.accounts[account]}, held away: it is neither traded nor part of the target")
    rows = _lots_of(firm, household, accounts, left)
    price = firm.market.price[book.lots.security[rows.lots]]
    cash = np.maximum(book.accounts.cash[accounts], 0)
    worth = float(np.sum(book.lots.shares[rows.lots] / SHARE * price)) + float(cash.sum())
    if worth <= 0:
        raise ValueError(f"household {firm.labels.households[household]} must hold something of worth, had nothing")
    for account in accounts[book.accounts.cash[accounts] < 0].tolist():
        owed = dollars(-book.accounts.cash[account] / DOLLAR)
        left.append(f"{owed} that account {firm.labels.accounts[account]} owes, after orders that are on their way")
    _note_what_else(firm, rows, left)
    copies = len(policies)
    said = Circumstances(
        _copies(_opening(firm, rows), copies, accounts.size),
        _rules(book.rules, rows, copies),
        Groups._make(column.copy() for column in book.groups),
        _copies(_losses(firm, rows, left), copies, accounts.size),
        Substitutes._make(column.copy() for column in book.substitutes),
        np.repeat(book.tax[[household]], copies),
        np.repeat(_realised(firm, household)[None, :], copies, axis=0),
    )
    cohort = _cohort(firm, rows, (policies, model), cash, said)
    return CarriedOver(cohort, (*dict.fromkeys(left), *_NEVER), worth / DOLLAR)


def _lots_of(firm: Firm, household: int, accounts: IntArray, left: list[str]) -> _Rows:
    """Lots of the accounts that can be lived with: of known tax where that matters, and with a price."""
    book = firm.book
    starts = book.accounts.lot_start
    spans = [np.arange(starts[account], starts[account + 1]) for account in accounts.tolist()]
    lots = np.concatenate([np.zeros(0, np.int64), *spans]).astype(np.int64)
    account_of = np.repeat(np.arange(accounts.size, dtype=np.int32), [span.size for span in spans])
    price = firm.market.price[book.lots.security[lots]]
    value = book.lots.shares[lots] / SHARE * price / DOLLAR
    taxable = (book.accounts.kind[accounts] == AccountKind.TAXABLE)[account_of]
    unknown = taxable & (book.lots.flags[lots] & LotFlag.UNKNOWN_TAX > 0)
    if unknown.any():
        left.append(
            f"{count(int(unknown.sum()), 'lot')} without basis or date, {dollars(float(value[unknown].sum()))}: they "
            "are never sold"
        )
    dead = price == 0
    if dead.any():
        left.append(f"{count(int(dead.sum()), 'lot')} without a price")
    kept = ~unknown & ~dead
    return _Rows(household, accounts, lots[kept], account_of[kept], int(book.households.rules[household]))


def _opening(firm: Firm, rows: _Rows) -> Table:
    """Lots of one copy, OPENING, by account."""
    lots, table = firm.book.lots, np.zeros(rows.lots.size, OPENING)
    flags = lots.flags[rows.lots]
    table["account"] = rows.account_of
    for name in ("shares", "basis", "security"):
        table[name] = getattr(lots, name)[rows.lots]
    acquired, today = lots.acquired[rows.lots], firm.market.as_of
    table["acquired"] = np.where(acquired == NO_DATE, today - _LONG_AGO, acquired)
    started = lots.holding_start[rows.lots]
    table["holding_start"] = np.where(started == NO_DATE, table["acquired"], started)
    # What was bought in a name that a loss bars all the same has replaced other shares: here it would replace those of
    # that loss, and free the name.
    group = firm.market.identical[table["security"]]
    used = np.isin(group, _barred(firm, rows)[0])
    table["purchased"] = (flags & LotFlag.REPLACEMENT > 0) & (acquired != NO_DATE) & ~used
    table["kept"] = flags & LotFlag.KEPT > 0
    return table


def _barred(firm: Firm, rows: _Rows) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Groups that may not be bought tonight because of a loss, and the days of those losses."""
    windows = firm.book.windows
    part = slice(int(windows.start[rows.household]), int(windows.start[rows.household + 1]))
    group, until = windows.identical[part], windows.no_buy_until[part]
    barred = until != NO_DATE
    return group[barred], until[barred] - np.int32(WASH_DAYS)


def _losses(firm: Firm, rows: _Rows, left: list[str]) -> Table:
    """Sales of one copy, LOSS, that bar a name: in its first taxable account, whichever made them."""
    group, day = _barred(firm, rows)
    taxable = np.flatnonzero(firm.book.accounts.kind[rows.accounts] == AccountKind.TAXABLE)
    if group.size and not taxable.size:
        left.append(f"wash-sale windows of {count(group.size, 'name')}: no account of the household is taxable")
        group, day = group[:0], day[:0]
    table = np.zeros(group.size, LOSS)
    first = {int(code): place for place, code in reversed(list(enumerate(firm.market.identical.tolist())))}
    table["account"] = taxable[0] if taxable.size else 0
    table["security"] = [first[int(code)] for code in group.tolist()]
    table["day"] = day
    return table


def _rules(rules: RuleSets, rows: _Rows, copies: int) -> RuleSets:
    """The household's own set of rules once for each copy, its accounts numbered as in the cohort."""
    own, named = rows.rules, (rules.name_account, rules.group_account, rows.accounts)
    here = np.full(max(int(column.max(initial=0)) for column in named) + 2, _ELSEWHERE, np.int64)
    here[rows.accounts], here[-1] = np.arange(rows.accounts.size), -1
    names = np.arange(rules.name_start[own], rules.name_start[own + 1])
    names = names[here[rules.name_account[names]] != _ELSEWHERE]
    groups = np.arange(rules.group_start[own], rules.group_start[own + 1])
    groups = groups[here[rules.group_account[groups]] != _ELSEWHERE]

    def accounts(column: NDArray[np.int32]) -> NDArray[np.int32]:
        local = np.tile(here[column], copies)
        copy = np.repeat(np.arange(copies), column.size)
        moved: NDArray[np.int32] = np.where(local < 0, -1, local + copy * rows.accounts.size).astype(np.int32)
        return moved

    each = np.arange(copies + 1, dtype=np.int64)
    return rules_taken(
        rules,
        (each * names.size, each * groups.size),
        (np.tile(names, copies), np.tile(groups, copies)),
        (accounts(rules.name_account[names]), accounts(rules.group_account[groups])),
    )


def _realised(firm: Firm, household: int) -> IntArray:
    """Short and long gains of the year that recur in no other: all but those from outside."""
    position = firm.book.tax[household]
    gains = np.array([position["short_gains"], position["long_gains"]], np.int64)
    realised: IntArray = gains - firm.outside_gains[household]
    return realised


def _note_what_else(firm: Firm, rows: _Rows, left: list[str]) -> None:
    """Say what else of the household is not lived with."""
    book, household = firm.book, rows.household
    asked = int(book.requests.start[household + 1] - book.requests.start[household])
    if asked:
        left.append(f"{count(asked, 'request')} for cash, losses or the like")
    profile = firm.profiles[book.households.policy[household]]
    if profile.spending:
        left.append(f"spending of {dollars(profile.spending / DOLLAR)} a month")
    taxpayer = book.households.taxpayer
    if int((taxpayer == taxpayer[household]).sum()) > 1:
        left.append("the other households of its wash group")
    if firm.fees[household] == MISSING:
        left.append("its fee, which is not known")
    windows = book.windows
    part = slice(int(windows.start[household]), int(windows.start[household + 1]))
    bars = windows.identical[part][windows.no_loss_until[part] != NO_DATE]
    lots = rows.lots[book.lots.acquired[rows.lots] >= firm.market.as_of - WASH_DAYS]
    elsewhere = np.setdiff1d(bars, firm.market.identical[book.lots.security[lots]])
    if elsewhere.size:
        left.append(f"purchases of the last 30 days that are not among its lots, in {count(elsewhere.size, 'name')}")


def _cohort(
    firm: Firm, rows: _Rows, ways: tuple[tuple[Policy, ...], ModelFromToday], cash: IntArray, said: Circumstances
) -> Cohort:
    policies, model = ways
    book, household = firm.book, rows.household
    copies = len(policies)
    fee = int(firm.fees[household])
    # Whatever rates are asked of a cohort itself are those on what securities pay out: gains are taxed by law.
    rates = [int(book.households.ordinary_rate[household]), int(book.households.qualified_rate[household]), 0]
    kinds = tuple(AccountKind(int(kind)) for kind in book.accounts.kind[rows.accounts])
    clients = [Client(0, 1.0, policy=number, kinds=kinds) for number in range(copies)]
    return cohort_of(policies, (model,), clients)._replace(
        rates=np.tile(np.array(rates, np.int64), (copies, 1)),
        outside=np.tile(firm.outside_gains[household].astype(np.int64), (copies, 1)),
        fee=np.full(copies, 0 if fee == MISSING else fee, np.int64),
        opening=np.tile(cash.astype(np.int64), copies),
        said=said,
    )


def _copies(table: Table, copies: int, accounts: int) -> Table:
    """Rows of one copy, once for each, their accounts numbered through."""
    made = np.tile(table, copies)
    made["account"] += np.repeat(np.arange(copies, dtype=np.int32) * accounts, table.size)
    return made
