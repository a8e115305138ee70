"""The income tax return of one household, written once, line by line; every line knows how it moves (`lines`).

Federal tax comes from the rate schedules of 26 U.S.C. 1(j) and 1(h), exactly: not from the Tax Table, whose steps of
50 dollars move the printed tax of incomes below 100,000 by up to a few dollars. Every line is rounded once, to a
ten-thousandth of a dollar; nothing is rounded to whole dollars.

Not modelled: credits, alternative minimum tax, self-employment and payroll taxes, the 0.9 percent Medicare tax, gains
at 25 and 28 percent, deductions that move with income (the qualified business income deduction, itemised deductions
with a floor, the taxable part of social security), and what `states` lists for the states.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from lotwise.kernels import Records, kernel
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.tax.lines import Line, by_brackets, fixed, larger, minus, plus, smaller, taxed
from lotwise.tax.netting import NettingLines, netting_lines
from lotwise.tax.parameters import FederalLaw, federal_row, load_federal
from lotwise.tax.position import LARGEST, POSITION, PositionRecord
from lotwise.tax.states import (
    LESS_LONG,
    LESS_ORDINARY,
    LESS_SHORT,
    MORE_LONG,
    MORE_ORDINARY,
    MORE_SHORT,
    StateLaw,
    load_states,
    next_change,
    state_ordinary,
    state_slope,
    state_tax,
)

__all__ = ["Law", "ReturnLines", "covers", "household_records", "load_law", "return_lines"]


class Law(NamedTuple):
    """The law that kernels read: federal figures, and the states'."""

    federal: FederalLaw
    states: StateLaw


class IncomeTaxLines(NamedTuple):
    """Federal income tax of taxable income."""

    ordinary_taxable: Line  # worksheet line 5: what the brackets tax
    ordinary_tax: Line  # line 22
    tax: Line  # line 25


class ReturnLines(NamedTuple):
    """Lines of a household's return that others look at."""

    netting: NettingLines
    adjusted_gross_income: Line
    taxable_income: Line
    income_tax: IncomeTaxLines
    investment_tax: Line
    state_tax: Line
    total: Line


def load_law() -> Law:
    """Read the law of all years and states that are kept."""
    return Law(load_federal(), load_states())


def household_records(households: Table, law: Law) -> Records:
    """Hand a table of POSITION to kernels; ValueError for another table, or a state's row that is not its year's."""
    if households.dtype != POSITION:
        raise ValueError(f"households must be rows of POSITION, was {households.dtype}")
    residents = households[households["state"] != NO_CODE]
    rows = residents["state"]
    if rows.size:
        kept = (rows >= 0) & (rows < law.states.rows.size)
        if not kept.all() or (law.states.rows["year"][rows] != residents["year"]).any():
            raise ValueError("state must be a row of the states' law of the household's year, or NO_CODE")
    return cast("Records", households.view(np.recarray))


@kernel
def covers(law: Law, position: PositionRecord) -> bool:
    """Whether a household's tax can be said: its year and status are kept, it has income or rates of its own.

    No amount may lie beyond LARGEST, so that sums of a few cannot leave 64 bits.
    """
    if federal_row(law.federal, int(position.year), int(position.filing_status)) == NO_CODE:
        return False
    if position.short_rate == MISSING and position.ordinary_income == MISSING:
        return False
    for amount in (
        position.short_gains,
        position.long_gains,
        position.short_carryforward,
        position.long_carryforward,
        position.qualified_dividends,
        position.investment_income,
        0 if position.ordinary_income == MISSING else position.ordinary_income,
        0 if position.magi == MISSING else position.magi,
    ):
        if amount < -LARGEST or amount > LARGEST:
            return False
    return True


@kernel
def worksheet_lines(law: FederalLaw, row: int, taxable_income: Line, preferential: Line) -> IncomeTaxLines:
    """Qualified Dividends and Capital Gain Tax Worksheet of Form 1040, line by line (26 U.S.C. 1(h)).

    `taxable_income` is line 1; `preferential` line 4: qualified dividends plus the smaller of lines 15 and 16 of
    Schedule D. `row` is the year's and filing status's.
    """
    figures = law.figures[row]
    starts, rates, tax_at_start = law.bracket_start[row], law.bracket_rate[row], law.tax_at_start[row]
    line_5 = larger(minus(taxable_income, preferential), fixed(0))
    line_7 = smaller(taxable_income, fixed(figures.zero_up_to))
    line_8 = smaller(line_5, line_7)
    line_9 = minus(line_7, line_8)  # taxed at 0 percent
    line_10 = smaller(taxable_income, preferential)
    line_12 = minus(line_10, line_9)
    line_14 = smaller(taxable_income, fixed(figures.middle_up_to))
    line_16 = larger(minus(line_14, plus(line_5, line_9)), fixed(0))
    line_17 = smaller(line_12, line_16)
    line_18 = taxed(line_17, figures.middle_rate)
    line_20 = minus(line_10, plus(line_9, line_17))
    line_21 = taxed(line_20, figures.top_rate)
    line_22 = by_brackets(line_5, starts, rates, tax_at_start)
    line_23 = plus(line_22, plus(line_18, line_21))
    line_24 = by_brackets(taxable_income, starts, rates, tax_at_start)
    return IncomeTaxLines(line_5, line_22, smaller(line_23, line_24))


@kernel
def _state_line(law: StateLaw, row: int, status: int, ordinary: Line, netting: NettingLines, qualified: int) -> Line:
    """State tax by the state's own law, with its slope.

    `ordinary` is income before the capital loss deduction. Of that income, short gain and long gain, at most one moves.
    """
    long = netting.long_gain
    short = minus(netting.gain, long)
    after = minus(ordinary, netting.deduction)
    follows = state_ordinary(law, row, 0, 1) == 0  # the state deducts a loss as the federal law does
    base = state_ordinary(law, row, after.value, netting.deduction.value)
    tax = state_tax(law, row, status, base, short.value, long.value, qualified)
    reach = min(after.reach, short.reach, long.reach)
    if short.slope:
        direction, sign = (MORE_SHORT, 1) if short.slope > 0 else (LESS_SHORT, -1)
    elif long.slope:
        direction, sign = (MORE_LONG, 1) if long.slope > 0 else (LESS_LONG, -1)
    elif after.slope and follows:
        direction, sign = (MORE_ORDINARY, 1) if after.slope > 0 else (LESS_ORDINARY, -1)
    else:
        return Line(tax, 0, reach)
    change = next_change(law, row, status, base, short.value, long.value, qualified, direction)
    if change > 0:
        reach = min(reach, change)
    slope = state_slope(law, row, status, base, short.value, long.value, qualified, direction)
    return Line(tax, sign * slope, reach)


@kernel
def _own_rates(netting: NettingLines, qualified: int, short_rate: int, long_rate: int) -> IncomeTaxLines:
    """Tax at the household's own rates: below zero where a loss is deducted from other income."""
    ordinary = minus(minus(netting.gain, netting.long_gain), netting.deduction)
    tax = taxed(ordinary, short_rate)
    return IncomeTaxLines(ordinary, tax, plus(tax, taxed(plus(netting.long_gain, fixed(qualified)), long_rate)))


@kernel
def _investment_tax(adjusted_gross_income: Line, investment_income: Line, threshold: int, rate: int) -> Line:
    """Net investment income tax, Form 8960 (26 U.S.C. 1411): lines 12 to 17.

    The net loss deducted (Schedule D line 21) lowers investment income too (Reg. 1.1411-4(f)(4)).
    """
    line_12 = larger(investment_income, fixed(0))
    line_15 = larger(minus(adjusted_gross_income, fixed(threshold)), fixed(0))
    return taxed(smaller(line_12, line_15), rate)


@kernel
def return_lines(law: Law, position: PositionRecord, short_gains: Line, long_gains: Line) -> ReturnLines:
    """Write the return of one household that the law covers (`covers`).

    `position` is a record of POSITION; the two lines stand for its gains of the year, before carryovers.
    """
    status = int(position.filing_status)
    row = federal_row(law.federal, int(position.year), status)
    own = position.short_rate != MISSING
    figures = law.federal.figures[row]
    short = minus(short_gains, fixed(position.short_carryforward))  # Schedule D line 7
    long = minus(long_gains, fixed(position.long_carryforward))  # Schedule D line 15
    qualified = int(position.qualified_dividends)
    ordinary = fixed(0 if position.ordinary_income == MISSING else position.ordinary_income)
    before = plus(ordinary, fixed(qualified))
    # With own rates nothing says how much income there is: a deductible loss is taken to be used up.
    enough = fixed(figures.loss_limit) if own else before
    netting = netting_lines(short, long, enough, figures.loss_limit)
    capital = minus(netting.gain, netting.deduction)  # Form 1040 line 7
    magi = fixed(position.magi if position.magi != MISSING else ordinary.value + figures.standard_deduction)
    adjusted = plus(plus(magi, fixed(qualified)), capital)
    net_income = plus(before, capital)
    taxable = larger(net_income, fixed(0))
    if own:
        income_tax = _own_rates(netting, qualified, position.short_rate, position.long_rate)
        investment_tax = fixed(0)
    else:
        preferential = plus(fixed(qualified), netting.long_gain)
        income_tax = worksheet_lines(law.federal, row, taxable, preferential)
        income = plus(fixed(qualified + position.investment_income), capital)
        investment_tax = _investment_tax(adjusted, income, figures.investment_threshold, figures.investment_rate)
    if position.state_rate != MISSING:
        state = taxed(plus(fixed(qualified), capital) if own else taxable, position.state_rate)
    elif position.state >= 0 and position.ordinary_income != MISSING:
        state = _state_line(law.states, int(position.state), status, ordinary, netting, qualified)
    else:
        state = fixed(0)
    total = plus(plus(income_tax.tax, investment_tax), state)
    return ReturnLines(netting, adjusted, taxable, income_tax, investment_tax, state, total)
