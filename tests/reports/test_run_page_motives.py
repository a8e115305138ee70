"""Every motive of a trade has a name on the page of a run, on either side."""

from __future__ import annotations

from lotwise.interchange.wording import motives
from lotwise.reports.run_page import MOTIVES


def test_every_motive_has_a_name_on_either_side() -> None:
    assert {(motive, side) for motive in motives() for side in ("sell", "buy")} == set(MOTIVES)
