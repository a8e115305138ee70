"""A slow fold of a ledger that is meant to be obviously right: the reference of lotwise.ledger.fold.

Written from the law and from the description of the events (lotwise.ledger.events), not from the fold: one Python
object a parcel of shares, every list searched from end to end, no state between days but the lists themselves. It
shares with the fold its rounding (half to even, once for each split) and the order in which equals are taken.

A day has two passes. First everything happens in the order of the record, splits before trades: purchases replace
losses of earlier days, sales pick shares. When the day is over, its losses are matched
(tests.reference.ledger_wash_rule).

Folded here: purchases, sales, transfers, gifts, inheritances, donations, splits, stock dividends, changes of name, and
what moves cash alone. Not folded: other reorganisations, short sales, corrections, average basis; a record that has
one raises ValueError. `wash_rule=False` folds as if 26 U.S.C. 1091 did not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count, groupby

from lotwise.dates import NO_DATE, from_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, EventFlag, EventKind, Relief, Table
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Refusal, World
from lotwise.money import FULL_RATE, SHARE
from tests.reference.ledger_parcels import Disposal, Outcome, Owner, Parcel, fraction_of
from tests.reference.ledger_wash_rule import WashRule

CASH_ONLY = {
    EventKind.DIVIDEND,
    EventKind.CAPITAL_GAIN_DISTRIBUTION,
    EventKind.INTEREST,
    EventKind.DEPOSIT,
    EventKind.WITHDRAWAL,
    EventKind.FEE,
}


class RefusedError(Exception):
    """Nothing of an event is posted."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.name)
        self.reason = reason


def reference_fold(events: Table, details: Table, world: World, *, wash_rule: bool = True) -> Outcome:
    """Fold a record of events."""
    return _Fold(events, details, world, wash_rule).run()


def reference_is_long_term(holding_start: int, sold: int) -> bool:
    """More than one year (26 U.S.C. 1222): a year after the day after the acquisition, or later."""
    if holding_start == ALWAYS_LONG:
        return True
    if holding_start == NO_DATE:
        return False
    after = from_day_number(holding_start) + timedelta(days=1)
    try:
        first = after.replace(year=after.year + 1)
    except ValueError:
        first = date(after.year + 1, 3, 1)
    return from_day_number(sold) >= first


class _Fold:
    """One run over a record."""

    def __init__(self, events: Table, details: Table, world: World, wash_rule: bool) -> None:
        self.events = events
        self.details = details
        self.wash_rule = wash_rule
        self.outcome = Outcome(status=[Refusal.POSTED] * events.size)
        self.turns = count()
        self.owners = [
            Owner(
                int(row["taxpayer"]),
                AccountKind(int(row["kind"])),
                int(row["relief"]),
                int(row["short_rate"]),
                int(row["long_rate"]),
            )
            for row in world.accounts
        ]
        groups = [tuple(int(value) for value in row) for row in world.identical.tolist()]

        def identical(a: int, b: int, day: int) -> bool:
            of_a = {group for security, group, first, last in groups if security == a and first <= day <= last}
            of_b = {group for security, group, first, last in groups if security == b and first <= day <= last}
            return a == b or bool(of_a & of_b)

        self.rule = WashRule(self.owners, identical, world.reading, self.outcome, lambda: next(self.turns))

    def run(self) -> Outcome:
        days = self.events["day"].tolist()
        opening = [EventKind.SPLIT <= kind <= EventKind.RETURN_OF_CAPITAL for kind in self.events["kind"].tolist()]
        in_order = sorted(range(len(days)), key=lambda number: (days[number], not opening[number], number))
        for day, numbers in groupby(in_order, days.__getitem__):
            for number in numbers:
                try:
                    self._post(number)
                except RefusedError as refused:
                    self.outcome.status[number] = refused.reason
            if self.wash_rule:
                self.rule.match_losses_of_the_day(day)
        return self.outcome

    def _post(self, number: int) -> None:
        event = self.events[number]
        kind = EventKind(int(event["kind"]))
        if kind in CASH_ONLY:
            if event["amount"] < 0:
                raise RefusedError(Refusal.NEGATIVE)
            return
        post: Callable[[int], None] | None = {
            EventKind.BUY: self._buy,
            EventKind.REINVEST: self._buy,
            EventKind.SELL: self._sell,
            EventKind.DONATION: self._donate,
            EventKind.TRANSFER_IN: self._receive,
            EventKind.GIFT_IN: self._receive,
            EventKind.INHERITANCE: self._receive,
            EventKind.TRANSFER_OUT: self._move,
            EventKind.SPLIT: self._split,
            EventKind.STOCK_DIVIDEND: self._split,
            EventKind.SYMBOL_CHANGE: self._rename,
        }.get(kind)
        if post is None:
            raise ValueError(f"the reference does not fold {kind.name}")
        post(number)

    def _held(self, account: int, security: int) -> list[Parcel]:
        found = [one for one in self.outcome.parcels if (one.account, one.security) == (account, security)]
        return sorted(found, key=lambda one: (one.acquired, one.came, one.turn))

    def _add(self, number: int, **given: int | None) -> Parcel:
        """Open a lot of the event's shares."""
        event = self.events[number]
        account, name = int(event["account"]), int(event["lot"])
        if event["shares"] <= 0 or event["amount"] < 0:
            raise RefusedError(Refusal.NEGATIVE)
        if name != NO_CODE and any(one.name == name for one in self._held(account, int(event["security"]))):
            raise RefusedError(Refusal.LOT_TWICE)
        basis = int(given.get("basis") or 0)
        original = given.get("original_basis")
        parcel = Parcel(
            turn=next(self.turns),
            came=number,
            acquisition=number,
            account=account,
            security=int(event["security"]),
            name=name,
            bought_by=int(event["order"]),
            shares=int(event["shares"]),
            basis=basis,
            original_basis=basis if original is None else original,
            acquired=int(given.get("acquired") or 0),
            holding_start=int(given.get("holding_start") or 0),
            marks=LotMark(int(given.get("marks") or 0)),
            loss_basis=given.get("loss_basis"),
        )
        self.outcome.parcels.append(parcel)
        return parcel

    def _buy(self, number: int) -> None:
        event = self.events[number]
        marks = LotMark.REPLACEMENT
        if event["kind"] == EventKind.REINVEST:
            marks |= LotMark.REINVESTED
        if event["facts"] & EventFlag.USED:
            marks |= LotMark.ABSORBED
        day = int(event["day"])
        parcel = self._add(number, basis=int(event["amount"]), acquired=day, holding_start=day, marks=marks)
        if self.wash_rule and parcel.can_replace:
            self.rule.replace_earlier_losses(parcel, day)

    def _receive(self, number: int) -> None:
        """Shares that come without a purchase: of a transfer, a gift, a death."""
        event, detail, day = (
            self.events[number],
            self.details[self.events["detail"][number]],
            int(self.events["day"][number]),
        )
        if event["kind"] == EventKind.INHERITANCE:
            self._add(number, basis=int(detail["fair_value"]), acquired=day, holding_start=ALWAYS_LONG)
        elif event["kind"] == EventKind.GIFT_IN:
            basis, value = int(detail["basis"]), int(detail["fair_value"])
            lower = value < basis
            self._add(
                number,
                basis=basis,
                acquired=day,
                holding_start=int(detail["acquired"]),
                marks=LotMark.FRESH_LOSS if lower else 0,
                loss_basis=value if lower else None,
            )
        else:
            bought = LotMark.REPLACEMENT if event["facts"] & EventFlag.PURCHASE else LotMark(0)
            acquired = int(detail["acquired"])
            basis = int(detail["basis"])
            parcel = self._add(number, basis=basis, acquired=acquired, holding_start=acquired, marks=bought)
            if self.wash_rule and parcel.can_replace:
                self.rule.replace_earlier_losses(parcel, day)

    def _sell(self, number: int) -> None:
        event = self.events[number]
        shares, amount, received = int(event["shares"]), int(event["amount"]), 0
        so_far = 0
        for parcel in self._leaving(number):
            so_far += parcel.shares
            proceeds = fraction_of(amount, so_far, shares) - received
            received += proceeds
            basis, start = parcel.basis, parcel.holding_start
            if parcel.loss_basis is not None and proceeds < basis:
                # A gift worth less than its basis: the value for a loss, and neither gain nor loss in between.
                basis, start = (max(proceeds, parcel.loss_basis), parcel.acquired)
            self.outcome.disposals.append(
                Disposal(
                    event=number,
                    sold_by=int(event["order"]),
                    sold=int(event["day"]),
                    parcel=parcel,
                    called=parcel.security,
                    proceeds=proceeds,
                    basis=basis,
                    holding_start=start,
                    all_shares=parcel.shares,
                    open_shares=parcel.shares,
                )
            )

    def _donate(self, number: int) -> None:
        self._leaving(number)

    def _move(self, number: int) -> None:
        detail = int(self.events["detail"][number])
        to = NO_CODE if detail == NO_CODE else int(self.details["counter_account"][detail])
        account = int(self.events["account"][number])
        if to != NO_CODE:
            here, there = self.owners[account], self.owners[to]
            if to == account or (here.taxpayer, here.kind) != (there.taxpayer, there.kind):
                raise RefusedError(Refusal.OTHER_TAXPAYER)
        for parcel in self._leaving(number):
            if to != NO_CODE:
                parcel.account = to
                parcel.turn = next(self.turns)  # a tie without a rule: parts of a purchase as they came
                self.outcome.parcels.append(parcel)

    def _split(self, number: int) -> None:
        event, detail = self.events[number], self.details[self.events["detail"][number]]
        new, old = int(detail["ratio_new"]), int(detail["ratio_old"])
        if event["kind"] == EventKind.STOCK_DIVIDEND:
            new += old
        held, sold = self._concerned(number)
        before = after = 0
        if held and fraction_of(sum(one.shares for one in held), new, old) == 0:
            raise RefusedError(Refusal.NEGATIVE)
        for parcel in held:  # all together are rounded once, so that no lot's rounding adds to another's
            before += parcel.shares
            parcel.shares = fraction_of(before, new, old) - after
            after += parcel.shares
        self._hand_on(held)
        for one in sold:
            matched = fraction_of(one.all_shares - one.open_shares, new, old)
            one.all_shares = fraction_of(one.all_shares, new, old)
            one.open_shares = one.all_shares - matched
            one.replaced = fraction_of(one.replaced, new, old)

    def _hand_on(self, held: list[Parcel]) -> None:
        """Lots that a split left without a share give their amounts to the next that has one, or else to the last."""
        left = [one for one in held if one.shares]
        for i, gone in enumerate(held):
            if gone.shares:
                continue
            heir = next((one for one in held[i:] if one.shares), left[-1] if left else gone)
            for name in ("basis", "original_basis", "absorbed_loss"):
                setattr(heir, name, getattr(heir, name) + getattr(gone, name))
        self.outcome.parcels = [one for one in self.outcome.parcels if one.shares]

    def _rename(self, number: int) -> None:
        new = int(self.details["new_security"][self.events["detail"][number]])
        held, sold = self._concerned(number)
        for parcel in held:
            parcel.security = new
        for one in sold:
            one.called = new

    def _concerned(self, number: int) -> tuple[list[Parcel], list[Disposal]]:
        """What the account holds, and what it has sold, of the event's security under its name of today."""
        event = self.events[number]
        account, security = int(event["account"]), int(event["security"])
        held = self._held(account, security)
        sold = [one for one in self.outcome.disposals if (one.parcel.account, one.called) == (account, security)]
        if not held and not any(self.rule.waits(one, int(event["day"])) for one in sold):
            raise RefusedError(Refusal.NOT_HELD)
        return held, sold

    def _leaving(self, number: int) -> list[Parcel]:
        """Take the event's shares out of the account, lot by lot in the order of its relief."""
        event = self.events[number]
        account, wanted = int(event["account"]), int(event["shares"])
        if wanted <= 0 or event["amount"] < 0:
            raise RefusedError(Refusal.NEGATIVE)
        held = self._held(account, int(event["security"]))
        if event["lot"] != NO_CODE:
            held = [one for one in held if one.name == event["lot"]]
            if not held:
                raise RefusedError(Refusal.UNKNOWN_LOT)
        if sum(one.shares for one in held) < wanted:
            raise RefusedError(Refusal.OVERSOLD)
        taken = []
        for parcel in self._by_relief(held, number):
            shares = min(parcel.shares, wanted)
            if shares == parcel.shares:
                self.outcome.parcels = [one for one in self.outcome.parcels if one is not parcel]
                taken.append(parcel)
            else:
                taken.append(parcel.take(shares, next(self.turns)))
            wanted -= shares
            if wanted == 0:
                break
        return taken

    def _by_relief(self, unordered: list[Parcel], number: int) -> list[Parcel]:
        """Lots in the order in which a sale takes them; `unordered` is in order of acquisition, which breaks ties.

        Of the parts of one purchase, first in first out and its opposite take the highest basis first too.
        """
        held = sorted(unordered, key=lambda one: (one.acquired, one.came, -one.basis_per_share, one.turn))
        event = self.events[number]
        owner = self.owners[int(event["account"])]
        relief = Relief(int(event["relief"]) or owner.relief)
        if event["lot"] != NO_CODE or relief == Relief.HIFO:
            return sorted(held, key=lambda one: -one.basis_per_share)
        if relief == Relief.FIFO:
            return held
        if relief == Relief.LIFO:
            return sorted(held, key=lambda one: (-one.acquired, -one.came))
        if relief == Relief.LOWEST_TAX:
            price = fraction_of(int(event["amount"]), SHARE, int(event["shares"]))

            def tax(one: Parcel) -> int:
                """Tax on one share, in units of money: smaller differences are rounding."""
                long_term = reference_is_long_term(one.holding_start, int(event["day"]))
                rate = owner.long_rate if long_term else owner.short_rate
                return fraction_of(price - fraction_of(one.basis, SHARE, one.shares), rate, FULL_RATE)

            return sorted(unordered, key=tax)
        raise ValueError(f"the reference does not know {relief.name}")
