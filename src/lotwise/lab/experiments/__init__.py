"""Claims of the field, each rerun by one command: `EXPERIMENTS` are all there are, in the order of the report."""

from __future__ import annotations

from lotwise.lab.experiments.deferral import DEFERRAL
from lotwise.lab.experiments.harvest_frequency import HARVEST_FREQUENCY
from lotwise.lab.experiments.location import LOCATION
from lotwise.lab.experiments.protocol import Experiment
from lotwise.lab.experiments.sleeves import SLEEVES
from lotwise.lab.experiments.systematic import SYSTEMATIC
from lotwise.lab.experiments.tax_value import TAX_VALUE
from lotwise.lab.experiments.transition import TRANSITION
from lotwise.lab.experiments.wash_sales import WASH_SALES

__all__ = ["EXPERIMENTS"]

_IN_ORDER = (
    SYSTEMATIC,
    TRANSITION,
    TAX_VALUE,
    DEFERRAL,
    HARVEST_FREQUENCY,
    WASH_SALES,
    LOCATION,
    SLEEVES,
)
EXPERIMENTS: dict[str, Experiment] = {each.name: each for each in _IN_ORDER}
