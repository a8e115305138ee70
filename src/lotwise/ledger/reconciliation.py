"""Reconciliation: our open lots beside a custodian's, every difference explained or mended.

    lots of both sides ─► groups (reconciliation_matching) ─► rows and differences (reconciliation_rows)
                       ─► known differences (reconciliation_causes) ─► events for the rest (reconciliation_mending)

Conservation: every lot of ours and every lot of theirs is in exactly one row, so the shares and the basis of the rows
add up to those of both sides, to the last unit. Nothing is changed: what mends is a list of events, to be looked at
and posted. Their basis may hold their own wash-sale adjustments already: it is compared by their original basis
where they state it, and an adjustment is never added a second time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lotwise.dates import NO_DATE, from_day_number
from lotwise.ledger.events import MISSING, NO_CODE, EventFlag, EventKind, Relief, Table
from lotwise.ledger.reconciliation_causes import Books, explain
from lotwise.ledger.reconciliation_matching import group_lots, side_of_custodian, side_of_ledger
from lotwise.ledger.reconciliation_mending import mend
from lotwise.ledger.reconciliation_rows import rows_of_groups
from lotwise.ledger.reconciliation_tables import (
    CUSTODIAN_LOT,
    RECONCILED,
    Cause,
    Labels,
    Outcome,
    Reconciliation,
    Tolerance,
)
from lotwise.ledger.tables import ALWAYS_LONG, State, World
from lotwise.money import DOLLAR, format_money, format_shares, to_dollars

__all__ = [
    "CUSTODIAN_LOT",
    "RECONCILED",
    "TRANSACTION_COLUMNS",
    "Cause",
    "Labels",
    "Outcome",
    "Reconciliation",
    "Tolerance",
    "reconcile",
    "transactions",
    "words",
]

# Columns of the transactions that mend, as transactions.csv names them.
TRANSACTION_COLUMNS = (
    "date",
    "account_id",
    "kind",
    "symbol",
    "shares",
    "lot_id",
    "basis",
    "original_basis",
    "acquired",
    "holding_period_start",
    "acquisition",
    "replaced",
    "relief",
)

_WORDS = {
    Cause.ROUNDING: "the same but for rounding",
    Cause.WASH_ADJUSTMENT: "basis differs by a wash-sale loss that only one side moved, or moved elsewhere",
    Cause.AGGREGATED: "several lots of ours",
    Cause.SPLIT: "several lots of theirs",
    Cause.TACKED: "their day is the one the holding period counts from",
    Cause.AVERAGE_COST: "they average the basis of the position",
    Cause.PENDING_BUY: "bought today, not on their list yet",
    Cause.PENDING_SALE: "sold today, still on their list",
    Cause.UNSTATED: "they state no basis or no day",
    Cause.UNTAXED: "basis or day differs, which no tax depends on in a retirement account",
    Cause.BASIS: "basis differs",
    Cause.DAY: "day acquired differs",
    Cause.SHARES: "shares differ",
    Cause.ONLY_OURS: "they do not have it",
    Cause.ONLY_THEIRS: "we do not have it",
}


def reconcile(
    state: State, custodian: Table, world: World, as_of: int, tolerance: Tolerance | None = None
) -> Reconciliation:
    """Compare the open lots of a ledger with a custodian's lots (CUSTODIAN_LOT) at the close of day `as_of`.

    `state` is to hold only the lots of the accounts that the custodian's list is about: what is missing there is
    a break. Tolerances are a cent of basis a lot and no shares unless given. Raises ValueError where the table is not
    of the type CUSTODIAN_LOT, or names an account that `world` does not have.
    """
    if custodian.dtype != CUSTODIAN_LOT:
        raise ValueError(f"the custodian's lots must be a table of type CUSTODIAN_LOT, were {custodian.dtype}")
    if custodian.size and not 0 <= custodian["account"].min() <= custodian["account"].max() < world.accounts.size:
        raise ValueError(f"accounts must be 0 to {world.accounts.size - 1}, were up to {custodian['account'].max()}")
    allowed = tolerance or Tolerance()
    ours, theirs = side_of_ledger(state.lots), side_of_custodian(custodian)
    grouped = rows_of_groups(ours, theirs, group_lots(ours, theirs, allowed), allowed)
    books = Books(state.lots, custodian, state.realized, world.accounts, as_of, allowed)
    explain(grouped, books)
    mending = mend(grouped, books)
    return Reconciliation(*grouped, *mending)


def transactions(found: Reconciliation, labels: Labels) -> Iterator[dict[str, str]]:
    """Give the mending events as rows of transactions.csv, ready to post, in their order, on the day after."""
    for event in found.events:
        row = dict.fromkeys(TRANSACTION_COLUMNS, "")
        row["date"] = from_day_number(event["day"]).isoformat()
        row["account_id"] = labels.accounts[event["account"]]
        row["symbol"] = labels.securities[event["security"]]
        row["kind"] = EventKind(event["kind"]).name.lower()
        if event["lot"] != NO_CODE:
            row["lot_id"] = labels.lots[event["lot"]]
        if event["shares"]:
            row["shares"] = format_shares(int(event["shares"]))
        if event["relief"] != Relief.DEFAULT:
            row["relief"] = Relief(event["relief"]).name.lower()
        if event["detail"] != NO_CODE:
            _say_details(row, found.details[event["detail"]])
        if event["kind"] == EventKind.TRANSFER_IN:
            bought = "purchase" if event["facts"] & EventFlag.PURCHASE else "transfer"
            row["acquisition"] = row["acquisition"] or bought
            row["replaced"] = "true" if event["facts"] & EventFlag.USED else ""
        yield row


def _say_details(row: dict[str, str], detail: np.void) -> None:
    for name in ("basis", "original_basis"):
        if detail[name] != MISSING:
            row[name] = f"{to_dollars(int(detail[name])):f}"
    if detail["acquired"] != NO_DATE:
        row["acquired"] = from_day_number(detail["acquired"]).isoformat()
    if detail["holding_start"] == ALWAYS_LONG:
        row["acquisition"] = "inheritance"
    elif detail["holding_start"] != NO_DATE:
        row["holding_period_start"] = from_day_number(detail["holding_start"]).isoformat()


def words(found: Reconciliation, row: int, labels: Labels) -> str:
    """Say what a row is: the position, both sides, why they differ, what would mend it."""
    record = found.rows[row]
    symbol = labels.securities[record["security"]]
    account = labels.accounts[record["account"]]
    sides = f"ours {_side(record, 'our')}, theirs {_side(record, 'their')}"
    causes = [text for cause, text in _WORDS.items() if record["causes"] & cause]
    why = "; ".join(causes) or "the same"
    said = f"{account} {symbol}: {sides}: {why}"
    if record["outcome"] != Outcome.BROKEN:
        return said
    return f"{said}. {_remedy(found, row)}"


def _side(record: np.void, whose: str) -> str:
    if not record[f"{whose}_count"]:
        return "none"
    basis = int(record[f"{whose}_basis"])
    worth = "basis not stated" if basis == MISSING else f"basis {_money(basis)}"
    lots = f" in {record[f'{whose}_count']} lots" if record[f"{whose}_count"] > 1 else ""
    return f"{format_shares(int(record[f'{whose}_shares']))} shares{lots}, {worth}"


def _money(money: int) -> str:
    """Money to the cent, or with all its digits where it has more."""
    return format_money(money) if money % (DOLLAR // 100) == 0 else f"${to_dollars(money):,f}"


def _remedy(found: Reconciliation, row: int) -> str:
    """Say what to post; the events cannot know that a trade was never posted, a person can."""
    record = found.rows[row]
    events = found.events[found.event_row == row]
    kinds = ", then ".join(dict.fromkeys(EventKind(kind).name.lower() for kind in events["kind"]))
    if not kinds:
        position = found.events[["account", "security"]] == record[["account", "security"]]
        if position.any():
            return "What mends the position stands at another row of it"
        if record["causes"] & Cause.PENDING_SALE:
            return "Look again when the sale is on their list"
        return "No event can say it: post what happened"
    if record["our_shares"] > record["their_shares"]:
        return f"Post {kinds}; if the shares were sold, post the sale with its proceeds instead"
    if record["our_shares"] < record["their_shares"]:
        return f"Post {kinds}; if the shares were bought, post the purchase instead"
    return f"Post {kinds}"
