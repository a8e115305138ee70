"""Who stands for a security that a model does not cover, and with how much risk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.risk.peers import SecurityStructure
from lotwise.risk.proxies import ProxyGroup, find_proxies
from lotwise.securities.market import SecurityKind

STOCK, ETF, BOND = SecurityKind.STOCK, SecurityKind.ETF, SecurityKind.BOND


def structure_of(rows: list[tuple[SecurityKind, str, str, str]]) -> SecurityStructure:
    kinds, classes, sectors, industries = zip(*rows, strict=True)
    return SecurityStructure(classes, sectors, industries, kinds)


OIL = (STOCK, "Equity", "Energy", "Oil")
GAS = (STOCK, "Equity", "Energy", "Gas")
CHIPS = (STOCK, "Equity", "Tech", "Chips")


def names_for(
    stranger: tuple[SecurityKind, str, str, str], known: list[tuple[SecurityKind, str, str, str]]
) -> ProxyGroup | None:
    structure = structure_of([*known, stranger])
    n = len(known) + 1
    covered = np.arange(n) < n - 1
    proxies = find_proxies(covered, structure, np.ones((n, 1)), np.full(n, 0.04), np.eye(1))
    assert (n - 1 in proxies.none) == (n - 1 not in proxies.groups)
    return proxies.groups.get(n - 1)


@pytest.mark.parametrize(
    ("stranger", "known", "name"),
    [
        (OIL, [OIL] * 5 + [GAS] * 9, "the industry Oil"),
        (OIL, [OIL] * 4 + [GAS] * 9, "the sector Energy"),
        (OIL, [OIL] * 2 + [GAS] * 2 + [CHIPS] * 2, "the asset class Equity"),
        (OIL, [CHIPS] * 3, "the asset class Equity"),
        (OIL, [CHIPS] * 2, None),
        (OIL, [(STOCK, "Other", "", "")] * 5, "all stocks"),
        ((STOCK, "", "", ""), [OIL] * 5, "all stocks"),
        ((STOCK, "", "", ""), [OIL] * 4, None),
        ((ETF, "Equity", "", ""), [OIL] * 50, None),  # a fund is no stock
        ((ETF, "Equity", "", ""), [OIL] * 50 + [(ETF, "Equity", "", "")] * 3, "the asset class Equity"),
        ((ETF, "", "", ""), [(ETF, "", "", "")] * 50, None),  # a fund of nobody knows what
        ((BOND, "Bonds", "", ""), [(ETF, "Bonds", "", "")] * 50, None),  # nor is a bond a fund of bonds
    ],
)
def test_the_narrowest_group_that_is_one_stands_for_a_stranger(
    stranger: tuple[SecurityKind, str, str, str],
    known: list[tuple[SecurityKind, str, str, str]],
    name: str | None,
) -> None:
    group = names_for(stranger, known)
    assert (group.name if group else None) == name


def test_a_proxy_is_as_risky_as_its_peers_are_and_moves_as_they_do_on_average() -> None:
    """A stranger drawn from the same population: its variance is not understated by the mean of many exposures."""
    rng = np.random.default_rng(0)
    n, k = 401, 5
    exposures = rng.normal(1.0, 0.5, (n, k))
    specific = rng.uniform(0.02, 0.1, n)
    covariance = np.diag(rng.uniform(0.01, 0.04, k))
    structure = structure_of([OIL] * n)
    proxies = find_proxies(np.arange(n) < n - 1, structure, exposures, specific, covariance)
    given_risk = proxies.exposures[-1] @ covariance @ proxies.exposures[-1] + proxies.specific[-1]
    total = np.einsum("ik,kl,il->i", exposures, covariance, exposures) + specific
    assert proxies.exposures[-1] == pytest.approx(exposures[:-1].mean(axis=0))
    assert np.quantile(total, 0.5) < given_risk < np.quantile(total, 0.9)
    assert np.array_equal(proxies.exposures[:-1], exposures[:-1])  # the covered ones stay as they are
    assert np.array_equal(proxies.specific[:-1], specific[:-1])


@given(st.integers(0, 2**32 - 1))
def test_whatever_is_covered_nobody_is_left_with_zero_risk_unsaid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    pick = rng.integers
    structure = structure_of(
        [
            (
                SecurityKind(int(pick(0, 5))),
                ("", "Equity", "Bonds")[pick(0, 3)],
                ("", "Energy", "Tech")[pick(0, 3)],
                ("", "Oil")[pick(0, 2)],
            )
            for _ in range(n)
        ]
    )
    covered = rng.random(n) < 0.7
    specific = np.where(covered, rng.uniform(0.01, 0.2, n), 0.0)
    proxies = find_proxies(covered, structure, rng.normal(size=(n, 2)), specific, np.eye(2))
    for i in range(n):
        assert covered[i] + (i in proxies.groups) + (i in proxies.none) == 1
        if i not in proxies.none:
            assert proxies.specific[i] >= specific[covered].min()
