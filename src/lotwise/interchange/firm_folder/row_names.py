"""Ids of rows whose source gives none: made of what the row says, so that the same file posted twice posts nothing.

Two equal rows of one file are two transactions: the second is named apart by its count.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.kernels import kernel
from lotwise.money import IntArray

__all__ = ["named_rows"]

# Two polynomial digests of 31 bits each, modulo the Mersenne prime 2^31 - 1 (products stay below 2^62), by two bases
# that have no pattern. Two rows of one account and day are mistaken for each other once in 2^62 pairs.
_PRIME = 2**31 - 1
_BASES = (1_103_515_245, 1_664_525_007)


@kernel
def _digests(text: NDArray[np.uint8], start: IntArray) -> IntArray:
    """Digest of each text; text k is the bytes from start[k] to start[k + 1]."""
    made = np.empty(start.size - 1, np.int64)
    for row in range(made.size):
        one, other = 1, 1
        for place in range(start[row], start[row + 1]):
            letter = int(text[place])
            one = (one * _BASES[0] + letter) % _PRIME
            other = (other * _BASES[1] + letter) % _PRIME
        made[row] = (one << 31) | other
    return made


def named_rows(rows: pl.DataFrame, content: tuple[str, ...]) -> pl.Series:
    """`transaction_id` of every row: as given, else made of the columns in `content` (and a count from the second)."""
    missing = rows["transaction_id"].is_null()
    if not missing.any():
        return rows["transaction_id"]
    unnamed = rows.filter(missing)
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in content]
    texts = unnamed.select(pl.concat_str(cells, separator="\x1f")).to_series()
    start = np.concatenate(([0], np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64))))
    joined = np.frombuffer("".join(texts.to_list()).encode(), np.uint8)
    named = unnamed.select(
        "account_id",
        pl.format(
            "row {}-{}",
            pl.col("date").cast(pl.Date).cast(pl.String),
            pl.Series("digest", _digests(joined, start)).cast(pl.String),
        ).alias("made"),
    )
    count = pl.int_range(pl.len()).over("account_id", "made")
    made = named.select(
        pl.when(count == 0).then("made").otherwise(pl.format("{}-{}", "made", count + 1)).alias("transaction_id")
    )
    return rows["transaction_id"].scatter(missing.arg_true(), made.to_series())
