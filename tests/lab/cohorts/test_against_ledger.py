"""A cohort's lots are those of a firm's ledger: the events of a life, posted as files, fold to the same lots and gains.

The ledger reads text, names its lots and posts month by month; the life never leaves its arrays.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.policies import ordinary
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.ledger.events import Table
from lotwise.savings.shadow_rule import Schedule
from tests.lab.cohorts.posted_life import Names, posted, rows_of
from tests.lab.cohorts.small_market import POLICIES, STOCKS, small_cohort, small_panel, small_risk


def _counted(table: Table, names: Names, columns: tuple[str, ...]) -> Counter[tuple[object, ...]]:
    rows = zip(*(table[name].tolist() for name in columns), strict=True)
    whose = zip(table["account"].tolist(), table["security"].tolist(), strict=True)
    return Counter(
        (names.accounts[account], names.symbols[security], *row)
        for (account, security), row in zip(whose, rows, strict=True)
    )


_LOT = ("shares", "basis", "original_basis", "absorbed_loss", "acquired", "holding_start", "marks")
_SALE = ("sold", "shares", "proceeds", "basis", "disallowed", "permanent", "long_term", "holding_start")


def test_the_lots_gains_and_wash_sales_of_a_life_are_those_of_the_ledger(tmp_path: Path) -> None:
    panel = small_panel(volatility=0.04)
    policies = (*POLICIES[:2], ordinary("monthly", Schedule.MONTHLY, reinvests=True), POLICIES[3])
    lived: Lived = live(small_cohort(policies), panel, small_risk(), LiveSettings(keeps_lines=True))
    assert lived.trades is not None
    assert lived.realized is not None
    end = from_day_number(int(panel.days[-1])) + timedelta(days=1)
    ledger, names = posted(tmp_path, rows_of(lived.trades, panel), end)
    state = ledger.standing().state
    own = Names([f"A{number}" for number in range(len(POLICIES))], [f"S{each:02d}" for each in range(STOCKS)])
    assert lived.lots.size > 50
    assert (lived.realized["disallowed"] > 0).sum() > 3
    assert _counted(lived.lots, own, _LOT) == _counted(state.lots, names, _LOT)
    assert _counted(lived.realized, own, _SALE) == _counted(state.realized, names, _SALE)
