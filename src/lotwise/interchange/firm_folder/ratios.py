"""Ratios as people write them, read exactly: `2`, `1.5`, `3/2` and `3:2` are whole numbers new for old."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl

__all__ = ["read_ratio", "read_ratios"]

_MOST = 10**12  # of either number: products of shares and ratio stay exact far beyond any real exchange ratio


def read_ratio(text: str) -> tuple[int, int] | None:
    """New and old of one ratio, in lowest terms; None where it is none, or not above zero."""
    numbers = text.replace(":", "/").split("/")
    try:
        new, old = (Fraction(Decimal(number.strip())) for number in (*numbers, "1")[:2])
        ratio = new / old
    except (ValueError, ArithmeticError):
        return None
    if len(numbers) > 2:
        return None
    sound = ratio > 0 and ratio.numerator <= _MOST and ratio.denominator <= _MOST
    return (ratio.numerator, ratio.denominator) if sound else None


def read_ratios(texts: pl.Series) -> pl.DataFrame:
    """Columns ratio_new and ratio_old, null where the text is empty, and wrong: whether it is no ratio."""
    found = {text: read_ratio(text) for text in texts.drop_nulls().unique().to_list()}
    known = pl.DataFrame(
        {
            "text": list(found),
            "ratio_new": [None if ratio is None else ratio[0] for ratio in found.values()],
            "ratio_old": [None if ratio is None else ratio[1] for ratio in found.values()],
        },
        schema={"text": pl.String, "ratio_new": pl.Int64, "ratio_old": pl.Int64},
    )
    read = texts.alias("text").to_frame().join(known, on="text", how="left", maintain_order="left")
    wrong = pl.col("text").is_not_null() & pl.col("ratio_new").is_null()
    return read.select("ratio_new", "ratio_old", wrong.alias("wrong"))
