"""Invented figures for client documents, from a seed: what must add up does, everything else is chance."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from lotwise.money import DOLLAR, SHARE, exact_mul_div
from lotwise.reports.documents.choices import (
    BudgetPlan,
    Choice,
    CurveStep,
    Legacy,
    LotGain,
    Outside,
    PlanYear,
    Purchase,
    Range,
    Role,
    Sale,
    TransitionChoices,
)
from lotwise.reports.documents.figures import Measured, MonthOfSavings, Split, TaxesSaved, YearOfTax
from lotwise.reports.documents.positions import HeldAccount, HeldLot, HeldPosition, HoldingsOnDay
from lotwise.reports.documents.realized import RealizedGains, RealizedLine, WashLine, YearTotals
from lotwise.tax.form_cells import Cells

__all__ = ["invented_choices", "invented_gains", "invented_holdings", "invented_savings"]

_AS_OF = date(2026, 11, 20)
_CLASSES = ("US equity", "International equity", "Emerging markets", "US bonds", "Municipal bonds", "Real estate")
_RULE = (
    "Each account goes back to its target on the last trading day of each quarter, and whenever money comes or goes.",
    "What is within 1% of value of its target stays.",
    "Lots are sold oldest first.",
)
_CAVEATS = (
    "Tax that is put off is not tax that is gone: if everything were sold today, a part of the savings would be paid.",
    "The comparison is with one stated rule. Another rule would have paid another tax.",
    "Rates are those of the returns as known today; a change of income or of law changes the figures of the open year.",
)


def _money(random: np.random.Generator, low: float, high: float) -> int:
    """Dollars to the ten-thousandth: sums that do not come out even."""
    return round(float(random.uniform(min(low, high), max(low, high))) * DOLLAR) + int(random.integers(0, 9_999))


def _split(random: np.random.Generator, size: float) -> Split:
    return Split(
        _money(random, -0.2 * size, size), _money(random, -0.1 * size, 0.6 * size), _money(random, 0, 0.1 * size)
    )


def _month_ends(first: date, last: date) -> list[date]:
    found, day = [], first
    while day < last:
        ahead = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        found.append(min(ahead - timedelta(days=1), last))
        day = ahead
    return found


def invented_savings(seed: int, household: int = 1, *, months: int = 41, luck: float = 1.0) -> TaxesSaved:
    """Taxes saved of a household; `luck` below zero makes savings costs."""
    random = np.random.default_rng((seed, household))
    first = (_AS_OF - timedelta(days=round(30.4 * months))).replace(day=1)
    size = float(random.lognormal(7.0, 0.8)) * luck
    standing, levels = Split(0, 0, 0), []
    for day in _month_ends(first, _AS_OF):
        step = _split(random, size)
        standing = Split(*(one + other for one, other in zip(standing.parts, step.parts, strict=True)))
        levels.append(MonthOfSavings(day, standing))
    at_end = {level.day.year: level.saved.total for level in levels}
    years, before = [], 0
    for year, total in at_end.items():
        actual = _money(random, -3_000, 9_000)
        years.append(YearOfTax(year, actual + total - before, actual))
        before = total
    begun = [level.saved for level in levels if level.day.year < _AS_OF.year]
    opening = begun[-1] if begun else Split(0, 0, 0)
    this_year = Split(*(one - other for one, other in zip(standing.parts, opening.parts, strict=True)))
    fee = _money(random, 200, 500)
    return TaxesSaved(
        household_id=f"H{household:03d}",
        name=f"Household {household:03d}",
        as_of=_AS_OF,
        inception=first,
        year_to_date=_measured(random, this_year, sum(level.day.year == _AS_OF.year for level in levels), fee),
        since_inception=_measured(random, standing, len(levels), fee),
        months=tuple(levels),
        years=tuple(years),
        shadow_rule=_RULE,
        caveats=_CAVEATS,
    )


def _measured(random: np.random.Generator, shadow: Split, months: int, fee: int) -> Measured:
    def scaled(low: float, high: float) -> Split:
        return Split(*(round(part * float(random.uniform(low, high))) for part in shadow.parts))

    return Measured(scaled(0.8, 1.3), shadow, scaled(0.3, 0.8), fee * months)


def invented_choices(seed: int, household: int = 1) -> TransitionChoices:
    """A transition proposal: a falling curve from doing nothing to selling everything, and a plan of three years."""
    random = np.random.default_rng((seed, household))
    value = _money(random, 400_000, 4_000_000)
    everything = round(value * float(random.uniform(0.03, 0.11)))
    tracking = float(random.uniform(0.04, 0.12))
    shares = np.linspace(0, 1, 24)
    curve = tuple(CurveStep(round(everything * s**2), tracking * (1 - s) ** 1.7) for s in shares.tolist())
    best = curve[7]
    parts = (0.45, 0.33)
    taxes = [round(best.tax * part) for part in parts]
    taxes.append(best.tax - sum(taxes))
    plan = tuple(
        PlanYear(
            year=_AS_OF.year + place,
            sold=round(value * 0.12),
            short_gain=-_money(random, 0, 4_000),
            long_gain=_money(random, 5_000, 40_000),
            tax=tax,
            tax_range=None if place == 0 else Range(round(tax * 0.4), round(tax * 1.9)),
            tracking_after=tracking + (best.tracking - tracking) * (place + 1) / 3,
            overlap_after=0.3 + 0.15 * place,
        )
        for place, tax in enumerate(taxes)
    )
    return TransitionChoices(
        household_id=f"H{household:03d}",
        name=f"Household {household:03d}",
        as_of=_AS_OF,
        target="the large-company index of 500 names",
        today=Legacy(
            value, round(value * 0.8), -_money(random, 0, 9_000), round(value * 0.31), 0, 34, 187, 0.18, tracking
        ),
        choices=_choices(random, curve, everything),
        curve=curve,
        plan=plan,
        yearly_budget=round(max(taxes) * 1.05),
        outside=tuple(_outside(random, place) for place in range(5)),
        reasons=(
            "Beyond this point each basis point of tracking costs more tax than it is worth at your price of risk.",
            "It stays below the yearly tax budget in every simulated year but one in ten.",
        ),
        advice=("Against keeping what you have, the move pays for its tax after about four years.",),
        assumptions=("Two lots have no date: they are taken as long term, bought before 2011.",),
        missing=("What was paid for STOCK1.",),
        budgets=(
            BudgetPlan(
                round(best.tax / 4), round(best.tax / 5), (2, 3, None), (0, round(best.tax / 2), best.tax), 10, 0.88
            ),
            BudgetPlan(None, best.tax, (1, 1, 1), (best.tax, best.tax, best.tax), 10, 1.0),
        ),
        lots=tuple(_lot_gain(random) for _ in range(40)),
        sales=tuple(_sale(random, place) for place in range(24)),
        purchases=tuple(
            Purchase(f"S{place:03d}", f"Company {place}", _money(random, 10, 9_000)) for place in range(40)
        ),
    )


def _choices(random: np.random.Generator, curve: tuple[CurveStep, ...], everything: int) -> tuple[Choice, ...]:
    best, tracking = curve[7], curve[0].tracking
    return (
        Choice(Role.NOTHING, "Keep everything", 0, tracking, 0.18, 0.0, 0),
        Choice(Role.OTHER, "A few losses only", -_money(random, 100, 4_000), tracking * 0.9, 0.25, 0.06, 1, 0.0),
        Choice(Role.RECOMMENDED, "Recommended", best.tax, best.tracking, 0.6, 0.36, 3, 0.8),
        Choice(Role.OTHER, "Faster", curve[13].tax, curve[13].tracking, 0.78, 0.6, 2, 1.4),
        Choice(Role.LIQUIDATE, "Sell everything", everything, 0.0, 1.0, 1.0, 1, 3.2),
    )


def _lot_gain(random: np.random.Generator) -> LotGain:
    days = int(random.integers(5, 5_000))
    return LotGain(_money(random, -9_000, 40_000), days, days > 366)


def _outside(random: np.random.Generator, place: int) -> Outside:
    """A holding that is sold, held or cut, in turn."""
    value = _money(random, 20_000, 60_000)
    why = ("", "its gain is nine tenths of its value", "it stands for what the target has")[place % 3]
    kept = (0, value, value // 3)[place % 3]
    kind = ("fund", "stock", "bond")[place % 3]
    return Outside(f"OLD{place}", f"An old {kind}", kind, value, _money(random, -2_000, 19_000), kept, why)


def _sale(random: np.random.Generator, place: int) -> Sale:
    gain = None if place % 6 == 5 else _money(random, -3_000, 9_000)
    account = "An IRA" if gain is None else "Joint brokerage"
    acquired = _AS_OF - timedelta(days=int(random.integers(5, 5_000)))
    value = _money(random, 900, 20_000)
    return Sale(account, f"S{place:03d}", acquired, value * 97, value, gain, bool(place % 3), place == 3)


def invented_gains(seed: int, household: int = 1, *, lines: int = 60) -> RealizedGains:
    """Realised gains of a year with wash sales, and two years before."""
    random = np.random.default_rng((seed, household))
    made, washes = [], []
    for place in range(lines):
        sold = date(_AS_OF.year, 1, 2) + timedelta(days=int(random.integers(0, 318)))
        held = int(random.integers(20, 3000))
        proceeds, basis = _money(random, 100, 20_000), _money(random, 100, 20_000)
        loss = max(basis - proceeds, 0)
        disallowed = loss // 3 if place % 5 == 0 else 0
        symbol, account = f"S{place % 40:03d}", f"H{household:03d}-TA{1 + place % 2}"
        permanent = disallowed if place % 10 == 0 else 0
        shares = int(random.integers(1, 900 * SHARE))
        made.append(
            RealizedLine(
                account,
                symbol,
                shares,
                sold - timedelta(days=held),
                sold,
                held > 366,
                Cells(proceeds, basis, disallowed),
                permanent,
            )
        )
        if disallowed:
            replaced = sold + timedelta(days=9)
            washes.append(
                WashLine(
                    sold, account, symbol, shares // 3, disallowed, replaced, f"H{household:03d}-RO3", permanent > 0
                )
            )
    years = tuple(
        YearTotals(_AS_OF.year - back, _money(random, -9_000, 2_000), _money(random, -2_000, 9_000)) for back in (2, 1)
    )
    return RealizedGains(
        f"H{household:03d}",
        f"Household {household:03d}",
        _AS_OF,
        _AS_OF.year,
        tuple(made),
        tuple(washes),
        years,
        _AS_OF,
    )


def invented_holdings(seed: int, household: int = 1, *, positions: int = 80, lots: int = 3) -> HoldingsOnDay:
    """Holdings of three accounts; some lots have no cost or no date, one position no price."""
    random = np.random.default_rng((seed, household))
    accounts = tuple(
        HeldAccount(f"H{household:03d}-{code}", kind, _money(random, 0, 9_000), kind == "roth")
        for code, kind in (("TA1", "taxable"), ("TR2", "traditional"), ("RO3", "roth"))
    )
    held = []
    for place in range(positions):
        price = _money(random, 5, 700)
        own = []
        for number in range(int(random.integers(1, 2 * lots))):
            shares = int(random.integers(1, 400 * SHARE))
            account = accounts[int(random.choice(3, p=[0.7, 0.2, 0.1]))]
            days = int(random.integers(1, 5_000))
            value = 0 if place == 1 else exact_mul_div(shares, price, SHARE)
            unknown = random.random() < 0.02
            own.append(
                HeldLot(
                    account_id=account.account_id,
                    lot_id=f"L{place:03d}{number:02d}",
                    shares=shares,
                    value=value,
                    basis=None if unknown else round(value * float(random.uniform(0.5, 1.25))),
                    acquired=None if unknown else _AS_OF - timedelta(days=days),
                    held_days=None if unknown else days,
                    long_term=days > 366,
                    taxable=account.kind == "taxable",
                )
            )
        asset_class = _CLASSES[int(random.integers(0, len(_CLASSES)))]
        held.append(
            HeldPosition(
                f"S{place:03d}", f"Security number {place}", asset_class, None if place == 1 else price, tuple(own)
            )
        )
    return HoldingsOnDay(f"H{household:03d}", f"Household {household:03d}", _AS_OF, accounts, tuple(held))
