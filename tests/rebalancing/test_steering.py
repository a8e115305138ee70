"""What steers a household beside its rates: a lot that is sold in part at most, a side of a name that is pinned."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.money import SHARE
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.explain import explain_household
from lotwise.rebalancing.rebalance import rebalance
from lotwise.rebalancing.stories import Hindrance
from tests.rebalancing.written_book import REST, AccountOf, Name, Night, WrittenBook, ira, lot, rest, taxable

# A third of A too much, half of it at a loss: all that is too much is sold, the loss first.
HEAVY = (lot("A", 20_000, basis=30_000), lot("A", 20_000, basis=20_000, days=900), rest(60_000))
LIGHT = (lot("A", 10_000, basis=15_000), rest(90_000))


def written(*lots: object, others: tuple[AccountOf, ...] = ()) -> WrittenBook:
    accounts = (taxable(*lots), *(kind(rest(20_000)) for kind in others))  # type: ignore[arg-type]
    return WrittenBook({"A": Name(variance=0.2)}, {"A": 0.25, REST: 0.75}, accounts)


def steered(book: WrittenBook, **columns: int) -> Night:
    """Rebalance it with columns of `Households` as given."""
    columns_of, market = book.columns()
    owner = columns_of.households._replace(**{name: np.array([value]) for name, value in columns.items()})
    columns_of = columns_of._replace(households=owner)
    proposals = rebalance(columns_of, market)
    assert not verify(columns_of, market, proposals).violations.rule.size
    return Night(book, columns_of, market, proposals)


def sold(night: Night) -> dict[int, int]:
    trades = night.proposals.trades
    return {
        lot: shares // SHARE
        for lot, shares, side in zip(trades.lot.tolist(), trades.shares.tolist(), trades.side.tolist(), strict=True)
        if side == 1 and lot < 2
    }


@pytest.mark.parametrize("others", [(), (ira,)])  # an account alone, and a household as one portfolio
def test_no_more_is_sold_of_a_lot_than_its_cap(others: tuple[AccountOf, ...]) -> None:
    book = written(*HEAVY, others=others)
    assert sold(steered(book))[0] > 60
    assert sold(steered(book, capped_lot=0, capped_shares=60 * SHARE))[0] == 60
    free = steered(book, capped_lot=1, capped_shares=10**12)
    assert sold(free) == sold(steered(book))
    assert 0 not in sold(steered(book, capped_lot=0, capped_shares=0))


@pytest.mark.parametrize("others", [(), (ira,)])
def test_a_pinned_side_is_not_bought_or_not_sold_at_a_loss(others: tuple[AccountOf, ...]) -> None:
    light, heavy = written(*LIGHT, others=others), written(*HEAVY, others=others)
    group = light.group("A")
    assert steered(light).weight("A") > 0.2
    assert steered(light, pinned_side=2 * group).weight("A") <= 0.1
    assert steered(light, pinned_side=2 * group + 1).weight("A") > 0.2
    assert 0 not in sold(steered(heavy, pinned_side=2 * group + 1))
    assert sold(steered(heavy, pinned_side=2 * group)) == sold(steered(heavy))


def test_an_explanation_says_why_no_more_of_a_capped_lot_is_sold() -> None:
    night = steered(written(*HEAVY), capped_lot=0, capped_shares=60 * SHARE)
    told = explain_household(night.book, night.market, 0).accounts[0]
    lines = {line.lot: line for name in told.names for line in name.lots}
    assert lines[0].hindrance is Hindrance.NETTED
    assert lines[0].sold == 60 * SHARE
    assert lines[1].hindrance is Hindrance.NONE
