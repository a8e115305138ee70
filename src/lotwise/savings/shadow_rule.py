"""How the shadow is managed: the client's ordinary rule, blind to tax, printed beside every figure that comes of it."""

from __future__ import annotations

from calendar import month_name
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = ["Order", "Schedule", "ShadowRule"]


class Order(StrEnum):
    """Which lots an ordinary sale takes first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"  # highest basis per share


class Schedule(StrEnum):
    """How often the shadow goes to its target."""

    YEARLY = "yearly"
    QUARTERLY = "quarterly"
    MONTHLY = "monthly"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ShadowRule:
    """An ordinary rule of rebalancing.

    On the last trading day of its periods every account sells what stands above its target and buys what stands below;
    a name within `band` of its target, as a part of it, is left alone. In between, cash beyond `cash_band` of value
    buys what is below target, and what is drawn is raised from everything in proportion. `month` is that of a yearly
    schedule. Raises ValueError for a number outside its bounds.
    """

    schedule: Schedule = Schedule.YEARLY
    month: int = 12
    band: float = 0.0
    cash_band: float = 0.01
    relief: Order = Order.FIFO

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12:
            raise ValueError(f"month must be 1 to 12, was {self.month}")
        for name in ("band", "cash_band"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, was {getattr(self, name)}")

    def is_due(self, day: date, following: date) -> bool:
        """Whether the shadow goes to its target on a trading day; `following` is the next one."""
        if day.month == following.month or self.schedule is Schedule.NEVER:
            return False
        return (
            self.schedule is Schedule.MONTHLY
            or (self.schedule is Schedule.QUARTERLY and day.month % 3 == 0)
            or (self.schedule is Schedule.YEARLY and day.month == self.month)
        )

    def in_words(self) -> str:
        """Say the rule in a sentence."""
        when = {
            Schedule.YEARLY: f"once a year, on the last trading day of {month_name[self.month]}",
            Schedule.QUARTERLY: "every quarter, on its last trading day",
            Schedule.MONTHLY: "every month, on its last trading day",
            Schedule.NEVER: "never",
        }[self.schedule]
        left = f"; a name within {self.band:.0%} of its target stays" if self.band else ""
        order = {Order.FIFO: "oldest first", Order.LIFO: "newest first", Order.HIFO: "highest cost first"}[self.relief]
        return (
            f"each account rebalances to its target {when}{left}; lots are sold {order}; cash beyond "
            f"{self.cash_band:.0%} of value is invested as it comes, and what is drawn is raised from everything alike"
        )
