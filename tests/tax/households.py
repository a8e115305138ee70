"""Tax positions for tests: in whole dollars by hand, and strategies that lie where the law turns."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from lotwise.money import DOLLAR, Money
from lotwise.tax.liability import Law
from lotwise.tax.parameters import FilingStatus, figure_of, load_federal
from lotwise.tax.position import TaxPosition
from lotwise.tax.state_tables import state_tables

YEARS = range(2018, 2027)
STATUSES = st.sampled_from(FilingStatus)


@cache
def federal_law() -> Law:
    """The federal law alone: no state is known."""
    return Law(load_federal(), state_tables(()))


def dollars(amount: int) -> Money:
    return Money(amount * DOLLAR)


def employee(
    year: int, status: FilingStatus, wages: int, short: int = 0, long: int = 0, qualified: int = 0, interest: int = 0
) -> TaxPosition:
    """A household that takes the standard deduction; whole dollars."""
    deduction = figure_of(load_federal(), year, status, "standard_deduction")
    income = (wages + interest) * DOLLAR
    return TaxPosition(
        year,
        status,
        ordinary_income=Money(income - deduction),
        magi=Money(income),
        short_gains=dollars(short),
        long_gains=dollars(long),
        qualified_dividends=dollars(qualified),
        investment_income=dollars(interest),
    )


def around(*thresholds: int) -> st.SearchStrategy[int]:
    """Amounts of money at and beside thresholds, and anywhere between."""
    near = st.sampled_from(thresholds).flatmap(
        lambda at: st.sampled_from([0, 1, -1, 7, -7, DOLLAR, -DOLLAR, 150 * DOLLAR]).map(lambda by: at + by)
    )
    anywhere = st.integers(min(thresholds), max(thresholds))
    return st.one_of(near, anywhere, anywhere.map(lambda amount: amount // 100 * 100))


@st.composite
def tax_positions(draw: st.DrawFn, *, cents: bool = False) -> TaxPosition:
    """Households at and around every clamp of the law; with `cents` every amount is whole cents."""
    year, status = draw(st.sampled_from(YEARS)), draw(STATUSES)
    law = load_federal()
    row = (year - law.first_year) * len(FilingStatus) + int(status)
    starts = [int(start) for start in law.bracket_start[row]]
    edges = [*starts, *(int(law.figures[row][name]) for name in ("zero_up_to", "middle_up_to", "investment_threshold"))]
    limit = int(law.figures[row]["loss_limit"])

    def amount(*thresholds: int) -> Money:
        drawn = draw(around(*thresholds))
        return Money(drawn // 100 * 100 if cents else drawn)

    gains = (0, limit, -limit, 50_000 * DOLLAR, -50_000 * DOLLAR, *edges[:4])
    carried = (0, limit, 20_000 * DOLLAR)
    return TaxPosition(
        year,
        status,
        ordinary_income=amount(-30_000 * DOLLAR, -limit, 0, *edges),
        magi=draw(st.sampled_from([None, amount(0, *edges)])),
        short_gains=amount(*gains),
        long_gains=amount(*gains),
        qualified_dividends=abs_money(amount(0, limit, 10_000 * DOLLAR)),
        investment_income=amount(-limit, 0, 10_000 * DOLLAR),
        short_carryforward=abs_money(amount(*carried)),
        long_carryforward=abs_money(amount(*carried)),
    )


def abs_money(amount: Money) -> Money:
    return Money(abs(amount))
