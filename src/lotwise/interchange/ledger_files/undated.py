"""What is posted without a day of acquisition: it stands, and a warning says which term it then has.

Property of unknown age is never long term (26 U.S.C. 1222: held for more than a year), so its gains are short term. A
purchase of unknown day counts as made today where open wash-sale windows are looked at, and never takes over a loss.
"""

from __future__ import annotations

import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.journal_rows import TERM_OF_A_SALE, UNDATED_SALE
from lotwise.rebalancing.book import AccountKind
from lotwise.storage.event_tables import BOUGHT
from lotwise.storage.register import Register

__all__ = ["report_undated"]

_CORRECT = "post a basis_correction of the lot with the day; until then"
_BARS = "it bars losses of its security as if it were bought today"


def report_undated(posted: pl.DataFrame, register: Register, findings: FindingList) -> None:
    """Warn of lots transferred in, and of stated sales, whose day is not known; of taxable accounts only.

    `posted` are rows of `journal.SCHEMA`.
    """
    taxable = register.accounts.filter(pl.col("kind") == int(AccountKind.TAXABLE))["account_id"]
    undated = posted.filter(pl.col("account_id").is_in(taxable.implode()) & pl.col("acquired").is_null())
    how = pl.col("acquisition").str.to_lowercase().fill_null(BOUGHT[0])
    bought, begun = how.is_in(BOUGHT), pl.col("holding_period_start").is_not_null()
    # What was inherited is long term whatever its days (26 U.S.C. 1223(9)).
    lots = (pl.col("kind") == "transfer_in") & pl.col("symbol").is_not_null() & (how != "inheritance")
    day = "the day on which the lot was acquired"
    by_hand = "say term or acquired in such rows; this one is posted as short term: put that right on the form by hand"
    for rows, column, must_be, to_do in (
        (lots & ~begun & bought, "acquired", day, f"{_CORRECT} its gains are short term, and {_BARS}"),
        (lots & ~begun & ~bought, "acquired", day, f"{_CORRECT} its gains are short term"),
        (lots & begun & bought, "acquired", day, f"{_CORRECT} {_BARS}"),
        (lots & begun & ~bought, "acquired", day, f"{_CORRECT} forms say VARIOUS"),
        (UNDATED_SALE, "term", TERM_OF_A_SALE, by_hand),
    ):
        for (file,), part in undated.filter(rows).group_by("source", maintain_order=True):
            message = Message(Severity.WARNING, must_be, to_do)
            findings.rows(Place(str(file), None, column), message, rows_to_report(part["line"], ""))
