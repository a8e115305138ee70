"""The market's action and a custodian's row of it: which are one, and whether both say the same.

Within a week, rows of one kind are one action. A split and a stock dividend give the same shares (26 U.S.C. 305(a)) and
custodians write one for the other: two such rows are one action on the same day, or where both make the same of a
share, unless either of them has a row of its own kind on the other side.
"""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report

__all__ = ["OF_ACTION", "OF_ROW", "report_other_ratios", "same_actions"]

OF_ACTION, OF_ROW = "place of the action", "place of the row"
_SAME_ACTION = 7  # days between the market's day of an action and a custodian's
_SPLITS = ("split", "stock_dividend")
_TERMS = ("kind", "ratio_new", "ratio_old")


def same_actions(actions: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Pairs of the market's rows and custodians' rows for one action: their places, and what each makes of a share.

    Both tables have rows of the journal. Columns: OF_ACTION, OF_ROW, made, made_own (text; null = no split), source,
    line (of the custodian's row).
    """
    market = _with_totals(actions).with_row_index(OF_ACTION)
    near = market.join(_with_totals(own).with_row_index(OF_ROW), on=["account_id", "symbol", "family"], suffix="_own")
    near = near.filter((pl.col("date") - pl.col("date_own")).abs() <= _SAME_ACTION)
    near = near.with_columns(same=pl.col("kind") == pl.col("kind_own"))
    alone = ~(pl.col("same").any().over(OF_ACTION) | pl.col("same").any().over(OF_ROW))
    alike = (pl.col("date") == pl.col("date_own")) | (pl.col("made") == pl.col("made_own")).fill_null(value=False)
    found = near.filter(pl.col("same") | (alone & alike))
    return found.select(OF_ACTION, OF_ROW, "made", "made_own", source="source_own", line="line_own")


def report_other_ratios(pairs: pl.DataFrame, findings: FindingList, to_do: str) -> None:
    """Warn of custodians' rows none of whose actions makes the same of a share."""
    differs = (pl.col("made") != pl.col("made_own")).fill_null(value=False)
    wrong = pairs.filter(differs.all().over(OF_ROW) & differs.all().over(OF_ACTION)).unique(OF_ROW, maintain_order=True)
    message = Message(Severity.WARNING, "the same ratio as in corporate_actions", to_do)
    was = pl.format("1 share becomes {}, in corporate_actions {}", "made_own", "made")
    for (file,), part in wrong.with_columns(was=was).group_by("source", maintain_order=True):
        findings.rows(Place(str(file), None, "ratio"), message, rows_to_report(part["line"], part["was"]))


def _with_totals(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the family of their kind, and what a split or a stock dividend makes of one share, as text."""
    columns = ("account_id", "symbol", "date", *_TERMS, "source", "line")
    distinct = rows.filter(pl.col("kind").is_in(_SPLITS)).select(_TERMS).unique()
    made = [_made_of_a_share(*terms) for terms in distinct.iter_rows()]
    known = distinct.with_columns(made=pl.Series(made, dtype=pl.String))
    family = pl.when(pl.col("kind").is_in(_SPLITS)).then(pl.lit(_SPLITS[0])).otherwise("kind")
    return (
        rows.select(columns)
        .join(known, on=_TERMS, how="left", maintain_order="left", nulls_equal=True)
        .with_columns(family=family)
    )


def _made_of_a_share(kind: str, new: int | None, old: int | None) -> str | None:
    """Shares that one share becomes: a stock dividend comes on top of the share, a split in its place."""
    if new is None or old is None:
        return None
    return str(Fraction(new, old) + (kind == "stock_dividend"))
