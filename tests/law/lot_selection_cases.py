"""Cases of lot relief: lots held and sales by one method; which lots are consumed, what is left, what is gained.

The lots come by transfer, so that no wash sale mixes in: relief is what is tested (Reg. 1.1012-1(c)).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from lotwise.ledger.events import Relief
from tests.law.case_facts import Facts
from tests.law.comparison import Comparison, is_long
from tests.law.open_lots import compare_lots, stated_lots
from tests.law.wash_sale_cases import WrittenCase, relief_of
from tests.ledger.written_events import LONG_RATE, SHORT_RATE, Named, Record
from tests.ledger.written_results import Outcome

__all__ = ["compare_selection", "write_selection"]

ACCOUNT = "account"

_BOUGHT = date(2019, 3, 1)
_SOLD = date(2024, 6, 3)


def write_selection(inputs: Facts) -> WrittenCase:
    """Write lots and sales. A sale without a price is made at twice the highest cost: no loss, whatever the lot."""
    record = Record()
    relief = relief_of(inputs, "method")
    if relief == Relief.AVERAGE:
        record.fund("X")
    record.account(
        ACCOUNT,
        relief=Relief.FIFO if relief == Relief.DEFAULT else relief,
        short_rate=inputs.number("short_rate") if "short_rate" in inputs else SHORT_RATE,
        long_rate=inputs.number("long_rate") if "long_rate" in inputs else LONG_RATE,
    )
    written = WrittenCase(record)
    costs = [_write_lot(record, lot, number) for number, lot in enumerate(inputs.tables("lots"))]
    price = 2 * max(costs)
    for number, sell in enumerate(inputs.tables("sells")):
        shares = sell.number("shares")
        keys = [key for key in ("amount", "unit_price", "price") if key in sell]
        amount = sell.number(*keys) if keys else shares * price
        if keys and keys != ["amount"]:
            amount *= shares
        lots = [_named(lot) for lot in sell.tables("lots")] if "lots" in sell else []
        if "lot" in sell:
            lots = [(sell.text("lot"), shares)]
        chosen = relief_of(sell, "method") if "method" in sell else Relief.DEFAULT
        day = sell.day("date") if "date" in sell else _SOLD
        events = record.sell(day, ACCOUNT, "X", shares, amount, lots=lots, relief=chosen)
        written.note(str(number), events)
    return written


def _write_lot(record: Record, lot: Facts, number: int) -> Decimal:
    """Write one lot; return what it cost a share. Lots without a date are bought day after day as they stand."""
    dated = "date" in lot or "acquired" in lot
    day = lot.day("date", "acquired") if dated else _BOUGHT + timedelta(days=number)
    shares = lot.number("shares")
    keys = [key for key in ("basis", "amount", "unit_cost", "cost") if key in lot]
    cost = lot.number(*keys)
    total = shares * cost if keys[0].endswith("cost") else cost
    start = lot.day("holding_start") if "holding_start" in lot else day
    record.transfer_in(day, ACCOUNT, "X", shares, lot=lot.text("lot"), basis=total, acquired=day, holding_start=start)
    return total / shares


def _named(facts: Facts) -> Named:
    return facts.text("lot"), facts.number("shares")


def compare_selection(check: Comparison, written: WrittenCase, outcome: Outcome, expected: Facts) -> None:
    """Compare the lots that each sale consumed, what remains, and gains; or expect that nothing is sold."""
    for key in ("error", "refused"):
        if key in expected:
            expected.raw(key)
            check.same("a sale was refused", bool(outcome.refused), must_be=True)
            return
    written.all_posted(check, outcome)
    if "consumed" in expected:
        _compare_consumed(check, written, outcome, expected.table_lists("consumed"))
    if "remaining" in expected:
        compare_lots(check, stated_lots(expected.tables("remaining")), outcome.lots)
    gains = [gain.recognized for gain in outcome.gains]
    if "gain" in expected:
        check.money("gain", sum(gains, Decimal(0)), expected.number("gain"))
    if "gains" in expected:
        each = [
            sum((gain.recognized for gain in outcome.gains if written.transaction_of[gain.event] == sale), Decimal(0))
            for sale in sorted(set(written.transaction_of.values()), key=int)
        ]
        stated = expected.numbers("gains")
        check.same("number of sales", len(each), len(stated))
        for number, (got, must_be) in enumerate(zip(each, stated, strict=False)):
            check.money(f"gain of sale {number}", got, must_be)
    if "basis_sold" in expected:
        check.money(
            "basis sold", sum((gain.basis for gain in outcome.gains), Decimal(0)), expected.number("basis_sold")
        )
    for key, long_term in (("short_term_gain", False), ("long_term_gain", True)):
        if key in expected:
            total = sum((gain.recognized for gain in outcome.gains if gain.long_term == long_term), Decimal(0))
            check.money(key, total, expected.number(key))
    if "term" in expected:
        check.term("the sale", {gain.long_term for gain in outcome.gains}, is_long(expected))


def _compare_consumed(
    check: Comparison, written: WrittenCase, outcome: Outcome, consumed: Sequence[Sequence[Facts]]
) -> None:
    """Compare shares by lot, sale by sale; the order within one sale has no meaning in law."""
    check.same("number of sales", len(set(written.transaction_of.values())), len(consumed))
    for number, lots in enumerate(consumed):
        stated: dict[str, Fraction] = {}
        for lot in lots:
            stated[lot.text("lot")] = stated.get(lot.text("lot"), Fraction(0)) + Fraction(lot.number("shares"))
        taken: dict[str, Fraction] = {}
        for gain in outcome.gains:
            if written.transaction_of[gain.event] == str(number):
                taken[gain.name] = taken.get(gain.name, Fraction(0)) + Fraction(gain.shares)
        check.same(f"lots consumed by sale {number}", _said(taken), _said(stated))


def _said(lots: dict[str, Fraction]) -> str:
    return ", ".join(f"{lot} {shares}" for lot, shares in sorted(lots.items()))
