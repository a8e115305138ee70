"""Households with some of their numbers replaced, still valid: lots cheapest first and within what is held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lotwise.bench.reference.account import Bools, Floats, Ints
from lotwise.bench.reference.household import ReferenceHousehold

__all__ = [
    "HouseholdSpoiler",
    "with_accounts_scaled",
    "with_groups",
    "with_lots",
    "with_own_groups",
    "with_positions",
    "with_prices",
    "without_lots",
]

HouseholdSpoiler = Callable[[ReferenceHousehold, np.random.Generator], ReferenceHousehold]


def with_prices(household: ReferenceHousehold, price: Floats, loss: Bools | None = None) -> ReferenceHousehold:
    """Reprice the lots, cheapest first again; a loss is what pays, unless it is said."""
    loss = price < 0 if loss is None else loss
    order = np.lexsort((price, household.lot_position))
    quantity = household.lot_quantity[order]
    return replace(household, lot_price=price[order], lot_quantity=quantity, lot_loss=loss[order])


def with_lots(household: ReferenceHousehold, quantity: Floats) -> ReferenceHousehold:
    """Hold other quantities in the lots; what is held outside of lots stays."""
    outside = np.maximum(household.held - household.by_position(household.lot_quantity), 0.0)
    return replace(household, lot_quantity=quantity, held=household.by_position(quantity) + outside)


def without_lots(household: ReferenceHousehold, position: Bools) -> ReferenceHousehold:
    """Hold nothing in the chosen positions (C,), nor any lot."""
    kept = ~position[household.lot_position]
    return replace(
        household,
        held=np.where(position, 0.0, household.held),
        lot_start=np.searchsorted(household.lot_position[kept], np.arange(household.positions + 1)),
        lot_quantity=household.lot_quantity[kept],
        lot_price=household.lot_price[kept],
        lot_loss=household.lot_loss[kept],
    )


def with_positions(household: ReferenceHousehold, kept: Bools) -> ReferenceHousehold:
    """Leave out all other positions, their holdings becoming cash; rows over positions lose them too."""
    lots = kept[household.lot_position]
    place = np.cumsum(kept) - 1
    entries = kept[household.own_group_position]
    row = np.repeat(np.arange(household.own_group_low.size), np.diff(household.own_group_start))
    of_positions = ("account", "held", "buy_cost", "may_buy", "hold_cost", "position_low", "position_high")
    of_lots = ("lot_quantity", "lot_price", "lot_loss")
    return replace(
        household,
        position_start=np.searchsorted(household.name[kept], np.arange(household.names + 1)),
        lot_start=np.searchsorted(place[household.lot_position[lots]], np.arange(int(kept.sum()) + 1)),
        own_group_start=np.searchsorted(row[entries], np.arange(household.own_group_low.size + 1)),
        own_group_position=place[household.own_group_position[entries]],
        own_group_coefficient=household.own_group_coefficient[entries],
        **{field: getattr(household, field)[kept] for field in of_positions},
        **{field: getattr(household, field)[lots] for field in of_lots},
    )


def with_accounts_scaled(household: ReferenceHousehold, times: Floats) -> ReferenceHousehold:
    """Make accounts larger or smaller with all that is in them, (A,); the household's value is 1 again."""
    times = times / float(times @ household.value)
    of_position = times[household.account]
    most = household.position_high
    return replace(
        household,
        value=household.value * times,
        cash_low=household.cash_low * times,
        cash_high=household.cash_high * times,
        held=household.held * of_position,
        position_low=household.position_low * of_position,
        position_high=np.where(np.isfinite(most), np.minimum(most, 1e9) * of_position, most),
        lot_quantity=household.lot_quantity * of_position[household.lot_position],
    )


def with_groups(
    household: ReferenceHousehold, members: list[Ints], bounds: tuple[Floats, Floats], coefficient: float = 1.0
) -> ReferenceHousehold:
    """Add rows of bounds over names to those it has."""
    start, member = _joined(household.group_start, household.group_name, members)
    added = np.full(member.size - household.group_name.size, coefficient)
    return replace(
        household,
        group_start=start,
        group_name=member,
        group_coefficient=np.concatenate([household.group_coefficient, added]),
        group_low=np.concatenate([household.group_low, bounds[0]]),
        group_high=np.concatenate([household.group_high, bounds[1]]),
    )


def with_own_groups(
    household: ReferenceHousehold, members: list[Ints], bounds: tuple[Floats, Floats]
) -> ReferenceHousehold:
    """Add rows of bounds over positions to those it has."""
    start, member = _joined(household.own_group_start, household.own_group_position, members)
    added = np.ones(member.size - household.own_group_position.size)
    return replace(
        household,
        own_group_start=start,
        own_group_position=member,
        own_group_coefficient=np.concatenate([household.own_group_coefficient, added]),
        own_group_low=np.concatenate([household.own_group_low, bounds[0]]),
        own_group_high=np.concatenate([household.own_group_high, bounds[1]]),
    )


def _joined(start: Ints, member: Ints, members: list[Ints]) -> tuple[Ints, Ints]:
    stops = start[-1] + np.cumsum([each.size for each in members])
    return np.concatenate([start, stops]).astype(np.int64), np.concatenate([member, *members]).astype(np.int64)
