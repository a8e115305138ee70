"""The table of quality says what the trades are worth, and which bar they miss."""

from __future__ import annotations

import pytest

from lotwise.bench import quality as module
from lotwise.bench.quality import quality


def test_the_search_closes_the_gap_that_two_solves_leave() -> None:
    (table,) = quality({30: 6}, {30: 2})
    mean = {row[0]: float(row[1]) for row in table.rows}
    left = mean["gap to the bound, two solves, bp"]
    gap = mean["gap to the bound, as returned, bp"]
    gained, raised = mean["objective gained by the search, bp"], mean["bound raised by the search, bp"]
    assert gap <= left + 1e-6
    assert gap + gained + raised == pytest.approx(left, abs=4e-6)
    assert any("PIQP (2 accounts)" in label for label in mean)
    assert table.missed == ()


def test_a_missed_bar_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.BARS, 30, -1.0)
    (table,) = quality({30: 2}, {})
    assert "mean gap at 30 names" in table.missed[0]
    assert "**Missed:** mean gap at 30 names" in table.markdown()
