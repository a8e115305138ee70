"""Targets made of others: ranks by size, calm names, blends, funds in proportions, and bonds in the IRA first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.bonds_first import BondsFirst, filled
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.targets import Blend, CalmList, CapIndex, FundMix
from lotwise.lab.market_panel import FundRole, MarketPanel
from tests.lab.cohorts.small_market import BEGIN, LAST, STOCKS, other_future, small_panel

MIX = FundMix(((FundRole.BONDS, 0.4), (FundRole.TOTAL, 0.36), (FundRole.INTERNATIONAL, 0.24)), cash=0.01)
# Places of the funds, which are what three companies of the small market are taken for.
TOTAL, BONDS, ABROAD = 6, 7, 8


def so_far(row: int, panel: MarketPanel | None = None) -> MarketSoFar:
    panel = panel or small_panel()
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, len(panel.days))
    for each in range(row + 1):
        market.add(tape.at(each))
    return market


def with_funds() -> MarketPanel:
    panel, roles = small_panel(), [""] * STOCKS
    for place, role in ((TOTAL, FundRole.TOTAL), (BONDS, FundRole.BONDS), (ABROAD, FundRole.INTERNATIONAL)):
        roles[place] = role.value
    return replace(panel, universe=replace(panel.universe, roles=tuple(roles)))


def test_ranks_by_size_are_what_the_larger_leave() -> None:
    market = so_far(LAST)
    every, large, mid = CapIndex(9).on(market), CapIndex(4).on(market), CapIndex(5, above=4).on(market)
    assert sorted([*large.security, *mid.security]) == every.security.tolist()
    assert not set(large.security) & set(mid.security)
    quarter = market.caps_on(market.first_row_of(3))
    assert quarter[large.security].min() > quarter[mid.security].max()
    assert mid.weight.sum() + mid.cash == pytest.approx(1.0)


def test_calm_names_are_those_that_moved_least_until_the_quarter_began() -> None:
    market = so_far(LAST)
    chosen, row = CalmList(4, 9).on(market), market.first_row_of(3)
    among = CapIndex(9)._list_of(market, row)
    daily = np.diff(np.log(market.adjusted[: row + 1, among]), axis=0)
    moved = np.nanmean(daily**2, axis=0)
    known = np.isfinite(daily).sum(axis=0) * 2 >= len(daily)
    calm = among[np.argsort(np.where(known, moved, np.inf))[:4]]
    assert chosen.security.tolist() == sorted(calm.tolist())
    assert set(CalmList(4, 9).names_until(market, LAST)) >= set(chosen.security)


def test_a_list_looks_at_nothing_later() -> None:
    row = 150
    seen, unseen = so_far(row), so_far(row, other_future(small_panel(), row))
    for target in (CapIndex(5, above=4), CalmList(4, 9), Blend(((CapIndex(4), 0.5), (CalmList(4, 9), 0.5)))):
        assert target.on(seen).security.tolist() == target.on(unseen).security.tolist()
        assert target.on(seen).weight.tolist() == target.on(unseen).weight.tolist()


def test_a_blend_adds_up_what_its_parts_hold_of_a_name() -> None:
    market = so_far(LAST)
    parts = (CapIndex(4, cash=0.02), CalmList(5, 9, cash=0.0))
    both = Blend(((parts[0], 0.7), (parts[1], 0.3)))
    weights = both.on(market)
    alone = [
        dict(zip(each.security.tolist(), each.weight.tolist(), strict=True)) for each in (p.on(market) for p in parts)
    ]
    assert set(alone[0]) & set(alone[1])  # else nothing would be added
    for name, weight in zip(weights.security.tolist(), weights.weight.tolist(), strict=True):
        assert weight == pytest.approx(0.7 * alone[0].get(name, 0.0) + 0.3 * alone[1].get(name, 0.0))
    assert weights.security.tolist() == sorted({*alone[0], *alone[1]})
    assert both.cash == weights.cash == pytest.approx(0.014)
    assert weights.weight.sum() + weights.cash == pytest.approx(1.0)


def test_funds_stand_in_proportions() -> None:
    weights = MIX.on(so_far(LAST, with_funds()))
    assert weights.security.tolist() == [TOTAL, BONDS, ABROAD]
    assert weights.weight == pytest.approx(0.99 * np.array([0.36, 0.4, 0.24]))


@pytest.mark.parametrize(
    ("worth", "bonds", "parts"),
    [
        ((50.0, 20.0, 30.0), 0.4, (0.0, 1.0, 20 / 30)),
        ((50.0, 20.0, 30.0), 0.1, (0.0, 0.5, 0.0)),
        ((50.0, 20.0, 30.0), 0.8, (30 / 50, 1.0, 1.0)),
        ((50.0, 20.0, 30.0), 0.0, (0.0, 0.0, 0.0)),
    ],
)
def test_bonds_fill_the_traditional_account_then_the_roth_then_the_taxable(
    worth: tuple[float, ...], bonds: float, parts: tuple[float, ...]
) -> None:
    assert filled(np.array(worth), bonds) == pytest.approx(parts)


def test_accounts_are_filled_anew_each_quarter_by_what_they_have_become() -> None:
    panel, worth = with_funds(), (50.0, 20.0, 30.0)
    accounts = (AccountKind.TAXABLE, AccountKind.TRADITIONAL, AccountKind.ROTH)

    def on(row: int) -> list[dict[int, float]]:
        market = so_far(row, panel)
        weights = [BondsFirst(MIX, worth, account, BEGIN).on(market) for account in accounts]
        return [dict(zip(each.security.tolist(), each.weight.tolist(), strict=True)) for each in weights]

    first = on(BEGIN)
    assert first[0] == pytest.approx({TOTAL: 0.99 * 0.6, ABROAD: 0.99 * 0.4})
    assert first[1] == pytest.approx({BONDS: 0.99})
    assert first[2][BONDS] == pytest.approx(0.99 * 2 / 3)
    market = so_far(LAST, panel)
    quarter = int(market.first_rows_of(3)[market.first_rows_of(3) > BEGIN][0])
    assert on(quarter - 1) == first
    grown = market.adjusted[quarter] / market.adjusted[BEGIN]
    now = [
        part * (0.01 + sum(weight * grown[place] for place, weight in held.items()))
        for part, held in zip(worth, first, strict=True)
    ]
    again = on(quarter)
    assert again[1] == pytest.approx({BONDS: 0.99})
    assert again[2][BONDS] == pytest.approx(0.99 * (0.4 * sum(now) - now[1]) / now[2])
    assert again[2][BONDS] != pytest.approx(first[2][BONDS], abs=1e-4)
    # The whole has its mix: what counts in bonds is 40% of what is invested.
    held = sum(value * weights.get(BONDS, 0.0) for value, weights in zip(now, again, strict=True))
    assert held == pytest.approx(0.4 * 0.99 * sum(now))
