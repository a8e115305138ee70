"""Random small firms, proposals that keep every rule, and ways to break them."""

from __future__ import annotations

from random import Random

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.money import DOLLAR, FULL_RATE, SHARE
from lotwise.rebalancing.book import AccountKind, LotFlag, NameRule
from lotwise.rebalancing.proposal import Side
from tests.rebalancing.checks_firm import (
    Account,
    Firm,
    Household,
    Line,
    Lot,
    Policy,
    Restriction,
    Security,
    figures_of,
    fill_figures,
)

_AS_OF = 20_000
_HIGHS = (0.05, 0.2, 0.333, 1.0)


def random_firm(random: Random) -> Firm:
    """A firm of one to three households, seven securities in six groups, and no proposal."""
    securities = [
        Security(
            price=random.choice((0, *(random.randrange(1, 900 * DOLLAR) for _ in range(9)))),
            spread=random.randrange(10_000_000),
            identical=max(i, 1) * 3,
            tradable=random.random() < 0.9,
        )
        for i in range(7)
    ]
    households = [_random_household(random, len(securities)) for _ in range(random.randint(1, 3))]
    firm = Firm(
        _AS_OF,
        securities,
        households,
        [
            Policy(0, fractional=True, joint=random.random() < 0.5),
            Policy(random.randrange(300 * DOLLAR), fractional=False, joint=random.random() < 0.5),
        ],
        [[], [_random_restriction(random, len(securities)) for _ in range(4)]],
    )
    for h in range(len(households)):
        for _ in range(random.randrange(3)):
            firm.loss_sales.append((h, random.choice(securities).identical, _AS_OF - random.randrange(40)))
    for account, lot in firm.lots():
        if lot.flags & LotFlag.REPLACEMENT and lot.acquired != NO_DATE:
            owner = firm.accounts()[account][0]
            firm.purchases.append((owner, securities[lot.security].identical, lot.acquired, lot.shares))
    return firm


def _random_household(random: Random, securities: int) -> Household:
    accounts = [
        Account(
            kind=random.choice(list(AccountKind)),
            cash=random.choice((-200 * DOLLAR, 0, random.randrange(50_000 * DOLLAR))),
            lots=[_random_lot(random, securities) for _ in range(random.randrange(8))],
            trades=random.random() < 0.9,
        )
        for _ in range(random.randint(1, 3))
    ]
    rates = sorted(random.randrange(FULL_RATE // 2) for _ in range(2))
    blocked = random.random() < 0.05
    household = Household(accounts, rates[1], rates[0], random.randrange(2), random.randrange(2), blocked)
    household.deferred = random.choice((FULL_RATE, FULL_RATE, 650_000_000, 123_456_789))
    household.loss_rates = random.choice((None, (0, 0), (rates[1] // 2, rates[0] // 2)))
    household.gains = (_random_gain(random), _random_gain(random))
    household.carried = (max(_random_gain(random), 0), max(_random_gain(random), 0))
    return household


def _random_gain(random: Random) -> int:
    return random.choice((0, 0, random.randrange(-20_000 * DOLLAR, 20_000 * DOLLAR)))


def _random_lot(random: Random, securities: int) -> Lot:
    acquired = _AS_OF - random.choice((random.randrange(40), random.randrange(360, 370), random.randrange(4000)))
    whole = random.random() < 0.5
    return Lot(
        security=random.randrange(securities),
        shares=random.randint(1, 80) * SHARE if whole else random.randint(1, 80 * SHARE),
        basis=random.randrange(30_000 * DOLLAR),
        acquired=acquired,
        holding_start=acquired - random.choice((0, 0, 200)),
        flags=random.choice((0, 1, 2, 4, 4, 4, 4, 4, 4)),
    )


def _random_restriction(random: Random, securities: int) -> Restriction:
    flags = random.choice((0, int(NameRule.NO_BUY), int(NameRule.NO_SELL), 3))
    return Restriction(random.randrange(securities), random.randrange(-1, 3), flags, random.choice(_HIGHS))


def propose(firm: Firm, random: Random) -> None:
    """Give the firm a random proposal that keeps every rule."""
    for account, (h, owner) in enumerate(firm.accounts()):
        if owner.trades and not firm.households[h].blocked:
            cash = _propose_sales(firm, account, random)
            _propose_purchases(firm, account, cash, random)
    fill_figures(firm)


def _rules(firm: Firm, account: int, security: int) -> tuple[int, float]:
    household = firm.households[firm.accounts()[account][0]]
    flags, high = 0, 1.0
    for rule in firm.rule_sets[household.rules]:
        if rule.security == security and rule.account in {-1, account}:
            flags |= rule.flags
            high = min(high, rule.high)
    return flags, high


def _side_of_group(firm: Firm, household: int, group: int) -> Side:
    """Tonight a household either buys or sells a group, in all its accounts."""
    return Side.BUY if (firm.securities[0].price + 7 * household + group) % 2 else Side.SELL


def _propose_sales(firm: Firm, account: int, random: Random) -> int:
    """Sell out of some names and whole shares of single lots of others; return the cash there is then."""
    h, owner = firm.accounts()[account]
    policy = firm.policies[firm.households[h].policy]
    first = [a for a, _ in firm.lots()].index(account) if owner.lots else 0
    cash = owner.cash
    for security in sorted({lot.security for lot in owner.lots}):
        of_name = [(first + i, lot) for i, lot in enumerate(owner.lots) if lot.security == security]
        name = firm.securities[security]
        barred = not name.tradable or name.price <= 0 or _rules(firm, account, security)[0] & NameRule.NO_SELL
        if barred or _side_of_group(firm, h, name.identical) != Side.SELL or random.random() < 0.2:
            continue
        if random.random() < 0.5:
            sales = [(row, lot.shares) for row, lot in of_name]
        else:
            row, lot = random.choice(of_name)
            whole = lot.shares // SHARE
            part = lot.shares if policy.fractional else random.randint(1, max(whole, 1)) * SHARE
            sales = [(row, part)] if part <= lot.shares else []
        lines = [figures_of(firm, Line(h, account, security, row, int(Side.SELL), shares)) for row, shares in sales]
        value = sum(line.value for line in lines)
        closes = len(lines) == len(of_name) and sum(s for _, s in sales) == sum(lot.shares for _, lot in of_name)
        if all(_may_sell(firm, line) for line in lines) and (closes or value >= policy.minimum):
            firm.lines += lines
            cash += value
    return cash


def _may_sell(firm: Firm, line: Line) -> bool:
    lot = firm.lots()[line.lot][1]
    if lot.flags & (LotFlag.UNKNOWN_TAX | LotFlag.KEPT):
        return False
    if line.gain >= 0 or firm.accounts()[line.account][1].kind != AccountKind.TAXABLE:
        return True
    group = firm.securities[line.security].identical
    bought = sum(
        shares
        for h, g, day, shares in firm.purchases
        if (h, g) == (line.household, group) and day >= firm.as_of - WASH_DAYS
    )
    itself = lot.flags & LotFlag.REPLACEMENT and lot.acquired >= firm.as_of - WASH_DAYS
    return bought <= (lot.shares if itself else 0)


def _propose_purchases(firm: Firm, account: int, cash: int, random: Random) -> None:
    h, owner = firm.accounts()[account]
    policy = firm.policies[firm.households[h].policy]
    lots = [(lot.shares * max(firm.securities[lot.security].price, 0), lot) for lot in owner.lots]
    worth = owner.cash + sum(value for value, _ in lots) // SHARE
    for security, name in enumerate(firm.securities):
        flags, high = _rules(firm, account, security)
        washed = any((s, g) == (h, name.identical) and day >= firm.as_of - WASH_DAYS for s, g, day in firm.loss_sales)
        barred = not name.tradable or name.price <= 0 or washed or flags & NameRule.NO_BUY
        if barred or _side_of_group(firm, h, name.identical) != Side.BUY or random.random() < 0.3:
            continue
        held = sum(value for value, lot in lots if lot.security == security) // SHARE
        room = min(cash - 1, int(high * worth) - held if high < 1 else cash)
        shares = int(random.random() * room * SHARE // name.price)
        if not policy.fractional:
            shares -= shares % SHARE
        if shares <= 0:
            continue
        line = figures_of(firm, Line(h, account, security, -1, int(Side.BUY), shares))
        if line.value >= policy.minimum and line.value <= cash:
            firm.lines.append(line)
            cash -= line.value


def break_something(firm: Firm, random: Random) -> None:
    """Change one thing of the firm or of its proposal, anything; figures follow half of the time."""
    _BREAKERS[random.randrange(len(_BREAKERS))](firm, random)
    lots, accounts = len(firm.lots()), len(firm.accounts())
    places_exist = all(
        0 <= line.household < len(firm.households)
        and 0 <= line.account < accounts
        and 0 <= line.security < len(firm.securities)
        and (line.side == Side.BUY or 0 <= line.lot < lots)
        for line in firm.lines
    )
    if places_exist and random.random() < 0.5:
        fill_figures(firm)


def _break_line(firm: Firm, random: Random) -> None:
    if firm.lines:
        line = random.choice(firm.lines)
        field = random.choice(("household", "account", "security", "lot", "side", "shares", "shares", "shares"))
        if field == "shares":
            line.shares += random.choice((1, -1, SHARE, -SHARE, 50 * SHARE, -line.shares))
        else:
            setattr(line, field, max(getattr(line, field) + random.choice((-1, 1)), -1 if field == "lot" else 0))


def _break_figure(firm: Firm, random: Random) -> None:
    if firm.lines:
        line = random.choice(firm.lines)
        field = random.choice(("value", "basis", "gain", "tax", "cost"))
        setattr(line, field, getattr(line, field) + random.choice((-1, 1, DOLLAR)))


def _break_term(firm: Firm, random: Random) -> None:
    if firm.lines:
        line = random.choice(firm.lines)
        line.long_term = 1 - line.long_term


def _break_order(firm: Firm, random: Random) -> None:
    random.shuffle(firm.lines)


def _repeat_line(firm: Firm, random: Random) -> None:
    if firm.lines:
        place = random.randrange(len(firm.lines))
        line = firm.lines[place]
        firm.lines.insert(place, figures_of(firm, line) if line.side == Side.BUY else line)


def _buy_something(firm: Firm, random: Random) -> None:
    account = random.randrange(len(firm.accounts()))
    security = random.randrange(len(firm.securities))
    shares = random.choice((SHARE, 3 * SHARE, random.randint(1, 9 * SHARE)))
    line = Line(firm.accounts()[account][0], account, security, -1, int(Side.BUY), shares)
    after = next((i for i, other in enumerate(firm.lines) if other.account > account), len(firm.lines))
    firm.lines.insert(after, figures_of(firm, line))


def _sell_something(firm: Firm, random: Random) -> None:
    if firm.lots():
        row = random.randrange(len(firm.lots()))
        account, lot = firm.lots()[row]
        shares = random.choice((lot.shares, max(lot.shares // 2, 1)))
        line = Line(firm.accounts()[account][0], account, lot.security, row, int(Side.SELL), shares)
        after = next((i for i, other in enumerate(firm.lines) if other.account > account), len(firm.lines))
        firm.lines.insert(after, figures_of(firm, line))


def _break_lot(firm: Firm, random: Random) -> None:
    if firm.lots():
        lot = random.choice(firm.lots())[1]
        lot.flags = random.randrange(8)
        if random.random() < 0.3:
            lot.holding_start = NO_DATE


def _break_security(firm: Firm, random: Random) -> None:
    name = random.choice(firm.securities)
    if random.random() < 0.5:
        name.tradable = not name.tradable
    else:
        name.price = random.choice((0, -5, name.price + 1))


def _break_household(firm: Firm, random: Random) -> None:
    household = random.choice(firm.households)
    household.blocked = random.random() < 0.3
    household.policy = random.randrange(2)
    household.rules = random.randrange(2)


def _break_account(firm: Firm, random: Random) -> None:
    account = random.choice(firm.accounts())[1]
    account.cash -= random.choice((1, random.randrange(5000 * DOLLAR)))
    account.trades = random.random() < 0.7


def _break_windows(firm: Firm, random: Random) -> None:
    h, group = random.randrange(len(firm.households)), random.choice(firm.securities).identical
    day = firm.as_of - random.randint(28, 32)
    if random.random() < 0.5:
        firm.loss_sales.append((h, group, day))
    else:
        firm.purchases.append((h, group, day, random.randrange(2 * SHARE)))


def _break_outcome(firm: Firm, random: Random) -> None:
    outcome = random.choice(firm.outcomes)
    field = random.choice(("status", "tax", "cost", "trades"))
    setattr(outcome, field, getattr(outcome, field) + 1)


_BREAKERS = (
    _break_line,
    _break_figure,
    _break_term,
    _break_order,
    _repeat_line,
    _buy_something,
    _sell_something,
    _break_lot,
    _break_security,
    _break_household,
    _break_account,
    _break_windows,
    _break_outcome,
)
