"""A small sound firm folder that touches every file of the contract, as text, to be read or spoiled."""

from __future__ import annotations

from pathlib import Path

SYMBOLS = ("AAA", "BBB", "CCC", "ETF", "ET2")
DAYS = ("2025-06-25", "2025-06-26", "2025-06-27", "2025-06-30")
FIRST_CLOSE = {"AAA": "100", "BBB": "110.25", "CCC": "9.5", "ETF": "95", "ET2": "96"}

FIRM = """version = 1
name = "Small"
as_of = 2025-06-30

[profile]
risk_price_bps = 40

[rates]
federal_short_rate = 0.408
federal_long_rate = 0.238
state_rate = 0.05
"""

PROFILES = """[gentle]
harvest = "year_round"
deferral_years = 10
discount_rate = 0.05
step_up_probability = 0.2
"""

HOUSEHOLDS = """household_id,model,name,federal_short_rate,federal_long_rate,state_rate,profile,wash_group
H1,core,"One, the first",0.37,0.2,0.05,,w
H2,blend,Two,0.35,0.15,0,gentle,w
H3,core,Three,0.3,0.15,0,,
"""

ACCOUNTS = """account_id,household_id,kind,cash,held_away
A2,H1,roth,20,
A1,H1,taxable,1000.5,false
A3,H2,taxable,500,
A4,H3,traditional,0,true
A5,H3,taxable,7,
"""

LOTS = """account_id,lot_id,symbol,shares,acquired,basis,acquisition,purpose
A1,L2,BBB,5.5,2025-06-20,600.25,purchase,
A1,L1,AAA,10,2020-01-02,500,,
A2,L1,ETF,100,2021-05-05,9000,,
A3,L1,AAA,3,2024-12-31,400,gift,hold
A4,L9,CCC,8,2019-03-04,80,,
A5,L1,BBB,2,2023-03-03,100,,
A5,L2,CCC,2.123456,2022-02-02,20.1234,inheritance,
"""

SECURITIES = """symbol,name,kind,asset_class,sector,industry,spread_bps,identical_group
AAA,Alpha,stock,equity,Energy,Oil,4,
BBB,Beta,stock,equity,Tech,Chips,2.5,
CCC,Gamma,stock,equity,Tech,Software,3,
ETF,Fund,etf,equity,,,1,index
ET2,Fund 2,etf,equity,,,1,index
"""

MODELS = """model,symbol,child_model,weight
core,AAA,,0.5
core,BBB,,0.3
core,CCC,,0.2
fund,ETF,,0.9
fund,CASH,,0.1
blend,,core,0.5
blend,,fund,0.5
"""

RESTRICTIONS = """household_id,rule,scope,value,weight,account_id
*,never_buy,screen,smoke,,
H1,max_weight,sector,Tech,0.4,
H1,never_sell,lot,L2,,
H2,never_own,symbol,CCC,,A3
H3,never_trade,industry,Chips,,
H3,min_weight,symbol,AAA,0.1,
"""

SCREENS = """screen,symbol,score
smoke,AAA,1
smoke,BBB,0
smoke,CCC,true
"""

LOOKTHROUGH = """fund,symbol,weight,as_of
ETF,BBB,0.25,2025-05-31
ETF,AAA,0.5,2025-05-31
ETF,AAA,0.9,2024-05-31
ET2,AAA,0.75,2025-05-31
"""

TRANSACTIONS = """date,account_id,kind,transaction_id,symbol,shares,amount,fee,basis,term
2025-06-10,A3,sell,T1,CCC,1,9,0.1,20,short
2025-06-11,A5,sell,T2,AAA,1,100,0,50,short
2025-06-12,A2,sell,T3,BBB,1,9,0,50,short
2020-06-12,A1,buy,T4,AAA,10,500,0,,
"""

PENDING_ORDERS = """account_id,symbol,side,shares
A1,CCC,buy,2
A3,AAA,sell,1
"""

GLIDE = """household_id,date,model
H3,2025-01-01,blend
H3,2026-01-01,fund
"""

REQUESTS = """request_id,account_id,household_id,kind,amount
R1,A1,,raise_cash,100
"""

CORPORATE_ACTIONS = """date,symbol,kind,ratio
2025-06-01,AAA,split,2
"""

SUBSTITUTES = """symbol,substitute,rank
AAA,BBB,1
"""


def prices() -> str:
    """Closes that rise by a dollar a day."""
    rows = ["date,symbol,close,adj_close"]
    for number, day in enumerate(DAYS):
        for symbol, first in FIRST_CLOSE.items():
            close = float(first) + number
            rows.append(f"{day},{symbol},{close},{close}")
    return "\n".join(rows) + "\n"


def small_firm() -> dict[str, str]:
    """Every file of the folder by name."""
    return {
        "firm.toml": FIRM,
        "profiles.toml": PROFILES,
        "households.csv": HOUSEHOLDS,
        "accounts.csv": ACCOUNTS,
        "lots.csv": LOTS,
        "securities.csv": SECURITIES,
        "prices.csv": prices(),
        "models.csv": MODELS,
        "restrictions.csv": RESTRICTIONS,
        "screens.csv": SCREENS,
        "lookthrough.csv": LOOKTHROUGH,
        "transactions.csv": TRANSACTIONS,
        "pending_orders.csv": PENDING_ORDERS,
        "glide.csv": GLIDE,
        "requests.csv": REQUESTS,
        "corporate_actions.csv": CORPORATE_ACTIONS,
        "substitutes.csv": SUBSTITUTES,
        "risk/exposures.csv": "symbol,factor,value\n" + "".join(f"{symbol},market,1\n" for symbol in SYMBOLS),
        "risk/covariance.csv": "factor,factor2,value\nmarket,market,0.04\n",
        "risk/specific.csv": "symbol,variance\n" + "".join(f"{symbol},0.05\n" for symbol in SYMBOLS),
    }


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files into a folder, byte by byte as given."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder
