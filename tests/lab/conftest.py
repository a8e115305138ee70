"""One simulated market and one small demo firm for all tests of the lab."""

from __future__ import annotations

import pytest

from lotwise.lab.demo_firm import DemoSummary, write_firm
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import simulate_market


@pytest.fixture(scope="session")
def panel() -> MarketPanel:
    return simulate_market(1)


@pytest.fixture(scope="session")
def demo(panel: MarketPanel, tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_firm(tmp_path_factory.mktemp("demo") / "firm", panel, seed=1, households=110)
