"""Federal tax of many households by Tax-Calculator (taxcalc), an independent program, for comparison with Lotwise.

It needs an environment of its own with taxcalc in it and nothing of Lotwise. Households come as JSON on standard input,
a list of {"year", "status" (0 single, 1 joint, 2 separate, 3 head of household), "wages", "interest", "short", "long",
"qualified"} in whole dollars; results go to standard output, in the same order. `tests/tax/test_tax_oracle.py` runs
this script with the interpreter that the environment variable TAX_ORACLE_PYTHON names.
"""

from __future__ import annotations

import json
import sys
from typing import Any

RESULTS = {
    "adjusted_gross_income": "c00100",
    "taxable_income": "c04800",
    "income_tax": "taxbc",  # before the alternative minimum tax and credits
    "investment_tax": "niit",
    "standard_deduction": "standard",
}


def taxes_of_year(year: int, households: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Results of Tax-Calculator for households of one year."""
    import pandas as pd  # noqa: PLC0415 - only in the oracle's own environment
    import taxcalc as tc  # noqa: PLC0415

    def column(name: str) -> list[float]:
        return [float(household[name]) for household in households]

    frame = pd.DataFrame(
        {
            "RECID": range(1, len(households) + 1),
            "MARS": [household["status"] + 1 for household in households],
            "age_head": 45,
            "age_spouse": [45 if household["status"] == 1 else 0 for household in households],
            "e00200": column("wages"),
            "e00200p": column("wages"),
            "e00300": column("interest"),
            "e00600": column("qualified"),
            "e00650": column("qualified"),
            "p22250": column("short"),
            "p23250": column("long"),
            "s006": 1.0,
        }
    )
    records = tc.Records(data=frame, start_year=year, gfactors=None, weights=None)
    calculator = tc.Calculator(policy=tc.Policy(), records=records)
    calculator.advance_to_year(year)
    calculator.calc_all()
    found = {name: calculator.array(variable) for name, variable in RESULTS.items()}
    return [{name: float(values[i]) for name, values in found.items()} for i in range(len(households))]


def main() -> None:
    households = json.load(sys.stdin)
    results: list[dict[str, float]] = [{}] * len(households)
    for year in sorted({household["year"] for household in households}):
        places = [i for i, household in enumerate(households) if household["year"] == year]
        for i, result in zip(places, taxes_of_year(year, [households[i] for i in places]), strict=True):
            results[i] = result
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
