"""An estimated model that is saved and brought along again says the same of every portfolio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import Severity
from lotwise.interchange.firm_folder import read_firm
from lotwise.risk.estimation import estimate
from tests.interchange.small_firm import small_firm, write
from tests.risk.simulated import simulated_market


@pytest.mark.parametrize("level", [1.0, 1e-3])
def test_estimated_saved_and_read_back_the_risk_is_the_same(tmp_path: Path, level: float) -> None:
    market = simulated_market(n=120, days=600, seed=4)
    history = market.history
    # A quiet market too: returns a thousandth as large.
    quiet = history.adjusted[0] * (history.adjusted / history.adjusted[0]) ** level
    model = estimate(type(history)(history.symbols, history.days, quiet), market.structure)
    files = {name: text for name, text in small_firm().items() if not name.startswith("risk/")}
    folder = write(tmp_path, files)
    model.save(folder)
    firm = read_firm(folder)
    assert not [f for f in firm.findings if f.file.startswith("risk") and f.severity is not Severity.NOTICE]
    again = firm.risk_model
    assert again is not None
    assert again.symbols == model.symbols
    rng = np.random.default_rng(0)
    for weights in rng.normal(size=(50, 120)) - 1 / 120:
        assert again.portfolio_variance(weights) == pytest.approx(model.portfolio_variance(weights), rel=1e-12)


def test_every_estimated_factor_has_unit_variance() -> None:
    market = simulated_market(n=60, days=400, seed=5)
    model = estimate(market.history, market.structure)
    assert np.diag(model.covariance).tolist() == [1.0] * len(model.factors)
    assert np.abs(model.covariance).max() == 1.0
    assert np.abs(model.exposures).max() < 10  # volatilities, not returns of portfolios of standardised securities
