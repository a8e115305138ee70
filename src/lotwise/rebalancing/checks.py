"""Every proposal is verified again in exact arithmetic, for its household as a whole, before it is written.

This shares no code with the formulation, the lot costs or the optimizer: it starts from the book's integers
and works out again what each line says (value, cost, basis, gain, term, tax), then asks of the lines together
whether the cash of every account is conserved, no lot is oversold and every restriction and wash-sale rule is
kept. What a household's lines make it owe is worked out by the law (`lotwise.tax`) from the gains as judged here.
`violations.Rule` lists the rules, `line_checks` judges single lines. Linear in trades, in the lots of the accounts
that trade and in households.

Order of judgement: a line that names rows that do not exist, or trades nothing, is reported alone, and so is
a household that may not trade at all: nothing further can be said of it. Otherwise each rule is judged by
itself, from figures recomputed here, so one wrong figure breaks one rule.

Not verified: tracking error, score, gap and lower bound (the certificate proves them), the household's value,
least weights and bounds on groups (they may have had to give: `Relaxations`), cash bands.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel, kernel
from lotwise.money import FULL_RATE, SHARE, IntArray, mul_div
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.check_case import Case, Part, case_of, parts_of
from lotwise.rebalancing.household_checks import WEIGHT_TOLERANCE, check_household_weights, value_accounts
from lotwise.rebalancing.line_checks import (
    check_figures,
    check_permission,
    check_wash_sales,
    count_shares,
    note,
    open_name,
)
from lotwise.rebalancing.proposal import Outcomes, Proposals, Side, Status, Trades
from lotwise.rebalancing.violations import Rule, Violations
from lotwise.securities.market import Market
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.position import LARGEST

__all__ = ["Verification", "verify"]

# Room for violations in the first pass; a second one follows where they are more.
_FIRST_ROOM = 64

_LINES_AT_A_TIME = 100_000  # some ten megabytes of records

_TAXABLE = int(AccountKind.TAXABLE)
_BUY = int(Side.BUY)
_SELL = int(Side.SELL)
_PROPOSED = int(Status.PROPOSED)


class Verification(NamedTuple):
    """What `verify` found: the broken rules (none, if all is well), and the accounts' cash afterwards."""

    violations: Violations
    cash_after: IntArray  # (A,) money; by the lines that could be judged, at their exact values


class _Sums(NamedTuple):
    """What the lines of an account should say together: taxable gains by term and costs, money."""

    short_gain: int
    long_gain: int
    cost: int


@inner_kernel
def _note_unjudged(case: Case, t: int, rule: int) -> None:
    """Note a line that cannot be judged further, of a household that may not exist."""
    line = case.lines[t]
    row = note(case, rule, line.shares)
    if 0 <= line.household < case.households.size:
        case.found[row, 0] = line.household
    case.found[row, 4] = t


@inner_kernel
def _note_name(case: Case, account: int, security: int, rule: int, amount: int) -> None:
    row = note(case, rule, amount)
    case.found[row, 0] = case.accounts[account].household
    case.found[row, 1] = account
    case.found[row, 2] = security


@inner_kernel
def _note_household(case: Case, household: int, rule: int, amount: int) -> None:
    row = note(case, rule, amount)
    case.found[row, 0] = household


@kernel
def _belongs_together(case: Case, t: int) -> bool:
    """Whether the rows that a line names exist and belong to each other."""
    line = case.lines[t]
    if line.account < 0 or line.account >= case.accounts.size:
        return False
    account = case.accounts[line.account]
    if account.household != line.household or line.security < 0 or line.security >= case.names.size:
        return False
    if line.side == _BUY:
        return bool(line.lot == -1)
    if line.side != _SELL or line.lot < account.first_lot or line.lot >= account.last_lot:
        return False
    return bool(case.lots.security[line.lot] == line.security)


@kernel
def _sort_lines(case: Case) -> NDArray[np.bool_]:
    """Bring the lines that can be judged into the order of accounts (a counting sort); note the others.

    Returns the households of the others: (H,).
    """
    unjudged = np.zeros(case.households.size, dtype=np.bool_)
    good = np.zeros(case.lines.size, dtype=np.bool_)
    latest = -1
    for t in range(case.lines.size):
        line = case.lines[t]
        if not _belongs_together(case, t):
            _note_unjudged(case, t, Rule.REFERENCE)
        elif line.shares <= 0:
            _note_unjudged(case, t, Rule.SHARES)
        else:
            good[t] = True
            case.accounts[line.account].last_line += 1  # their number, for now
            if line.account < latest:
                _note_unjudged(case, t, Rule.ORDER)
            latest = max(latest, line.account)
        if not good[t] and 0 <= line.household < unjudged.size:
            unjudged[line.household] = True
    count = 0
    for a in range(case.accounts.size):
        account = case.accounts[a]
        account.first_line = count
        count += account.last_line
        account.last_line = account.first_line
    for t in range(case.lines.size):
        if good[t]:
            account = case.accounts[case.lines[t].account]
            case.order[account.last_line] = t
            account.last_line += 1
    return unjudged


@inner_kernel
def _open_account(case: Case, a: int) -> None:
    """Lay out an account's positions and restrictions by name.

    A greatest weight of a household that is one portfolio is not one of its accounts.
    """
    account, lots = case.accounts[a], case.lots
    for lot in range(account.first_lot, account.last_lot):
        security = lots.security[lot]
        open_name(case, a, security)
        name = case.names[security]
        name.held += lots.shares[lot]
        case.sold_of_lot[lot - account.first_lot] = 0
    household = case.households[account.household]
    for r in range(household.first_rule, household.last_rule):
        rule = case.rules[r]
        if rule.account in (-1, a):
            open_name(case, a, rule.security)
            name = case.names[rule.security]
            name.forbidden |= rule.forbidden
            if rule.account == a or not household.as_one:
                name.high = min(name.high, rule.high)
    for i in range(account.first_line, account.last_line):
        open_name(case, a, case.lines[case.order[i]].security)


@inner_kernel
def _check_names(case: Case, a: int, count: int) -> None:
    """Judge the account's trades name by name: one side, whole shares, minimum trade, greatest weight."""
    household = case.households[case.accounts[a].household]
    account_value = case.accounts[a].value
    whole = household.whole_shares != 0
    for j in range(count):
        security = case.traded[j]
        name = case.names[security]
        closed = name.bought == 0 and name.sold == name.held
        part = abs(name.bought - name.sold) % SHARE
        if name.bought > 0 and name.sold > 0:
            _note_name(case, a, security, Rule.BOTH_SIDES, min(name.bought, name.sold))
        if whole and part != 0 and not closed:
            _note_name(case, a, security, Rule.WHOLE_SHARES, part)
        if name.value < household.minimum_trade and not closed:
            _note_name(case, a, security, Rule.MINIMUM_TRADE, household.minimum_trade - name.value)
        if name.bought > 0 and name.high < FULL_RATE:
            position = mul_div(name.held + name.bought - name.sold, name.price, SHARE)
            bound = mul_div(account_value, name.high, FULL_RATE)
            tolerance = account_value // WEIGHT_TOLERANCE + (name.price if whole else 0)
            if position > bound + tolerance:
                _note_name(case, a, security, Rule.MAX_WEIGHT, position - bound)


@inner_kernel
def _verify_account(case: Case, a: int) -> _Sums:
    """Verify one account's lines; return the sums of what they should say."""
    _open_account(case, a)
    account = case.accounts[a]
    taxable = account.kind == _TAXABLE
    count, value, short_gain, long_gain, cost = 0, 0, 0, 0, 0
    for i in range(account.first_line, account.last_line):
        t = case.order[i]
        check_permission(case, t)
        line = check_figures(case, t)
        check_wash_sales(case, t, line.gain)
        if count_shares(case, t, line.value):
            case.traded[count] = case.lines[t].security
            count += 1
        value += line.value if case.lines[t].side == _BUY else -line.value
        if taxable and line.long_term:
            long_gain += line.gain
        elif taxable:
            short_gain += line.gain
        cost += line.cost
    _check_names(case, a, count)
    account.cash_after = account.cash - value
    least = min(account.cash, 0)
    if account.cash_after < least:
        _note_name(case, a, -1, Rule.CASH, least - account.cash_after)
    return _Sums(short_gain, long_gain, cost)


@inner_kernel
def _mark_buyers(case: Case, first: int) -> None:
    """Mark what the households of one taxpayer, the first of which is given, buy tonight."""
    taxpayer = case.households[first].taxpayer
    h = first
    while h < case.households.size and case.households[h].taxpayer == taxpayer:
        household = case.households[h]
        for a in range(household.first_account, household.last_account):
            for i in range(case.accounts[a].first_line, case.accounts[a].last_line):
                line = case.lines[case.order[i]]
                if line.side == _BUY:
                    case.buyer[case.names[line.security].group] = taxpayer + 1
        h += 1


@inner_kernel
def _verify_household(case: Case, h: int) -> None:
    """Verify the lines of all accounts of a household; its totals are judged by `_verify_totals`."""
    household = case.households[h]
    lines, cost = 0, 0
    for a in range(household.first_account, household.last_account):
        lines += case.accounts[a].last_line - case.accounts[a].first_line
    if lines > 0 and household.blocked:
        _note_household(case, h, Rule.BLOCKED, 0)
        return
    if lines > 0:
        value_accounts(case, h)
    for a in range(household.first_account, household.last_account):
        if case.accounts[a].first_line < case.accounts[a].last_line:
            sums = _verify_account(case, a)
            household.short_gain += sums.short_gain
            household.long_gain += sums.long_gain
            cost += sums.cost
    if lines > 0 and household.as_one:
        check_household_weights(case, h)
    household.cost_due = cost
    household.lines_due = lines
    household.judged = 1


@inner_kernel
def _verify_totals(case: Case, h: int, tax: int) -> None:
    """Verify a household's outcome against its lines; `tax` is what they make it owe, money."""
    household = case.households[h]
    lines, cost = household.lines_due, household.cost_due
    if (household.status == _PROPOSED) != (lines > 0):
        _note_household(case, h, Rule.STATUS, household.status)
    if household.tax != tax:
        _note_household(case, h, Rule.TOTAL_TAX, household.tax - tax)
    if household.cost != cost:
        _note_household(case, h, Rule.TOTAL_COST, household.cost - cost)
    if household.lines != lines:
        _note_household(case, h, Rule.TOTAL_TRADES, household.lines - lines)


@kernel
def _verify(case: Case, first: int, last: int) -> None:
    """Verify the lines, which are of households first .. last, and set those accounts' cash after their trades."""
    unjudged = _sort_lines(case)
    for h in range(first, last):
        if h == first or case.households[h].taxpayer != case.households[h - 1].taxpayer:
            _mark_buyers(case, h)
        if not unjudged[h]:
            _verify_household(case, h)


@kernel
def _verify_all_totals(case: Case, taxes: IntArray) -> None:
    for h in range(case.households.size):
        if case.households[h].judged:
            _verify_totals(case, h, taxes[h])


def _taxes(book: Book, case: Case, first: int, last: int) -> IntArray:
    """Tax that the lines of households first .. last make them owe, money: from the gains as judged; others 0, (H,)."""
    law = load_law()
    year = book.tax[first:last].copy()
    without = liabilities(year, law)["total"]
    for column in ("short_gain", "long_gain"):
        judged = case.households[column][first:last]
        year[f"{column}s"] = np.clip(year[f"{column}s"] + judged, -LARGEST, LARGEST)
    owed = np.zeros(case.households.size, np.int64)
    owed[first:last] = liabilities(year, law)["total"] - without
    return owed


def _judged(book: Book, market: Market, proposals: Proposals, part: Part, room: int) -> Case:
    case = case_of(book, market, proposals, room)
    _verify(case, part.first, part.last)
    _verify_all_totals(case, _taxes(book, case, part.first, part.last))
    return case


def _verified(book: Book, market: Market, proposals: Proposals, part: Part) -> tuple[IntArray, IntArray]:
    """Verify a part: its violations in the order in which they were found, and the cash of its own accounts."""
    columns = proposals.trades._asdict()
    trades = Trades(**{name: column[part.first_line : part.last_line] for name, column in columns.items()})
    own = proposals._replace(trades=trades)
    case = _judged(book, market, own, part, _FIRST_ROOM)
    written = int(case.written[0])
    if written > _FIRST_ROOM:
        case = _judged(book, market, own, part, written)
    found = case.found[:written].copy()
    found[found[:, 4] >= 0, 4] += part.first_line
    accounts = slice(book.households.account_start[part.first], book.households.account_start[part.last])
    return found, case.accounts["cash_after"][accounts].copy()


def verify(
    book: Book, market: Market, proposals: Proposals, threads: int = 1, lines_at_a_time: int = _LINES_AT_A_TIME
) -> Verification:
    """Verify every household's proposal against the book and the market it was made from.

    What is found depends neither on the number of threads nor on how many lines each of them takes at a time. Raises
    ValueError where the columns of the trades or outcomes are not of one length each.
    """
    _require_lengths("trades", proposals.trades, proposals.trades.lot.size)
    _require_lengths("outcomes", proposals.outcomes, book.households.blocked.size)
    parts = parts_of(book, proposals.trades, lines_at_a_time)
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        verified = pool.map(lambda part: _verified(book, market, proposals, part), parts)
        found, cash_after = zip(*verified, strict=True)
    rows = np.concatenate(found)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    rows = rows[[not _is_declared(book, proposals, row) for row in rows]]
    return Verification(_as_columns(rows), np.concatenate(cash_after))


def _is_declared(book: Book, proposals: Proposals, row: IntArray) -> bool:
    """Whether a greatest weight that a purchase breaks is among the relaxations that the proposal declares.

    A least weight of a group may conflict with a greatest weight of its members; then one gives, and says so.
    """
    household, account, security, rule = (int(row[column]) for column in (0, 1, 2, 5))
    if rule != Rule.MAX_WEIGHT:
        return False
    chosen = book.households.rules[household]
    own = slice(book.rules.name_start[chosen], book.rules.name_start[chosen + 1])
    sources = book.rules.name_source[own][book.rules.name_security[own] == security]
    declared = proposals.relaxations.source[proposals.relaxations.account == account]
    return bool(np.isin(sources, declared).any())


def _as_columns(rows: IntArray) -> Violations:
    return Violations(
        household=rows[:, 0].astype(np.int32),
        account=rows[:, 1].astype(np.int32),
        security=rows[:, 2].astype(np.int32),
        lot=rows[:, 3].copy(),
        trade=rows[:, 4].copy(),
        rule=rows[:, 5].astype(np.uint8),
        amount=rows[:, 6].copy(),
    )


def _require_lengths(what: str, columns: Trades | Outcomes, length: int) -> None:
    for name in columns._fields:
        rows = np.size(getattr(columns, name))
        if rows != length:
            raise ValueError(f"column {name} of {what} must have {length} rows, had {rows}")
