"""The wash-sale rule, share for share (26 U.S.C. 1091; Reg. 1.1091-1 and -2; Rev. Rul. 2008-5; Rev. Rul. 56-602).

Two questions, asked once for every purchase and once for every loss:

- a purchase is made: which losses of earlier days does it replace? (`replace_earlier_losses`)
- a day ends: which purchases up to now replace the losses of this day? (`match_losses_of_the_day`)

A loss is matched share for share with the earliest acquisition first (Reg. 1.1091-1(d)), losses in the order in which
they were made and, within one sale, in the order in which the shares had been acquired (Reg. 1.1091-1(b)). Shares of
the same acquisition never replace each other (Rev. Rul. 56-602), and shares replace once (Reg. 1.1091-1(e)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lotwise.dates import NO_DATE
from lotwise.ledger.events import NO_CODE
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Reading
from tests.reference.ledger_parcels import Disposal, Match, Outcome, Owner, Parcel

WINDOW = 30


@dataclass(frozen=True, slots=True)
class WashRule:
    """The rule over one record: whose accounts these are, what is identical, and which reading is taken."""

    owners: list[Owner]
    identical: Callable[[int, int, int], bool]  # two securities, on a day
    reading: Reading
    outcome: Outcome
    next_turn: Callable[[], int]

    def replace_earlier_losses(self, bought: Parcel, today: int) -> None:
        """Match a purchase with the losses of earlier days in its window, first loss first.

        A lot that is moved here after it was bought elsewhere may also have been bought before the loss.
        """
        whole = bought
        older_counts = self.reading != Reading.OLDER_LOT_NEVER_REPLACES
        for loss in self._in_order_of_disposition():
            if loss.sold >= today or abs(bought.acquired - loss.sold) > WINDOW or not self._may_replace(whole, loss):
                continue
            if not older_counts and bought.acquired < loss.parcel.acquired:
                continue
            shares = min(loss.open_shares, whole.shares)
            part = whole
            if shares < whole.shares:
                part = whole.take(shares, self.next_turn())
                self.outcome.parcels.append(part)
            self._absorb(part, loss, shares)
            if part is whole:
                return

    def match_losses_of_the_day(self, today: int) -> None:
        """Match the losses of a day that has ended with the purchases up to now."""
        tested: list[Disposal] = []
        while True:
            waiting = [one for one in self._in_order_of_disposition(today) if not any(one is done for done in tested)]
            if not waiting:
                return
            loss = waiting[0]
            tested.append(loss)
            if self._is_loss(loss):
                self._match(loss)

    def _match(self, loss: Disposal) -> None:
        for taker in self._takers(loss):
            if isinstance(taker, Disposal):
                self._match_sold(taker, loss)
            elif self._may_replace(taker, loss):
                self._match_held(taker, loss)

    def _match_held(self, taker: Parcel, loss: Disposal) -> None:
        """Match with shares still held: a part of them becomes a parcel of its own."""
        shares, part = min(loss.open_shares, taker.shares), taker
        if shares < taker.shares:
            part = taker.take(shares, self.next_turn())
            self.outcome.parcels.append(part)
        self._absorb(part, loss, shares)

    def _match_sold(self, taker: Disposal, loss: Disposal) -> None:
        """Match with shares sold later today, whose own result takes the loss over; or sold before: gone for ever."""
        if not self._may_replace(taker.parcel, loss, taker.called):
            return
        if not _sold_after(taker, loss):
            shares = min(loss.open_shares, taker.all_shares - taker.replaced)
            if shares > 0:
                taker.replaced += shares
                self._lose(loss, taker.parcel, shares)
            return
        shares, part = min(loss.open_shares, taker.parcel.shares), taker
        if shares < taker.parcel.shares:
            part = taker.take(shares, self.next_turn())
            here = next(i for i, one in enumerate(self.outcome.disposals) if one is taker)
            self.outcome.disposals[here] = part
            self.outcome.disposals.append(taker)  # a tie without a rule: what is left of a sale waits behind the others
        self._absorb_sold(part, loss, shares)

    def _takers(self, loss: Disposal) -> list[Parcel | Disposal]:
        """Purchases that may replace a loss of today: earlier ones as the reading says, then later ones of the day."""
        held = [one for one in self.outcome.parcels if loss.sold - one.acquired <= WINDOW]
        sold = [one for one in self.outcome.disposals if loss.sold - one.parcel.acquired <= WINDOW and one is not loss]
        earlier: list[Parcel | Disposal] = [one for one in held if _before(one, loss)]
        if self.reading == Reading.OLDER_LOT_NEVER_REPLACES:
            earlier = [one for one in held if _before(one, loss) and one.acquired >= loss.parcel.acquired]
        if self.reading == Reading.HELD_AFTER_THIS_SALE:
            earlier += [one for one in sold if _before(one.parcel, loss) and _sold_after(one, loss)]
        if self.reading == Reading.ANY_ACQUISITION:
            earlier += [one for one in sold if _before(one.parcel, loss)]
        later: list[Parcel | Disposal] = [one for one in held if not _before(one, loss)]
        later += [one for one in sold if not _before(one.parcel, loss) and _sold_after(one, loss)]

        def age(one: Parcel | Disposal) -> tuple[int, ...]:
            """By acquisition; of one purchase first what is sold later today, then what is held, then what was sold.

            What is held of one purchase in several accounts goes by account: a tie without a rule.
            """
            if isinstance(one, Disposal):
                return one.parcel.acquired, one.parcel.came, 0 if _sold_after(one, loss) else 2
            return one.acquired, one.came, 1, one.account, one.turn

        return [*sorted(earlier, key=age), *sorted(later, key=age)]

    def _may_replace(self, shares: Parcel, loss: Disposal, called: int | None = None) -> bool:
        """Whether shares (of a security called so since) can replace those of a loss."""
        return (
            shares.can_replace
            and self._is_loss(loss)
            and loss.open_shares > 0
            and not _same_acquisition(shares, loss.parcel)
            and self.owners[shares.account].taxpayer == self.owners[loss.parcel.account].taxpayer
            and self.identical(shares.security if called is None else called, loss.called, loss.sold)
        )

    def waits(self, one: Disposal, today: int) -> bool:
        """Whether shares sold at a loss can still be replaced."""
        return self._is_loss(one) and one.open_shares > 0 and today - one.sold <= WINDOW

    def _is_loss(self, one: Disposal) -> bool:
        return self.owners[one.parcel.account].taxed and one.loss > 0

    def _in_order_of_disposition(self, only_day: int | None = None) -> list[Disposal]:
        """Sales by day and event, the fills of one sale on one day as one, and within a sale by acquisition.

        Shares of one acquisition stay as the sale took them: highest basis first.
        """
        chosen = [one for one in self.outcome.disposals if only_day is None or one.sold == only_day]

        def first_fill(one: Disposal) -> int:
            return min(other.event for other in chosen if _same_sale(one, other) and other.sold == one.sold)

        return sorted(chosen, key=lambda one: (one.sold, first_fill(one), _age(one.parcel)[:2]))

    def _absorb(self, part: Parcel, loss: Disposal, shares: int) -> None:
        """Shares still held take a loss over: basis and holding period too (26 U.S.C. 1091(d), 1223(3))."""
        assert part.shares == shares
        amount = loss.disallow(shares)
        taxed = self.owners[part.account].taxed
        part.marks |= LotMark.ABSORBED
        if taxed:
            part.absorbed_from = loss.event
            part.basis += amount
            part.absorbed_loss += amount
            part.holding_start = tacked(part.acquired, loss)
        else:
            loss.permanent += amount
        self._note(part, loss, shares, amount, permanent=not taxed)

    def _absorb_sold(self, sold: Disposal, loss: Disposal, shares: int) -> None:
        """Shares sold later on the day of the loss take it over into their own result."""
        assert sold.parcel.shares == shares
        if not self.owners[sold.parcel.account].taxed:
            sold.parcel.marks |= LotMark.ABSORBED
            self._lose(loss, sold.parcel, shares)
            return
        amount = loss.disallow(shares)
        sold.parcel.marks |= LotMark.ABSORBED
        sold.parcel.absorbed_from = loss.event
        sold.parcel.absorbed_loss += amount
        sold.basis += amount
        sold.holding_start = tacked(sold.parcel.acquired, loss)
        self._note(sold.parcel, loss, shares, amount, permanent=False)

    def _lose(self, loss: Disposal, shares_of: Parcel, shares: int) -> None:
        """A loss matched with shares that cannot carry it is gone for ever."""
        amount = loss.disallow(shares)
        loss.permanent += amount
        self._note(shares_of, loss, shares, amount, permanent=True)

    def _note(self, part: Parcel, loss: Disposal, shares: int, amount: int, *, permanent: bool) -> None:
        held, known = 0 if permanent else held_days(loss), max(loss.sold, part.acquired)
        self.outcome.matches.append(Match(loss.event, part.came, shares, amount, known, held, permanent))


def _age(parcel: Parcel) -> tuple[int, int, int]:
    """Order of acquisition: by day, then by event, then as shares were split."""
    return parcel.acquired, parcel.came, parcel.turn


def _before(parcel: Parcel, loss: Disposal) -> bool:
    """Whether shares were acquired before a loss was made."""
    return (parcel.acquired, parcel.came) < (loss.sold, loss.event)


def _same_acquisition(one: Parcel, other: Parcel) -> bool:
    return one.acquisition == other.acquisition or (one.bought_by != NO_CODE and one.bought_by == other.bought_by)


def _same_sale(one: Disposal, other: Disposal) -> bool:
    return one.event == other.event or (one.sold_by != NO_CODE and one.sold_by == other.sold_by)


def _sold_after(one: Disposal, loss: Disposal) -> bool:
    """Whether shares were sold later on the day of a loss, in another sale."""
    return one.sold == loss.sold and one.event > loss.event and not _same_sale(one, loss)


def held_days(loss: Disposal) -> int:
    """Days the shares sold count as held; 0 where no day is known."""
    return 0 if loss.holding_start in (NO_DATE, ALWAYS_LONG) else loss.sold - loss.holding_start


def tacked(acquired: int, loss: Disposal) -> int:
    """Day from which a replacement's holding period counts: the days of the shares sold are added to its own."""
    return ALWAYS_LONG if loss.holding_start == ALWAYS_LONG else acquired - held_days(loss)
