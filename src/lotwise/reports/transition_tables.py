"""A prospect's move for programs: the choices, the plan, years and legacy holdings as tables, and all of it as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from lotwise.money import DOLLAR, SHARE

if TYPE_CHECKING:
    from lotwise.prospects.transition import BudgetYears, Transition

__all__ = ["budgets_frame", "choices_frame", "legacy_frame", "plan_frame", "transition_json", "years_frame"]

_PARTS = (0.1, 0.5, 0.9)
_MONEY = ("tax", "tax_at_rates", "short_gains", "long_gains", "cost", "sold")


def choices_frame(transition: Transition) -> pl.DataFrame:
    """Every choice, one row each: dollars and fractions; years are null where tracking never pays the tax."""
    choices = transition.choices
    return pl.DataFrame(
        {
            "choice": [str(choice.role) for choice in choices],
            "risk_price_bps": pl.Series([choice.risk_price for choice in choices], dtype=pl.Float64),
            **{name: [getattr(choice, name) / DOLLAR for choice in choices] for name in _MONEY},
            "tax_of_value": [choice.tax / transition.value for choice in choices],
            "tracking_error": [choice.tracking for choice in choices],
            "overlap": [choice.overlap for choice in choices],
            "turnover": [choice.turnover for choice in choices],
            "names": [choice.names for choice in choices],
            "by_true_tax": [choice.by_true_tax for choice in choices],
            "break_even_years": pl.Series([choice.break_even for choice in choices], dtype=pl.Float64),
        }
    )


def budgets_frame(transition: Transition) -> pl.DataFrame:
    """Every yearly budget, one row each: years and tax at 10%, 50% and 90% of the paths; null = not within them."""
    return pl.DataFrame([_budget_row(each) for each in transition.years], infer_schema_length=None)


def _budget_row(found: BudgetYears) -> dict[str, Any]:
    row: dict[str, Any] = {
        "yearly_budget": None if found.budget is None else found.budget / DOLLAR,
        "paths": found.years.size,
        "completed": found.completed,
    }
    for part in _PARTS:
        row[f"years_p{part * 100:.0f}"] = found.years_at(part)
    for part in _PARTS:
        row[f"tax_p{part * 100:.0f}"] = found.tax_at(part) / DOLLAR
    return row | {"most_in_a_year": int(found.tax.max(initial=0)) / DOLLAR, "kept_back": found.kept_back}


def years_frame(transition: Transition) -> pl.DataFrame:
    """Every year under every budget, one row each: what part of the paths is complete, tax and tracking of them."""
    schema: dict[str, Any] = {"yearly_budget": pl.Float64, "year": pl.Int64, "complete": pl.Float64}
    schema |= {f"{name}_p{part * 100:.0f}": pl.Float64 for name in ("tax", "tracking_error") for part in _PARTS}
    rows = []
    for each in transition.years:
        budget = None if each.budget is None else each.budget / DOLLAR
        for year in range(1, each.most + 1):
            taxes = [each.tax_in(year, part) / DOLLAR for part in _PARTS]
            tracking = [each.tracking_in(year, part) for part in _PARTS]
            rows.append((budget, transition.as_of.year + year - 1, each.complete_in(year), *taxes, *tracking))
    return pl.DataFrame(rows, schema=schema, orient="row")


def plan_frame(transition: Transition) -> pl.DataFrame:
    """What the recommended move trades, one row a sale of a lot or a purchase: shares, dollars, the file's line."""
    plan = transition.plan
    return pl.DataFrame(
        {
            "side": pl.Series(["sell" if each.sells else "buy" for each in plan], dtype=pl.String),
            "account": pl.Series([each.account for each in plan], dtype=pl.String),
            "symbol": pl.Series([each.symbol for each in plan], dtype=pl.String),
            "line": pl.Series([each.line for each in plan], dtype=pl.Int64),
            "acquired": pl.Series([each.acquired for each in plan], dtype=pl.Date),
            "shares": pl.Series([each.shares / SHARE for each in plan], dtype=pl.Float64),
            "value": pl.Series([each.value / DOLLAR for each in plan], dtype=pl.Float64),
            "gain": pl.Series(
                [each.gain / DOLLAR if each.sells and each.taxable else None for each in plan], dtype=pl.Float64
            ),
            "term": pl.Series(
                [("long" if each.long_term else "short") if each.sells else None for each in plan], dtype=pl.String
            ),
            "assumed": pl.Series([each.assumed for each in plan], dtype=pl.Boolean),
        }
    )


def legacy_frame(transition: Transition) -> pl.DataFrame:
    """What is held and is not in the target: value and gain in dollars, the part that the recommended point keeps."""
    return pl.DataFrame(
        [
            {"symbol": one.symbol, "kind": one.kind, "value": one.value / DOLLAR, "gain": one.gain / DOLLAR}
            | {"kept": one.kept}
            for one in transition.legacy
        ],
        schema={"symbol": pl.String, "kind": pl.String, "value": pl.Float64, "gain": pl.Float64, "kept": pl.Float64},
    )


def transition_json(transition: Transition) -> str:
    """Write everything as JSON: dollars, fractions, years; findings with line, column, what it was."""
    short, long = transition.standing.gains
    resting = transition.resting
    said = {
        "file": transition.file,
        "firm": transition.firm,
        "model": transition.model,
        "profile": transition.profile,
        "as_of": transition.as_of.isoformat(),
        "today": {
            "value": transition.value / DOLLAR,
            "cash": transition.standing.cash / DOLLAR,
            "lots": transition.lots,
            "unrealised_short": short / DOLLAR,
            "unrealised_long": long / DOLLAR,
        },
        "assumed": {
            "lots": resting.lots,
            "value_with_assumed_basis": resting.basis_value,
            "value_with_assumed_date": resting.date_value,
            "gains_on_assumed_basis": resting.gains,
            "basis": resting.basis,
            "holding": resting.holding,
            "ask_basis": list(resting.no_basis),
            "ask_date": list(resting.no_date),
        },
        "not_valued": [
            {"symbol": each.symbol, "line": each.line, "basis": None if each.basis is None else each.basis / DOLLAR}
            for each in transition.unknown
        ],
        "rows_left_out": transition.left_out,
        "choices": choices_frame(transition).to_dicts(),
        "reasons": list(transition.reasons),
        "advice": list(transition.advice),
        "keep": transition.keep or None,
        "horizon_years": transition.horizon,
        "legacy": legacy_frame(transition).to_dicts(),
        "plan": _plain_rows(plan_frame(transition)),
        "near_enough": transition.near,
        "simulation": {"seed": transition.seed, "drift": transition.drift},
        "budgets": budgets_frame(transition).to_dicts(),
        "years": years_frame(transition).to_dicts(),
        "assumes": list(transition.assumes),
        "findings": [
            {name: getattr(finding, name) for name in ("file", "line", "column", "severity", "must_be", "was", "to_do")}
            for finding in transition.findings
        ],
    }
    return json.dumps(said, indent=1) + "\n"


def _plain_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: dates as they are written."""
    return frame.with_columns(pl.col(pl.Date).dt.to_string("%Y-%m-%d")).to_dicts()
