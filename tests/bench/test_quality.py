"""The table of quality says what the trades are worth, and which bar they miss."""

from __future__ import annotations

import pytest

from lotwise.bench import quality as module
from lotwise.bench.quality import quality


def test_gap_is_choice_plus_bound_and_no_worse_than_signs_alone() -> None:
    (table,) = quality({30: 6}, {30: 2})
    rows = {row[0]: [float(cell) for cell in row[1:]] for row in table.rows}
    gap = rows["gap to the bound, as returned, bp"]
    assert gap[0] <= rows["gap to the bound, signs alone, bp"][0] + 1e-6
    parts = [row for label, row in rows.items() if label.startswith("... of it")]
    assert sum(part[0] for part in parts) == pytest.approx(gap[0], abs=2e-6)
    assert any("PIQP (2 accounts)" in label for label in rows)
    assert table.missed == ()


def test_a_missed_bar_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.BARS, 30, -1.0)
    (table,) = quality({30: 2}, {})
    assert "mean gap at 30 names" in table.missed[0]
    assert "**Missed:** mean gap at 30 names" in table.markdown()
