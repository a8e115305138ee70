"""The exact checks once more, slowly: Python objects, fractions and dates, one function per group of rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from lotwise.dates import NO_DATE, from_day_number
from lotwise.ledger.holding_period import is_long_term
from lotwise.money import FULL_RATE, SHARE
from lotwise.rebalancing.book import AccountKind, LotFlag, NameRule
from lotwise.rebalancing.proposal import Side, Status
from lotwise.rebalancing.violations import Rule
from tests.rebalancing.checks_firm import Account, Firm, Household, Line, Lot, Restriction, tax_owed


class Broken(NamedTuple):
    """One violation, in the order of the columns of `Violations`."""

    household: int
    account: int
    security: int
    lot: int
    trade: int
    rule: int
    amount: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with what it should say; `lot` is that of a sale."""

    row: int
    line: Line
    lot: Lot | None
    taxable: bool
    value: int
    gain: int
    tax: int
    cost: int
    basis: int
    long_term: bool

    @property
    def loses(self) -> bool:
        return self.lot is not None and self.taxable and self.gain < 0

    def broke(self, rule: Rule, amount: int) -> Broken:
        line = self.line
        return Broken(line.household, line.account, line.security, line.lot, self.row, rule, amount)


def broken_rules(firm: Firm) -> list[Broken]:
    """Every broken rule of a firm's proposal, sorted."""
    sound: list[int] = []
    found: list[Broken] = []
    unjudged: set[int] = set()
    latest = -1
    for row, line in enumerate(firm.lines):
        household = line.household if 0 <= line.household < len(firm.households) else -1
        rule = None
        if not _belongs_together(firm, line):
            rule = Rule.REFERENCE
        elif line.shares <= 0:
            rule = Rule.SHARES
        if rule is not None:
            found.append(Broken(household, -1, -1, -1, row, rule, line.shares))
            unjudged.add(household)
            continue
        sound.append(row)
        if line.account < latest:
            found.append(Broken(household, -1, -1, -1, row, Rule.ORDER, line.shares))
        latest = max(latest, line.account)
    for household in range(len(firm.households)):
        if household not in unjudged:
            rows = [row for row in sound if firm.lines[row].household == household]
            found += _household(firm, household, sorted(rows, key=lambda row: firm.lines[row].account))
    return sorted(found)


def _belongs_together(firm: Firm, line: Line) -> bool:
    accounts, lots = firm.accounts(), firm.lots()
    if not (0 <= line.account < len(accounts) and accounts[line.account][0] == line.household):
        return False
    if not 0 <= line.security < len(firm.securities):
        return False
    if line.side == Side.BUY:
        return line.lot == -1
    if line.side != Side.SELL or not 0 <= line.lot < len(lots):
        return False
    account, lot = lots[line.lot]
    return account == line.account and lot.security == line.security


def _judge(firm: Firm, row: int) -> Judged:
    line = firm.lines[row]
    security = firm.securities[line.security]
    account = firm.accounts()[line.account][1]
    taxable = account.kind == 0
    value = round(Fraction(line.shares * max(security.price, 0), SHARE))
    cost = round(Fraction(value * security.spread, 2 * FULL_RATE))
    if line.side == Side.BUY:
        return Judged(row, line, None, taxable, value, 0, 0, cost, value, long_term=False)
    lot = firm.lots()[line.lot][1]
    basis = round(Fraction(lot.basis * line.shares, lot.shares))
    sold = from_day_number(firm.as_of)
    long_term = lot.holding_start != NO_DATE and is_long_term(from_day_number(lot.holding_start), sold)
    gain = value - basis
    rate = firm.households[line.household].rate(loss=gain < 0, long_term=long_term) if taxable else 0
    tax = round(Fraction(gain * rate, FULL_RATE))
    return Judged(row, line, lot, taxable, value, gain, tax, cost, basis, long_term)


def _gains(lines: list[Judged]) -> tuple[int, int]:
    sold = [x for x in lines if x.lot is not None and x.taxable]
    return sum(x.gain for x in sold if not x.long_term), sum(x.gain for x in sold if x.long_term)


def _household(firm: Firm, household: int, rows: list[int]) -> Iterator[Broken]:
    def broke(rule: Rule, amount: int) -> Broken:
        return Broken(household, -1, -1, -1, -1, rule, amount)

    if rows and firm.households[household].blocked:
        yield broke(Rule.BLOCKED, 0)
        return
    lines = [_judge(firm, row) for row in rows]
    for judged in lines:
        yield from _permission(firm, judged)
        yield from _figures(judged)
    yield from _counts(lines)
    yield from _wash_sales(firm, household, lines)
    for account, (owner, _) in enumerate(firm.accounts()):
        if owner == household and any(x.line.account == account for x in lines):
            yield from _account(firm, account, [x for x in lines if x.line.account == account])
    if lines and _is_one(firm, household):
        yield from _weights(firm, household, lines)
    outcome = firm.outcomes[household]
    if (outcome.status == Status.PROPOSED) != bool(lines):
        yield broke(Rule.STATUS, outcome.status)
    for rule, stated, true in (
        (Rule.TOTAL_TAX, outcome.tax, tax_owed(firm, household, _gains(lines))),
        (Rule.TOTAL_COST, outcome.cost, sum(x.cost for x in lines)),
        (Rule.TOTAL_TRADES, outcome.trades, len(lines)),
    ):
        if stated != true:
            yield broke(rule, stated - true)


def _restrictions(firm: Firm, household: int, account: int, security: int) -> list[Restriction]:
    rules = firm.rule_sets[firm.households[household].rules]
    return [rule for rule in rules if rule.security == security and rule.account in {-1, account}]


def _permission(firm: Firm, judged: Judged) -> Iterator[Broken]:
    line, lot = judged.line, judged.lot
    security = firm.securities[line.security]
    if not firm.accounts()[line.account][1].trades:
        yield judged.broke(Rule.HELD_AWAY, line.value)
    if security.price <= 0:
        yield judged.broke(Rule.NO_PRICE, line.shares)
    elif not security.tradable:
        yield judged.broke(Rule.UNTRADABLE, line.value)
    flags = {
        flag
        for rule in _restrictions(firm, line.household, line.account, line.security)
        for flag in NameRule(rule.flags)
    }
    if line.side == Side.BUY and NameRule.NO_BUY in flags:
        yield judged.broke(Rule.NO_BUY, line.value)
    if lot is None:
        return
    if NameRule.NO_SELL in flags:
        yield judged.broke(Rule.NO_SELL, line.value)
    if LotFlag.UNKNOWN_TAX in LotFlag(lot.flags) or (judged.taxable and lot.holding_start == NO_DATE):
        yield judged.broke(Rule.UNKNOWN_TAX, line.shares)
    if LotFlag.KEPT in LotFlag(lot.flags):
        yield judged.broke(Rule.KEPT, line.shares)


def _figures(judged: Judged) -> Iterator[Broken]:
    line = judged.line
    for rule, stated, true in (
        (Rule.VALUE, line.value, judged.value),
        (Rule.COST, line.cost, judged.cost),
        (Rule.BASIS, line.basis, judged.basis),
        (Rule.GAIN, line.gain, judged.gain),
        (Rule.TAX, line.tax, judged.tax),
    ):
        if stated != true:
            yield judged.broke(rule, stated - true)
    if line.long_term != judged.long_term:
        yield judged.broke(Rule.TERM, 0)


def _counts(lines: list[Judged]) -> Iterator[Broken]:
    sold: dict[int, int] = defaultdict(int)
    bought: set[tuple[int, int]] = set()
    for judged in lines:
        line, lot = judged.line, judged.lot
        if lot is None:
            name = (line.account, line.security)
            if name in bought:
                yield judged.broke(Rule.REPEATED, 0)
            bought.add(name)
            continue
        if line.lot in sold:
            yield judged.broke(Rule.REPEATED, 0)
        too_many = line.shares - (lot.shares - sold[line.lot])
        if too_many > 0:
            yield judged.broke(Rule.OVERSOLD, too_many)
        sold[line.lot] += line.shares


def _wash_sales(firm: Firm, household: int, lines: list[Judged]) -> Iterator[Broken]:
    group_of = [security.identical for security in firm.securities]
    bought_tonight = {group_of[x.line.security] for x in lines if x.lot is None}
    for judged in lines:
        group = group_of[judged.line.security]
        if judged.lot is None:
            days = [day for h, g, day in firm.loss_sales if (h, g) == (household, group)]
            if any(abs(firm.as_of - day) <= 30 for day in days):
                yield judged.broke(Rule.BUY_BARRED, judged.line.value)
            continue
        if not judged.loses:
            continue
        if group in bought_tonight:
            yield judged.broke(Rule.SOLD_AND_BOUGHT, -judged.gain)
        bought = [s for h, g, d, s in firm.purchases if (h, g) == (household, group) and abs(firm.as_of - d) <= 30]
        if sum(bought) <= 0:
            continue
        recent = abs(firm.as_of - judged.lot.acquired) <= 30
        own = judged.lot.shares if recent and LotFlag.REPLACEMENT in LotFlag(judged.lot.flags) else 0
        if sum(bought) > own:
            yield judged.broke(Rule.LOSS_BARRED, sum(bought) - own)


def _worth(firm: Firm, owner: Account) -> int:
    prices = [max(firm.securities[lot.security].price, 0) for lot in owner.lots]
    return owner.cash + sum(
        round(Fraction(lot.shares * price, SHARE)) for lot, price in zip(owner.lots, prices, strict=True)
    )


def _is_one(firm: Firm, household: int) -> bool:
    """Whether its accounts are one portfolio."""
    own = firm.households[household]
    valued = [account for account in own.accounts if _worth(firm, account) > 0]
    return firm.policies[own.policy].joint and len(valued) > 1 and any(account.trades for account in valued)


def _counted(own: Household, owner: Account, amount: int) -> int:
    """What shares or money of an account count beside those of others."""
    return round(Fraction(amount * own.deferred, FULL_RATE)) if owner.kind == AccountKind.TRADITIONAL else amount


def _weights(firm: Firm, household: int, lines: list[Judged]) -> Iterator[Broken]:
    """Greatest weights of a household that is one portfolio."""
    own = firm.households[household]
    policy = firm.policies[own.policy]
    valued = [account for account in own.accounts if _worth(firm, account) > 0]
    total = sum(_counted(own, account, _worth(firm, account)) for account in valued)
    for rule in firm.rule_sets[own.rules]:
        mine = [
            x
            for x in lines
            if x.line.security == rule.security and _worth(firm, firm.accounts()[x.line.account][1]) > 0
        ]
        if rule.account != -1 or rule.high >= 1 or not any(x.line.side == Side.BUY for x in mine):
            continue
        name = [(account, lot) for account in valued for lot in account.lots if lot.security == rule.security]
        held = sum(_counted(own, account, lot.shares) for account, lot in name)
        for x in mine:
            shares = _counted(own, firm.accounts()[x.line.account][1], x.line.shares)
            held += shares if x.line.side == Side.BUY else -shares
        price = firm.securities[rule.security].price
        bound = round(Fraction(total * round(Fraction(str(rule.high)) * FULL_RATE), FULL_RATE))
        position = round(Fraction(held * price, SHARE))
        if position > bound + total // 10_000 + (0 if policy.fractional else price):
            yield Broken(household, -1, rule.security, -1, -1, Rule.MAX_WEIGHT, position - bound)


def _account(firm: Firm, account: int, lines: list[Judged]) -> Iterator[Broken]:
    household, owner = firm.accounts()[account]
    policy = firm.policies[firm.households[household].policy]
    worth = owner.cash
    for lot in owner.lots:
        worth += max(round(Fraction(lot.shares * firm.securities[lot.security].price, SHARE)), 0)
    for security in dict.fromkeys(x.line.security for x in lines):
        of_name = [x for x in lines if x.line.security == security]
        bought = sum(x.line.shares for x in of_name if x.lot is None)
        sold = sum(x.line.shares for x in of_name if x.lot is not None)
        held = sum(lot.shares for lot in owner.lots if lot.security == security)
        traded = sum(x.value for x in of_name)
        closed = not bought and sold == held

        def broke(rule: Rule, amount: int, security: int = security) -> Broken:
            return Broken(household, account, security, -1, -1, rule, amount)

        if bought and sold:
            yield broke(Rule.BOTH_SIDES, min(bought, sold))
        if not policy.fractional and abs(bought - sold) % SHARE and not closed:
            yield broke(Rule.WHOLE_SHARES, abs(bought - sold) % SHARE)
        if traded < policy.minimum and not closed:
            yield broke(Rule.MINIMUM_TRADE, policy.minimum - traded)
        rules = _restrictions(firm, household, account, security)
        highs = [rule.high for rule in rules if rule.account == account or not _is_one(firm, household)]
        if bought and highs and min(highs) < 1:
            price = firm.securities[security].price
            bound = round(Fraction(worth * round(Fraction(str(min(highs))) * FULL_RATE), FULL_RATE))
            position = round(Fraction((held + bought - sold) * price, SHARE))
            if position > bound + worth // 10_000 + (0 if policy.fractional else price):
                yield broke(Rule.MAX_WEIGHT, position - bound)
    cash = owner.cash + sum(x.value if x.lot else -x.value for x in lines)
    if cash < min(0, owner.cash):
        yield Broken(household, account, -1, -1, -1, Rule.CASH, min(0, owner.cash) - cash)
