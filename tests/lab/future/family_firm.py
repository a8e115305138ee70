"""A family with restrictions, a wash-sale window, lots to keep and losses carried in: what a household can have."""

from __future__ import annotations

from typing import Any

import lotwise
from lotwise.interchange.firm_folder import Firm
from tests.library.written_frames import family

__all__ = ["TODAY", "told_family"]

TODAY = "2026-11-20"


def told_family(**changes: Any) -> Firm:
    """H1 has a taxable and a traditional account, and one held away; H2 sold CCC at a loss ten days ago."""
    tables = family()
    tables["households"][0] |= {"ytd_long_gains": 4_000, "outside_long_gains": 7_000, "long_carryforward": 50_000}
    tables["households"][1] |= {"fee_bps": 50}
    tables["accounts"].append(
        {"account_id": "W", "household_id": "H1", "kind": "taxable", "cash": 9_999, "held_away": "true"}
    )
    tables["lots"] = [
        {**lot, "purpose": "step_up" if lot["lot_id"] == "t1" else ""}
        for lot in (
            *tables["lots"],
            _lot("U", "u3", "BBB", "2026-11-02", 11_000.0),
            _lot("T", "t4", "CCC", "", ""),
        )
    ]
    tables["restrictions"] = [
        {"household_id": "H1", "rule": "never_buy", "scope": "symbol", "value": "DDD", "account_id": "T"},
        {"household_id": "H2", "rule": "never_sell", "scope": "symbol", "value": "AAA"},
    ]
    tables["transactions"] = [
        {
            "date": "2026-11-10", "account_id": "U", "kind": "sell", "symbol": "CCC", "shares": 50, "amount": 5_000,
            "basis": 6_000, "acquired": "2020-01-02", "term": "long", "lot_id": "gone",
        }
    ]  # fmt: skip
    tables |= changes
    return lotwise.firm_from_frames(**tables).as_read


def _lot(account: str, lot: str, symbol: str, day: str, basis: object) -> dict[str, Any]:
    return {"account_id": account, "lot_id": lot, "symbol": symbol, "shares": 100, "acquired": day, "basis": basis}
