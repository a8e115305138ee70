"""Both bases of a lot after corrections and averages, and relief where no rate is known."""

from __future__ import annotations

from lotwise.ledger.events import EventKind, Relief
from lotwise.ledger.fold import fold
from lotwise.ledger.tables import Refusal, State
from lotwise.money import DOLLAR, SHARE
from tests.ledger.written_events import Details, Record


def state_of(record: Record) -> State:
    folded = fold(*record.tables())
    assert set(folded.status.tolist()) == {Refusal.POSTED}
    return folded.state


def correct(record: Record, lot: str, basis: int) -> None:
    kind = EventKind.BASIS_CORRECTION
    record.event(kind, "2026-07-01", "own", "X", lot=lot, details=Details(basis=basis))


def test_a_corrected_basis_takes_the_original_one_along() -> None:
    """Otherwise a lot that never replaced anything would look as if it had."""
    record = Record()
    record.buy("2026-01-05", "own", "X", 100, 5_000, lot="a")
    correct(record, "a", 5_010)
    (lot,) = state_of(record).lots
    assert (lot["basis"], lot["original_basis"]) == (5_010 * DOLLAR, 5_010 * DOLLAR)


def test_a_corrected_basis_still_holds_the_loss_taken_over() -> None:
    record = Record()
    record.buy("2026-01-05", "own", "X", 100, 5_000, lot="a")
    record.sell("2026-06-01", "own", "X", 100, 4_000, lots=["a"])
    record.buy("2026-06-05", "own", "X", 100, 4_100, lot="b")  # basis 4,100 + 1,000
    correct(record, "b", 5_110)
    (lot,) = state_of(record).lots
    assert (lot["basis"], lot["original_basis"], lot["absorbed_loss"]) == (
        5_110 * DOLLAR,
        4_110 * DOLLAR,
        1_000 * DOLLAR,
    )


def test_averaged_lots_have_one_basis_before_adjustments_too() -> None:
    record = Record()
    record.fund("X")
    record.account("own", relief=Relief.AVERAGE)
    record.buy("2026-01-05", "own", "X", 50, 500)
    record.buy("2026-03-05", "own", "X", 50, 600)
    record.sell("2026-09-01", "own", "X", 20, 400)  # 11 a share on average
    lots = state_of(record).lots
    assert lots["basis"].tolist() == [330 * DOLLAR, 550 * DOLLAR]
    assert lots["original_basis"].tolist() == [330 * DOLLAR, 550 * DOLLAR]


def test_lowest_tax_without_rates_takes_the_highest_basis() -> None:
    record = Record()
    record.account("own", relief=Relief.LOWEST_TAX, short_rate=0, long_rate=0)
    record.buy("2026-01-05", "own", "X", 20, 1_000)
    record.buy("2026-03-05", "own", "X", 20, 1_200)
    record.sell("2026-09-01", "own", "X", 20, 1_000)
    state = state_of(record)
    assert state.realized["basis"].tolist() == [1_200 * DOLLAR]
    assert state.lots["shares"].tolist() == [20 * SHARE]
