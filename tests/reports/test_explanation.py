"""What an explanation says of a household's tax, against its position."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from lotwise.ledger.events import MISSING
from lotwise.money import DOLLAR, FULL_RATE, Money
from lotwise.rebalancing.book import Book, RateOrigin
from lotwise.rebalancing.explain import Hindrance, HouseholdStory, NameLine, explain_household
from lotwise.rebalancing.tax_story import tax_story
from lotwise.reports.explanation import explanation, name_words, policy_words, tax_words
from lotwise.tax.household_rates import household_rates
from lotwise.tax.liability import load_law
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, positions
from tests.reports.small_run import small_run

COUPLE = TaxPosition(
    2025, FilingStatus.MARRIED_JOINT, ordinary_income=Money(230_000 * DOLLAR), magi=Money(240_000 * DOLLAR)
)


def taxed(position: TaxPosition, origin: RateOrigin, loss: int = 10_000, gain: int = 0) -> Book:
    """The small run's book, its first household in this position and with so many dollars to lose or gain."""
    book = small_run().book
    tax = book.tax.copy()
    tax[0] = positions([position])[0]
    amounts = (loss * DOLLAR, gain * DOLLAR, FULL_RATE * 8 // 10, MISSING)
    lost, gained, value, unset = (np.array([amount]) for amount in amounts)
    rates = household_rates(tax[:1], load_law(), (lost, gained), value, unset)[0]
    households = book.households
    names = {"short_rate": "short", "long_rate": "long", "loss_short_rate": "loss_short", "loss_long_rate": "loss_long"}
    for column, name in names.items():
        getattr(households, column)[0] = rates[name]
    households.rate_origin[0] = origin
    return book._replace(tax=tax)


@pytest.mark.parametrize(
    ("position", "origin", "words"),
    [
        (
            COUPLE,
            RateOrigin.INCOME,
            (
                "taxed at 24.00% short term (for the next $10,000 of gain) and 15.00% long term (for the next $10,000 "
                "of gain), by the law of 2025 at its income; a dollar of tonight's losses is worth 15.60% short term "
                "and 15.60% long term"
            ),
        ),
        (
            replace(COUPLE, long_carryforward=Money(50_000 * DOLLAR), short_gains=Money(7_000 * DOLLAR)),
            RateOrigin.INCOME,
            (
                "taxed at 0.00% short term (for the next $40,000 of gain) and 0.00% long term (for the next $40,000 of "
                "gain), by the law of 2025 at its income; a dollar of tonight's losses is worth 0.00% short term and "
                "0.00% long term; the year's gains so far: $7,000 short term, $0 long term; losses carried into the "
                "year: $0 short term, $50,000 long term"
            ),
        ),
    ],
)
def test_the_words_name_rates_their_origin_their_reach_and_what_is_carried(
    position: TaxPosition, origin: RateOrigin, words: str
) -> None:
    assert tax_words(tax_story(taxed(position, origin), 0)) == words


def test_a_rate_that_is_an_average_says_so() -> None:
    words = tax_words(tax_story(taxed(COUPLE, RateOrigin.INCOME, gain=20_000), 0))
    assert words.startswith(
        "taxed at 25.90% short term (by what tonight realises; 24.00% for the next $10,000) and 16.90% long"
    )


def test_rates_of_a_household_or_the_firm_hold_always() -> None:
    book = small_run().book
    assert "40.80% short term (always) and 23.80% long term (always), its own rates;" in tax_words(tax_story(book, 0))
    book.households.rate_origin[:] = RateOrigin.DEFAULT
    assert "the firm's default rates;" in tax_words(tax_story(book, 0))


def test_an_explanation_begins_with_the_household_and_its_rates() -> None:
    run = small_run()
    story = explain_household(run.book, run.market, 1)
    stream = io.StringIO()
    Console(file=stream, width=400).print(explanation(story, run.labels, run.market_labels))
    first, second = stream.getvalue().splitlines()[:2]
    assert first.startswith("Household ")
    assert second.strip() == tax_words(story.tax)


NAME = NameLine(0, 0.1, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.001, 0, Hindrance.NONE, float("nan"), 0.0, 0.0, ())


def test_a_name_that_is_too_much_elsewhere_is_none_to_sell_here() -> None:
    assert name_words(NAME, ["AAA"]) == "20.00% overweight, none of it held here"


@pytest.mark.parametrize(
    ("cash", "bounds", "why"),
    [
        (0.0, -0.002, "; a bound on its group asks for it"),
        (-0.002, 0.0, "; the cash is worth less than the name"),
        (0.001, 0.0, ""),  # nothing but rounding: no bound is to be blamed
        (0.02, 0.0, "; a least weight asks for it"),
    ],
)
def test_a_purchase_that_costs_more_than_it_saves_names_a_cause_that_is_there(
    cash: float, bounds: float, why: str
) -> None:
    line = replace(NAME, after=0.05, bought=1, risk=-0.0005, cash=cash, bounds=bounds)
    assert name_words(line, ["AAA"]) == f"bought: each dollar saves 5 bp of risk a year and costs 10 bp{why}"


@pytest.mark.parametrize(("price", "words"), [(0.587, "5,870 bp"), (0.00123456, "12.3 bp")])
def test_a_charge_is_written_in_plain_digits(price: float, words: str) -> None:
    story = HouseholdStory(0, False, tax_story(small_run().book, 0), (), trading_price=price)
    assert f"is charged {words} beside cost" in policy_words(story)[0]
