"""The TOML files of the demo firm: what holds for the firm, and its named profiles."""

from __future__ import annotations

from datetime import date

__all__ = ["FIRM_NAME", "firm_toml", "profiles_toml"]

FIRM_NAME = "Lotwise demo firm"


def firm_toml(as_of: date, source: str) -> str:
    """firm.toml: version, day, the firm's own policy and the rates of households that give none."""
    return f"""# Written by the Lotwise demo ({source} market): every household in it is invented.
version = 1
name = "{FIRM_NAME}"
as_of = {as_of.isoformat()}

# What holds where a household names no profile. Units: FIRM_FOLDER, profile keys. No cash_target: where a model has a
# weight of CASH that is the target, elsewhere it is the default, 1%.
[profile]
risk_price_bps = 50
deferral_discount = 0.5
harvest = 0.97
cash_band = 0.01
minimum_trade = 250
worth_it_bps = 1

# Rates of a household that gives neither rates nor income, as fractions; total = federal + state.
[rates]
federal_short_rate = 0.358
federal_long_rate = 0.188
state_rate = 0.04
"""


def profiles_toml() -> str:
    """profiles.toml: what some households want otherwise than the firm."""
    return """# Named profiles: each starts from the firm's own policy (firm.toml) and changes what it names.

[patient_growth]
# Gains are unlikely ever to be taxed: defer them, and let the portfolio stray further for it.
risk_price_bps = 25
deferral_years = 15
discount_rate = 0.05
step_up_probability = 0.4
short_term_wait_cap = 6
# Trades only if they are worth 0.4% of the household: some of these households hold.
worth_it_bps = 40

[year_round_harvest]
# Losses are taken early in the year only if deep, towards December more freely.
harvest = "year_round"
deferral_discount = 0.6
short_term_wait_cap = 4
worth_it_bps = 40

[close_tracking]
# Tracking first: gains are realised rather than let the portfolio drift.
risk_price_bps = 200
deferral_discount = 0.85
harvest = 0.9
buy_opportunity_cost = false

[small_account]
# Few dollars: fractions of shares and small trades.
fractional_shares = true
minimum_trade = 50
cash_band = 0.015
"""
