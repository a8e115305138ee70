"""Claims of the field, each rerun by one command: `EXPERIMENTS` are all there are, in the order of the report."""

from __future__ import annotations

from lotwise.lab.experiments.break_even import BREAK_EVEN
from lotwise.lab.experiments.daily_monthly import DAILY_MONTHLY
from lotwise.lab.experiments.deferral import DEFERRAL
from lotwise.lab.experiments.etf_pair import ETF_PAIR
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
    DAILY_MONTHLY,
    WASH_SALES,
    ETF_PAIR,
    LOCATION,
    SLEEVES,
    BREAK_EVEN,
)
EXPERIMENTS: dict[str, Experiment] = {each.name: each for each in _IN_ORDER}
