"""The batch of a large firm: its raw lots are those of its folder, and its bench says what it ran."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lotwise.bench import batch, whole_process
from lotwise.bench.large_firm import DEFAULT, FRACTIONAL, LEAN, FirmSize, book_of, raw_firms, write_large_firm
from lotwise.nightly.run import prepared_firm
from lotwise.rebalancing.checks import verify
from lotwise.rebalancing.proposal import Status
from lotwise.rebalancing.rebalance import rebalance

SIZE = FirmSize(6, 20, 8)


@pytest.mark.parametrize("profile", [DEFAULT, FRACTIONAL, LEAN])
def test_a_firm_in_memory_is_whole_shuffled_and_solved(profile: str) -> None:
    firms = list(raw_firms(SIZE, 4, profile=profile))
    assert [len(firm.book.accounts.kind) for firm in firms] == [4, 2]
    for firm in firms:
        assert (np.diff(firm.lots.account) < 0).any()  # in no order
        book = book_of(firm, 2)
        assert np.diff(book.accounts.lot_start).tolist() == [32] * len(book.accounts.kind)
        proposals = rebalance(book, firm.market)
        assert (proposals.outcomes.status <= Status.HOLD).all()
        assert len(proposals.trades.lot)
        assert not len(verify(book, firm.market, proposals).violations.rule)


def test_a_folder_of_a_size_and_seed_has_the_same_lots_every_time(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_large_firm(tmp_path / name, SIZE)
    assert (tmp_path / "one" / "lots.parquet").read_bytes() == (tmp_path / "other" / "lots.parquet").read_bytes()
    firm, _ = prepared_firm(tmp_path / "one")
    assert len(firm.book.lots.shares) == SIZE.lots
    assert not firm.book.households.blocked.any()


def test_tables_of_the_batch_name_every_setting_and_size() -> None:
    settings = batch._settings(3, 1)
    assert [row[1] for row in settings.rows] == ["3"] * 3
    growth = batch._growth((2, 3))
    assert [row[:3] for row in growth.rows] == [("2 accounts", "2", "2,400"), ("3 accounts", "3", "3,600")]
    one = batch._one_household((500, 700), 1)
    assert [row[0] for row in one.rows] == ["500 securities", "700 securities"]
    assert all(float(figure) > -1000 for row in one.rows for figure in row[1:])


def test_a_whole_process_is_measured_by_phase(tmp_path: Path) -> None:
    folder = tmp_path / "firm"
    write_large_firm(folder, SIZE)
    run = whole_process.whole_run(folder)
    assert {"read", "solve", "verify", "write"} <= set(run.phases)
    assert run.seconds > sum(run.phases.values()) > 0
    assert run.memory > 0.05
    assert run.written > 1_000
    table = whole_process._phases(SIZE, folder)
    assert table.rows[-1][0] == "the whole process"
    assert "6 accounts, 20 names, 192 lots" in table.note
    assert "The aim is 2,000/s: " in table.note
    assert table.missed == []  # far from the aim, which is none of the bars


def test_missed_bars_of_the_batch_are_said_with_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    for bars, count in (
        ({"accounts/s": 1e-9, "peak GiB": 1e9, "ms beyond": 1e9}, 0),
        ({"accounts/s": 1e12, "peak GiB": 1e-9, "ms beyond": -1e9}, 1),
    ):
        for bar, figure in bars.items():
            monkeypatch.setitem(batch.BARS, bar, figure)
        tables = (batch._settings(3, 1), batch._growth((2,)), batch._one_household((500,), 1))
        assert [len(table.missed) for table in tables] == [count] * 3
    settings, growth, one = tables
    assert "no least trade" in settings.missed[0]
    assert f"{settings.rows[0][6]} accounts/s by the clock" in settings.missed[0]
    assert "peak memory is" in growth.missed[0]
    assert f"{one.rows[0][4]} ms beyond its part" in one.missed[0]


def test_memory_of_a_process_beyond_its_bar_is_said_and_the_aim_is_no_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = (SIZE,)
    fits = whole_process._growth(sizes, tmp_path)
    assert fits.missed == []
    monkeypatch.setitem(whole_process.BARS, "peak GiB", 0.01)
    (missed,) = whole_process._growth(sizes, tmp_path).missed
    assert missed.startswith("6 accounts: peak memory is ")


def test_a_folder_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nothing could be done"):
        whole_process.whole_run(tmp_path)
