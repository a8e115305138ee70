"""Open wash-sale windows of a ledger by taxpayer: what may not be bought, and which losses would not count."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.ledger.open_windows import groups_on, windows_of_state
from lotwise.money import SHARE
from lotwise.storage.ledger import Ledger
from lotwise.storage.listings import decimals

__all__ = ["list_windows"]


def list_windows(ledger: Ledger, day: int, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """List the windows open on a day of the taxpayers of the chosen accounts ((A,) flags)."""
    standing, world = ledger.standing(), ledger.world()
    taxpayer = world.accounts["taxpayer"]
    windows = windows_of_state(standing.state, world, day, int(taxpayer.max(initial=-1)) + 1)
    payer = np.repeat(np.arange(windows.start.size - 1), np.diff(windows.start))
    keep = np.isin(payer, taxpayer[chosen])
    symbols = pl.DataFrame({"group": groups_on(world, day), "symbol": standing.names.securities})
    symbols = symbols.group_by("group").agg(pl.col("symbol").sort().str.join(", "))
    owners = pl.DataFrame({"payer": taxpayer, "account_id": standing.names.accounts})
    owners = owners.join(ledger.register.accounts, on="account_id", how="left")
    households = owners.group_by("payer").agg(pl.col("household_id").unique().sort().str.join(", "))
    return (
        pl.DataFrame(
            {
                "payer": payer[keep].astype(np.int32),
                "group": windows.identical[keep],
                "not_bought_until": _dates(windows.no_buy_until[keep]),
                "worthless_losses": decimals(windows.bought_shares[keep], SHARE),
                "until": _dates(windows.no_loss_until[keep]),
            }
        )
        .join(households, on="payer", how="left", maintain_order="left")
        .join(symbols, on="group", how="left", maintain_order="left")
        .select("household_id", "symbol", "not_bought_until", "worthless_losses", "until")
    )


def _dates(days: NDArray[np.int32]) -> pl.Series:
    known = days != NO_DATE
    return pl.Series(np.where(known, days, 0)).cast(pl.Int32).cast(pl.Date).set(pl.Series(~known), None)
