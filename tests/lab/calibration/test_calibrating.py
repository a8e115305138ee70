"""The calibration as a whole on a small market, with few settings: what it says is written and told."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from lotwise.lab.calibration import calibrating, clients
from lotwise.lab.calibration.calibrating import CALIBRATION
from lotwise.lab.calibration.tried import Knob
from lotwise.lab.experiments import EXPERIMENTS
from lotwise.lab.experiments.protocol import Verdict
from lotwise.lab.experiments.running import Asked, Ran, run_experiment, write_report
from lotwise.lab.simulated_market import SimulatedShape, simulate_market

SETTINGS = (Knob("looks", "quarterly", ("yearly",)), Knob("risk_price_bps", "50", ("5",)))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    panel = simulate_market(4, SimulatedShape(date(2020, 6, 1), date(2025, 12, 31), 40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibrating, "knobs", lambda _base, *, full: SETTINGS[: 1 if full else 2])
        for module in (calibrating, clients):
            patch.setattr(module, "KINDS", clients.KINDS[:2])
        return run_experiment(CALIBRATION, Asked(tmp_path_factory.mktemp("lab")), panel)


def test_every_setting_is_told_on_both_halves(ran: Ran) -> None:
    settings, values, together, prices = ran.finding.tables
    assert [row[0] for row in settings.rows] == ["looks", "risk price"]
    assert [(row[0], row[2]) for row in values.rows] == [("looks", "yearly"), ("risk price", "5")]
    assert len(together.rows) == 4
    assert len(prices.rows) == 2
    for half in ("first half", "second half"):
        assert f"risk_price_bps 5 {half} sold" in ran.finding.figures
    assert ran.finding.verdict in Verdict
    assert "worth" in ran.finding.because


def test_straying_further_puts_off_tax_and_costs_tracking(ran: Ran) -> None:
    """At a tenth of the risk price an account follows its target less closely."""
    row = {cells[2]: cells for cells in ran.finding.tables[1].rows}["5"]
    assert float(row[7]) > 0


def test_the_page_has_it_beside_the_claims(ran: Ran) -> None:
    said = json.loads((ran.folder / "result.json").read_text(encoding="utf-8"))
    assert said["experiment"] == "calibrate"
    page = write_report(ran.folder.parent, [*EXPERIMENTS.values(), CALIBRATION]).read_text(encoding="utf-8")
    for part in (
        "What each half chooses",
        "risk price 5",
        "Basis points a year above the default",
        "<svg",
        "lab calibrate --",
    ):
        assert part in page
    assert Path(ran.folder / "lives").exists() is False
    assert (ran.folder / "one_at_a_time_first_half" / "years.parquet").is_file()
