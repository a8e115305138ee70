"""The adapters know the shapes that cases of these topics take, and refuse what they do not know.

The cases here are written in the schema of the folder of cases, of shapes that the folder may not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.law import (
    test_average_cost_law,
    test_corporate_action_law,
    test_gift_inherit_law,
    test_lot_selection_law,
    test_short_sale_law,
    test_wash_sale_law,
)
from tests.law.case_facts import Facts, UnknownShapeError, topics_of
from tests.law.comparison import Comparison
from tests.law.open_lots import StatedLot, compare_lots
from tests.ledger.written_events import Record
from tests.ledger.written_results import outcome_of

_TWO_LOTS = [
    {"lot": "A", "shares": 10, "basis": 100, "date": "2020-03-02"},
    {"lot": "B", "shares": 10, "basis": 300, "date": "2021-03-02"},
]

CORPORATE = {
    "three for two, with cash for half a share": (
        {"type": "split", "ratio": "3-for-2", "shares": 5, "basis": 150, "cash_in_lieu": 12},
        {"fraction": Decimal("0.5"), "fraction_basis": 10, "fraction_gain": 2, "term": "LT"},
    ),
    "symbol change": (
        {"type": "symbol_change", "lots": _TWO_LOTS, "new_symbol": "META"},
        {"lots": [{"lot": "A", "shares": 10, "basis": 100, "holding_start": "2020-03-02"}, _TWO_LOTS[1]]},
    ),
    "cash merger": (
        {"type": "cash_merger", "lots": _TWO_LOTS, "cash_per_share": 25},
        {"gain": 100, "term": "LT", "lots": []},
    ),
    "stock merger": (
        {"type": "stock_merger", "lots": _TWO_LOTS, "ratio": "1/2"},
        {"lots": [{"lot": "A", "shares": 5, "basis": 100}, {"lot": "B", "shares": 5, "basis": 300}]},
    ),
    "mixed merger with a loss in one lot": (
        {"type": "mixed_merger", "lots": _TWO_LOTS, "cash_per_share": 2, "stock_fmv_per_share": 18, "ratio": 1},
        {
            "recognized_gain": 20,
            "lots": [{"lot": "A", "shares": 10, "basis": 100}, {"lot": "B", "shares": 10, "basis": 280}],
        },
    ),
    "spin-off by market values": (
        {
            "type": "spin_off",
            "basis": 1000,
            "parent_shares": 10,
            "spin_ratio": "1:2",
            "parent_fmv": 90,
            "child_fmv": 20,
        },
        {"parent_basis": 900, "child_basis": 100, "child_shares": 5, "child_per_share": 20},
    ),
    "spin-off, the parent sold": (
        {
            "type": "spin_off",
            "basis": 1000,
            "parent_shares": 10,
            "spin_ratio": 1,
            "child_pct": Decimal("0.25"),
            "acquired": "2024-01-10",
            "date": "2024-05-01",
            "sell_parent": {"shares": 4, "amount": 500, "date": "2024-06-03"},
        },
        {"parent_basis": 750, "child_basis": 250, "gain": 200, "term": "ST"},
    ),
    "return of capital by share": (
        {"type": "return_of_capital", "lots": _TWO_LOTS, "distributions": [{"date": "2024-06-03", "per_share": 12}]},
        {
            "gain": [20],
            "term": "LT",
            "lots": [{"lot": "A", "shares": 10, "basis": 0}, {"lot": "B", "shares": 10, "basis": 180}],
        },
    ),
}

SHORT = {
    "closed with shares bought for it, then the shares held are sold": (
        [
            {"date": "1995-05-04", "action": "buy", "shares": 100, "amount": 1000, "lot": "B1"},
            {"date": "1995-10-02", "action": "sell_short", "shares": 100, "amount": 1600},
            {"date": "1995-11-02", "action": "buy", "shares": 100, "amount": 1800, "lot": "B2"},
            {"date": "1995-11-02", "action": "close_short_with", "lot": "B2"},
            {"date": "1996-06-03", "action": "sell", "shares": 100, "amount": 1800, "lot": "B1"},
        ],
        {"gains": [{"gain": -200, "term": "ST"}, {"gain": 800, "term": "ST"}]},
    ),
    "closed by purchase": (
        [
            {"date": "2022-10-03", "action": "sell_short", "shares": 100, "amount": 1600},
            {"date": "2024-02-01", "action": "buy_to_cover", "shares": 100, "amount": 1100},
        ],
        {"gain": 500, "term": "ST"},
    ),
    "a loss with property held long term": (
        [
            {"date": "2022-01-10", "action": "buy", "shares": 100, "amount": 2000, "lot": "B1"},
            {"date": "2024-06-03", "action": "sell_short", "shares": 100, "amount": 1600},
            {"date": "2024-08-05", "action": "buy_to_cover", "shares": 100, "amount": 1900},
        ],
        {
            "gain": -300,
            "term": "LT",
            "lots": [{"lot": "B1", "shares": 100, "basis": 2000, "holding_start": "2022-01-10"}],
        },
    ),
    "shares bought meanwhile begin when it closes": (
        [
            {"date": "2023-03-01", "action": "sell_short", "shares": 50, "amount": 1000},
            {"date": "2023-04-03", "action": "buy", "shares": 50, "amount": 900, "lot": "B1"},
            {"date": "2023-09-01", "action": "buy_to_cover", "shares": 50, "amount": 850},
        ],
        {"short_sale_gain": 150, "short_sale_term": "ST", "holding_start": "2023-09-01"},
    ),
}

GIFTS = {
    "gift tax on the appreciation": (
        # IRS Publication 551, gifts after 1976: 20,000 and 7,320 x 30,000 / 36,000.
        {
            "type": "gift",
            "donor_basis": 20000,
            "fmv_at_gift": 50000,
            "gift_tax_paid": 7320,
            "annual_exclusion": 14000,
        },
        {"basis": 26100},
    ),
    "part of an inheritance": (
        {"type": "inherited", "fmv_at_death": 8000, "shares": 100, "shares_sold": 50, "sale": 4500},
        {"gain": 500, "term": "LT"},
    ),
}

SELECTION = {
    "lots named by the seller": (
        {
            "lots": _TWO_LOTS,
            "method": "SPECIFIC",
            "sells": [{"date": "2024-06-03", "shares": 4, "amount": 60, "lot": "B"}],
        },
        {
            "consumed": [[{"lot": "B", "shares": 4}]],
            "gain": -60,
            "remaining": [_TWO_LOTS[0], {"lot": "B", "shares": 6}],
        },
    ),
    "lowest tax": (
        {
            "lots": [_TWO_LOTS[0], {"lot": "S", "shares": 10, "basis": 130, "date": "2024-05-01"}],
            "method": "LOWEST_TAX",
            "short_rate": Decimal("0.37"),
            "long_rate": Decimal("0.15"),
            "sells": [{"date": "2024-06-03", "shares": 10, "unit_price": 17}],
        },
        {"consumed": [[{"lot": "A", "shares": 10}]], "gains": [70]},
    ),
    "more than is held": (
        {"lots": _TWO_LOTS, "method": "FIFO", "sells": [{"date": "2024-06-03", "shares": 21}]},
        {"error": "not enough"},
    ),
}

AVERAGE = {
    "two sales and what is left": (
        [
            {"date": "2020-03-02", "buy": 100, "amount": 1000},
            {"date": "2024-02-01", "reinvest": 50, "amount": 800},
            {"date": "2024-06-03", "sell": 120, "amount": 2400},
        ],
        {
            "average": 12,
            "basis_sold": 1440,
            "lt_shares": 100,
            "st_shares": 20,
            "lt_gain": 800,
            "st_gain": 160,
            "remaining_basis": 360,
        },
    ),
}


def _case(inputs: Any, expected: Any) -> dict[str, Any]:
    return {"name": "written here", "inputs": inputs, "expected": expected}


@pytest.mark.parametrize("name", CORPORATE)
def test_corporate_actions(name: str) -> None:
    test_corporate_action_law.judge(_case(*CORPORATE[name]))


@pytest.mark.parametrize("name", SHORT)
def test_short_sales(name: str) -> None:
    events, expected = SHORT[name]
    test_short_sale_law.judge(_case({"events": events}, expected))


@pytest.mark.parametrize("name", GIFTS)
def test_gifts(name: str) -> None:
    test_gift_inherit_law.judge(_case(*GIFTS[name]))


@pytest.mark.parametrize("name", SELECTION)
def test_lot_selections(name: str) -> None:
    test_lot_selection_law.judge(_case(*SELECTION[name]))


@pytest.mark.parametrize("name", AVERAGE)
def test_average_basis(name: str) -> None:
    events, expected = AVERAGE[name]
    test_average_cost_law.judge(_case({"events": events}, expected))


def _wash_case(**changes: Any) -> dict[str, Any]:
    buy = {"id": "B1", "date": "2024-01-16", "action": "buy", "account_type": "taxable", "shares": 10, "amount": 100}
    return {
        "name": "written here",
        "transactions": [buy | changes],
        "expected": {"sales": [], "lots": [{"lot": "B1", "shares": 10, "basis": 100}], "totals": {"disallowed": 0}},
    }


def test_the_wash_sale_case_here_is_understood() -> None:
    test_wash_sale_law.judge(_wash_case())


_UNKNOWN: dict[str, tuple[Callable[[Mapping[str, Any]], object], dict[str, Any], str]] = {
    "action": (test_wash_sale_law.judge, _wash_case(action="assign"), "nothing understands the action 'assign'"),
    "account": (test_wash_sale_law.judge, _wash_case(account_type="annuity"), "account_type must be one of"),
    "key": (test_wash_sale_law.judge, _wash_case(wash_exempt=True), "nothing understands \\['wash_exempt'\\]"),
    "type of corporate action": (
        test_corporate_action_law.judge,
        _case({"type": "rights_issue", "basis": 1}, {}),
        "nothing understands the type 'rights_issue'",
    ),
    "expectation": (
        test_corporate_action_law.judge,
        _case({"type": "split", "ratio": 2, "basis": 1}, {"dividend": 3}),
        "nothing understands \\['dividend'\\]",
    ),
    "type of gift": (
        test_gift_inherit_law.judge,
        _case({"type": "bequest in trust"}, {}),
        "nothing understands the type",
    ),
    "method": (
        test_lot_selection_law.judge,
        _case({"method": "RANDOM", "lots": [], "sells": []}, {}),
        "relief must be one of",
    ),
    "number": (
        test_short_sale_law.judge,
        _case({"events": [{"date": "2024-01-16", "action": "sell_short", "shares": "many", "amount": 1}]}, {}),
        "must be a number, was 'many'",
    ),
}


@pytest.mark.parametrize("name", _UNKNOWN)
def test_what_is_not_understood_fails(name: str) -> None:
    judge, case, message = _UNKNOWN[name]
    with pytest.raises(UnknownShapeError, match=message):
        judge(case)


def test_lots_are_compared_whatever_pieces_they_are_cut_into() -> None:
    record = Record()
    record.buy("2024-01-16", "own", "X", 10, 100, lot="A")
    record.sell("2024-06-03", "own", "X", 10, 80)
    record.buy("2024-06-10", "own", "X", 25, 200, lot="B")  # 10 shares of it replace
    lots = outcome_of(record).lots
    case = Facts("here", {})
    for stated, fits in (
        ([StatedLot("B", Decimal(10), Decimal(100)), StatedLot("B", Decimal(15), Decimal(120))], True),
        ([StatedLot("B", Decimal(25), Decimal(220))], True),
        ([StatedLot("B", Decimal(10), Decimal(100)), *[StatedLot("B", Decimal(5), Decimal(40))] * 3], True),
        ([StatedLot("B", Decimal(12), Decimal(110)), StatedLot("B", Decimal(13), Decimal(110))], False),
        ([StatedLot("B", Decimal(24), Decimal(220))], False),
        ([StatedLot("B", Decimal(25), Decimal(221))], False),
        ([], False),
    ):
        check = Comparison(case)
        compare_lots(check, stated, lots)
        assert (not check.differences) == fits, stated


def test_every_topic_of_the_folder_has_its_law(vectors_dir: Path) -> None:
    modules = {path.stem for path in Path(__file__).parent.glob("test_*_law.py")}
    judged = {stem.removeprefix("test_").removesuffix("_law") for stem in modules} | {"netting_carryover"}
    assert set(topics_of(vectors_dir)) <= judged
