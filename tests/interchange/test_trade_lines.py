"""Lines and sentences that the kernels write are, letter by letter, those that data frames write of the same trades."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.dates import NO_DATE
from lotwise.interchange import results, trade_lines, trade_reasons
from lotwise.interchange.letters import as_series, put_exact, text_column
from lotwise.interchange.trade_lines import quoted
from lotwise.kernels import kernel
from lotwise.money import DOLLAR
from lotwise.rebalancing.proposal import Reason, Side, Trades
from tests.interchange.reasons_reference import reasons_as_columns
from tests.reports.small_run import SmallRun, simulated_run, small_run

# Figures around every change of form: half a cent, ten dollars, each comma, the largest there can be.
AMOUNTS = st.one_of(
    st.integers(-(2**55), 2**55),
    st.integers(-200_000, 200_000),
    st.builds(
        lambda power, step, sign: sign * (10**power * DOLLAR + step),
        st.integers(0, 11),
        st.integers(-6_000, 6_000),
        st.sampled_from((-1, 1)),
    ),
)


@kernel
def _written(units: np.ndarray, decimals: int, out: np.ndarray) -> int:
    at = 0
    for number in units:
        at = put_exact(out, at, number, decimals)
        out[at] = 10
        at += 1
    return at


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=20), st.sampled_from([4, 6]))
def test_numbers_are_exact_without_zeros_at_their_end(units: list[int], decimals: int) -> None:
    out = np.zeros(30 * len(units), np.uint8)
    lines = out[: _written(np.array(units, np.int64), decimals, out)].tobytes().decode().splitlines()
    assert [Decimal(line) for line in lines] == [Decimal(value).scaleb(-decimals) for value in units]
    for line in lines:
        assert "." not in line or line[-1] not in "0."
        assert len(line.lstrip("-").split(".")[0].lstrip("0")) or line.lstrip("-").startswith("0")


def one_trade(run: SmallRun, **figures: float) -> Trades:
    trades = run.proposals.trades
    columns = {name: getattr(trades, name)[:1].copy() for name in trades._fields}
    for name, figure in figures.items():
        columns[name][0] = figure
    return Trades(**columns)


@given(
    st.sampled_from(Reason),
    st.sampled_from(Side),
    st.tuples(AMOUNTS, AMOUNTS, AMOUNTS),
    st.tuples(st.floats(-9.9e11, 9.9e11), st.floats(-1e4, 1e4)),
    st.tuples(st.booleans(), st.integers(0, 3)),
)
def test_sentences_are_those_of_the_data_frame(
    reason: Reason,
    side: Side,
    amounts: tuple[int, int, int],
    figures: tuple[float, float],
    place: tuple[bool, int],
) -> None:
    run = small_run()
    gain, tax, cost = amounts
    symbols = pl.Series(run.market_labels.symbols)
    trades = one_trade(
        run,
        reason=reason,
        side=side,
        gain=gain,
        tax=tax,
        cost=cost,
        figure_1=abs(amounts[0]) % len(symbols) if reason == Reason.SUBSTITUTE else figures[0],
        figure_2=figures[1],
        long_term=place[0],
        account=place[1],
    )
    with ThreadPoolExecutor(max_workers=1) as pool:
        made = as_series(trade_reasons.trade_reasons(trades, run.book.accounts, symbols, pool))
    assert made.to_list() == reasons_as_columns(trades, run.book.accounts, symbols).to_list()


def lines_of(run: SmallRun, threads: int = 1) -> tuple[bytes, bytes]:
    """trades.csv by the kernel, and by the data frame."""
    tables = run.tables()
    header = (",".join(tables.trades.columns) + "\n").encode()
    return header + b"".join(block.tobytes() for block in trade_lines.trade_lines(tables.lines, threads)), _csv(
        tables.trades
    )


def _csv(table: pl.DataFrame) -> bytes:
    columns = [
        pl.col(name).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".") if kind.is_decimal() else name
        for name, kind in table.schema.items()
    ]
    return table.select(columns).write_csv().encode()


def test_lines_of_a_large_run_are_those_of_the_data_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trade_reasons, "ROWS_AT_A_TIME", 700)
    run = simulated_run(300, 12)
    for threads in (1, 3):
        ours, theirs = lines_of(run, threads)
        assert ours == theirs
    assert ours.count(b"\n") > 1_000


@given(st.lists(st.text(st.sampled_from("aé\",\n\r 'x|"), min_size=1, max_size=6), min_size=4, max_size=4))
def test_names_are_quoted_as_the_data_frame_quotes_them(names: list[str]) -> None:
    run = small_run()
    run = replace(run, labels=replace(run.labels, lots=pl.Series(names), accounts=np.array([*names, "A4", "A5"])))
    ours, theirs = lines_of(run)
    assert ours == theirs


@given(st.lists(st.integers(-60_000, 80_000), min_size=1, max_size=20))
def test_days_are_written_as_the_calendar_writes_them(days: list[int]) -> None:
    run = small_run()
    for day in days:
        acquired = np.full(len(run.book.lots.acquired), day, np.int32)
        book = run.book._replace(lots=run.book.lots._replace(acquired=acquired))
        ours, theirs = lines_of(replace(run, book=book))
        assert ours == theirs


def test_a_lot_of_no_day_has_an_empty_one() -> None:
    run = small_run()
    acquired = np.full(len(run.book.lots.acquired), NO_DATE, np.int32)
    ours, theirs = lines_of(replace(run, book=run.book._replace(lots=run.book.lots._replace(acquired=acquired))))
    assert ours == theirs
    assert ours.endswith(b",\n")


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=9), st.integers(0, 4))
def test_text_laid_out_as_letters_is_the_text(texts: list[str | None], skipped: int) -> None:
    column = pl.Series(texts, dtype=pl.String).slice(skipped)
    assert as_series(text_column(column)).to_list() == [text or "" for text in column]


def test_plain_text_is_not_copied_to_be_quoted() -> None:
    column = pl.Series(["a", "b c"])
    assert quoted(column) is column


def test_trades_are_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    tables = simulated_run(200, 5).tables()
    for threads in (1, 4):
        results.write_tables(tmp_path / str(threads), tables, threads=threads)
    for name in ("trades.csv", "trades.parquet"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "4" / name).read_bytes()
