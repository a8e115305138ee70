"""The model of a firm's household as a target through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lotwise.interchange.firm_folder import Firm
from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.targets import Weights
from lotwise.lab.market_panel import Int32Array

__all__ = ["ModelFromToday", "model_from_today"]


@dataclass(frozen=True)
class ModelFromToday:
    """A model of today: asset classes keep their weights, and within a class names move with their prices.

    So an index stays one without trades, and a mixture of classes stays the mixture that was chosen. `cash` is the
    model's own weight of it, None where it has none and the profile says it.
    """

    name: str
    securities: tuple[int, ...]  # ascending
    weights: tuple[float, ...]  # with the cash they sum to 1
    classes: tuple[int, ...]  # number of each one's asset class
    cash: float | None

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        security, weight = np.array(self.securities, np.int32), np.array(self.weights)
        grown = weight * market.adjusted[market.row, security] / market.adjusted[0, security]
        classes = np.array(self.classes)
        of_class, before = np.bincount(classes, grown), np.bincount(classes, weight)
        return Weights(security, grown * (before / np.where(of_class > 0, of_class, 1.0))[classes], self.cash or 0.0)

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:  # noqa: ARG002 - the same on every day
        """Its securities."""
        return np.array(self.securities, np.int32)

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        classes = len(set(self.classes))
        kept = f"; {classes} asset classes keep their weights" if classes > 1 else ""
        return f"model {self.name}, {len(self.securities)} securities, whose weights move with their prices{kept}"


def model_from_today(firm: Firm, household: int) -> tuple[ModelFromToday, float]:
    """Take the model of a household, and the weight in it of securities without a price, which are left out.

    Raises ValueError where nothing of it has a price.
    """
    models, number = firm.book.models, int(firm.book.households.model[household])
    part = slice(int(models.start[number]), int(models.start[number + 1]))
    security, weight, cash = models.security[part], models.weight[part], float(models.cash[number])
    priced = (firm.market.price[security] > 0) & (weight > 0)
    name = firm.labels.models[number]
    if not priced.any():
        raise ValueError(f"model {name} must have a security with a price, had none")
    order = np.argsort(security[priced], kind="stable")
    security, kept = security[priced][order], weight[priced][order]
    _, classes = np.unique(firm.market.asset_class[security], return_inverse=True)
    weights = kept / kept.sum() * (1.0 - cash)
    model = ModelFromToday(
        name,
        tuple(security.tolist()),
        tuple(weights.tolist()),
        tuple(classes.tolist()),
        cash if cash > 0 else None,
    )
    return model, float(weight[~priced].sum())
