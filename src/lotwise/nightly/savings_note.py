"""What the page of a run says of taxes saved: the figures that lie beside it, or the command that tells them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from lotwise.reports.run import SavedSoFar

__all__ = ["PAGE", "saved_so_far"]

PAGE = "savings.html"


def saved_so_far(folder: Path, out: Path, as_of: date) -> SavedSoFar | None:
    """Find what `lotwise savings --out` wrote into `out` for the same day; None where nothing has been posted.

    Telling takes a walk through the whole record; a run of every night does not wait for it.
    """
    if not any((folder / "ledger" / "journal").glob("*.parquet")):
        return None
    unknown = SavedSoFar(None, None, "")
    if not (out / PAGE).is_file():
        return unknown
    try:
        said = json.loads((out / "savings.json").read_text(encoding="utf-8"))
        if said["as_of"] != as_of.isoformat():
            return unknown
        since, year = (Decimal(said["totals"]["shadow"][period]) for period in ("since", "ytd"))
    except (OSError, ValueError, KeyError, TypeError, InvalidOperation):
        return unknown
    return SavedSoFar(since, year, PAGE)
