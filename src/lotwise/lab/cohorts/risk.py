"""The risk of a market as it was estimated then: at the first close of each period, from prices up to it.

An estimate takes seconds, and every replay of the same market needs the same ones: where a folder is given, each is
kept there under a fingerprint of all that it was made of.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.interchange.atomic import write_whole
from lotwise.lab.cohorts.market import GONE_ROWS, MarketSoFar, labels_of
from lotwise.lab.cohorts.targets import Target
from lotwise.lab.market_panel import Floats, Int32Array
from lotwise.risk.estimation import estimate
from lotwise.risk.estimation_settings import EstimationSettings
from lotwise.risk.factor_model import FactorModel, attach
from lotwise.risk.peers import SecurityStructure
from lotwise.securities.market import Market, PriceHistory, SecurityKind

__all__ = ["RiskThen"]


class _Attached(NamedTuple):
    """Risk of N securities."""

    loadings: Floats
    specific: Floats
    known: NDArray[np.bool_]  # False: not even peers say anything of it


@dataclass
class RiskThen:
    """Gives a day's market its risk: one object for one market and one set of targets.

    `months` are those between two estimates; `folder` keeps them (None: nowhere).
    """

    months: int = 3
    settings: EstimationSettings = field(default_factory=EstimationSettings)
    folder: Path | None = None
    _known: dict[int, _Attached] = field(default_factory=dict, repr=False)

    def made_of(self) -> str:
        """All that decides it beside the market, as text: for a fingerprint."""
        return repr((self.months, self.settings))

    def with_risk(self, market: Market, so_far: MarketSoFar, targets: Sequence[Target]) -> Market:
        """Put the risk into a market of today: of all securities that the targets had until the period began."""
        row = so_far.first_row_of(self.months)
        if row not in self._known:
            wanted = np.unique(np.concatenate([target.names_until(so_far, row) for target in targets]))
            attached = attach(market, self._model(so_far, row, wanted), labels_of(so_far.universe))
            known = np.ones(len(market.price), np.bool_)
            places = {symbol: place for place, symbol in enumerate(so_far.universe.symbols)}
            known[[places[symbol] for symbol in attached.without_risk]] = False
            self._known[row] = _Attached(attached.market.loadings, attached.market.specific, known)
        of = self._known[row]
        return market._replace(loadings=of.loadings, specific=of.specific, tradable=market.tradable & of.known)

    def _model(self, so_far: MarketSoFar, row: int, wanted: Int32Array) -> FactorModel:
        universe = so_far.universe
        window = so_far.adjusted[max(0, row - self.settings.window) : row + 1]
        chosen = wanted[np.isfinite(window[-GONE_ROWS - 1 :][:, wanted]).any(axis=0)]
        adjusted = np.ascontiguousarray(window[:, chosen])
        days = so_far.days[row + 1 - len(window) : row + 1]
        names = tuple(universe.symbols[place] for place in chosen)
        path = None if self.folder is None else self.folder / f"{self._fingerprint(names, days, adjusted)}.npz"
        day = from_day_number(int(days[-1]))
        if path is not None and path.is_file():
            with np.load(path) as kept:
                tables = {name: kept[name] for name in ("exposures", "covariance", "specific")}
                factors, origin = (tuple(str(each) for each in kept[name]) for name in ("factors", "origin"))
            return FactorModel(day, names, factors, **tables, origin=origin)
        structure = SecurityStructure(
            tuple(universe.asset_classes[place] for place in chosen),
            tuple(universe.sectors[place] for place in chosen),
            tuple(universe.industries[place] for place in chosen),
            tuple(SecurityKind(int(so_far.kind[place])) for place in chosen),
        )
        model = estimate(PriceHistory(names, days, adjusted), structure, self.settings, as_of=day)
        if path is not None:
            _keep(path, model)
        return model

    def _fingerprint(self, names: tuple[str, ...], days: Int32Array, adjusted: Floats) -> str:
        made_of = hashlib.sha256(repr((names, self.settings)).encode())
        made_of.update(days.tobytes())
        made_of.update(adjusted.tobytes())
        return made_of.hexdigest()[:24]


def _keep(path: Path, model: FactorModel) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    np.savez(
        partial,
        exposures=model.exposures,
        covariance=model.covariance,
        specific=model.specific,
        factors=np.array(model.factors),
        origin=np.array([str(each) for each in model.origin]),
    )
    write_whole(path, partial.read_bytes())
    partial.unlink()
