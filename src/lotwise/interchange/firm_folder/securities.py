"""securities.csv: the securities that can be held, in the order of the market, and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.money import IntArray
from lotwise.securities.market import MarketLabels, SecurityKind

__all__ = ["CASH", "Payouts", "Securities", "code_of", "read_securities"]

CASH = "CASH"  # what models and lots call cash


# A fund whose asset class has one of these words pays qualified dividends; of any other it is not taken for granted.
_OF_STOCKS = r"(?i)\b(equity|equities|stocks?|shares|cap)\b"


class Payouts(NamedTuple):
    """What securities pay out in a year, fractions; (N,) each."""

    dividend_yield: NDArray[np.float64]
    qualified_share: NDArray[np.float64]
    gain_distribution: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Securities:
    """N securities in the order of the file. `cash` are the symbols that are cash and no position."""

    labels: MarketLabels
    kind: NDArray[np.uint8]
    spread: IntArray
    identical: NDArray[np.int32]
    sound: NDArray[np.bool_]  # False: what it costs to trade is not known; it is held as it is
    payouts: Payouts
    cash: frozenset[str]

    @property
    def count(self) -> int:
        """Number of securities."""
        return len(self.labels.symbols)


def code_of(column: pl.Series, names: tuple[str, ...]) -> pl.Series:
    """Position of each text among distinct names (Int64; null where it is none of them), without a Python object."""
    if not names:
        return pl.repeat(None, len(column), dtype=pl.Int64, eager=True)
    return column.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int64)


def read_securities(table: TypedTable, findings: FindingList) -> Securities | None:
    """Read the securities; None, with a fatal finding, if there are none."""
    table.report_cells(findings)
    for row in table.broken:
        message = Message(Severity.ERROR, "a row as wide as the header", "correct the row; its security is not known")
        findings.add(Place(table.file, row.line), message, row.why)
    frame = table.frame.with_columns(
        sound=~(table.wrong("spread_bps") | table.wrong("kind")),
    ).filter(pl.col("symbol").is_not_null())
    again = ~frame["symbol"].is_first_distinct()
    if again.any():
        message = Message(Severity.ERROR, "a symbol once", "remove one of the rows; the first one counts")
        rows = rows_to_report(frame[LINE].filter(again), frame["symbol"].filter(again))
        findings.rows(Place(table.file, None, "symbol"), message, rows)
        frame = frame.filter(~again)
    is_cash = (frame["kind"].fill_null("stock") == "cash") | (frame["symbol"] == CASH)
    cash = frozenset(frame["symbol"].filter(is_cash)) | {CASH}
    frame = frame.filter(~is_cash)
    if frame.is_empty():
        message = Message(Severity.ERROR, "one security at least", "add the securities that are held and targeted")
        findings.stop(Place(table.file), message, "none")
        return None
    _note_defaults(table.file, frame, findings)
    kinds = {kind.name.lower(): int(kind) for kind in SecurityKind}
    words = {
        name: tuple(frame[name].fill_null("").to_list())
        for name in ("symbol", "name", "asset_class", "sector", "industry")
    }
    labels = MarketLabels(words["symbol"], words["name"], words["asset_class"], words["sector"], words["industry"])
    return Securities(
        labels,
        frame["kind"].fill_null("stock").replace_strict(kinds, return_dtype=pl.UInt8).to_numpy(),
        frame["spread_bps"].fill_null(0).to_numpy(),
        _identical(frame["identical_group"]),
        frame["sound"].to_numpy(),
        _payouts(frame),
        cash,
    )


def _note_defaults(file: str, frame: pl.DataFrame, findings: FindingList) -> None:
    for name, default in (("kind", "stock"), ("spread_bps", "0: trading it costs nothing")):
        count = int((frame[name].is_null() & frame["sound"]).sum())
        if count:
            message = Message(Severity.NOTICE, "filled", f"empty counts as {default}")
            findings.add(Place(file, None, name), message, f"{count} empty")


def _payouts(frame: pl.DataFrame) -> Payouts:
    """Fill what is not said of payouts: no yield, no distributed gains, and a qualified share by what it is."""
    kind = pl.col("kind").fill_null("stock")
    of_stocks = pl.col("asset_class").fill_null("").str.contains(_OF_STOCKS)
    qualifies = (kind == "stock") | (kind.is_in(["etf", "fund"]) & of_stocks)
    filled = frame.select(
        pl.col("dividend_yield").fill_null(0.0),
        pl.col("qualified_share").fill_null(qualifies.cast(pl.Float64)),
        pl.col("gain_distribution").fill_null(0.0),
    )
    return Payouts(*(column.to_numpy().copy() for column in filled))


def _identical(groups: pl.Series) -> NDArray[np.int32]:
    """Number the groups; a security without one is a group of its own."""
    own = pl.Series([f"\0{number}" for number in range(len(groups))], dtype=pl.String)
    named = pl.select(pl.coalesce(groups, own)).to_series()
    return (named.rank("dense").cast(pl.Int32) - 1).to_numpy()
