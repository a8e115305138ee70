"""Realised gains: per lot, in total, and of every taxpayer at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.households.accounts import AccountKind
from lotwise.ledger.tables import ACCOUNT, LOT, REALIZED, WASH, State
from lotwise.tax.gains import Totals, gains, recognised, year_to_date
from tests.ledger.written_events import as_day
from tests.tax.realized_rows import ROTH, SPOUSE_OTHER, Sold, dollars, table_of, three_accounts


def test_the_report_of_a_year() -> None:
    rows = table_of(
        Sold("1200", "1000"),
        Sold("900", "1000", "75", "25"),
        Sold("500", "800", long_term=True),
        Sold("7", "1", sold="2024-12-31"),
        Sold("7", "1", account=ROTH),
        Sold("7", "1", account=SPOUSE_OTHER),
    )
    state = State(np.zeros(0, LOT), rows, np.zeros(0, WASH))
    report = gains(state, three_accounts(), 2025, taxpayer=0)
    assert report.recognised.tolist() == [dollars("200"), dollars("-25"), dollars("-300")]
    assert report.rows["proceeds"].tolist() == [dollars("1200"), dollars("900"), dollars("500")]
    assert report.short == Totals(*(dollars(text) for text in ("2100", "2000", "100", "75", "25", "175")))
    assert report.long == Totals(*(dollars(text) for text in ("500", "800", "-300", "0", "0", "-300")))
    everyone = gains(state, three_accounts(), 2025)
    assert everyone.short.recognised == dollars("181")
    assert gains(state, three_accounts(), 2023).short == Totals(0, 0, 0, 0, 0, 0)


_ROWS = st.lists(
    st.tuples(
        st.integers(0, 5),  # account
        st.sampled_from(("2024-12-31", "2025-01-01", "2025-07-04", "2025-12-31", "2026-01-01")),
        st.booleans(),
        st.integers(0, 10**13),
        st.integers(0, 10**13),
        st.integers(0, 10**9),
    ),
    max_size=30,
)


@given(_ROWS, st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=6, max_size=6))
def test_year_to_date_of_all_taxpayers_is_that_of_each(
    written: list[tuple[int, str, bool, int, int, int]], owners: list[tuple[int, bool]]
) -> None:
    rows = np.zeros(len(written), REALIZED)
    for i, (account, day, long_term, proceeds, basis, disallowed) in enumerate(written):
        rows[i]["account"], rows[i]["sold"], rows[i]["long_term"] = account, as_day(day), long_term
        rows[i]["proceeds"], rows[i]["basis"], rows[i]["disallowed"] = proceeds, basis, disallowed
    taxpayer = np.array([owner for owner, _ in owners], np.int32)
    taxable = np.array([taxed for _, taxed in owners])
    found = year_to_date(rows, taxpayer, taxable, 2025, 4)
    expected = {False: [0] * 4, True: [0] * 4}
    for account, day, long_term, proceeds, basis, disallowed in written:
        owner, taxed = owners[account]
        if taxed and day.startswith("2025"):
            expected[long_term][owner] += proceeds - basis + disallowed
    assert (found.short.tolist(), found.long.tolist()) == (expected[False], expected[True])

    accounts = np.zeros(6, ACCOUNT)
    accounts["taxpayer"] = taxpayer
    accounts["kind"] = np.where(taxable, AccountKind.TAXABLE, AccountKind.TRADITIONAL)
    state = State(np.zeros(0, LOT), rows, np.zeros(0, WASH))
    for owner in range(4):
        report = gains(state, accounts, 2025, owner)
        assert (report.short.recognised, report.long.recognised) == (found.short[owner], found.long[owner])
        assert int(recognised(report.rows).sum()) == report.short.recognised + report.long.recognised
