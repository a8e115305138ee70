"""A small firm that a prospect may move to, and the prospect's file: twelve stocks and three funds."""

from __future__ import annotations

from pathlib import Path

from tests.interchange.small_firm import write

STOCKS = tuple(f"S{number:02d}" for number in range(12))
FUNDS = ("FNDA", "FNDB", "FNDC")
PRICES = {symbol: 20 + 7 * place for place, symbol in enumerate((*STOCKS, *FUNDS))}
RATES = {"federal_short_rate": "0.35", "federal_long_rate": "0.15", "state_rate": "0.05"}

FIRM = """version = 1
name = "Harbour"
as_of = 2026-11-20

[profile]
risk_price_bps = 40
deferral_discount = 0.5
cash_target = 0
cash_band = 0.01
fractional_shares = true

[rates]
federal_short_rate = 0.35
federal_long_rate = 0.15
state_rate = 0.05
"""

PROFILES = "[patient]\nrisk_price_bps = 4\n\n[strict]\nrisk_price_bps = 400\n"

PROSPECT = """Symbol,Quantity,Cost Basis,Date Acquired
S00,1000,"$5,000.00",2015-03-04
S00,200,"$2,900.00",2026-05-04
S01,300,"$9,500.00",2019-07-01
S02,150,"$1,200.00",2012-01-03
FNDA,100,"$2,000.00",2014-02-03
S05,80,"$4,000.00",2026-08-03
"""


def firm_files() -> dict[str, str]:
    """The firm's folder, with a household of its own that must not matter."""
    securities = "".join(
        f"{symbol},{symbol} Inc,stock,equity,Sector {place % 2},,4\n" for place, symbol in enumerate(STOCKS)
    )
    funds = "".join(f"{symbol},{symbol} Fund,fund,equity,,,0\n" for symbol in FUNDS)
    known = (*STOCKS, *FUNDS)
    return {
        "firm.toml": FIRM,
        "profiles.toml": PROFILES,
        "overrides.toml": "[H1]\nrisk_price_bps = 1\n",
        "households.csv": "household_id,model\nH1,TWELVE\n",
        "accounts.csv": "account_id,household_id,kind,cash\nA1,H1,taxable,1000\n",
        "lots.csv": "account_id,lot_id,symbol,shares,acquired,basis\nA1,L1,S03,5,2020-01-02,100\n",
        "securities.csv": "symbol,name,kind,asset_class,sector,industry,spread_bps\n" + securities + funds,
        "prices.csv": "date,symbol,close\n" + "".join(f"2026-11-20,{symbol},{PRICES[symbol]}\n" for symbol in known),
        "models.csv": "model,symbol,weight\n" + "".join(f"TWELVE,{symbol},{1 / 12:.12f}\n" for symbol in STOCKS),
        "restrictions.csv": "household_id,rule,scope,value\n*,never_buy,symbol,S11\nH1,never_sell,symbol,S03\n",
        "risk/exposures.csv": "symbol,factor,value\n" + "".join(f"{symbol},market,1\n" for symbol in known),
        "risk/covariance.csv": "factor,factor2,value\nmarket,market,0.03\n",
        "risk/specific.csv": "symbol,variance\n"
        + "".join(f"{symbol},{0.05 if symbol in STOCKS else 0.002}\n" for symbol in known),
    }


def written(folder: Path, prospect: str = PROSPECT) -> tuple[Path, Path]:
    """The prospect's file and the firm's folder."""
    firm = write(folder / "firm", firm_files())
    file = folder / "lots.csv"
    file.write_text(prospect)
    return file, firm
