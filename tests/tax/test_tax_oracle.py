"""Two programs that share nothing but the law agree on thousands of random households.

Runs where TAX_ORACLE_PYTHON names an interpreter with taxcalc (see bench/tax_oracle.py), in an environment of its own.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lotwise.money import to_dollars
from lotwise.tax.liability import liabilities
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import positions
from tests.tax.households import YEARS, employee, federal_law

HOUSEHOLDS = 3_000
SCRIPT = Path(__file__).parents[2] / "bench" / "tax_oracle.py"


def random_households() -> list[dict[str, int]]:
    """Whole-dollar households of every year and status, rich and poor, with gains and losses of both terms."""
    chosen = random.Random(20_260_101)

    def gain() -> int:
        size = chosen.choice((0, 500, 4_000, 60_000, 600_000))
        return chosen.randint(-size, size)

    return [
        {
            "year": chosen.choice(YEARS),
            "status": int(chosen.choice(tuple(FilingStatus))),
            "wages": chosen.choice((0, chosen.randint(0, 120_000), chosen.randint(0, 900_000))),
            "interest": chosen.choice((0, chosen.randint(0, 30_000))),
            "short": gain(),
            "long": gain(),
            "qualified": chosen.choice((0, chosen.randint(0, 60_000))),
        }
        for _ in range(HOUSEHOLDS)
    ]


def oracle_is_wrong(household: dict[str, int], taxable_income: float) -> bool:
    """taxcalc 6.8 ends the 35 percent bracket of 2023, separate, at 578,125; Rev. Proc. 2022-38 has 346,875."""
    separate = household["year"] == 2023 and household["status"] == FilingStatus.MARRIED_SEPARATE
    return separate and taxable_income > 346_875


@pytest.fixture(scope="module")
def oracle() -> str:
    python = os.environ.get("TAX_ORACLE_PYTHON")
    if not python:
        pytest.skip("needs taxcalc in an environment of its own: TAX_ORACLE_PYTHON names its interpreter")
    return python


def test_taxcalc_agrees_to_the_cent(oracle: str) -> None:
    households = random_households()
    ran = subprocess.run(  # noqa: S603 - the interpreter that the developer named
        [oracle, str(SCRIPT)], input=json.dumps(households), capture_output=True, text=True, check=True
    )
    theirs: list[dict[str, Any]] = json.loads(ran.stdout)
    ours = liabilities(
        positions(
            [
                employee(
                    household["year"],
                    FilingStatus(household["status"]),
                    household["wages"],
                    household["short"],
                    household["long"],
                    household["qualified"],
                    household["interest"],
                )
                for household in households
            ]
        ),
        federal_law(),
    )
    compared = [
        case
        for case in zip(households, ours, theirs, strict=True)
        if not oracle_is_wrong(case[0], case[2]["taxable_income"])
    ]
    differences = [
        (household, name, to_dollars(int(row[name])), their[name])
        for household, row, their in compared
        for name in ("adjusted_gross_income", "taxable_income", "income_tax", "investment_tax")
        if abs(float(to_dollars(int(row[name]))) - their[name]) > 0.01
    ]
    assert len(compared) > HOUSEHOLDS * 0.95
    assert not differences, (len(differences), differences[:5])
