"""Short sales (26 U.S.C. 1233; Reg. 1.1233-1): gain, term, and the holding periods that a short sale starts anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from lotwise.ledger.tables import Origin
from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import Comparison, is_long
from tests.law.open_lots import compare_lots, stated_lots
from tests.law.wash_sale_cases import WrittenCase
from tests.ledger.written_events import Record
from tests.ledger.written_results import Gain, Outcome

TOPIC = "short_sale"

_OPENS = ("sell_short", "short", "short_sale")
_COVERS = ("cover", "buy_to_cover", "close_short", "close_short_with", "close_short_by_purchase", "deliver")


@pytest.mark.usefixtures("vectors_dir")
def test_short_sale(vector: Mapping[str, Any]) -> None:
    judge(vector)


def judge(vector: Mapping[str, Any]) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    story = _Story()
    for number, event in enumerate(case.table("inputs").tables("events")):
        story.write(number, event)
    outcome = story.written.fold(check)
    _compare(check, story.written, outcome, case.table("expected"))
    case.done()
    check.done()


@dataclass(slots=True)
class _Story:
    """Events of a case; shares that a closing does not state are those of the short sale still open."""

    written: WrittenCase = field(default_factory=lambda: WrittenCase(Record()))
    short: dict[str, Decimal] = field(default_factory=dict)  # shares sold short and not closed, by symbol

    def write(self, number: int, event: Facts) -> None:
        record = self.written.record
        day, action = event.day("date"), event.text("action").lower()
        symbol = event.text("symbol") if "symbol" in event else "X"
        account = event.text("account") if "account" in event else "account"
        name = event.text("id") if "id" in event else f"event {number}"
        lot = event.text("lot") if "lot" in event else None
        open_short = self.short.get(symbol, Decimal(0))
        shares = event.number("shares") if "shares" in event else open_short
        amount = event.number("amount") if "amount" in event else Decimal(0)
        if action == "buy":
            self.written.note(name, [record.buy(day, account, symbol, shares, amount, lot=lot or name)])
        elif action == "sell":
            self.written.note(name, record.sell(day, account, symbol, shares, amount, lots=[lot] if lot else []))
        elif action in _OPENS:
            self.written.note(name, [record.sell_short(day, account, symbol, shares, amount)])
            self.short[symbol] = open_short + shares
        elif action in _COVERS:
            self.written.note(name, [record.cover(day, account, symbol, shares, amount, lot=lot)])
            self.short[symbol] = open_short - shares
        else:
            raise UnknownShapeError(f"{event.where}: nothing understands the action {action!r}")


def _compare(check: Comparison, written: WrittenCase, outcome: Outcome, expected: Facts) -> None:
    covered = [gain for gain in outcome.gains if gain.origin == Origin.COVER]
    sold = [gain for gain in outcome.gains if gain.origin == Origin.SALE]
    for gains, what, names in (
        (covered, "short sale", ("short_sale", "short", "cover", "close")),
        (sold, "sale", ("sale", "stock", "stock_sale", "long")),
    ):
        for name in names:
            _compare_group(check, what, gains, expected, f"{name}_gain", f"{name}_term")
    realized = sorted({gain.event for gain in outcome.gains})
    by_event = [[gain for gain in outcome.gains if gain.event == event] for event in realized]
    if "gains" in expected:
        entries = expected.tables("gains")
        check.same("number of gains", len(by_event), len(entries))
        for gains, facts in zip(by_event, entries, strict=False):
            _compare_group(check, written.transaction_of[gains[0].event], gains, facts, "gain", "term")
    _compare_group(check, "short sale" if covered else "sale", covered or sold, expected, "gain", "term")
    if "sales" in expected:
        for facts in expected.tables("sales"):
            name = facts.text("sale", "id", "event")
            rows = [gain for gain in outcome.gains if written.transaction_of[gain.event] == name]
            _compare_group(check, name, rows, facts, "gain", "term")
    if "lots" in expected:
        compare_lots(check, stated_lots(expected.tables("lots")), outcome.lots)
    if "holding_start" in expected:
        starts = {lot.holding_start for lot in outcome.lots}
        check.same("start of the holding period", starts, {expected.day("holding_start")})


def _compare_group(check: Comparison, what: str, gains: Sequence[Gain], facts: Facts, gain: str, term: str) -> None:
    if gain in facts:
        check.money(f"gain of {what}", sum((row.recognized for row in gains), Decimal(0)), facts.number(gain))
    if term in facts:
        check.term(what, {row.long_term for row in gains}, is_long(facts, term))
