"""Cases of wash sales: transactions in execution order become a record, and what they fold into is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EventFlag, Relief
from lotwise.ledger.tables import Reading
from tests.law.case_facts import Facts, UnknownShapeError
from tests.law.comparison import Comparison, is_long
from tests.law.open_lots import compare_lots, stated_lots
from tests.ledger.written_events import Named, Record
from tests.ledger.written_results import Gain, Outcome, outcome_of

__all__ = ["WrittenCase", "compare_expected", "compare_sales", "compare_totals", "relief_of", "write_case"]

# Accounts of a spouse are of the same taxpayer: IRS Publication 550, wash sales; Rev. Rul. 2008-5 for the IRA.
_KINDS = {
    **dict.fromkeys(
        ("taxable", "individual", "brokerage", "joint", "spouse", "spouse_taxable", "custodial", "trust"),
        AccountKind.TAXABLE,
    ),
    **dict.fromkeys(
        (
            "ira",
            "traditional",
            "traditional_ira",
            "rollover_ira",
            "sep_ira",
            "simple_ira",
            "spouse_ira",
            "spouse_traditional_ira",
            "401k",
            "hsa",
            "tax_deferred",
        ),
        AccountKind.TRADITIONAL,
    ),
    **dict.fromkeys(("roth", "roth_ira", "spouse_roth", "spouse_roth_ira", "roth_401k"), AccountKind.ROTH),
}

_RELIEFS = {
    "specific": Relief.DEFAULT,
    "specific_id": Relief.DEFAULT,
    "specific_identification": Relief.DEFAULT,
    "fifo": Relief.FIFO,
    "lifo": Relief.LIFO,
    "hifo": Relief.HIFO,
    "highest_cost": Relief.HIFO,
    "max_loss": Relief.HIFO,
    "min_gain": Relief.HIFO,
    "lowest_tax": Relief.LOWEST_TAX,
    "min_tax": Relief.LOWEST_TAX,
    "average": Relief.AVERAGE,
    "average_cost": Relief.AVERAGE,
    "acb": Relief.AVERAGE,
}


def relief_of(facts: Facts, *keys: str) -> Relief:
    """Which lots a sale takes, by the name that a case uses."""
    name = facts.text(*keys).lower().replace(" ", "_").replace("-", "_")
    if name not in _RELIEFS:
        raise UnknownShapeError(f"{facts.where}: relief must be one of {sorted(_RELIEFS)}, was {name!r}")
    return _RELIEFS[name]


@dataclass(slots=True)
class WrittenCase:
    """A case as a record, and which transaction each event came from."""

    record: Record
    transaction_of: dict[int, str] = field(default_factory=dict)

    def note(self, transaction: str, events: Sequence[int]) -> None:
        """Remember where events came from."""
        self.transaction_of.update(dict.fromkeys(events, transaction))

    def fold(self, check: Comparison) -> Outcome:
        """Fold the record, of which every event must be posted."""
        outcome = outcome_of(self.record)
        self.all_posted(check, outcome)
        return outcome

    def all_posted(self, check: Comparison, outcome: Outcome) -> None:
        """Expect that no event was refused."""
        for event, refusal in outcome.refused.items():
            check.differ(f"event {event} ({self.transaction_of.get(event, 'unnamed')}) refused: {refusal.name}")


def write_case(case: Facts, reading: Reading) -> WrittenCase:
    """Write the transactions of a case as a record."""
    written = WrittenCase(Record(reading=reading))
    relief = Relief.FIFO
    if "options" in case:
        options = case.table("options")
        relief = relief_of(options, "lot_method") if "lot_method" in options else relief
        if "substantially_identical" in options:
            for group in options.raw("substantially_identical"):
                written.record.identical(*group)
    for facts in case.tables("transactions"):
        _write(written, facts, Relief.FIFO if relief == Relief.DEFAULT else relief)
    return written


def _write(written: WrittenCase, facts: Facts, relief: Relief) -> None:
    """Write one transaction."""
    record = written.record
    name, day = facts.text("id"), facts.day("date")
    account = _account(record, facts, relief)
    symbol = facts.text("symbol") if "symbol" in facts else "X"
    if "time" in facts:
        facts.text("time")  # transactions stand in the order in which they were executed
    action = facts.text("action").lower()
    shares = facts.number("shares") if "shares" in facts else Decimal(0)
    if action in ("buy", "reinvest", "drip"):
        amount = facts.number("amount")
        flags = EventFlag.USED if facts.flag("already_used_as_replacement") else EventFlag(0)
        order = facts.text("acquisition") if "acquisition" in facts else None
        if (facts.flag("reinvested") or action != "buy") and order is None and not flags:
            event = record.reinvest(day, account, symbol, shares, amount, lot=name)
        else:
            event = record.buy(day, account, symbol, shares, amount, lot=name, order=order, flags=flags)
        written.note(name, [event])
    elif action == "sell":
        lots = [_named(lot, shares) for lot in facts.tables("lots")] if "lots" in facts else []
        written.note(name, record.sell(day, account, symbol, shares, facts.number("amount"), lots=lots))
    elif action == "split":
        written.note(name, [record.split(day, account, symbol, facts.ratio("ratio"))])
    elif action == "stock_dividend":
        written.note(name, [record.stock_dividend(day, account, symbol, facts.ratio("ratio", "new_per_old"))])
    elif action in ("gift_in", "gift"):
        basis, value, acquired = facts.number("donor_basis"), facts.number("fair_value"), facts.day("donor_acquired")
        gift = record.gift_in(day, account, symbol, shares, lot=name, basis=basis, fair_value=value, acquired=acquired)
        written.note(name, [gift])
    elif action in ("inherit", "inheritance"):
        value = facts.number("fair_value", "amount")
        written.note(name, [record.inherit(day, account, symbol, shares, value, lot=name)])
    else:
        raise UnknownShapeError(f"{facts.where}: nothing understands the action {action!r}")


def _account(record: Record, facts: Facts, relief: Relief) -> str:
    name = facts.text("account") if "account" in facts else "T1"
    word = facts.text("account_type").lower() if "account_type" in facts else "taxable"
    if word not in _KINDS:
        raise UnknownShapeError(f"{facts.where}: account_type must be one of {sorted(_KINDS)}, was {word!r}")
    taxpayer = facts.text("taxpayer") if "taxpayer" in facts else "us"
    record.account(name, _KINDS[word], relief=relief, taxpayer=taxpayer)
    return name


def _named(facts: Facts, shares: Decimal) -> Named:
    return facts.text("lot"), facts.number("shares") if "shares" in facts else shares


def compare_sales(check: Comparison, written: WrittenCase, outcome: Outcome, sales: Sequence[Facts]) -> None:
    """Compare realised rows, joined by sale and lot (and term, where a lot is stated in parts), with those stated."""
    stated = [(facts.text("sale"), facts.text("lot"), facts) for facts in sales]
    once = {key for key in {row[:2] for row in stated} if [row[:2] for row in stated].count(key) == 1}
    told: set[int] = set()
    for sale, lot, facts in stated:
        long_term = is_long(facts) if "term" in facts else None
        what = f"{sale} of {lot}"
        rows = [
            (number, gain)
            for number, gain in enumerate(outcome.gains)
            if (written.transaction_of.get(gain.event), gain.name) == (sale, lot)
            and ((sale, lot) in once or long_term in (None, gain.long_term))
        ]
        told.update(number for number, _ in rows)
        _compare_sale(check, what, [gain for _, gain in rows], facts)
        if long_term is not None:
            check.term(what, {gain.long_term for _, gain in rows}, long_term)
    for number, gain in enumerate(outcome.gains):
        if number not in told and gain.taxable:
            check.differ(f"realised besides: {gain}")


def _compare_sale(check: Comparison, what: str, gains: Sequence[Gain], facts: Facts) -> None:
    zero = Decimal(0)
    if "shares" in facts:
        check.shares(f"shares of {what}", sum((gain.shares for gain in gains), zero), facts.number("shares"))
    for key in ("proceeds", "basis", "disallowed", "recognized"):
        if key in facts:
            total = sum((getattr(gain, key) for gain in gains), zero)
            check.money(f"{key} of {what}", total, facts.number(key))
    if "permanently_disallowed" in facts:
        permanent = sum((gain.permanent for gain in gains), zero)
        check.money(f"lost for ever of {what}", permanent, facts.number("permanently_disallowed"))


def compare_totals(check: Comparison, outcome: Outcome, totals: Facts) -> None:
    """Compare what was disallowed and recognised in all, in taxable accounts."""
    gains = [gain for gain in outcome.gains if gain.taxable]
    for key, field_name in (
        ("disallowed", "disallowed"),
        ("recognized", "recognized"),
        ("permanently_disallowed", "permanent"),
    ):
        if key in totals:
            total = sum((getattr(gain, field_name) for gain in gains), Decimal(0))
            check.money(f"{key} in all", total, totals.number(key))


def compare_expected(check: Comparison, written: WrittenCase, outcome: Outcome, expected: Facts) -> None:
    """Compare all that a case expects: sales, lots open at the end, totals."""
    compare_sales(check, written, outcome, expected.tables("sales"))
    compare_lots(check, stated_lots(expected.tables("lots")), outcome.lots)
    compare_totals(check, outcome, expected.table("totals"))
