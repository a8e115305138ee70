"""The exact checks on random firms: valid proposals pass, broken ones are judged as the slow reference judges."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.rebalancing.check_case import parts_of
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.violations import Rule
from tests.rebalancing.checks_firm import Firm, as_book, as_market, as_proposals
from tests.rebalancing.checks_random import break_something, propose, random_firm
from tests.rebalancing.checks_reference import Broken, broken_rules

SEEDS = st.integers(0, 2**40)
_FIGURES = {
    "value": Rule.VALUE,
    "basis": Rule.BASIS,
    "gain": Rule.GAIN,
    "tax": Rule.TAX,
    "cost": Rule.COST,
}


def seeded(seed: int) -> Random:
    return Random(seed)


def verified(firm: Firm) -> list[Broken]:
    found = verify(as_book(firm), as_market(firm), as_proposals(firm)).violations
    return sorted(Broken(*row) for row in zip(*(column.tolist() for column in found), strict=True))


def proposed(random: Random) -> Firm:
    firm = random_firm(random)
    propose(firm, random)
    if broken_rules(firm):  # what is legal account by account may be too much for the household as one portfolio
        for policy in firm.policies:
            policy.joint = False
    return firm


def judge_as_the_reference_does(seed: int) -> None:
    random = seeded(seed)
    firm = proposed(random)
    for _ in range(random.randint(1, 5)):
        break_something(firm, random)
    assert verified(firm) == broken_rules(firm)


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_valid_proposals_pass(seed: int) -> None:
    assert verified(proposed(seeded(seed))) == []


@given(SEEDS)
@settings(max_examples=400, deadline=None)
def test_broken_proposals_are_judged_as_the_reference_does(seed: int) -> None:
    judge_as_the_reference_does(seed)


@given(SEEDS, st.integers(1, 9), st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_what_is_found_depends_neither_on_threads_nor_on_how_lines_are_split(
    seed: int, lines_at_a_time: int, threads: int
) -> None:
    random = seeded(seed)
    firm = proposed(random)
    for _ in range(random.randint(0, 4)):
        break_something(firm, random)
    case = as_book(firm), as_market(firm), as_proposals(firm)
    whole, split = verify(*case), verify(*case, threads, lines_at_a_time)
    assert [column.tolist() for column in split.violations] == [column.tolist() for column in whole.violations]
    assert split.cash_after.tolist() == whole.cash_after.tolist()


def test_random_proposals_are_split() -> None:
    firms = [proposed(seeded(seed)) for seed in range(40)]
    parts = [len(parts_of(as_book(firm), as_proposals(firm).trades, 2)) for firm in firms]
    assert max(parts) > 2


@pytest.mark.nightly
@given(SEEDS)
@settings(max_examples=50_000, deadline=None)
def test_many_broken_proposals_are_judged_as_the_reference_does(seed: int) -> None:
    judge_as_the_reference_does(seed)


@given(SEEDS, st.sampled_from(sorted(_FIGURES)), st.integers(-10_000, 10_000).filter(bool))
@settings(max_examples=100, deadline=None)
def test_one_wrong_figure_breaks_one_rule_by_that_much(seed: int, figure: str, off: int) -> None:
    random = seeded(seed)
    firm = proposed(random)
    if not firm.lines:
        return
    row = random.randrange(len(firm.lines))
    line = firm.lines[row]
    setattr(line, figure, getattr(line, figure) + off)
    place = (line.household, line.account, line.security, line.lot, row)
    assert verified(firm) == [Broken(*place, _FIGURES[figure], off)]


@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_cash_after_is_cash_before_and_sales_less_purchases(seed: int) -> None:
    firm = proposed(seeded(seed))
    after = [account.cash for _, account in firm.accounts()]
    for line in firm.lines:
        after[line.account] += line.value if line.lot >= 0 else -line.value
    checked = verify(as_book(firm), as_market(firm), as_proposals(firm))
    assert checked.cash_after.tolist() == after


def test_the_random_breakers_reach_every_rule() -> None:
    reached = set()
    for seed in range(400):
        random = seeded(seed)
        firm = proposed(random)
        for _ in range(3):
            break_something(firm, random)
        reached |= {Rule(broken.rule) for broken in broken_rules(firm)}
    assert reached == set(Rule)
