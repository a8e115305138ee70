"""Risk forecasts judged out of sample: month by month a forecast from what was known, then what came.

Four classes of portfolios, each of which keeps its identity through time:

- random: 50 members of the index in equal parts, the first by a standing of the portfolio's own, as long as they are
  members;
- sector: the index with one sector doubled and another halved;
- optimised: accounts that Lotwise rebalances every month with the very forecast that is judged (`risk_accounts`);
- of Lotwise: every forecast judged on the accounts that Lotwise optimised with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lotwise.bench.risk_accounts import OptimisedAccount, standing, terms
from lotwise.bench.risk_forecasts import OURS, Forecast, Forecaster
from lotwise.bench.risk_market import RiskDate, RiskMarket
from lotwise.bench.risk_metrics import outcome_of
from lotwise.risk.returns import DAYS_PER_YEAR

__all__ = ["OF_OURS", "OPTIMISED", "RANDOM", "SECTOR", "Judgement", "Record", "Sizes", "judge"]

Floats = NDArray[np.float64]

RANDOM, SECTOR, OPTIMISED, OF_OURS = "random", "sector-tilted", "optimised with it", f"optimised with {OURS}"

# Names of a random portfolio.
_RANDOM_NAMES = 50

# By how much sectors are tilted.
_MORE, _LESS = 2.0, 0.5


@dataclass(slots=True)
class Record:
    """What one forecast said of one class of portfolios, period by period."""

    standardised: list[Floats] = field(default_factory=list)  # M of (P,)
    ratio: list[Floats] = field(default_factory=list)
    predicted: list[Floats] = field(default_factory=list)  # M of (P,) annual tracking error


@dataclass(slots=True)
class Judgement:
    """Everything that was judged: by class and forecast, and the year of every period."""

    years: list[int] = field(default_factory=list)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    unsolved: int = 0  # solves that did not reach their gap


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many portfolios of each class."""

    random: int
    accounts: int


def random_portfolios(known: RiskDate, count: int) -> Floats:
    """Equal parts of members at random, (count, N)."""
    weights = np.zeros((count, known.members))
    symbols = known.history.symbols[: known.members]
    for portfolio in range(count):
        first = np.argsort(standing(symbols, f"random {portfolio}"))[:_RANDOM_NAMES]
        weights[portfolio, first] = 1.0 / len(first)
    return weights


def sector_portfolios(known: RiskDate, sectors: Sequence[str]) -> Floats:
    """The index with one sector doubled and another halved, for every pair of sectors, (pairs, N)."""
    sector = np.array(known.structure.sector[: known.members])
    tilted = [
        known.benchmark * np.where(sector == more, _MORE, 1.0) * np.where(sector == less, _LESS, 1.0)
        for more, less in combinations(sectors, 2)
    ]
    weights = np.array(tilted)
    result: Floats = weights / weights.sum(axis=1, keepdims=True)
    return result


class _Judge:
    """Forecasts in hand, the accounts of each, and what has been seen of them."""

    def __init__(self, forecasters: dict[str, Forecaster], sizes: Sizes, sectors: Sequence[str]) -> None:
        self.forecasters = forecasters
        self.sizes = sizes
        self.sectors = sectors
        self.accounts = {name: [OptimisedAccount(account) for account in terms(sizes.accounts)] for name in forecasters}
        self.judgement = Judgement()

    def month(self, known: RiskDate, growth: Callable[[], Floats]) -> None:
        """Forecast and rebalance with what is known, then look at how securities grew."""
        forecasts = {name: make(known) for name, make in self.forecasters.items()}
        weights = {
            RANDOM: random_portfolios(known, self.sizes.random),
            SECTOR: sector_portfolios(known, self.sectors),
        }
        own = {
            name: np.array([account.rebalanced(known, forecast) for account in self.accounts[name]])
            for name, forecast in forecasts.items()
        }
        came = growth()
        self.judgement.years.append(known.day.year)
        for name, forecast in forecasts.items():
            of_class = {**weights, OPTIMISED: own[name]}
            if OURS in own:
                of_class[OF_OURS] = own[OURS]
            for kind, chosen in of_class.items():
                self._add((kind, name), forecast, chosen - known.benchmark, (came, known.benchmark))
            for account in self.accounts[name]:
                account.grown(known.columns, came[-1])

    def _add(self, key: tuple[str, str], forecast: Forecast, active: Floats, came: tuple[Floats, Floats]) -> None:
        growth, benchmark = came
        annual = forecast.variances(active)
        outcome = outcome_of(active, growth, benchmark, annual, DAYS_PER_YEAR)
        record = self.judgement.records.setdefault(key, Record())
        record.standardised.append(outcome.standardised)
        record.ratio.append(outcome.ratio)
        record.predicted.append(np.sqrt(annual))

    def done(self) -> Judgement:
        """What was seen."""
        self.judgement.unsolved = sum(account.unsolved for each in self.accounts.values() for account in each)
        return self.judgement


def large_sectors(known: RiskDate) -> list[str]:
    """Sectors of at least five members, by name."""
    sector = known.structure.sector[: known.members]
    return sorted({name for name in sector if name and sector.count(name) >= 5})


def judge(
    market: RiskMarket,
    rows: Sequence[int],
    forecasters: dict[str, Forecaster],
    sizes: Sizes,
    progress: Callable[[RiskDate], None] = lambda _known: None,
) -> Judgement:
    """Judge forecasts at the closes of these rows."""
    judging = _Judge(forecasters, sizes, large_sectors(market.known(rows[0])))
    for row in rows:
        known = market.known(row)
        judging.month(known, lambda row=row, known=known: market.growth(row, known.columns))  # type: ignore[misc]
        progress(known)
    return judging.done()
