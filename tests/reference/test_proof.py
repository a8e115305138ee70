"""Cases that leave a portfolio out are no proof."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.reference.proof import are_all_portfolios


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([], False),
        ([{}], True),
        ([{3: -1}, {3: 1}], True),
        ([{3: -1}], False),
        ([{3: -1}, {3: 1, 5: 1}], False),
        ([{3: -1}, {3: 1, 5: 1}, {3: 1, 5: -1}], True),
        ([{3: -1}, {3: 1, 5: 1}, {5: -1}], True),  # they may overlap
        ([{3: -1, 5: -1}, {3: 1, 5: 1}], False),
    ],
)
def test_whether_cases_are_all_portfolios(cases: list[dict[int, int]], expected: bool) -> None:
    assert are_all_portfolios(cases) is expected


@given(seed=st.integers(0, 10_000))
def test_it_agrees_with_trying_every_portfolio(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = [
        {int(i): int(rng.choice([-1, 1])) for i in rng.choice(4, rng.integers(1, 4), replace=False)}
        for _ in range(rng.integers(1, 12))
    ]
    sides = np.stack(np.meshgrid(*[[-1, 1]] * 4), axis=-1).reshape(-1, 4)
    every = all(any(all(portfolio[i] == side for i, side in case.items()) for case in cases) for portfolio in sides)
    assert are_all_portfolios(cases) == every
