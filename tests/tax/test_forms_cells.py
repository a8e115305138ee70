"""Cents of Form 8949 tie to the ledger: whatever was realised, each part adds up to its exact totals, rounded."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lotwise.ledger.events import Table
from lotwise.money import DOLLAR
from lotwise.tax.form_cells import Cells, to_cents
from lotwise.tax.forms import Lines, form_lines
from lotwise.tax.gains import recognised
from lotwise.tax.schedule_d import schedule_d
from tests.tax.realized_rows import Sold, dollars, table_of

CENT = 100  # ten-thousandths of a dollar

_AMOUNTS = st.one_of(st.integers(0, 3_000), st.integers(0, 5_000_000_000))


@st.composite
def realized_rows(draw: st.DrawFn) -> Sold:
    proceeds, basis = draw(_AMOUNTS), draw(_AMOUNTS)
    loss = max(basis - proceeds, 0)
    disallowed = draw(st.sampled_from((0, loss, loss // 3))) if loss else 0
    return Sold(
        _text(proceeds),
        _text(basis),
        _text(disallowed),
        acquired=draw(st.sampled_from(("2024-06-03", "2010-01-04", None))),
        long_term=draw(st.booleans()),
        lot=draw(st.integers(1, 10**9)),
        event=draw(st.integers(1, 3)),
    )


def _text(money: int) -> str:
    return f"{money // DOLLAR}.{money % DOLLAR:04d}"


def _rounded(money: int) -> int:
    """Nearest cent, half to even, by fractions of Python rather than by the ledger's arithmetic."""
    return round(Fraction(money, CENT)) * CENT


def _part(rows: Table, *, long_term: bool) -> Table:
    part: Table = rows[rows["long_term"] == long_term]
    return part


@given(st.lists(realized_rows(), min_size=1, max_size=25), st.sampled_from(Lines))
def test_printed_totals_of_a_part_are_the_exact_totals_rounded(written: list[Sold], lines: Lines) -> None:
    rows = table_of(*written)
    printed = form_lines(rows, ["XYZ"], lines=lines)
    for long_term in (False, True):
        exact = _part(rows, long_term=long_term)
        part = [line.cells for line in printed if line.box.long_term == long_term]
        assert sum(cells.proceeds for cells in part) == _rounded(int(exact["proceeds"].sum()))
        assert sum(cells.adjustment for cells in part) == _rounded(int(exact["disallowed"].sum()))
        assert sum(cells.gain for cells in part) == _rounded(int(recognised(exact).sum()))
        assert abs(sum(cells.basis for cells in part) - int(exact["basis"].sum())) < 2 * CENT
    schedule = schedule_d(printed)
    assert schedule.line_7 == _rounded(int(recognised(_part(rows, long_term=False)).sum()))
    assert schedule.line_15 == _rounded(int(recognised(_part(rows, long_term=True)).sum()))


@given(st.lists(realized_rows(), min_size=1, max_size=25))
def test_every_printed_cell_is_whole_cents_and_close_to_the_exact_one(written: list[Sold]) -> None:
    exact = [Cells(dollars(row.proceeds), dollars(row.basis), dollars(row.disallowed)) for row in written]
    printed = to_cents(exact, ["B" if row.acquired is None else "A" for row in written])
    for was, now in zip(exact, printed, strict=True):
        assert [amount % CENT for amount in (*now, now.gain)] == [0, 0, 0, 0]
        assert abs(now.proceeds - was.proceeds) < 2 * CENT
        assert abs(now.adjustment - was.adjustment) < 2 * CENT
        assert abs(now.gain - was.gain) < 4 * CENT
        assert abs(now.basis - was.basis) < 4 * CENT
        assert now.adjustment == 0 or was.adjustment > 0
        assert now.basis == 0 or was.basis > 0
        assert min(now.proceeds, now.adjustment) >= 0


_LARGE = st.integers(1_000, 10**9)


@given(st.lists(st.tuples(_LARGE, _LARGE, st.booleans()), min_size=1, max_size=20))
def test_the_gain_of_a_line_of_one_box_is_within_a_cent(written: list[tuple[int, int, bool]]) -> None:
    exact = [Cells(proceeds, basis, max(basis - proceeds, 0) if washed else 0) for proceeds, basis, washed in written]
    for was, now in zip(exact, to_cents(exact, ["D"] * len(exact)), strict=True):
        assert abs(now.gain - was.gain) <= CENT


@given(st.lists(st.tuples(*[st.integers(0, 10**9)] * 3), min_size=1, max_size=20), st.integers(0, 3))
def test_whole_cents_stay_as_they_are(amounts: list[tuple[int, ...]], boxes: int) -> None:
    exact = [Cells(*(amount * CENT for amount in row)) for row in amounts]
    assert to_cents(exact, ["ABC"[i % (boxes or 1)] for i in range(len(exact))]) == exact


def test_a_third_of_a_loss_three_times() -> None:
    """Three lots share 100 dollars of proceeds: 33.34 and twice 33.33; the printed gains add up."""
    third = Cells(333_333, 500_000)
    assert to_cents([third, third, Cells(333_334, 500_000)], ["A"] * 3) == [
        Cells(333_300, 500_000), Cells(333_300, 500_000), Cells(333_400, 500_000),
    ]  # fmt: skip


def test_a_loss_disallowed_in_full_leaves_no_cent() -> None:
    lines = to_cents([Cells(333_333, 500_000, 166_667)] * 3, ["A"] * 3)
    assert [cells.gain for cells in lines] == [0, 0, 0]
    assert sum(cells.adjustment for cells in lines) == 500_000


def test_a_basis_of_nothing_is_printed_as_nothing() -> None:
    lines = to_cents([Cells(333_333, 0), Cells(333_333, 0), Cells(10_049, 4_951)], ["C", "C", "C"])
    assert [cells.basis for cells in lines[:2]] == [0, 0]
    assert sum(cells.gain for cells in lines) == _rounded(333_333 * 2 + 10_049 - 4_951)
