"""Average basis of fund shares (Reg. 1.1012-1(e)): the average of all shares held, the oldest deemed sold first."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from lotwise.ledger.events import Relief
from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import Comparison
from tests.law.open_lots import compare_lots, stated_lots
from tests.law.wash_sale_cases import WrittenCase
from tests.ledger.written_events import Record
from tests.ledger.written_results import Outcome

TOPIC = "average_cost"

_FUND = "FUND"
_CENT = Decimal("0.01")


@pytest.mark.usefixtures("vectors_dir")
def test_average_cost(vector: Mapping[str, Any]) -> None:
    judge(vector)


def judge(vector: Mapping[str, Any]) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    outcome = _written(case.table("inputs"), Relief.AVERAGE).fold(check)
    expected = case.table("expected")
    _compare(check, outcome, expected)
    if "fifo_basis" in expected:
        again = _written(Facts(case.where, vector).table("inputs"), Relief.FIFO).fold(check)
        check.money("basis by first in, first out", _basis_sold(again), expected.number("fifo_basis"))
    case.done()
    check.done()


def _written(inputs: Facts, relief: Relief) -> WrittenCase:
    """Write purchases, reinvestments and sales of a fund; a sale without an amount is made well above any cost."""
    record = Record()
    record.fund(_FUND)
    record.account("account", relief=relief)
    written = WrittenCase(record)
    paid = Decimal(0)
    for number, event in enumerate(inputs.tables("events")):
        day, name = event.day("date"), f"event {number}"
        actions = [key for key in ("buy", "holding", "reinvest", "sell", "split") if key in event]
        if len(actions) != 1:
            raise UnknownShapeError(f"{event.where}: must have one action, has {actions or list(event.keys())}")
        if actions == ["split"]:
            written.note(name, [record.split(day, "account", _FUND, event.ratio("split"))])
            continue
        shares = event.number(*actions)
        if actions == ["sell"]:
            amount = event.number("amount") if "amount" in event else 2 * paid
            written.note(name, record.sell(day, "account", _FUND, shares, amount))
            continue
        amount = event.number("amount") if "amount" in event else shares * event.number("price", "unit_cost")
        lot = event.text("lot") if "lot" in event else name
        paid += amount
        if event.flag("reinvested") or actions == ["reinvest"]:
            written.note(name, [record.reinvest(day, "account", _FUND, shares, amount, lot=lot)])
        else:
            written.note(name, [record.buy(day, "account", _FUND, shares, amount, lot=lot)])
    return written


def _basis_sold(outcome: Outcome) -> Decimal:
    return sum((gain.basis for gain in outcome.gains), Decimal(0))


def _compare(check: Comparison, outcome: Outcome, expected: Facts) -> None:
    sold = sum((gain.shares for gain in outcome.gains), Decimal(0))
    basis = _basis_sold(outcome)
    for key in ("basis_sold", "average_basis"):
        if key in expected:
            check.money("basis sold", basis, expected.number(key))
    if "average" in expected:
        check.money("average basis of a share", basis / sold, expected.number("average"))
    if "average_basis_irs_rounded" in expected:
        # The Service rounds the average to the cent first, and then multiplies.
        rounded = (basis / sold).quantize(_CENT, ROUND_HALF_UP) * sold
        check.money("basis sold at the rounded average", rounded, expected.number("average_basis_irs_rounded"))
    for key, long_term in (("st_shares", False), ("lt_shares", True)):
        if key in expected:
            shares = sum((gain.shares for gain in outcome.gains if gain.long_term == long_term), Decimal(0))
            check.shares(key, shares, expected.number(key))
    for key, values in (
        ("gain", [gain.recognized for gain in outcome.gains]),
        ("disallowed", [gain.disallowed for gain in outcome.gains]),
        ("st_gain", [gain.recognized for gain in outcome.gains if not gain.long_term]),
        ("lt_gain", [gain.recognized for gain in outcome.gains if gain.long_term]),
        ("remaining_basis", [lot.basis for lot in outcome.lots]),
    ):
        if key in expected:
            check.money(key, sum(values, Decimal(0)), expected.number(key))
    if "remaining_shares" in expected:
        held = sum((lot.shares for lot in outcome.lots), Decimal(0))
        check.shares("shares left", held, expected.number("remaining_shares"))
    if "lots" in expected:
        compare_lots(check, stated_lots(expected.tables("lots")), outcome.lots)
