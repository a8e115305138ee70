"""Short sales that somebody must look at (lotwise.ledger.short_sale_findings), as findings at their rows."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, from_day_number
from lotwise.errors import Finding, Severity
from lotwise.ledger.short_sale_findings import closed_at_a_loss, held_against, last_day_to_close
from lotwise.ledger.tables import LotMark, Origin
from lotwise.money import format_money, format_shares
from lotwise.storage.journal import NUMBER
from lotwise.storage.ledger import Ledger

__all__ = ["short_sale_findings"]


def short_sale_findings(ledger: Ledger, chosen: NDArray[np.bool_], day: int, since: int = 0) -> tuple[Finding, ...]:
    """Warn of short sales of the chosen accounts ((A,) flags) under 26 U.S.C. 1091(e) and 1259, as of a day.

    `since`: only what is known by an event of this number or of a later one.
    """
    state = ledger.standing().state
    short = (state.lots["marks"] & LotMark.SHORT) != 0
    if not short.any() and not (state.realized["origin"] == Origin.COVER).any():
        return ()
    world = ledger.world()
    losses, held = closed_at_a_loss(state, world), held_against(state, world)
    losses = losses[(chosen[losses["account"]] | chosen[losses["other_account"]]) & (losses["since"] >= since)]
    held = held[chosen[held["account"]] & (held["since"] >= since)]
    if not losses.size and not held.size:
        return ()
    words = _Words(ledger, np.concatenate((losses["event"], held["event"])))
    return (*(words.of_loss(row) for row in losses), *(words.of_held(row, day) for row in held))


class _Words:
    """What is said of each, where its row of a file stands."""

    def __init__(self, ledger: Ledger, events: NDArray[np.int64]) -> None:
        names = ledger.standing().names
        self._accounts, self._symbols = names.accounts, names.securities
        rows = ledger.journal.read(columns=("source", "line"))
        rows = rows.filter(pl.col(NUMBER).is_in(pl.Series(events).implode()))
        self._places = {number: (source, line) for number, source, line in rows.iter_rows()}

    def of_loss(self, row: np.void) -> Finding:
        """Say which loss may be disallowed, and by which sale."""
        how = "sold short" if row["other_short"] else "sold"
        symbol, other = self._symbols[int(row["security"])], self._symbols[int(row["other_security"])]
        loss, account = format_money(int(row["loss"])), self._accounts[int(row["account"])]
        return self._finding(
            int(row["event"]),
            f"closed with no {symbol} sold, or sold short again, within 30 days",
            f"closed on {from_day_number(row['closed'])} in {account} at a loss of {loss}, {other} {how} on "
            f"{from_day_number(row['other_day'])} in {self._accounts[int(row['other_account'])]}",
            "a loss on closing a short sale may be disallowed under 26 U.S.C. 1091(e): look at it by hand",
        )

    def of_held(self, row: np.void, day: int) -> Finding:
        """Say what was held when shares were sold short, and until when that could be, or can be, put right."""
        last = last_day_to_close(int(row["opened"]))
        symbol, account = self._symbols[int(row["security"])], self._accounts[int(row["account"])]
        closed = "not closed" if row["closed"] == NO_DATE else f"closed on {from_day_number(row['closed'])}"
        shares, held = format_shares(int(row["shares"])), format_shares(int(row["held"]))
        to_do = "it may be a constructive sale of the shares held under 26 U.S.C. 1259: look at it by hand"
        if row["closed"] == NO_DATE and from_day_number(day) <= last:
            to_do += f"; it is none if closed by {last} and the shares are then held for 60 days (1259(c)(3))"
        return self._finding(
            int(row["event"]),
            f"a short sale closed by {last}, since shares were held that had gained",
            f"{shares} {symbol} sold short in {account} on {from_day_number(row['opened'])}, when {held} were held at "
            f"a lower basis, {closed}",
            to_do,
        )

    def _finding(self, event: int, must_be: str, was: str, to_do: str) -> Finding:
        source, line = self._places[event]
        return Finding(str(source), line, "kind", Severity.WARNING, must_be, was, to_do)
