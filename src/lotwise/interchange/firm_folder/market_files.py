"""The contract of the files about the market: securities, prices, models, funds, and a risk model."""

from __future__ import annotations

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.contract import (
    ACTION_KINDS,
    FILLED_DATE,
    MOST_PRICE,
    Column,
    FileContract,
    Kind,
    id_column,
    text_column,
)

__all__ = [
    "CORPORATE_ACTIONS",
    "COVARIANCE",
    "EXPOSURES",
    "IDENTICAL",
    "LOOKTHROUGH",
    "MODELS",
    "PRICES",
    "SCREENS",
    "SECURITIES",
    "SPECIFIC",
    "SUBSTITUTES",
]

SECURITIES = FileContract(
    "securities",
    "one row per security",
    (
        id_column("symbol", "its name, unique"),
        text_column("name", "what people call it"),
        Column(
            "kind",
            Kind.CHOICE,
            "what it is; empty = stock",
            required=True,
            choices=("stock", "etf", "fund", "bond", "cash"),
            bad=Severity.WARNING,
        ),
        text_column("asset_class", "for restrictions and the risk model"),
        text_column("sector", "for restrictions and the risk model"),
        text_column("industry", "for restrictions and the risk model"),
        Column(
            "spread_bps",
            Kind.BASIS_POINTS,
            "full bid-ask spread; one trade costs half of it",
            low="0",
            high="10000",
            bad=Severity.WARNING,
        ),
        *(
            Column(name, Kind.NUMBER, meaning, low="0", high=high, bad=Severity.WARNING)
            for name, meaning, high in (
                ("dividend_yield", "dividends or interest of a year, fraction of value; empty = 0", "10"),
                (
                    "qualified_share",
                    "share of them that is qualified; empty = 1 of a stock or a fund of stocks (asset_class), else 0",
                    "1",
                ),
                ("gain_distribution", "long-term gains that a fund distributes a year, fraction of value", "10"),
            )
        ),
        text_column("identical_group", "securities of one group are substantially identical"),
        text_column("cusip", "identifier", used=False),
    ),
    needed=True,
)

PRICES = FileContract(
    "prices",
    "one row per security and day",
    (
        FILLED_DATE,
        id_column("symbol", "security"),
        Column(
            "close",
            Kind.MONEY,
            "as traded on the last date; earlier dates on the same share basis",
            required=True,
            low="0.0001",
            high=MOST_PRICE,
            bad=Severity.WARNING,
        ),
        Column(
            "adj_close",
            Kind.NUMBER,
            "total return",
            low="0.000000001",
            high="1000000000",
            bad=Severity.WARNING,
        ),
    ),
    needed=True,
)

MODELS = FileContract(
    "models",
    "target portfolios: one row per security, or per model that a blend is made of",
    (
        id_column("model", "name of the model"),
        id_column("symbol", "security, or CASH", required=False, filled=False),
        id_column("child_model", "model that is blended in", required=False, filled=False),
        Column(
            "weight",
            Kind.NUMBER,
            "fraction; a model sums to 1",
            required=True,
            filled=True,
            low="0",
            high="1",
        ),
        Column("from", Kind.DATE, "first day of these weights; empty = always; the latest day that has come counts"),
    ),
    needed=True,
)

CORPORATE_ACTIONS = FileContract(
    "corporate_actions",
    "splits, mergers and the like: the ledger applies each once to every account that holds the security",
    (
        Column("date", Kind.DATE, "day", required=True, filled=True, bad=Severity.WARNING),
        Column("symbol", Kind.TEXT, "security", required=True, filled=True, bad=Severity.WARNING),
        Column(
            "kind",
            Kind.CHOICE,
            "what happens",
            required=True,
            filled=True,
            choices=ACTION_KINDS,
            bad=Severity.WARNING,
        ),
        Column(
            "ratio",
            Kind.TEXT,
            "new shares per old: 2, 1.5, 3/2 or 3:2; of a stock dividend, additional shares",
            bad=Severity.WARNING,
        ),
        text_column("new_symbol", "what it becomes, or what comes with it"),
        Column("cash_per_share", Kind.MONEY, "cash for each old share", low="0", high=MOST_PRICE, bad=Severity.WARNING),
        Column("fraction", Kind.RATE, "of basis that goes to the new shares", low="0", high="1", bad=Severity.WARNING),
        Column(
            "fair_value",
            Kind.MONEY,
            "of one new share of a mixed merger; empty = its close of the day, or the last of the 7 days before",
            low="0",
            high=MOST_PRICE,
            bad=Severity.WARNING,
        ),
    ),
    until="it is not applied",
)

IDENTICAL = FileContract(
    "identical",
    "groups of securities that the firm takes for substantially identical, with dates and source; read by the ledger",
    (
        Column("symbol", Kind.TEXT, "security", required=True, filled=True),
        Column("group", Kind.TEXT, "securities of one group are substantially identical", required=True, filled=True),
        Column("from", Kind.DATE, "first day; empty = always"),
        Column("until", Kind.DATE, "last day; empty = still"),
        text_column("source", "why the firm takes them for identical: a memo, a ruling"),
    ),
    until="the row does not count",
)

LOOKTHROUGH = FileContract(
    "lookthrough",
    "what funds hold",
    (
        id_column("fund", "symbol of the fund"),
        id_column("symbol", "what it holds"),
        Column("weight", Kind.NUMBER, "fraction of the fund", required=True, filled=True, low="0", high="1"),
        Column("as_of", Kind.DATE, "day of the holdings; the latest one known counts"),
    ),
)

SCREENS = FileContract(
    "screens",
    "lists and scores of securities for restrictions; one named like a built-in screen replaces it",
    (
        id_column("screen", "name of the screen"),
        id_column("symbol", "security"),
        Column(
            "score",
            Kind.TEXT,
            "a number or true/false; true, empty, or more than 0 = on the screen, where no threshold is asked for",
            bad=Severity.WARNING,
        ),
    ),
)

SUBSTITUTES = FileContract(
    "substitutes",
    "what may stand for what",
    (
        id_column("symbol", "security"),
        id_column("substitute", "what may stand for it"),
        Column(
            "rank", Kind.NUMBER, "1 = first choice; among equal ones the risk model chooses", low="0", high="1000000"
        ),
    ),
)

# A factor may be scaled in any way: only exposures and covariance together say how much risk there is, and what they
# say is checked as a whole. The bound on single figures is beyond every unit that anybody measures in.
_MOST_RISK = "1000000000000"
_NO_RISK = "its peers stand for its security, if there are any"

EXPOSURES = FileContract(
    "risk/exposures",
    "a risk model brought along: factor exposures",
    (
        id_column("symbol", "security"),
        id_column("factor", "factor"),
        Column(
            "value",
            Kind.NUMBER,
            "exposure",
            required=True,
            filled=True,
            low=f"-{_MOST_RISK}",
            high=_MOST_RISK,
        ),
    ),
    until=_NO_RISK,
)

COVARIANCE = FileContract(
    "risk/covariance",
    "annual covariance of the factors",
    (
        id_column("factor", "factor"),
        id_column("factor2", "factor"),
        Column(
            "value",
            Kind.NUMBER,
            "annual covariance",
            required=True,
            filled=True,
            low=f"-{_MOST_RISK}",
            high=_MOST_RISK,
        ),
    ),
    until="the risk model is estimated from prices",
)

SPECIFIC = FileContract(
    "risk/specific",
    "annual specific variance",
    (
        id_column("symbol", "security"),
        Column("variance", Kind.NUMBER, "annual variance", required=True, filled=True, low="0", high="1000"),
    ),
    until=_NO_RISK,
)
