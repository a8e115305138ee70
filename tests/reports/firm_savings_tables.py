"""Tables of taxes saved by an invented firm, as the savings engine makes them."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from lotwise.interchange.savings_tables import firm_totals
from lotwise.interchange.trade_table import exact
from lotwise.money import DOLLAR
from lotwise.reports.firm_savings import FirmSavings
from lotwise.savings.shadow_rule import Schedule, ShadowRule

__all__ = ["AS_OF", "firm_savings"]

AS_OF = date(2026, 4, 30)
_MONTHS = (date(2025, 12, 31), date(2026, 3, 31), AS_OF)
_PARTS = ("deferral", "harvesting", "location")


def _money(units: np.ndarray) -> pl.Series:
    return exact(np.ascontiguousarray(units, np.int64), DOLLAR)


def firm_savings(parts: np.ndarray, fees: list[int | None], names: list[str] | None = None) -> FirmSavings:
    """A firm whose households saved so many units of money since the beginning, (H, 3) by source, for such fees."""
    households = parts.shape[0]
    names = names or [f"H{number}" for number in range(households)]
    columns: dict[str, pl.Series] = {
        "household_id": pl.Series(names, dtype=pl.String),
        "since": pl.Series([date(2025, 6, 2)] * households, dtype=pl.Date),
        "value": _money(np.full(households, 1_000_000 * DOLLAR)),
    }
    for name, share in (("rule_of_thumb", 2), ("shadow", 1), ("present_value", 2)):
        for ending, divisor in (("", 1), ("_ytd", 4), ("_day", 400)):
            own = parts // (share * divisor)
            own = own[:, :2] if name == "rule_of_thumb" else own
            columns[f"{name}{ending}"] = _money(own.sum(axis=1))
            for part, amounts in zip(_PARTS, own.T, strict=False):
                columns[f"{name}_{part}{ending}"] = _money(amounts)
    for ending in ("", "_ytd"):
        known = pl.Series([fee is None for fee in fees], dtype=pl.Boolean)
        amounts = np.array([0 if fee is None else fee * DOLLAR for fee in fees], np.int64)
        columns[f"fee{ending}"] = _money(amounts).set(known, None)
    table = pl.DataFrame(columns)
    months = [
        pl.DataFrame(
            {
                "household_id": columns["household_id"],
                "day": [day] * households,
                **{name: _money(amounts * (at + 1) // 3) for name, amounts in zip(_PARTS, parts.T, strict=True)},
            },
            schema_overrides={"day": pl.Date},
        )
        for at, day in enumerate(_MONTHS)
    ]
    untold = pl.DataFrame({"household_id": ["U1"], "why": ["lots.csv:17 [shares]: must be positive; was -3"]})
    rule = ShadowRule(Schedule.QUARTERLY, band=0.2)
    return FirmSavings(
        "Example firm", AS_OF, table, pl.concat(months), firm_totals(table), untold, rule, 0, {"prices.csv": "0a"}
    )
