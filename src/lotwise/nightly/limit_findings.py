"""What is said of hard limits: which one binds for whom and what it costs, and which could not be kept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lotwise.errors import Finding, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.rebalancing.limits import Limit
from lotwise.rebalancing.netting import Netted
from lotwise.reports.explanation import price_words

__all__ = ["limit_findings"]

_KEYS = {
    Limit.TRACKING: "tracking_cap_bps",
    Limit.TAX: "tax_budget",
    Limit.GAIN: "gain_budget",
    Limit.HARVEST: "amount",
}
_WHAT = {
    Limit.TRACKING: "a tracking error within its cap",
    Limit.TAX: "tax within what the year's budget leaves",
    Limit.GAIN: "net gain within what the year's budget, or losses to be preserved, leave",
    Limit.HARVEST: "as many losses as a request asks for",
}


def limit_findings(firm: Firm, netted: Netted) -> Iterator[Finding]:
    """Say of each household whose limits bind how tracking or trading is priced then, and which of them it misses."""
    yield from _turnover_findings(firm, netted)
    kept = netted.kept
    for row in np.flatnonzero((kept.limit > 0) | (kept.missed > 0)).tolist():
        missed = Limit(int(kept.missed[row]))
        limit = missed or Limit(int(kept.limit[row]))
        profile = firm.profiles[firm.book.households.policy[row]]
        key = _KEYS[limit]
        if limit is Limit.TAX and profile.tax_budget is None:
            key = "tax_budget_pct"
        price = f"tracking is priced at {kept.price[row]:.3g} times the profile's price"
        to_do = "its trades are the nearest that cash and restrictions leave; raise the limit or take something back"
        yield Finding(
            file="(limits)",
            line=None,
            column=key,
            severity=Severity.WARNING if missed else Severity.NOTICE,
            must_be=_WHAT[limit],
            was=f"not to be had, even if {price}" if missed else f"kept: {price}",
            to_do=to_do if missed else "nothing",
            household=str(firm.labels.households[row]),
        )


def _turnover_findings(firm: Firm, netted: Netted) -> Iterator[Finding]:
    """Say of each household whose cap on turnover binds what a dollar traded is charged then."""
    kept = netted.kept
    for row in np.flatnonzero((kept.trading > 0) | kept.beyond).tolist():
        beyond = bool(kept.beyond[row])
        price = f"a dollar bought or sold is charged {price_words(kept.trading[row])} beside its cost"
        to_do = "cash that is asked for and restrictions come first; raise the cap, or ask for less at a time"
        yield Finding(
            file="(limits)",
            line=None,
            column="turnover_cap",
            severity=Severity.WARNING if beyond else Severity.NOTICE,
            must_be="turnover within its cap",
            was=f"not to be had, even if {price}" if beyond else f"kept: {price}",
            to_do=to_do if beyond else "nothing: what is left is for the next nights",
            household=str(firm.labels.households[row]),
        )
