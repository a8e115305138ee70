"""Hard limits: the cap on tracking error and the year's budgets, kept by the price of tracking."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE, to_day_number
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Book, RequestKind, Requests, no_limits
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.explain import explain_netted
from lotwise.rebalancing.limits import Limit
from lotwise.rebalancing.netting import Netted, rebalance_netted, with_rates, with_steering
from lotwise.rebalancing.rebalance import rebalance
from lotwise.reports.explanation import policy_words
from lotwise.securities.market import Market
from tests.rebalancing.random_book import random_book
from tests.rebalancing.tenth_of_a import one
from tests.rebalancing.test_as_one_portfolio import crowd
from tests.rebalancing.written_book import AS_OF, WrittenBook, lot, never_sell, rest


def limited(
    written: WrittenBook, day: date | None = None, so_far: float = 0.0, **limits: float | bool
) -> tuple[Book, Market]:
    """A written household with limits, on a day, after gains of the year so far (long-term, dollars)."""
    book, market = written.columns()
    table, tax = no_limits(1), book.tax.copy()
    for name, value in limits.items():
        table[name] = value
    tax["long_gains"] = round(so_far * DOLLAR)
    if day is not None:
        market = market._replace(as_of=np.int32(to_day_number(day)))
    return book._replace(limits=table, tax=tax), market


def night(book: Book, market: Market) -> Netted:
    netted = rebalance_netted(book, market)
    assert len(verify(with_rates(book, netted.steering), market, netted.proposals).violations.rule) == 0
    return netted


def overweight(**steering: float | bool) -> WrittenBook:
    """Four times the target of A, at a gain of 60%: a dollar sold costs 14.28 cents."""
    return one(lot("A", 40_000, basis=16_000), rest(60_000)).steered(**steering)


def taxed(netted: Netted) -> float:
    return float(netted.proposals.outcomes.tax[0] / DOLLAR)


def test_without_limits_a_night_is_what_it_was() -> None:
    book, market = limited(overweight(risk_price=10.0))
    netted = night(book, market)
    assert netted.kept.limit.tolist() == [Limit.NONE]
    assert netted.kept.price.tolist() == [1.0]


def test_a_cap_on_tracking_sells_what_the_price_alone_would_keep() -> None:
    free = night(*limited(overweight(risk_price=1.0)))
    cap = 0.5 * float(free.proposals.outcomes.te_after[0])
    netted = night(*limited(overweight(risk_price=1.0), tracking=cap))
    after = float(netted.proposals.outcomes.te_after[0])
    assert 0.9 * cap <= after <= cap + 1e-6
    assert netted.kept.limit.tolist() == [Limit.TRACKING]
    assert netted.kept.price[0] > 1
    assert taxed(netted) > taxed(free)


def test_a_budget_of_tax_is_used_and_not_exceeded() -> None:
    free = taxed(night(*limited(overweight(risk_price=50.0))))
    netted = night(*limited(overweight(risk_price=50.0), tax=free / 3))
    assert 0.85 * free / 3 <= taxed(netted) <= free / 3 + 0.01
    assert netted.kept.limit.tolist() == [Limit.TAX]
    assert netted.kept.price[0] < 1


def test_a_budget_may_be_a_part_of_value() -> None:
    netted = night(*limited(overweight(risk_price=50.0), tax_part=0.01))
    assert 850 <= taxed(netted) <= 1_000.01


def test_a_budget_of_gains_counts_those_of_the_year() -> None:
    netted = night(*limited(overweight(risk_price=50.0), so_far=2_000, gain=10_000))
    trades = netted.proposals.trades
    realised = float(trades.gain.sum() / DOLLAR)
    assert 0.85 * 8_000 <= realised <= 8_000.01
    assert netted.kept.limit.tolist() == [Limit.GAIN]


def test_a_budget_used_up_in_march_is_fresh_in_january() -> None:
    written = overweight(risk_price=50.0)
    spent = night(*limited(written, date(2025, 3, 3), so_far=20_000, tax=2_000))
    assert taxed(spent) <= 0.01
    assert spent.kept.limit.tolist() == [Limit.TAX]
    assert 1_700 <= taxed(night(*limited(written, date(2026, 1, 2), tax=2_000))) <= 2_000.01


def test_a_prorated_budget_opens_as_the_year_passes() -> None:
    written = overweight(risk_price=50.0)
    half = night(*limited(written, date(2025, 7, 2), tax=2_000, prorated=True))
    part = 2_000 * 183 / 365
    assert 0.85 * part <= taxed(half) <= part + 0.01


def test_what_must_be_paid_comes_before_the_budget_and_is_named() -> None:
    # all cash is to come from one lot at a gain
    written = one(lot("A", 100_000, basis=40_000), risk_price=1.0, cash_target=0.2)
    netted = night(*limited(written, tax=1_000))
    assert taxed(netted) == pytest.approx(0.2 * 60_000 * 0.238, rel=1e-3)
    assert netted.kept.missed.tolist() == [Limit.TAX]


def test_a_cap_that_nothing_can_keep_is_named() -> None:
    written = replace(overweight(risk_price=1.0), rules=(never_sell("A"),))
    netted = night(*limited(written, tracking=0.01))
    assert netted.kept.missed.tolist() == [Limit.TRACKING]


@pytest.mark.parametrize(
    ("risk_price", "limit", "most", "words"),
    [
        (1.0, "tracking", 0.05, "its cap on tracking error binds: tracking is priced at "),
        (50.0, "tax", 1_000.0, "its tax budget binds: tracking is priced at "),
        (50.0, "gain", 5_000.0, "its budget of gains binds: tracking is priced at "),
    ],
)
def test_an_explanation_names_the_limit_that_binds_and_its_price(
    risk_price: float, limit: str, most: float, words: str
) -> None:
    book, market = limited(overweight(risk_price=risk_price), None, 0.0, **{limit: most})
    kept = night(book, market).kept
    (said,) = policy_words(explain_netted(book, market, 0))
    assert said == f"{words}{kept.price[0]:.3g} times the profile's price"
    assert policy_words(explain_netted(*limited(overweight(risk_price=risk_price)), 0)) == []


def test_an_explanation_names_the_limit_that_is_missed() -> None:
    written = replace(overweight(risk_price=1.0), rules=(never_sell("A"),))
    (said,) = policy_words(explain_netted(*limited(written, tracking=0.01), 0))
    assert said == "its cap on tracking error cannot be kept: cash, restrictions and other limits come first"
    short = one(lot("A", 100_000, basis=40_000), risk_price=1.0, cash_target=0.2)
    (said,) = policy_words(explain_netted(*limited(short, turnover=0.01), 0))
    assert said.startswith("its cap on turnover cannot be kept, even if each dollar traded is charged ")


@given(st.integers(0, 10_000), st.floats(0.2, 0.9))
def test_limits_hold_for_households_as_one_portfolio(seed: int, part: float) -> None:
    written = crowd(seed).steered(worth_it=-1.0)
    free = night(*limited(written))
    tax, tracking = taxed(free), float(free.proposals.outcomes.te_after[0])
    if tax > 10:
        netted = night(*limited(written, tax=part * tax))
        assert taxed(netted) <= part * tax + 0.01 or netted.kept.missed[0] == Limit.TAX
    netted = night(*limited(written, tracking=part * tracking))
    after = float(netted.proposals.outcomes.te_after[0])
    assert after <= part * tracking + 1e-6 or netted.kept.missed[0] == Limit.TRACKING


@given(st.integers(0, 10_000))
def test_whatever_the_limits_every_proposal_passes_the_exact_checks(seed: int) -> None:
    book, market = random_book(seed)
    random = np.random.default_rng(seed)
    table = no_limits(book.policies.worth_it.size)
    for name, low, high in (("tracking", 0.001, 0.3), ("tax", 0.0, 5_000.0), ("gain", 0.0, 20_000.0)):
        drawn = random.uniform(low, high, table.size)
        table[name] = np.where(random.random(table.size) < 0.6, drawn, np.inf)
    night(book._replace(limits=table), market)


def test_a_plain_solve_at_what_was_found_gives_the_same_trades() -> None:
    book, market = limited(overweight(risk_price=50.0), tax=1_000)
    netted = night(book, market)
    again = rebalance(with_steering(book, netted.steering), market)
    assert again.trades.shares.tolist() == netted.proposals.trades.shares.tolist()


def asked(written: WrittenBook, amount: float, term: int, preserve: int = NO_DATE) -> Netted:
    """The night of a household that is to harvest so many dollars of losses of a term."""
    book, market = written.columns()
    requests = Requests(
        np.array([0, 1]),
        np.array([-1], np.int32),
        np.array([RequestKind.HARVEST], np.uint8),
        np.array([round(amount * DOLLAR)]),
        np.array([term], np.uint8),
        np.array([AS_OF], np.int32),
        np.array([preserve], np.int32),
    )
    return night(book._replace(requests=requests), market)


def losing(**steering: float | bool) -> WrittenBook:
    """A on target at a loss of a quarter of its value, too shallow for this policy to harvest."""
    held = (lot("A", 10_000, basis=12_500, days=100), lot("B", 2_000, basis=1_000), rest(88_000))
    return one(*held).steered(harvest_depth=0.5, risk_price=500.0, **steering)


def test_a_harvest_that_is_asked_for_is_done_though_the_policy_would_not() -> None:
    assert losing().night().sold("A") == 0
    netted = asked(losing(), 1_000, term=0)
    trades = netted.proposals.trades
    lost = -float(trades.gain[trades.gain < 0].sum() / DOLLAR)
    assert 999 <= lost <= 1_300
    assert netted.kept.missed.tolist() == [Limit.NONE]


def test_a_harvest_beyond_what_there_is_is_named() -> None:
    netted = asked(losing(), 9_000, term=0)
    trades = netted.proposals.trades
    assert -float(trades.gain[trades.gain < 0].sum() / DOLLAR) == pytest.approx(2_500, rel=0.01)
    assert netted.kept.missed.tolist() == [Limit.HARVEST]


def test_losses_of_the_other_term_do_not_count() -> None:
    assert asked(losing(), 1_000, term=1).kept.missed.tolist() == [Limit.HARVEST]


def test_losses_that_are_preserved_are_not_used_up_by_gains() -> None:
    free = asked(losing(), 200, term=0).proposals.trades
    kept = asked(losing(), 200, term=0, preserve=AS_OF + 60).proposals.trades
    assert free.gain.sum() / DOLLAR > 100
    assert kept.gain.sum() / DOLLAR <= 0.01
    assert -kept.gain[kept.gain < 0].sum() / DOLLAR >= 199
