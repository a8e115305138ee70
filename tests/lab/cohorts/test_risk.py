"""Risk as it was estimated then: from prices up to the period's first close, kept in a folder under what it came of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lotwise.lab.cohorts.deciding import market_without_risk
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.known_then import known_on
from lotwise.lab.market_panel import MarketPanel
from lotwise.risk.estimation import estimate
from lotwise.risk.peers import SecurityStructure
from lotwise.securities.market import Market, PriceHistory, SecurityKind
from tests.lab.cohorts.small_market import TARGET, small_panel

ROW = 140


def so_far(panel: MarketPanel, row: int) -> MarketSoFar:
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, len(panel.days))
    for each in range(row + 1):
        market.add(tape.at(each))
    return market


def priced(risk: RiskThen, panel: MarketPanel, row: int = ROW) -> Market:
    market = so_far(panel, row)
    today = market_without_risk(market, MarketTape(panel).qualified)
    return risk.with_risk(today, market, [TARGET])


def test_it_is_estimated_from_what_was_known_on_the_first_day_of_the_month() -> None:
    panel = small_panel()
    market = so_far(panel, ROW)
    first = market.first_row_of(1)
    assert first < ROW
    known = known_on(panel, first)
    names = TARGET.names_until(market, first)
    names = names[np.isfinite(known.close[-6:][:, names]).any(axis=0)]
    symbols = tuple(panel.universe.symbols[each] for each in names)
    history = PriceHistory(symbols, known.days, np.ascontiguousarray(panel.adjusted[: first + 1][:, names]))
    structure = SecurityStructure(
        ("US equity",) * names.size,
        tuple(panel.universe.sectors[each] for each in names),
        ("",) * names.size,
        (SecurityKind.STOCK,) * names.size,
    )
    model = estimate(history, structure, as_of=known.as_of)
    found = priced(RiskThen(months=1), panel)
    assert found.specific[names].tolist() == model.specific.tolist()
    ours = 0.5 * found.loadings[names] @ found.loadings[names].T
    theirs = model.exposures @ model.covariance @ model.exposures.T
    assert np.allclose(ours, theirs)


def test_what_is_kept_is_what_was_estimated(tmp_path: Path) -> None:
    panel = small_panel()
    fresh = priced(RiskThen(months=1, folder=tmp_path), panel)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == 1
    again = priced(RiskThen(months=1, folder=tmp_path), panel)
    assert again.loadings.tobytes() == fresh.loadings.tobytes()
    assert again.specific.tobytes() == fresh.specific.tobytes()
    assert files == {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_another_market_or_period_has_a_model_of_its_own(tmp_path: Path) -> None:
    risk = RiskThen(months=1, folder=tmp_path)
    first = priced(risk, small_panel())
    later = priced(risk, small_panel(), ROW + 30)
    other = priced(RiskThen(months=1, folder=tmp_path), small_panel(5))
    assert len(list(tmp_path.iterdir())) == 3
    assert first.specific.tobytes() != later.specific.tobytes()
    assert first.specific.tobytes() != other.specific.tobytes()


def test_what_was_never_in_a_target_has_the_risk_of_its_peers() -> None:
    found = priced(RiskThen(months=1), small_panel())
    outside = np.setdiff1d(np.arange(12), TARGET.names_until(so_far(small_panel(), ROW), ROW))
    assert outside.size
    assert np.isfinite(found.specific[outside]).all()
    assert (found.specific[outside] > 0).all()
