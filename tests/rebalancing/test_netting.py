"""The true tax in the loop: worked out on paper where tax turns, and what holds of every night."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR, FULL_RATE, Money, Rate
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.explain import explain_household
from lotwise.rebalancing.netting import (
    Netted,
    Netter,
    joined_netted,
    netted_household,
    rebalance_netted,
    with_rates,
    with_steering,
)
from lotwise.rebalancing.proposal import Proposals
from lotwise.rebalancing.rebalance import rebalance
from lotwise.rebalancing.stories import Hindrance
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from lotwise.securities.market import Market
from lotwise.tax.household_rates import household_rates
from lotwise.tax.liability import load_law
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, positions
from tests.rebalancing.random_book import random_book
from tests.rebalancing.written_book import REST, Name, Night, WrittenBook, lot, rest, taxable

seeds = st.integers(0, 1_000_000)

# Rates of the cases: 40% short, 20% long, whatever the income.
OWN = TaxPosition(2025, FilingStatus.SINGLE, short_rate=Rate(4 * FULL_RATE // 10), long_rate=Rate(FULL_RATE // 5))
CLOSE = 2e-5  # of the account: a solve is not tried again for less


def dollars(amount: float) -> Money:
    return Money(round(amount * DOLLAR))


def as_bytes(proposals: Proposals) -> list[bytes]:
    return [column.tobytes() for table in proposals for column in table]


@dataclass(frozen=True)
class Pair:
    """A household's night at the rates of the night, and its netted one."""

    book: Book
    market: Market
    fixed: Night
    netted: Night
    solves: int
    improvement: float


def nights(written: WrittenBook, position: TaxPosition) -> Pair:
    """Rates as a firm folder gives them: from the position and what tonight may realise."""
    book, market = written.columns()
    held = (book.accounts, book.lots, market.price)
    losses = np.maximum(unrealised_losses(1, *held), 1_000 * DOLLAR)
    gains = np.maximum(gains_of_a_move(*held, book.models, book.households.model), 1_000 * DOLLAR)
    share = np.array([round(0.8 * FULL_RATE)])
    rates = household_rates(positions([position]), load_law(), (losses, gains), share, np.array([MISSING]))
    columns = {f"{name}_rate": rates[name].copy() for name in ("short", "long", "loss_short", "loss_long")}
    book = book._replace(
        tax=positions([position]),
        households=book.households._replace(**columns),
        policies=book.policies._replace(carried_loss_value=np.array([0.8])),
    )
    netted = rebalance_netted(book, market)
    assert not verify(with_steering(book, netted.steering), market, netted.proposals).violations.rule.size
    return Pair(
        book,
        market,
        Night(written, book, market, rebalance(book, market)),
        Night(written, book, market, netted.proposals),
        int(netted.solves[0]),
        float(netted.improvement[0]),
    )


def household(*lots: object, variance: float = 0.04, **model: float) -> WrittenBook:
    """One account of 100,000 dollars. A dollar off target of A or B costs 100 x variance x its distance."""
    names = {"A": Name(variance=variance), "B": Name(variance=variance)}
    return WrittenBook(names, {**model, REST: 1 - sum(model.values())}, (taxable(*lots),))  # type: ignore[arg-type]


GAINING = lot("B", 20_000, basis=10_000)  # half of it gain


def test_a_long_gain_beside_a_long_loss_costs_what_the_loss_would_have_saved() -> None:
    """Short gains of the year absorb the loss at 40%; a gain beside it takes that away, and costs 40% too, not 20%."""
    written = household(lot("A", 10_000, basis=30_000), GAINING, rest(70_000), A=0.1, B=0.1)
    pair = nights(written, replace(OWN, short_gains=dollars(50_000)))
    assert pair.fixed.weight("A") == pair.netted.weight("A") == 0
    assert pair.fixed.weight("B") == pytest.approx(0.125, abs=CLOSE)  # 4 x 0.025 = 20% of a half
    assert pair.netted.weight("B") == pytest.approx(0.15, abs=CLOSE)  # 4 x 0.05 = 40% of a half
    # Fixed: 1,250 more gain at 40% for risk of 2 x (0.05^2 - 0.025^2) = 375 dollars.
    assert pair.improvement == pytest.approx(1_250 * 0.4 - 375, abs=0.5)


def test_a_carryforward_makes_the_first_gains_cheap_and_the_next_ones_dear() -> None:
    """6,000 are carried in, 3,000 of which would be carried on; what is deducted this year is worth 40%.

    The first 3,000 of gain cost what a carried dollar is worth, 12.8% (0.8 x 16%, the average of tonight), and would go
    on to 1.6% above target; from there on 40%, which would stop at 5%. So it stops where they are used up, at 4%.
    """
    pair = nights(household(GAINING, rest(80_000), B=0.1), replace(OWN, long_carryforward=dollars(6_000)))
    assert pair.fixed.weight("B") == pytest.approx(0.12, abs=CLOSE)  # at 16% on average
    assert pair.netted.weight("B") == pytest.approx(0.14, abs=CLOSE)
    assert pair.netted.proposals.outcomes.tax[0] == 0


def test_a_large_carryforward_makes_all_gains_free() -> None:
    pair = nights(household(GAINING, rest(80_000), B=0.1), replace(OWN, long_carryforward=dollars(60_000)))
    assert pair.netted.weight("B") == pytest.approx(0.1, abs=CLOSE)
    assert pair.solves == 1


@pytest.mark.parametrize(
    ("variance", "weight", "lost"),
    [
        (0.04, 0.06, 4_000),  # 4 x 0.04 = 16%, what a carried dollar is worth
        (0.06, 0.07, 3_000),  # 6 x 0.03 = 18%: between 16% and 40%
        (0.20, 0.08, 2_000),  # 20 x 0.02 = 40%
    ],
)
def test_losses_save_40_percent_up_to_3000_dollars_and_16_beyond(variance: float, weight: float, lost: int) -> None:
    written = household(lot("A", 10_000, basis=20_000), rest(90_000), variance=variance, A=0.1)
    pair = nights(written, OWN)
    average = (3_000 * 0.4 + 7_000 * 0.16) / 10_000
    assert pair.fixed.weight("A") == pytest.approx(0.1 - average / (100 * variance), abs=CLOSE)
    # Where tax turns, a tenth of a basis point is not looked for any more: 20 dollars of the account sold or kept.
    assert pair.netted.weight("A") == pytest.approx(weight, abs=2.5e-4)
    assert pair.netted.proposals.trades.gain.sum() == pytest.approx(-lost * DOLLAR, rel=0.01)
    assert pair.improvement > 0


def test_tax_later_is_at_the_rate_of_a_first_long_term_gain() -> None:
    """A long gain that eats a short gain's offset costs 40% now, and spares 20% x delta later."""
    written = household(lot("A", 10_000, basis=30_000), GAINING, rest(70_000), A=0.1, B=0.1)
    pair = nights(written.steered(deferral_discount=0.5), replace(OWN, short_gains=dollars(50_000)))
    assert pair.netted.weight("B") == pytest.approx(0.1 + 0.5 * (0.4 - 0.5 * 0.2) / 4, abs=CLOSE)


def test_a_household_whose_rates_hold_is_solved_once() -> None:
    written = household(lot("B", 20_000, basis=10_000), rest(80_000), B=0.1)
    pair = nights(written, OWN)
    assert pair.solves == 1
    assert as_bytes(pair.netted.proposals) == as_bytes(pair.fixed.proposals)


def test_losses_priced_by_their_usability_are_left_alone() -> None:
    written = household(lot("A", 10_000, basis=20_000), rest(90_000), A=0.1)
    book, market = written.columns()  # carried_loss_value is nan
    netted = rebalance_netted(book, market)
    assert netted.solves.tolist() == [1]
    assert as_bytes(netted.proposals) == as_bytes(rebalance(book, market))


def test_what_is_explained_is_what_is_proposed() -> None:
    written = household(lot("A", 10_000, basis=20_000), rest(90_000), variance=0.06, A=0.1)
    pair = nights(written, OWN)
    story = explain_household(netted_household(pair.book, pair.market, 0), pair.market, 0)
    after = {written.symbols[name.security]: name.after for name in story.accounts[0].names}
    assert after["A"] == pytest.approx(pair.netted.weight("A"), abs=1e-12)
    with pytest.raises(ValueError, match="household must be a row from 0 to 0, was 1"):
        netted_household(pair.book, pair.market, 1)


LEVEL = household(lot("B", 20_000, basis=12_000, days=200), lot("B", 20_000, basis=10_000), rest(60_000), B=0.1)


@pytest.mark.parametrize("whole_shares", [False, True])
def test_a_short_gain_is_taken_up_to_the_loss_it_is_netted_against_and_the_rest_from_a_long_one(
    whole_shares: bool,
) -> None:
    """A loss of 4,000 stands against the year's gains, which are taxed at 20% while it is not used up.

    The young lot gains 40 cents a dollar: 8% up to 4,000 of gain (10,000 sold), 16% beyond. The old one gains 50 cents,
    at 20%: 10%. So the old one gives the rest, down to where 4 x 0.025 = 10%. At no rates is a part of each sold.
    """
    pair = nights(LEVEL.steered(whole_shares=whole_shares), replace(OWN, short_gains=dollars(-4_000)))
    assert pair.netted.weight("B") == pytest.approx(0.125, abs=CLOSE + 0.001 * whole_shares)
    trades = pair.netted.proposals.trades
    sold = dict(zip((trades.long_term[trades.side == 1] > 0).tolist(), trades.value[trades.side == 1], strict=True))
    assert sold[False] / DOLLAR == pytest.approx(10_000, abs=100 if whole_shares else 1)
    assert sold[True] / DOLLAR == pytest.approx(17_500, abs=200 if whole_shares else 3)
    assert pair.solves <= 6


def test_what_is_explained_of_lots_that_share_a_sale_is_what_is_proposed() -> None:
    pair = nights(LEVEL, replace(OWN, short_gains=dollars(-4_000)))
    book = netted_household(pair.book, pair.market, 0)
    assert as_bytes(rebalance(book, pair.market)) == as_bytes(pair.netted.proposals)
    lines = [line for name in explain_household(book, pair.market, 0).accounts[0].names for line in name.lots]
    trades = pair.netted.proposals.trades
    sold = dict(zip(trades.lot[trades.side == 1].tolist(), trades.shares[trades.side == 1].tolist(), strict=True))
    assert len(sold) == 2
    assert {line.lot: line.sold for line in lines if line.sold} == sold
    assert {line.lot: line.hindrance == Hindrance.NETTED for line in lines if line.lot in sold} == {0: True, 1: False}


def night(seed: int) -> tuple[Book, Market, Netted]:
    book, market = random_book(seed)
    return book, market, rebalance_netted(book, market)


@given(seeds)
def test_every_rule_is_kept_and_the_rates_that_won_find_the_same_trades(seed: int) -> None:
    book, market, netted = night(seed)
    own = with_steering(book, netted.steering)
    for priced in (own, with_rates(book, netted.steering)):
        assert not verify(priced, market, netted.proposals).violations.rule.size
    assert as_bytes(rebalance(own, market)) == as_bytes(netted.proposals)


@given(seeds)
def test_no_taxpayer_is_worse_off_than_at_the_rates_of_the_night(seed: int) -> None:
    book, market, netted = night(seed)
    together = np.bincount(book.households.taxpayer, netted.improvement)
    assert (together >= 0).all()
    assert netted.solves.min() >= 1
    assert netted.solves.max() <= 9
    once = netted.solves == 1
    fixed = rebalance(book, market)
    assert (netted.proposals.outcomes.score[once] == fixed.outcomes.score[once]).all()


@given(seeds)
def test_however_a_book_is_split_the_bytes_are_the_same(seed: int) -> None:
    book, market, whole = night(seed)
    taxpayer = book.households.taxpayer
    edges = [0, *(np.flatnonzero(np.diff(taxpayer)) + 1).tolist(), taxpayer.size]
    netter = Netter(book, market)
    parts = joined_netted([netter.rebalance(a, b) for a, b in pairwise(edges)])
    assert as_bytes(parts.proposals) == as_bytes(whole.proposals)
    for one, other in zip(parts.steering, whole.steering, strict=True):
        assert one.tobytes() == other.tobytes()
    assert parts.solves.tolist() == whole.solves.tolist()
    assert parts.improvement.tobytes() == whole.improvement.tobytes()
