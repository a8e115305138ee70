"""Cases of corporate actions: lots before, one action, perhaps a sale; bases, shares, gains and terms after.

A case gives amounts per share or in all; dates it does not give are chosen: lots bought years before, one action day.
Adapters are found by the `type` of a case; `EXPECTED` does the same for what a case expects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from lotwise.ledger.events import EventKind
from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import Comparison
from tests.law.wash_sale_cases import WrittenCase
from tests.ledger.written_events import Number, Record
from tests.ledger.written_results import Outcome

__all__ = ["ACCOUNT", "CHILD", "PARENT", "Story", "write_story"]

ACCOUNT = "account"
PARENT = "PARENT"
CHILD = "CHILD"

_BOUGHT = date(2019, 3, 1)
_ACTED = date(2024, 5, 1)


@dataclass(slots=True)
class Story:
    """A case as a record: first the lots and the action, then what is sold of them."""

    inputs: Facts
    written: WrittenCase = field(default_factory=lambda: WrittenCase(Record()))
    symbol: str = PARENT  # what is held after the action
    acted: date = _ACTED
    shares: Decimal = Decimal(1)  # before the action
    basis: Decimal = Decimal(0)
    stock_value: Decimal = Decimal(0)  # of the stock received in an exchange
    after: list[Outcome] = field(default_factory=list)  # after each action, before anything is sold

    @property
    def record(self) -> Record:
        return self.written.record

    def act(self, kind: EventKind, **details: Number | str) -> None:
        """Write the action."""
        self.written.note("action", [self.record.reorganise(kind, self.acted, ACCOUNT, PARENT, **details)])

    def look(self, check: Comparison) -> Outcome:
        """Fold what is written so far and keep it."""
        self.after.append(self.written.fold(check))
        return self.after[-1]


def write_story(case: Facts, check: Comparison) -> Story:
    """Write lots, action and sales of a case; fold after the action and at the end."""
    story = Story(case.table("inputs"))
    inputs = story.inputs
    kind = inputs.text("type").lower()
    if kind not in _ACTIONS:
        raise UnknownShapeError(f"{inputs.where}: nothing understands the type {kind!r}; known are {sorted(_ACTIONS)}")
    is_spin_off = _ACTIONS[kind] is _spin_off
    if "date" in inputs:
        story.acted = inputs.day("date")
    _buy(story)
    _ACTIONS[kind](story, check)
    if not story.after:
        story.look(check)
    if "cash_in_lieu" in inputs:
        _sell_part_share(story, CHILD if is_spin_off else story.symbol, inputs.number("cash_in_lieu"))
    for key, symbol in (("sell", story.symbol), ("sell_parent", PARENT), ("sell_child", CHILD), ("sell_new", CHILD)):
        if key in inputs:
            sale = inputs.table(key)
            day = sale.day("date") if "date" in sale else story.acted + timedelta(days=40)
            lots = [sale.text("lot")] if "lot" in sale else []
            sold = story.record.sell(day, ACCOUNT, symbol, sale.number("shares"), sale.number("amount"), lots=lots)
            story.written.note(key, sold)
    story.look(check)
    return story


def _buy(story: Story) -> None:
    """Buy the lots, or the one lot that `basis` and the shares tell of."""
    inputs, record = story.inputs, story.record
    day = inputs.day("acquired") if "acquired" in inputs else _BOUGHT
    if "lots" in inputs:
        story.shares = story.basis = Decimal(0)
        for lot in inputs.tables("lots"):
            bought = lot.day("date", "acquired") if "date" in lot or "acquired" in lot else day
            shares = lot.number("shares")
            basis = lot.number("basis") if "basis" in lot else shares * lot.number("unit_cost")
            record.buy(bought, ACCOUNT, PARENT, shares, basis, lot=lot.text("lot"))
            story.shares += shares
            story.basis += basis
        return
    keys = [key for key in ("parent_shares", "old_shares", "shares") if key in inputs]
    story.shares = inputs.number(*keys) if keys else Decimal(1)
    story.basis = inputs.number("basis")
    record.buy(day, ACCOUNT, PARENT, story.shares, story.basis, lot="A")


def _split(story: Story, _check: Comparison) -> None:
    story.act(EventKind.SPLIT, ratio=story.inputs.ratio("ratio", "ratio_new_per_old", "new_per_old"))


def _stock_dividend(story: Story, _check: Comparison) -> None:
    keys = [key for key in ("new_per_old", "ratio", "pct") if key in story.inputs]
    story.act(EventKind.STOCK_DIVIDEND, ratio=story.inputs.ratio(*keys))


def _stock_dividend_cash_in_lieu(story: Story, check: Comparison) -> None:
    """The company sells the fraction and pays `cash`; a share is worth `old_fmv` (Pub. 550, fractional shares)."""
    inputs = story.inputs
    fraction = Fraction(inputs.number("cash")) / Fraction(inputs.number("old_fmv"))
    story.act(EventKind.STOCK_DIVIDEND, ratio=fraction / Fraction(story.shares))
    story.look(check)
    _sell_fraction(story, PARENT, fraction, inputs.number("cash"))


def _sell_fraction(story: Story, symbol: str, fraction: Number, cash: Number) -> None:
    sold = story.record.cash_in_lieu(story.acted, ACCOUNT, symbol, fraction, cash)
    story.written.note("fraction", [sold])


def _sell_part_share(story: Story, symbol: str, cash: Number) -> None:
    """Sell what is beyond whole shares."""
    held = sum((Fraction(lot.shares) for lot in story.after[-1].lots if lot.symbol == symbol), Fraction(0))
    if held % 1:
        _sell_fraction(story, symbol, held % 1, cash)


def _other_class(story: Story, _check: Comparison) -> None:
    """Basis is spread by fair value; `old_fmv` and `new_fmv` are of one share (26 U.S.C. 307; Reg. 1.307-1)."""
    inputs = story.inputs
    new = inputs.number("new_shares")
    old_value, new_value = story.shares * inputs.number("old_fmv"), new * inputs.number("new_fmv")
    ratio, fraction = Fraction(new) / Fraction(story.shares), Fraction(new_value) / Fraction(old_value + new_value)
    story.act(EventKind.STOCK_DIVIDEND_OTHER, new_symbol=CHILD, ratio=ratio, fraction=fraction)


def _symbol_change(story: Story, _check: Comparison) -> None:
    if "new_symbol" in story.inputs:
        story.inputs.text("new_symbol")
    story.symbol = CHILD
    story.act(EventKind.SYMBOL_CHANGE, new_symbol=CHILD)


def _cash_merger(story: Story, _check: Comparison) -> None:
    story.act(EventKind.CASH_MERGER, cash=_a_share(story, "cash", "cash_per_share"))


def _a_share(story: Story, in_all: str, each: str) -> Fraction:
    """Money for one old share, from an amount in all or for each."""
    inputs = story.inputs
    if each in inputs:
        return Fraction(inputs.number(each))
    return Fraction(inputs.number(in_all)) / Fraction(story.shares) if in_all in inputs else Fraction(0)


def _stock_merger(story: Story, _check: Comparison) -> None:
    story.symbol = CHILD
    story.act(EventKind.STOCK_MERGER, new_symbol=CHILD, ratio=_new_per_old(story.inputs))


def _new_per_old(inputs: Facts) -> Fraction:
    keys = [key for key in ("ratio_new_per_old", "new_per_old", "ratio") if key in inputs]
    return inputs.ratio(*keys) if keys else Fraction(1)


def _mixed_merger(story: Story, _check: Comparison) -> None:
    """Stock and boot for each lot; other property counts as cash of its value (26 U.S.C. 356(a)(1)(B))."""
    inputs = story.inputs
    ratio = _new_per_old(inputs)
    cash = _a_share(story, "cash", "cash_per_share")
    boot = cash + _a_share(story, "other_property_fmv", "other_property_per_share")
    if "stock_fmv_per_share" in inputs:
        value = Fraction(inputs.number("stock_fmv_per_share"))
    else:
        value = Fraction(inputs.number("stock_fmv")) / Fraction(story.shares) / ratio
    story.symbol = CHILD
    in_all = Fraction(story.shares) * value * ratio
    story.stock_value = Decimal(in_all.numerator) / Decimal(in_all.denominator)
    story.act(EventKind.MIXED_MERGER, new_symbol=CHILD, ratio=ratio, cash=boot, fair_value=value)


def _spin_off(story: Story, check: Comparison) -> None:
    """Basis goes by the percentage of Form 8937, or by relative value (26 U.S.C. 358(c); Reg. 1.358-2(a)(2)(iv))."""
    inputs = story.inputs
    ratio = inputs.ratio("spin_ratio", "ratio")
    if "child_pct" in inputs:
        fraction = Fraction(inputs.number("child_pct"))
    elif "parent_pct" in inputs:
        fraction = 1 - Fraction(inputs.number("parent_pct"))
    else:
        parent = Fraction(inputs.number("parent_fmv", "parent_price"))
        child = Fraction(inputs.number("child_fmv", "child_price")) * ratio
        fraction = child / (parent + child)
    story.act(EventKind.SPIN_OFF, new_symbol=CHILD, ratio=ratio, fraction=fraction)
    story.look(check)
    if "cash_in_lieu" not in inputs and not any(key in inputs for key in ("sell_child", "lots")):
        _sell_part_share(story, CHILD, story.basis)  # what is paid does not matter to the basis of the fraction


def _return_of_capital(story: Story, check: Comparison) -> None:
    """Each distribution is folded by itself, so that the basis after it can be seen."""
    for number, payment in enumerate(story.inputs.tables("distributions")):
        keys = [key for key in ("amount", "per_share") if key in payment]
        amount = payment.number(*keys)
        if keys == ["per_share"]:
            amount *= story.shares
        paid = story.record.return_of_capital(payment.day("date"), ACCOUNT, PARENT, amount)
        story.written.note(f"distribution {number}", [paid])
        story.look(check)


_Action = Callable[[Story, Comparison], None]

_ACTIONS: dict[str, _Action] = {
    "split": _split,
    "stock_split": _split,
    "reverse_split": _split,
    "stock_dividend": _stock_dividend,
    "stock_dividend_cash_in_lieu": _stock_dividend_cash_in_lieu,
    "stock_dividend_other_class": _other_class,
    "symbol_change": _symbol_change,
    "cusip_change": _symbol_change,
    "name_change": _symbol_change,
    "cash_merger": _cash_merger,
    "merger_cash": _cash_merger,
    "liquidation": _cash_merger,
    "merger_stock": _stock_merger,
    "stock_merger": _stock_merger,
    "merger_boot": _mixed_merger,
    "mixed_merger": _mixed_merger,
    "merger_mixed": _mixed_merger,
    "mixed": _mixed_merger,
    "spin_off": _spin_off,
    "spinoff": _spin_off,
    "return_of_capital": _return_of_capital,
}
