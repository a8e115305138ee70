"""Splits, stock dividends, mergers, spin-offs, returns of capital (26 U.S.C. 301, 305, 307, 354 to 358, 1223)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from lotwise.ledger.tables import Origin
from tests.law.case_facts import Facts
from tests.law.comparison import Comparison, is_long
from tests.law.corporate_action_cases import CHILD, PARENT, Story, write_story
from tests.law.open_lots import compare_lots, stated_lots
from tests.ledger.written_results import Gain, OpenLot

TOPIC = "corporate_action"


@pytest.mark.usefixtures("vectors_dir")
def test_corporate_action(vector: Mapping[str, Any]) -> None:
    judge(vector)


def judge(vector: Mapping[str, Any]) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(vector["name"], vector)
    check = Comparison(case)
    story = write_story(case, check)
    expected = case.table("expected")
    _compare_holdings(check, story, expected)
    _compare_exchange(check, story, expected)
    _compare_gains(check, story, expected)
    case.done()
    check.done()


def _basis(lots: Sequence[OpenLot], symbol: str) -> Decimal:
    return sum((lot.basis for lot in lots if lot.symbol == symbol), Decimal(0))


def _shares(lots: Sequence[OpenLot], symbol: str) -> Decimal:
    return sum((lot.shares for lot in lots if lot.symbol == symbol), Decimal(0))


def _gain(gains: Sequence[Gain]) -> Decimal:
    return sum((gain.recognized for gain in gains), Decimal(0))


def _compare_holdings(check: Comparison, story: Story, expected: Facts) -> None:
    """Compare what is held right after the action; lots, where a sale follows, after that."""
    acted, end = story.after[0].lots, story.after[-1].lots
    for keys, symbol in ((("parent_basis", "old_basis"), PARENT), (("child_basis", "new_basis"), CHILD)):
        for key in keys:
            if key in expected:
                fraction = sum(
                    (gain.basis for gain in story.after[-1].gains if gain.origin == Origin.CASH_IN_LIEU), Decimal(0)
                )
                lots = end if key == "old_basis" and fraction else acted
                check.money(key, _basis(lots, symbol), expected.number(key))
    for key, symbol in (("parent_per_share", PARENT), ("child_per_share", CHILD)):
        if key in expected:
            check.money(key, _basis(acted, symbol) / _shares(acted, symbol), expected.number(key))
    for key, symbol in (("parent_shares", PARENT), ("child_shares", CHILD), ("new_shares", CHILD)):
        if key in expected:
            check.shares(key, _shares(acted, symbol), expected.number(key))
    if "basis_after" in expected:
        stated = expected.numbers("basis_after")
        got = [_basis(outcome.lots, PARENT) for outcome in story.after[: len(stated)]]
        for number, (basis, must_be) in enumerate(zip(got, stated, strict=True)):
            check.money(f"basis after distribution {number}", basis, must_be)
    if "lots" in expected:
        compare_lots(check, stated_lots(expected.tables("lots")), [lot for lot in end if lot.symbol == story.symbol])
    if "holding_start" in expected:
        starts = {lot.holding_start for lot in acted}
        check.same("start of the holding period", starts, {expected.day("holding_start")})


def _compare_exchange(check: Comparison, story: Story, expected: Facts) -> None:
    """Compare an exchange for stock and boot. Realised is recognised and what the new basis still defers."""
    recognized = _gain([gain for gain in story.after[0].gains if gain.origin in (Origin.BOOT, Origin.CASH_MERGER)])
    new_basis = _basis(story.after[0].lots, story.symbol)
    if "realized_gain" in expected:
        check.money("realised gain", recognized + story.stock_value - new_basis, expected.number("realized_gain"))
    if "recognized_gain" in expected:
        check.money("recognised gain", max(recognized, Decimal(0)), expected.number("recognized_gain"))
    if "recognized_loss" in expected:
        check.money("recognised loss", max(-recognized, Decimal(0)), abs(expected.number("recognized_loss")))
    if "new_stock_basis" in expected:
        check.money("basis of the new stock", new_basis, expected.number("new_stock_basis"))


def _compare_gains(check: Comparison, story: Story, expected: Facts) -> None:
    """Compare the gain of what was sold, or of each distribution; a fraction's sale where cash came in its place."""
    gains = story.after[-1].gains
    fractions = [gain for gain in gains if gain.origin == Origin.CASH_IN_LIEU]
    if "fraction" in expected:
        check.shares("fraction", sum((gain.shares for gain in fractions), Decimal(0)), expected.number("fraction"))
    if "fraction_basis" in expected:
        basis = sum((gain.basis for gain in fractions), Decimal(0))
        check.money("basis of the fraction", basis, expected.number("fraction_basis"))
    if "fraction_gain" in expected:
        check.money("gain of the fraction", _gain(fractions), expected.number("fraction_gain"))
    if "gain" in expected:
        stated = expected.numbers("gain")
        if len(stated) == 1:
            check.money("gain", _gain(gains), stated[0])
        else:
            for number, must_be in enumerate(stated):
                event = f"distribution {number}"
                got = _gain([row for row in gains if story.written.transaction_of[row.event] == event])
                check.money(f"gain of {event}", got, must_be)
    if "term" in expected:
        check.term("what was realised", {gain.long_term for gain in gains if gain.recognized}, is_long(expected))
