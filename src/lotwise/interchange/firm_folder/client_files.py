"""The contract of the files about clients: households, accounts, lots, and what clients want and did."""

from __future__ import annotations

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.contract import (
    ACTION_KINDS,
    FILLED_DATE,
    MOST_MONEY,
    MOST_PRICE,
    MOST_SHARES,
    ONE_SHARE_UNIT,
    Column,
    FileContract,
    Kind,
    id_column,
    text_column,
)

__all__ = [
    "ACCOUNTS",
    "GLIDE",
    "HOUSEHOLDS",
    "LOTS",
    "PENDING_ORDERS",
    "REQUESTS",
    "RESTRICTIONS",
    "TRANSACTIONS",
]

# Dollars: sums of a few amounts of this size stay below what the lines of a tax return hold (`tax.position.LARGEST`).
_MOST_OF_A_YEAR = "10000000000"

_FILING = ("single", "married_joint", "married_separate", "head_of_household")

HOUSEHOLDS = FileContract(
    "households",
    "one row per household, the unit of wash sales",
    (
        id_column("household_id", "name of the household, unique"),
        id_column("model", "target portfolio (models.csv)"),
        text_column("name", "what people call it"),
        Column("filing_status", Kind.CHOICE, "status on the tax return; empty = single", choices=_FILING),
        text_column("state", "state of residence, two letters"),
        *(
            Column(name, Kind.MONEY, meaning, low=f"-{_MOST_OF_A_YEAR}", high=_MOST_OF_A_YEAR)
            for name, meaning in (
                ("ordinary_income", "taxable, after deductions, before gains and qualified dividends"),
                ("magi", "modified adjusted gross income, before gains and qualified dividends"),
                ("ytd_short_gains", "realised this year in managed accounts; ignored where the record tells the year"),
                ("ytd_long_gains", "the same, with capital-gain distributions"),
                ("outside_short_gains", "realised or expected elsewhere"),
                ("outside_long_gains", "realised or expected elsewhere"),
            )
        ),
        *(
            Column(name, Kind.MONEY, meaning, low="0", high=_MOST_OF_A_YEAR)
            for name, meaning in (
                ("expected_qualified_dividends", "of the whole year; what was received counts where it is more"),
                ("short_carryforward", "loss carried from earlier years"),
                ("long_carryforward", "loss carried from earlier years"),
            )
        ),
        Column(
            "federal_short_rate",
            Kind.RATE,
            "marginal, with net investment income tax; instead of income",
            low="0",
            high="1",
        ),
        Column(
            "federal_long_rate",
            Kind.RATE,
            "marginal, with net investment income tax; instead of income",
            low="0",
            high="1",
        ),
        Column(
            "state_rate",
            Kind.RATE,
            "marginal; total = federal + state; instead of the state's law",
            low="0",
            high="1",
        ),
        Column("fee_bps", Kind.BASIS_POINTS, "yearly fee", low="0", high="10000", bad=Severity.WARNING),
        id_column("profile", "named profile; empty = the firm's own", required=False, filled=False),
        id_column("wash_group", "links married-separate households", required=False, filled=False),
    ),
    needed=True,
)

# Standing orders and methods of single sales (Reg. 1.1012-1(c) and (e)).
RELIEFS = ("fifo", "lifo", "hifo", "lowest_tax", "average")

ACCOUNTS = FileContract(
    "accounts",
    "one row per account",
    (
        id_column("account_id", "name of the account, unique"),
        id_column("household_id", "its household"),
        Column(
            "kind",
            Kind.CHOICE,
            "how it is taxed",
            required=True,
            filled=True,
            choices=("taxable", "traditional", "roth"),
        ),
        Column(
            "cash",
            Kind.MONEY,
            "cash, may be negative",
            required=True,
            filled=True,
            low=f"-{MOST_MONEY}",
            high=MOST_MONEY,
        ),
        text_column("owner", "whose it is", used=False),
        text_column("custodian", "where it is kept", used=False),
        Column("held_away", Kind.FLAG, "true: counted for wash sales, never traded"),
        Column(
            "relief",
            Kind.CHOICE,
            "standing order of its sales in the ledger; empty = the firm's, else fifo",
            choices=RELIEFS,
            bad=Severity.WARNING,
        ),
    ),
    needed=True,
)

_UNKNOWN_TAX = Severity.WARNING  # the lot is kept and never sold

LOTS = FileContract(
    "lots",
    "one row per tax lot",
    (
        id_column("account_id", "its account"),
        id_column("lot_id", "name of the lot, unique in its account"),
        id_column("symbol", "its security"),
        Column(
            "shares",
            Kind.SHARES,
            "shares held",
            required=True,
            filled=True,
            low=ONE_SHARE_UNIT,
            high=MOST_SHARES,
        ),
        Column("acquired", Kind.DATE, "trade date of the acquisition", required=True, bad=_UNKNOWN_TAX),
        Column(
            "basis",
            Kind.MONEY,
            "total, adjusted",
            required=True,
            low="0",
            high=MOST_MONEY,
            bad=_UNKNOWN_TAX,
        ),
        Column(
            "original_basis",
            Kind.MONEY,
            "before wash-sale and other adjustments",
            low="0",
            high=MOST_MONEY,
            bad=Severity.WARNING,
        ),
        Column("holding_period_start", Kind.DATE, "if it differs from acquired", bad=_UNKNOWN_TAX),
        text_column("acquisition", "purchase, reinvest, gift, inheritance, merger, ...; empty = purchase"),
        Column(
            "loss_basis",
            Kind.MONEY,
            "basis for a loss, of a gift",
            low="0",
            high=MOST_MONEY,
            bad=_UNKNOWN_TAX,
        ),
        Column("purpose", Kind.CHOICE, "why it is kept: never sold", choices=("hold", "donate", "step_up")),
    ),
    needed=True,
)

RULES = ("never_buy", "never_sell", "never_own", "never_trade", "min_weight", "max_weight")
SCOPES = ("symbol", "lot", "sector", "industry", "asset_class", "screen")

RESTRICTIONS = FileContract(
    "restrictions",
    "what a client does not want",
    (
        id_column("household_id", "household, * = all"),
        Column("rule", Kind.CHOICE, "the rule", required=True, filled=True, choices=RULES),
        Column("scope", Kind.CHOICE, "what value names", required=True, filled=True, choices=SCOPES),
        id_column(
            "value", "symbol, lot_id, sector, industry, asset class, or screen, with a threshold or not (esg < 40)"
        ),
        Column(
            "weight",
            Kind.NUMBER,
            "bound of min_weight and max_weight: fraction of the household, or of account_id",
            low="0",
            high="1",
        ),
        id_column("account_id", "empty = every account of the household", required=False, filled=False),
    ),
    blocks_all=True,
)

REQUESTS = FileContract(
    "requests",
    "what a client asks for",
    (
        id_column("request_id", "name of the request, unique"),
        id_column("account_id", "account", required=False, filled=False),
        id_column("household_id", "household, if no account", required=False, filled=False),
        Column(
            "kind",
            Kind.CHOICE,
            "what is asked",
            required=True,
            filled=True,
            choices=("raise_cash", "invest_cash", "rmd", "close", "harvest"),
        ),
        Column("amount", Kind.MONEY, "dollars", required=True, low="0", high=MOST_MONEY),
        Column("term", Kind.CHOICE, "of a harvest", choices=("short", "long")),
        Column("by", Kind.DATE, "last day"),
        Column("preserve_until", Kind.DATE, "losses are kept until"),
    ),
)

TRANSACTION_KINDS = (
    "buy",
    "sell",
    "dividend",
    "reinvest",
    "reinvestment",
    "interest",
    "capital_gain_distribution",
    "deposit",
    "withdrawal",
    "fee",
    "transfer_in",
    "transfer_out",
    "gift_in",
    "inheritance",
    "donation",
    "gift_out",
    *ACTION_KINDS,
    "cash_in_lieu",
    "sell_short",
    "cover",
    "basis_correction",
)


def _ledger(name: str, kind: Kind, meaning: str, low: str | None = None, high: str | None = None) -> Column:
    """A column that the ledger reads: a wrong cell keeps its row from being posted, and blocks no household."""
    return Column(name, kind, meaning, low=low, high=high, bad=Severity.WARNING)


TRANSACTIONS = FileContract(
    "transactions",
    "what happened: posted to the ledger; sales at a loss of the last 30 days open wash windows",
    (
        FILLED_DATE,
        id_column("account_id", "account"),
        Column("kind", Kind.CHOICE, "what happened", required=True, filled=True, choices=TRANSACTION_KINDS),
        id_column(
            "transaction_id", "same id = same transaction; empty = made from the row", required=False, filled=False
        ),
        _ledger("sequence", Kind.NUMBER, "order within a day; empty = as in the file"),
        id_column("symbol", "security", required=False, filled=False),
        Column("shares", Kind.SHARES, "shares", low=f"-{MOST_SHARES}", high=MOST_SHARES),
        Column(
            "amount",
            Kind.MONEY,
            "dollars, before the fee; empty = shares x price",
            low=f"-{MOST_MONEY}",
            high=MOST_MONEY,
        ),
        Column("price", Kind.MONEY, "per share", low="0", high=MOST_PRICE),
        Column("fee", Kind.MONEY, "dollars", low="0", high=MOST_MONEY),
        _ledger("settle_date", Kind.DATE, "settlement"),
        _ledger("ex_date", Kind.DATE, "of a dividend or distribution; empty = the day of payment stands for it"),
        _ledger("qualified", Kind.FLAG, "true: a qualified dividend; empty = it is not"),
        text_column("lot_id", "lot that is opened, or taken; one without a name is #EVENT.0, as ledger lots shows it"),
        _ledger("order_id", Kind.TEXT, "fills of one order are one purchase, or one sale"),
        Column(
            "basis",
            Kind.MONEY,
            "of the shares sold (stated) or received",
            low="0",
            high=MOST_MONEY,
            bad=Severity.WARNING,
        ),
        Column(
            "term",
            Kind.CHOICE,
            "of a stated sale without dates: short or long",
            choices=("short", "long"),
            bad=Severity.WARNING,
        ),
        _ledger("acquired", Kind.DATE, "of the shares sold (stated) or received"),
        _ledger("holding_period_start", Kind.DATE, "of the shares sold (stated) or received, if it is not acquired"),
        text_column("acquisition", "of a lot transferred in, as in lots; empty = purchase"),
        _ledger("original_basis", Kind.MONEY, "before wash-sale adjustments", "0", MOST_MONEY),
        _ledger("new_symbol", Kind.TEXT, "what it becomes, or what comes with it"),
        _ledger("ratio", Kind.TEXT, "new shares per old: 2, 1.5, 3/2 or 3:2; of a stock dividend, additional shares"),
        _ledger("cash_per_share", Kind.MONEY, "cash for each old share", "0", MOST_PRICE),
        _ledger("fraction", Kind.RATE, "of basis that goes to the new shares", "0", "1"),
        _ledger(
            "fair_value",
            Kind.MONEY,
            "of all shares on the day of a gift or death; of a mixed merger, of one new share (empty = by the prices)",
            "0",
            MOST_MONEY,
        ),
        _ledger("donor_basis", Kind.MONEY, "of a gift", "0", MOST_MONEY),
        _ledger("donor_acquired", Kind.DATE, "of a gift"),
        _ledger("counter_account", Kind.TEXT, "account of the firm that a transfer goes to, or comes from"),
        Column(
            "relief",
            Kind.CHOICE,
            "lots that are taken; empty = lot_id, else the account's standing order",
            choices=RELIEFS,
            bad=Severity.WARNING,
        ),
        _ledger("stated", Kind.FLAG, "true: a sale of shares that the ledger never held; basis and dates are stated"),
        _ledger("replaced", Kind.FLAG, "true: the shares received have replaced shares sold at a loss already"),
    ),
    blocks_all=True,
)

PENDING_ORDERS = FileContract(
    "pending_orders",
    "orders not yet filled: they open wash windows and use cash",
    (
        id_column("account_id", "account"),
        id_column("symbol", "security"),
        Column("side", Kind.CHOICE, "buy or sell", required=True, filled=True, choices=("buy", "sell")),
        Column(
            "shares",
            Kind.SHARES,
            "shares",
            required=True,
            filled=True,
            low=ONE_SHARE_UNIT,
            high=MOST_SHARES,
        ),
    ),
    blocks_all=True,
)

GLIDE = FileContract(
    "glide",
    "models by date",
    (
        id_column("household_id", "household"),
        Column("date", Kind.DATE, "first day of the model", required=True, filled=True),
        id_column("model", "model from that day on"),
    ),
    blocks_all=True,
)
