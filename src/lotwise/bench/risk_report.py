"""`lotwise bench risk`: risk forecasts judged out of sample, as tables.

Monthly refits through fourteen years, over periods that do not overlap: what a forecast said at a close beside what the
next 21 trading days brought.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lotwise.bench.risk_forecasts import OURS, forecasters
from lotwise.bench.risk_judgement import OF_OURS, OPTIMISED, RANDOM, SECTOR, Judgement, Sizes, judge
from lotwise.bench.risk_market import FUND_PAIRS, HORIZON, RiskDate, RiskMarket, read_risk_market
from lotwise.bench.risk_metrics import bias_of, mean_qlike, outcome_of
from lotwise.bench.tables import MeasuredTable
from lotwise.errors import FolderError
from lotwise.risk.factor_model import FactorModel
from lotwise.risk.returns import DAYS_PER_YEAR

__all__ = ["BAR", "FULL", "QUICK", "RiskSize", "measure_risk", "missed_bars"]

# Between these the mean bias of optimised portfolios must lie.
BAR = (0.85, 1.15)

# A standard deviation of fewer months says nothing.
_LEAST_MONTHS = 6

# The bar is judged on ten years and more.
_ENOUGH_MONTHS = 120

# A fund with fewer prices in the window than this tells nothing of how near it is to another.
_LEAST_PRICES = 250


class RiskSize(NamedTuple):
    """What is judged."""

    first: int  # years
    last: int
    portfolios: Sizes


FULL = RiskSize(2012, 2025, Sizes(random=50, accounts=50))
QUICK = RiskSize(2018, 2020, Sizes(random=20, accounts=10))


@dataclass(slots=True)
class _Pairs:
    """What Lotwise said of pairs of funds, and what they did."""

    market: RiskMarket
    seen: dict[tuple[str, str], list[tuple[float, float, float]]] = field(default_factory=dict)

    def look(self, known: RiskDate, model: FactorModel) -> None:
        """Judge every pair that has prices enough; called with each model as it is made."""
        row = int(np.searchsorted(self.market.days, known.history.days[-1]))
        symbols = known.history.symbols
        for pair in FUND_PAIRS:
            names = [f"{fund} fund" for fund in pair]
            if not all(name in symbols for name in names):
                continue
            at = [symbols.index(name) for name in names]
            if np.isfinite(known.history.adjusted[:, at]).all(axis=1).sum() < _LEAST_PRICES:
                continue
            weights = np.zeros(len(symbols))
            weights[at] = 1.0, -1.0
            annual = model.portfolio_variance(weights)
            growth = self.market.growth(row, np.array([self.market.symbols.index(name) for name in names]))
            active, benchmark = np.array([[1.0, -1.0]]), np.array([0.0, 1.0])
            outcome = outcome_of(active, growth, benchmark, np.array([annual]), DAYS_PER_YEAR)
            self.seen.setdefault(pair, []).append((outcome.standardised[0], outcome.ratio[0] * annual, annual))

    def table(self) -> MeasuredTable:
        """A row for each pair."""
        rows = []
        for pair, outcomes in self.seen.items():
            standardised, realised, predicted = np.array(outcomes).T
            rows.append(
                (
                    f"{pair[0]} - {pair[1]}",
                    str(len(outcomes)),
                    f"{np.sqrt(predicted.mean()):.2%}",
                    f"{np.sqrt(realised.mean()):.2%}",
                    f"{np.std(standardised, ddof=1):.2f}" if len(outcomes) > 1 else "",
                )
            )
        return MeasuredTable(
            "Funds on the same thing, or nearly",
            ("pair", "months", "predicted a year", "realised, of days", "b"),
            rows,
            "The least specific risk of a security, 0.5% a year, is also the least that is predicted of two funds: "
            "0.7%. Days that end at different closes make realised figures of days larger than those of months.",
        )


def _main_table(judgement: Judgement, size: RiskSize) -> MeasuredTable:
    rows = []
    names = list(dict.fromkeys(name for _, name in judgement.records))
    for kind in (RANDOM, SECTOR, OPTIMISED, OF_OURS):
        for name in names:
            record = judgement.records.get((kind, name))
            if record is None or (kind == OF_OURS and name == OURS):
                continue
            bias = bias_of(np.array(record.standardised))
            rows.append(
                (
                    kind,
                    name,
                    str(len(record.standardised[0])),
                    f"{np.mean(record.predicted):.2%}",
                    f"{bias.mean:.2f}",
                    f"{bias.low:.2f} to {bias.high:.2f}",
                    f"{bias.beyond_2:.1%}",
                    f"{bias.beyond_3:.2%}",
                    f"{mean_qlike(np.array(record.ratio)):.3f}",
                )
            )
    optimised = bias_of(np.array(judgement.records[OPTIMISED, OURS].standardised)).mean
    return MeasuredTable(
        f"Risk forecasts out of sample, {size.first}-{size.last}, {len(judgement.years)} months of {HORIZON} days",
        ("portfolios", "forecast", "number", "predicted", "mean b", "b, 5% to 95%", "beyond 2", "beyond 3", "QLIKE"),
        rows,
        "b: standard deviation over the months of active return / predicted, of each portfolio; 1 is right, above 1 "
        "the forecast is too low. Beyond 2 and 3: share of months further out than that, 4.6% and 0.27% if returns "
        "were normal. QLIKE: of the realised variance (21 daily active returns), 0 is perfect, lower is better. "
        f"Solves that missed their gap: {judgement.unsolved}.",
        missed_bars(optimised, len(judgement.years)),
    )


def _yearly_table(judgement: Judgement) -> MeasuredTable:
    years = np.array(judgement.years)
    kinds = (RANDOM, SECTOR, OPTIMISED)
    standardised = {kind: np.array(judgement.records[kind, OURS].standardised) for kind in kinds}
    rows = [
        (str(year), *(f"{np.sqrt(np.mean(standardised[kind][years == year] ** 2)):.2f}" for kind in kinds))
        for year in sorted(set(judgement.years))
    ]
    return MeasuredTable(
        f"{OURS}, year by year",
        ("year", *kinds),
        rows,
        "Root mean square of active return / predicted over all portfolios and months of the year. The portfolios of "
        "one month share its weather, so a year is about twelve observations: 0.8 to 1.2 is chance.",
    )


def measure_risk(
    folder: Path, size: RiskSize, progress: Callable[[RiskDate], None] = lambda _known: None
) -> list[MeasuredTable]:
    """Judge every forecast on the market in a folder; FolderError where a table or the years are missing."""
    market = read_risk_market(folder)
    rows = market.rows(size.first, size.last)
    if len(rows) < _LEAST_MONTHS:
        raise FolderError(
            f"{folder}: must have prices of at least {_LEAST_MONTHS} months of {size.first}-{size.last}, "
            f"had {len(rows)}"
        )
    pairs = _Pairs(market)
    judgement = judge(market, rows, forecasters(pairs.look), size.portfolios, progress)
    return [_main_table(judgement, size), _yearly_table(judgement), pairs.table()]


def missed_bars(optimised: float, months: int) -> list[str]:
    """Say so where the mean bias of optimised portfolios lies outside the bar; few months are no evidence."""
    if months < _ENOUGH_MONTHS or BAR[0] <= optimised <= BAR[1]:
        return []
    return [f"the mean bias of optimised portfolios must lie between {BAR[0]} and {BAR[1]}, was {optimised:.2f}"]
