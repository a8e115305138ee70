"""What companies did to their shares: the same for everybody who holds them, whoever is asked for.

What has been applied to the whole market comes first. What a custodian reports for single accounts counts beside it,
but not the same action again: two of one kind within a week are one (as where transactions are posted).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import MISSING, NO_CODE, EventKind, Table, no_details
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import SHORT, World
from lotwise.money import SHARE
from lotwise.savings.history import CorporateActions
from lotwise.savings.parts import with_own_details

__all__ = ["actions_of", "closes_of_the_living"]

_KINDS = range(EventKind.SPLIT, EventKind.RETURN_OF_CAPITAL + 1)
_ENDS = (EventKind.CASH_MERGER, EventKind.STOCK_MERGER, EventKind.MIXED_MERGER, EventKind.SYMBOL_CHANGE)
_OPENS = (
    EventKind.BUY,
    EventKind.REINVEST,
    EventKind.TRANSFER_IN,
    EventKind.GIFT_IN,
    EventKind.INHERITANCE,
)
_SAME_WITHIN = 7  # days


def actions_of(
    events: Table, details: Table, world: World, market: tuple[Table, Table] | None = None
) -> CorporateActions:
    """Gather the corporate actions of a firm, each once, with its cash by the share.

    `events` and `details` are the record's, of all accounts; `market` those that were applied to every account.
    """
    applied, terms = market or (events[:0], no_details(0))
    applied, terms = with_own_details(applied, terms)
    own = np.flatnonzero(
        np.isin(events["kind"], _KINDS) & (events["detail"] != NO_CODE) & (events["security"] != NO_CODE)
    )
    key = np.stack([events[name][own].astype(np.int64) for name in ("security", "kind", "day")])
    own = own[np.unique(key, axis=1, return_index=True)[1]] if own.size else own
    own_acts, own_terms = with_own_details(events[own], details)
    acts, given = np.concatenate((applied, own_acts)), np.concatenate((terms, own_terms))
    acts["detail"][applied.size :] += terms.size
    order = np.lexsort((acts["day"], np.arange(acts.size) >= applied.size, acts["kind"], acts["security"]))
    kept: dict[tuple[int, int], list[int]] = {}
    chosen = []
    for row in order.tolist():
        act = acts[row]
        days = kept.setdefault((int(act["security"]), int(act["kind"])), [])
        near = 0 if row < applied.size else _SAME_WITHIN
        if act["detail"] == NO_CODE or any(abs(int(act["day"]) - day) <= near for day in days):
            continue
        days.append(int(act["day"]))
        chosen.append(row)
        if act["amount"] > 0 and given["cash"][act["detail"]] == MISSING:
            given["cash"][act["detail"]] = _cash_per_share(act, events, details, world)
    rows = np.array(chosen, np.int64)
    rows = rows[np.argsort(acts["day"][rows], kind="stable")]
    made, terms = with_own_details(acts[rows], given)
    made["account"], made["lot"], made["amount"] = NO_CODE, NO_CODE, 0
    return CorporateActions(made, terms)


def _cash_per_share(act: Table, events: Table, details: Table, world: World) -> int:
    """Money by the share of an action of which an account's total is known: by what the account held before it."""
    taxpayers = world.accounts["taxpayer"]
    mine = taxpayers[events["account"]] == taxpayers[act["account"]]
    before, own = with_own_details(events[mine & (events["day"] < act["day"])], details)
    lots = fold(before, own, world, empty_state()).state.lots
    held = lots[
        (lots["account"] == act["account"]) & (lots["security"] == act["security"]) & (lots["marks"] & SHORT == 0)
    ]
    shares = int(held["shares"].sum())
    return round(int(act["amount"]) * SHARE / shares) if shares else 0


def closes_of_the_living(
    price: NDArray[np.int64], days: NDArray[np.int32], actions: CorporateActions, events: Table
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Closes (T, N) without those of securities that are no more, and where each ended (T, N).

    A merger or a change of symbol ends a security at the opening of its day. It lives again, as another's symbol, when
    the record gets some of it, or an action makes it.
    """
    living, ends = price.copy(), np.zeros(price.shape, np.bool_)
    last = actions.events[np.isin(actions.events["kind"], _ENDS)]
    came = events[np.isin(events["kind"], _OPENS) & np.isin(events["security"], last["security"])]
    made = actions.details["new_security"][actions.events["detail"]]
    for act in last:
        security, day = int(act["security"]), int(act["day"])
        again = np.concatenate((came["day"][came["security"] == security], actions.events["day"][made == security]))
        first, until = np.searchsorted(days, [day, int(again[again > day].min(initial=np.iinfo(np.int32).max))])
        living[first:until, security] = 0
        ends[first : first + 1, security] = True
    return living, ends
