"""What a company does to its shares happens to shares sold short too."""

from __future__ import annotations

import pytest

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EventKind
from lotwise.ledger.fold import fold
from lotwise.ledger.tables import Refusal, State
from lotwise.money import DOLLAR, SHARE
from tests.ledger.written_events import Record, as_day


def short_of_100() -> Record:
    record = Record()
    record.sell_short("2025-03-03", "own", "X", 100, 1000)
    return record


def state_of(record: Record) -> State:
    folded = fold(*record.tables())
    assert set(folded.status.tolist()) == {Refusal.POSTED}
    return folded.state


def test_after_a_split_twice_the_shares_are_owed() -> None:
    record = short_of_100()
    record.split("2025-04-01", "own", "X", 2)
    record.cover("2025-05-01", "own", "X", 100, 400)
    state = state_of(record)
    (row,) = state.realized
    assert (row["proceeds"], row["basis"]) == (500 * DOLLAR, 400 * DOLLAR)
    assert state.lots["shares"].tolist() == [100 * SHARE]
    assert state.lots["basis"].tolist() == [500 * DOLLAR]


def test_a_short_sale_is_closed_under_the_new_name() -> None:
    record = short_of_100()
    record.reorganise(EventKind.SYMBOL_CHANGE, "2025-04-01", "own", "X", new_symbol="Y")
    record.cover("2025-05-01", "own", "Y", 100, 400)
    state = state_of(record)
    assert state.realized["proceeds"].sum() - state.realized["basis"].sum() == 600 * DOLLAR
    assert state.lots.size == 0


@pytest.mark.parametrize("long_too", [False, True])
def test_a_merger_of_shares_sold_short_is_refused_whole(*, long_too: bool) -> None:
    record = short_of_100()
    if long_too:
        record.buy("2025-03-04", "own", "X", 10, 90)
    before = state_of(record)
    record.reorganise(EventKind.STOCK_MERGER, "2025-04-01", "own", "X", new_symbol="Y", ratio=2)
    folded = fold(*record.tables())
    assert folded.status[-1] == Refusal.SOLD_SHORT
    for table, again in zip(before, folded.state, strict=True):
        assert table.tolist() == again.tolist()


def test_what_was_held_at_the_short_sale_is_counted_anew_too() -> None:
    """26 U.S.C. 1233(b)(1): all 200 shares after the split are covered by 200 held short term: a short-term gain."""
    record = Record()
    record.buy("2025-01-06", "own", "X", 100, 900, lot="held")
    record.sell_short("2025-03-03", "own", "X", 100, 1000)
    record.split("2025-04-01", "own", "X", 2)
    record.cover("2026-06-01", "own", "X", 200, lot="held")
    state = state_of(record)
    assert state.realized["shares"].tolist() == [200 * SHARE]
    assert state.realized["long_term"].tolist() == [0]


def test_a_gift_below_its_donors_basis_keeps_the_lower_basis_for_losses_through_a_merger() -> None:
    """Reg. 1.1015-1, 26 U.S.C. 358(a)(1): basis 500 and value 300, both less cash of 100: sold at 200 is no loss."""
    record = Record()
    record.gift_in("2024-01-10", "own", "X", 10, basis=500, acquired="2020-01-10", fair_value=300)
    record.reorganise(EventKind.MIXED_MERGER, "2025-04-01", "own", "X", new_symbol="Y", ratio=1, cash=10, fair_value=20)
    record.sell("2025-05-01", "own", "Y", 10, 200)
    sale = state_of(record).realized[-1]
    assert (sale["proceeds"], sale["basis"]) == (200 * DOLLAR, 200 * DOLLAR)


@pytest.mark.parametrize(("kind", "long_term"), [(AccountKind.TAXABLE, 1), (AccountKind.TRADITIONAL, 0)])
def test_shares_of_a_retirement_account_do_not_make_a_loss_long_term(kind: AccountKind, long_term: int) -> None:
    """26 U.S.C. 1233(d) looks at what the taxpayer (or spouse) held on the day of the short sale."""
    record = Record()
    record.account("other", kind)
    record.buy("2020-01-06", "other", "X", 100, 500)
    record.sell_short("2025-03-03", "own", "X", 100, 1_000)
    record.cover("2025-05-01", "own", "X", 100, 2_000)
    (row,) = state_of(record).realized
    assert row["basis"] - row["proceeds"] == 1_000 * DOLLAR
    assert row["long_term"] == long_term


def test_closing_begins_anew_the_period_of_own_shares_and_not_of_a_retirement_account() -> None:
    record = Record()
    record.account("ira", AccountKind.ROTH)
    record.buy("2025-01-06", "ira", "X", 100, 500)
    record.buy("2025-02-11", "own", "X", 100, 500)
    record.sell_short("2025-03-03", "own", "X", 100, 1_000)
    record.cover("2025-03-10", "own", "X", 100, 900)
    lots = state_of(record).lots
    starts = {name: lots["holding_start"][lots["account"] == record.accounts[name]].tolist() for name in ("ira", "own")}
    assert starts == {"ira": [as_day("2025-01-06")], "own": [as_day("2025-03-10")]}
