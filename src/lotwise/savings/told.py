"""What was saved, told of some households: three numbers, each from the same walk through the record and its shadow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.savings.asked import Asked, calendar_of
from lotwise.savings.history import History
from lotwise.savings.parts import MOST_EVENTS, groups_of, part_of
from lotwise.savings.standing import Told, joined
from lotwise.savings.telling import told_part

__all__ = ["Asked", "Told", "days_to_tell", "tell"]


def days_to_tell(history: History, chosen: NDArray[np.bool_], asked: Asked) -> int:
    """How many days there are to go through, in all parts of the firm."""
    return len(groups_of(history, chosen)) * len(calendar_of(history, asked.until, asked.rule).days)


def tell(
    history: History,
    chosen: NDArray[np.bool_],
    asked: Asked,
    on_day: Callable[[int], None] = lambda _day: None,
    *,
    most_events: int = MOST_EVENTS,
) -> Told:
    """Tell what was saved for the chosen households (H,), from their first day (or `since`) until a day.

    What comes out for a household does not depend on which others are asked for. `on_day` is called after each day of
    each part of the firm that was gone through; a part has about `most_events`.
    """
    calendar = calendar_of(history, asked.until, asked.rule)
    first = int(history.events["day"].min(initial=asked.until))
    start = from_day_number(min(max(first, asked.since), asked.until)).year
    years = np.arange(start, from_day_number(asked.until).year + 1)
    parts = []
    for accounts in groups_of(history, chosen, most_events):
        part = part_of(history, accounts)
        own = asked._replace(position=asked.position[part.households], later=asked.later[part.households])
        told = told_part(part.history, own, calendar, years, on_day)
        parts.append((part._replace(history=history), told))  # the part's own history can go
    return joined(chosen.size, parts, chosen)
