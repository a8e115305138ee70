"""How a risk model is estimated: every number that could be another, with its unit and its reason."""

from __future__ import annotations

from dataclasses import dataclass

from lotwise.errors import RiskModelError

__all__ = ["EstimationSettings"]


@dataclass(frozen=True, slots=True)
class EstimationSettings:
    """Settings of `estimate`; half-lives and windows in trading days.

    The defaults were chosen on members of the S&P 500 with sixteen half-yearly dates 2003-2010 and realised tracking
    up to June 2011, by the root mean square of log(realised / predicted) over random, sector-tilted and optimised
    portfolios (`bench/risk_bias.py` repeats the judgement on later years). What was tried stands beside each.
    """

    # Most factors from stocks; fewer where chance alone could make the rest. 10, 20 and 40 differ by under 2%.
    factors: int = 20
    # Most further factors from what is left unexplained in funds: rates, credit, gold, foreign markets. Judged by the
    # tracking of fund pairs of one index in July 2010: 8 sees foreign shares too far apart, beyond 12 little changes.
    fund_factors: int = 12
    # Five years: beyond it the weights of the half-lives below are under 4%.
    window: int = 1260
    # Of correlations and so of exposures. 126 is better by 1% on random portfolios, and noisier for many names.
    correlation_half_life: float = 252.0
    # Of factor variances relative to the level of volatility; 126 to 1,000 differ by 1%.
    factor_half_life: float = 252.0
    # Of specific variances relative to the level; 126 predicts optimised portfolios 5% lower than 252.
    specific_half_life: float = 252.0
    # Of the level itself. The shorter the better (10: error 0.37, 42: 0.41, 252: 0.50), but 2003-2010 is one fall
    # and one rise of volatility, and predictions that jump make trades: 42 is a compromise.
    level_half_life: float = 42.0
    # Of the level of each past day, by which its returns are divided; 3 to 21 differ by 2%.
    smoothing_half_life: float = 10.0
    # Returns are cut at this many times their own volatility (by quantile); 4 to 7 differ by 3%.
    clip: float = 5.0
    # With fewer returns than this a security is called one of short history and held to the risk of young ones.
    short_history: int = 250
    # Observations that the specific risk of the peers is worth; 0 to 300 differ by 3%.
    peer_observations: float = 60.0
    # Days over which factor returns may echo themselves (Newey and West 1987); 5 helps sector portfolios by 2%.
    serial_lags: int = 5
    # Multiplies every specific variance. Optimised portfolios realised 6% more than random ones relative to what was
    # predicted, 2003-2010, but not more than predicted: so none by default.
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
        for name in ("fund_factors", "short_history", "peer_observations", "serial_lags"):
            if not getattr(self, name) >= 0:
                raise RiskModelError(f"setting {name} must not be negative, was {getattr(self, name)}")
