"""What accounts hold from one day to the next: lots and recent sales as the ledger folds them, cash, and sums.

A day's events are folded onto the lots by `ledger.fold`, which knows the law: relief, holding periods, wash sales. A
sale can be touched by a later purchase for 30 days; after that it is only counted, so that a decade of daily trading
costs no more a day than its first month. `keeps` tells whether settled sales are kept line by line, too.
"""

from __future__ import annotations

import numpy as np

from lotwise.dates import WASH_DAYS
from lotwise.errors import ProposalError
from lotwise.lab.cohorts.clients import Cohort
from lotwise.ledger.events import EVENT, EventKind, Relief, Table, no_details
from lotwise.ledger.fold import Folded, empty_state, fold
from lotwise.ledger.tables import ACCOUNT, IDENTICAL, Refusal, World
from lotwise.money import IntArray
from lotwise.savings.shadow import Holdings, holdings_of
from lotwise.tax.gains import recognised

__all__ = ["CASH_ALONE", "GAINS", "Standing", "joined_events", "world_of"]

# These touch no lot.
CASH_ALONE = (EventKind.DEPOSIT, EventKind.WITHDRAWAL, EventKind.FEE, EventKind.DIVIDEND)

# What is counted of a year's sales in taxable accounts: gains less losses recognised, losses that wash sales disallow,
# and the losses alone (below zero).
GAINS = ("short", "long", "disallowed", "short_losses", "long_losses")

_EVER = (-(2**31) + 1, 2**31 - 1)


def world_of(cohort: Cohort, funds: np.ndarray, identical: np.ndarray) -> World:
    """What the events of a cohort refer to. `identical` (N,) numbers groups."""
    accounts = np.zeros(cohort.household.size, ACCOUNT)
    accounts["taxpayer"] = cohort.taxpayer[cohort.household]
    accounts["kind"], accounts["relief"] = cohort.kind, Relief.FIFO
    together = np.flatnonzero(np.bincount(identical, minlength=identical.size)[identical] > 1)
    rows = np.zeros(together.size, IDENTICAL)
    rows["security"], rows["group"] = together, identical[together]
    rows["first"], rows["last"] = _EVER
    return World(accounts, funds, rows)


class Standing:
    """A cohort at the end of a day."""

    def __init__(self, cohort: Cohort, world: World, years: int, *, keeps: bool = False) -> None:
        """`years` calendar years are counted, from the first that is told on."""
        self.world = world
        self.state = empty_state()
        self.cash = np.zeros(cohort.household.size, np.int64)
        self.events = 0  # folded so far: the number of the next one
        self.settled = np.zeros(
            (years, len(cohort.start), len(GAINS)), np.int64
        )  # of settled sales, as `gains` tells them
        self.lines: list[Table] | None = [] if keeps else None
        self._of_account = np.where(cohort.taxable, cohort.household, -1)
        self._held: Holdings | None = None

    @property
    def held(self) -> Holdings:
        """What accounts hold, each security once."""
        if self._held is None:
            self._held = holdings_of(self.state)
        return self._held

    def folded(self, events: Table, details: Table) -> Folded:
        """Fold a day's events onto what was there before it; nothing is kept yet. Raises ProposalError if refused."""
        bare = self.state._replace(washes=empty_state().washes)
        made = fold(events, details, self.world, bare, first_event=self.events)
        wrong = np.flatnonzero(made.status != Refusal.POSTED)
        if wrong.size:
            row = events[wrong[0]]
            why, what = Refusal(int(made.status[wrong[0]])).name, EventKind(int(row["kind"])).name
            raise ProposalError(
                f"the ledger must take every event of a replay, refused {wrong.size} of day {row['day']}; the first: "
                f"{what} of security {row['security']} in account {row['account']}: {why}"
            )
        return made

    def keep(self, made: Folded, events: Table) -> None:
        """Go on from what a day's events were folded into."""
        np.add.at(self.cash, events["account"], made.cash)
        self.events += events.size
        self.state, self._held = made.state, None

    def settle(self, day: int, first_year: int) -> None:
        """Count the sales that no later purchase can touch any more, and forget them."""
        rows = self.state.realized
        old = rows["sold"] < day - WASH_DAYS
        if not old.any():
            return
        gone = rows[old]
        self._count(self.settled, gone, first_year)
        if self.lines is not None:
            self.lines.append(gone)
        self.state = self.state._replace(realized=rows[~old])

    def gains(self, first_year: int, recent: Table | None = None) -> IntArray:
        """Count GAINS by what is known today, (years, H, 5) money.

        `recent` are the sales that are not settled, where they are others than those of the day's beginning.
        """
        total = self.settled.copy()
        self._count(total, self.state.realized if recent is None else recent, first_year)
        return total

    def _count(self, table: IntArray, rows: Table, first_year: int) -> None:
        household = self._of_account[rows["account"]]
        year = rows["sold"].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970 - first_year
        counted = (household >= 0) & (year >= 0)  # what was sold before an account began is of an earlier year at times
        mine, household, year = rows[counted], household[counted], year[counted]
        term = (mine["long_term"] == 1).astype(np.int64)
        gain = recognised(mine)
        np.add.at(table, (year, household, term), gain)
        np.add.at(table, (year, household, 2), mine["disallowed"])
        np.add.at(table, (year, household, 3 + term), np.minimum(gain, 0))


def joined_events(tables: list[tuple[Table, Table]]) -> tuple[Table, Table]:
    """Put events and the details that they name by row one after the other."""
    events, details, before = [np.zeros(0, EVENT)], [no_details(0)], 0
    for rows, more in tables:
        own = rows.copy()
        own["detail"] = np.where(own["detail"] >= 0, own["detail"] + before, own["detail"])
        events.append(own)
        details.append(more)
        before += more.size
    return np.concatenate(events), np.concatenate(details)
