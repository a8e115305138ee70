"""What a screen costs: the night with it beside the night of a book that never had it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Book, BookLabels, NameRule
from lotwise.rebalancing.proposal import Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.rebalancing.screen_costs import barred, prices_of_rules, restricted, without_rules
from tests.rebalancing.random_book import random_book
from tests.rebalancing.written_book import Name, Rule, WrittenBook, at_most, lot, never_buy, rest, taxable

A_TENTH = {"A": 0.1, "B": 0.2, "REST": 0.7}
NEVER_OWN_A = Rule(("A",), NameRule.NO_BUY, high=0.0)


def household(*rules: Rule) -> WrittenBook:
    """Ten thousand dollars of which a tenth should be A and a fifth B; A is held with a gain, B not at all."""
    held = taxable(lot("A", 1_000, 400), rest(7_000), cash=2_000)
    return WrittenBook({"A": Name(), "B": Name(spread_bps=20)}, A_TENTH, (held,), rules=rules)


@pytest.mark.parametrize("other", [(), (never_buy("B"),), (at_most(0.25, "A", "B"),)])
def test_a_price_is_the_night_with_less_the_night_of_a_book_without(other: tuple[Rule, ...]) -> None:
    whole = household(*other, NEVER_OWN_A)
    book, market = whole.columns()
    (price,) = prices_of_rules(book, market, 0, [(len(other),)])
    kept, dropped = whole.night().proposals.outcomes, household(*other).night().proposals.outcomes
    assert price.is_known
    assert price.kept.status is Status(int(kept.status[0]))
    assert price.tracking == float(kept.te_after[0] - dropped.te_after[0])
    assert price.tax == int(kept.tax[0] - dropped.tax[0])
    assert price.cost == int(kept.cost[0] - dropped.cost[0])
    assert price.objective == pytest.approx(float(dropped.score[0] - kept.score[0]) * 1e4)


def test_selling_what_must_not_be_held_costs_its_tax_and_tracking() -> None:
    book, market = household(NEVER_OWN_A).columns()
    (price,) = prices_of_rules(book, market, 0, [(0,)])
    # 600 dollars of long-term gain at 23.8%; the tenth that is missing has a variance of 0.04.
    assert price.tax == pytest.approx(600 * 0.238 * DOLLAR, abs=1)
    assert price.tracking == pytest.approx(0.1 * 0.2, rel=1e-2)
    assert price.objective > 0


def test_without_the_rules_of_nobody_nothing_changes() -> None:
    book, market = household(NEVER_OWN_A).columns()
    (price,) = prices_of_rules(book, market, 0, [(7,)])
    assert price.kept == price.dropped
    assert price.objective == 0
    assert prices_of_rules(book, market, 0, []) == ()


def test_a_refused_household_has_no_price() -> None:
    book, market = replace(household(NEVER_OWN_A), blocked=True).columns()
    (price,) = prices_of_rules(book, market, 0, [(0,)])
    assert not price.is_known


@pytest.mark.parametrize("row", [-1, 1])
def test_a_household_outside_the_book_is_an_error(row: int) -> None:
    book, market = household(NEVER_OWN_A).columns()
    with pytest.raises(IndexError, match="must lie within 0"):
        prices_of_rules(book, market, row, [(0,)])


def rules_of(book: Book, household: int) -> list[tuple[float, ...]]:
    """Every rule of a household, its row of the file first."""
    own, rules = book.households.rules[household], book.rules
    names = range(rules.name_start[own], rules.name_start[own + 1])
    groups = range(rules.group_start[own], rules.group_start[own + 1])
    name_columns = (rules.name_source, rules.name_security, rules.name_flags, rules.name_low, rules.name_high)
    group_columns = (rules.group_source, rules.group, rules.group_account, rules.group_low, rules.group_high)
    return [tuple(float(column[row]) for column in name_columns) for row in names] + [
        tuple(float(column[row]) for column in group_columns) for row in groups
    ]


@given(st.integers(0, 1_000_000))
def test_dropping_rules_of_one_household_leaves_the_others_theirs(seed: int) -> None:
    book, market = random_book(seed)
    for own in range(len(book.households.model)):
        gone = {0, 2}
        edited = without_rules(book, own, gone)
        assert (np.delete(edited.households.rules, own) == np.delete(book.households.rules, own)).all()
        for column in (*edited.rules, *edited.households):
            assert column.flags.c_contiguous
        assert [column.dtype for column in edited.rules] == [column.dtype for column in book.rules]
        assert edited.households.rules[own] == len(book.rules.name_start) - 1
        assert rules_of(edited, own) == [rule for rule in rules_of(book, own) if rule[0] not in gone]
    (nothing,) = prices_of_rules(book, market, 0, [()])
    alone = rebalance(book, market).outcomes
    assert (int(nothing.dropped.status), nothing.dropped.tax) == (int(alone.status[0]), int(alone.tax[0]))


@given(st.integers(0, 1_000_000))
def test_a_rule_that_a_hold_keeps_never_helps_beyond_the_gaps(seed: int) -> None:
    """Where nothing is forced, fewer rules cannot make the best night worse."""
    random = np.random.default_rng(seed)
    held = taxable(lot("A", 1_000, float(random.uniform(300, 2_000))), rest(7_000), cash=2_000)
    names = {"A": Name(), "B": Name(spread_bps=float(random.uniform(0, 50)))}
    rules = (Rule(("B",), NameRule.NO_BUY), Rule(("A",), NameRule.NO_SELL))
    book, market = WrittenBook(names, A_TENTH, (held,), rules=rules).columns()
    for price in prices_of_rules(book, market, 0, [(0,), (1,), (0, 1)]):
        assert price.is_known
        assert price.objective >= -price.within - 1e-6


def labels_of(*named: str) -> BookLabels:
    none = np.array([], dtype=np.str_)
    return BookLabels(none, none, pl.Series([], dtype=pl.String), (), (), named, restricted=named)


def test_restrictions_of_one_name_are_told_together_in_the_order_of_the_file() -> None:
    book, _ = household(never_buy("B"), NEVER_OWN_A, at_most(0.25, "A", "B"), at_most(0.3, "B", "A")).columns()
    labels = labels_of("symbol B", "screen smoke", "sector Tech", "screen smoke")
    assert restricted(book, labels, 0) == (("symbol B", (0,)), ("screen smoke", (1, 3)), ("sector Tech", (2,)))
    assert restricted(book, labels, 0, "screen") == (("screen smoke", (1, 3)),)
    assert restricted(book, labels_of("symbol B", "screenplays", "sector Tech", "x"), 0, "screen") == ()


def test_what_rules_keep_out_of_the_model_is_counted_once() -> None:
    written = household(NEVER_OWN_A, at_most(0.25, "A", "B"), Rule(("B",), NameRule.NO_SELL))
    book, _ = written.columns()
    a, b = written.position("A"), written.position("B")
    for sources, securities, weight in (((0,), (a,), 0.1), ((0, 1), (a, b), 0.3), ((2,), (), 0.0)):
        found = barred(book, 0, sources)
        assert found.securities == securities
        assert found.weight == pytest.approx(weight)
    halved = book._replace(groups=book.groups._replace(coefficient=np.array([0.5, 0.5])))
    assert barred(halved, 0, (1,)).weight == pytest.approx(0.15)
