"""The tax of a household from the Code, in fractions, sharing nothing with the forms that Lotwise follows.

Gains: 26 U.S.C. 1222 nets short with short, long with long, then one with the other. Rates: section 1(h) taxes net
capital gain and qualified dividends as the top layer of taxable income, each dollar at 0, 15 or 20 percent by where
in taxable income it lies, and never more than section 1(j) alone. The worksheet of 13 lines is written out as printed.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from lotwise.money import FULL_RATE
from lotwise.tax.parameters import FilingStatus, load_federal
from lotwise.tax.position import TaxPosition


class Worksheet(NamedTuple):
    deduction: int  # Schedule D line 21, positive
    short_carried: int
    long_carried: int


def carryover_worksheet(line_7: int, line_15: int, income_line_15: int, limit: int) -> Worksheet:
    """Capital Loss Carryover Worksheet of the instructions to Schedule D, as printed.

    `income_line_15` is Form 1040 line 15 as it would be below zero; `limit` the cap of Schedule D line 21.
    """
    line_16 = line_7 + line_15
    if line_16 >= 0:
        return Worksheet(0, 0, 0)
    line_21 = min(-line_16, limit)
    ws_1 = income_line_15
    ws_2 = line_21
    ws_3 = ws_1 + ws_2
    ws_3 = max(0, ws_3)
    ws_4 = min(ws_2, ws_3)
    if line_7 < 0:
        ws_5 = -line_7
        ws_6 = max(0, line_15)
        ws_7 = ws_4 + ws_6
        ws_8 = ws_5 - ws_7
        ws_8 = max(0, ws_8)
    else:
        ws_5, ws_8 = 0, 0
    if line_15 < 0:
        ws_9 = -line_15
        ws_10 = max(0, line_7)
        ws_11 = ws_4 - ws_5
        ws_11 = max(0, ws_11)
        ws_12 = ws_10 + ws_11
        ws_13 = ws_9 - ws_12
        ws_13 = max(0, ws_13)
    else:
        ws_13 = 0
    return Worksheet(line_21, ws_8, ws_13)


def tax_between(low: Fraction, high: Fraction, starts: list[int], rates: list[int]) -> Fraction:
    """Tax on the layer of income from `low` to `high`: each dollar at the rate of where it lies."""
    tops: list[Fraction] = [Fraction(start) for start in starts[1:]] + [max(high, Fraction(starts[-1])) + 1]
    edges = list(pairwise([Fraction(starts[0]), *tops]))
    return sum(
        (
            max(min(high, top) - max(low, start), Fraction(0)) * Fraction(rate, FULL_RATE)
            for (start, top), rate in zip(edges, rates, strict=True)
        ),
        Fraction(0),
    )


class Reference(NamedTuple):
    adjusted_gross_income: Fraction
    taxable_income: Fraction
    income_tax: Fraction
    investment_tax: Fraction
    short_carried: int
    long_carried: int


def reference_return(position: TaxPosition) -> Reference:
    """Federal tax of a household with known income, exact."""
    assert position.ordinary_income is not None
    law = load_federal()
    row = (position.year - law.first_year) * len(FilingStatus) + int(position.filing_status)
    starts, rates = [int(x) for x in law.bracket_start[row]], [int(x) for x in law.bracket_rate[row]]
    figures = law.figures[row]
    gain_starts = [0, int(figures["zero_up_to"]), int(figures["middle_up_to"])]
    gain_rates = [0, int(figures["middle_rate"]), int(figures["top_rate"])]

    # 26 U.S.C. 1222(5)-(11): net short, net long, net capital gain.
    short = position.short_gains - position.short_carryforward
    long = position.long_gains - position.long_carryforward
    net_capital_gain = max(max(long, 0) - max(-short, 0), 0)
    limit = int(figures["loss_limit"])
    capital = max(short + long, -limit)
    qualified = position.qualified_dividends
    before_floor = position.ordinary_income + qualified + capital
    income = max(before_floor, 0)
    layer = min(net_capital_gain + qualified, income)
    ordinary_only = tax_between(Fraction(0), Fraction(income), starts, rates)
    layered = tax_between(Fraction(0), Fraction(income - layer), starts, rates) + tax_between(
        Fraction(income - layer), Fraction(income), gain_starts, gain_rates
    )
    magi = position.magi
    if magi is None:
        magi = position.ordinary_income + int(figures["standard_deduction"])  # type: ignore[assignment]
    assert magi is not None
    gross = magi + qualified + capital
    investment = max(qualified + position.investment_income + capital, 0)
    over = max(gross - int(figures["investment_threshold"]), 0)
    carried = carryover_worksheet(short, long, before_floor, limit)
    return Reference(
        Fraction(gross),
        Fraction(income),
        min(ordinary_only, layered),
        Fraction(min(investment, over)) * Fraction(int(figures["investment_rate"]), FULL_RATE),
        carried.short_carried,
        carried.long_carried,
    )
