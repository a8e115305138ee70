"""The profile by phase counts what a solve does, and its parts are parts of the whole."""

from __future__ import annotations

import pytest

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.phases import phases
from lotwise.optimizer.single_account import solve_account


def test_phases_add_up_and_counts_are_those_of_the_solve() -> None:
    names = 20
    outer, inner = phases([names], 1)
    rows = {row[0]: row[1] for row in outer.rows}
    solution = solve_account(problem_of(ordinary(0, names)))
    assert float(rows["convex solves"]) == solution.solves
    assert float(rows["Newton steps in all"]) == pytest.approx(solution.steps, abs=2)  # roundoff may add one
    microseconds = {label: float(cell.split()[0]) for label, cell in rows.items() if "%" in cell}
    whole = microseconds.pop("whole")
    assert sum(microseconds.values()) == pytest.approx(whole, abs=0.3)
    calls = {row[0]: float(row[1].split()[0]) for row in inner.rows[:-1]}
    assert calls["factors and step"] >= float(rows["Newton steps in all"])
    assert calls["columns minimised"] > calls["factors and step"]
    assert all(count > 0 for count in calls.values())
