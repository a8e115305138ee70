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


def test_a_folder_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nothing could be done"):
        whole_process.whole_run(tmp_path)
