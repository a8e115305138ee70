"""How a risk model is estimated: every number that could be another, with its unit and its reason."""

from __future__ import annotations

from dataclasses import dataclass

from lotwise.errors import RiskModelError

__all__ = ["EstimationSettings"]


@dataclass(frozen=True, slots=True)
class EstimationSettings:
    """Settings of `estimate`; half-lives and windows in trading days.

    The defaults were chosen on members of the S&P 500 as `lotwise bench risk` judges them, in 108 months of 2003-2011:
    by QLIKE, the mean over random, sector-tilted and optimised portfolios, with the bias of the optimised ones in view.
    2012 and later had no say. docs/explanation/risk-model.md has the table of what was tried; what each number was
    worth stands beside it.
    """

    # Most factors from stocks; fewer where chance alone could make the rest. 10 cost 2%, 30 and 40 change nothing.
    factors: int = 20
    # Most further factors from what is left unexplained in funds: rates, credit, gold, foreign markets. Judged by the
    # tracking of fund pairs of one index in July 2010: 8 sees foreign shares too far apart, beyond 12 little changes.
    fund_factors: int = 12
    # Five years: beyond it the weights of the half-lives below are under 4%.
    window: int = 1260
    # Of correlations and so of exposures. 252 costs 5%; 84 is better by 1%, and noisier for many names.
    correlation_half_life: float = 126.0
    # Of factor variances relative to the level of volatility; 126 costs 2%, 252 6%.
    factor_half_life: float = 84.0
    # Of specific variances relative to the level; 126 predicts optimised portfolios 5% lower than 252, 504 costs 1%.
    specific_half_life: float = 252.0
    # Of the level itself: 42 costs 10%, 84 36%; 10 gains 1%, and predictions that jump make trades.
    level_half_life: float = 21.0
    # How much more a day counts for the level on which stocks fell, and less one on which they rose; 0 costs 3%.
    asymmetry: float = 0.5
    # Of the level of each past day, by which its returns are divided; 10 costs 2%, 3 changes nothing.
    smoothing_half_life: float = 5.0
    # Returns are cut at this many times their own volatility (by quantile); 5 costs 1%, 10 changes nothing.
    clip: float = 7.0
    # With fewer returns than this a security is called one of short history and held to the risk of young ones.
    short_history: int = 250
    # Observations that the specific risk of the peers is worth; 0 changes nothing on average.
    peer_observations: float = 60.0
    # Days over which factor returns may echo themselves (Newey and West 1987); 0 and 5 differ by 1%.
    serial_lags: int = 5
    # Multiplies every specific variance. Optimised portfolios had a bias of 1.03 in 2003-2011: so none by default.
    specific_inflation: float = 1.0
    # Least specific volatility a year, fraction: 0.5%, about the tracking of an index fund.
    least_specific: float = 0.005
    # Fewer returns than this make no model.
    least_days: int = 20

    def __post_init__(self) -> None:
        positive = (
            "factors", "window", "correlation_half_life", "factor_half_life", "specific_half_life", "level_half_life",
            "smoothing_half_life", "clip", "specific_inflation", "least_specific", "least_days",
        )  # fmt: skip
        for name in positive:
            if not getattr(self, name) > 0:
                raise RiskModelError(f"setting {name} must be positive, was {getattr(self, name)}")
        for name in ("fund_factors", "short_history", "peer_observations", "serial_lags", "asymmetry"):
            if not getattr(self, name) >= 0:
                raise RiskModelError(f"setting {name} must not be negative, was {getattr(self, name)}")
        if not self.asymmetry < 1:
            raise RiskModelError(f"setting asymmetry must be below 1, was {self.asymmetry}")
