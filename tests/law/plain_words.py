"""Events in plain words: one sentence an event, so that a case of the law reads as its source tells it.

    2024-03-01 buy 100 X for 5000 as first
    2024-05-03 sell 100 X for 4000 of first in spouse
    2024-05-20 reinvest 2 X for 82 as second in roth

Every sentence is a date, one of the forms in `_FORMS`, and then, where they matter, "order NAME" and "in ACCOUNT".
The accounts are own and spouse (taxable), ira and spouse-ira, roth, and stranger: another taxpayer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import EventKind, Relief
from tests.ledger.written_events import Record

__all__ = ["UnknownSentenceError", "describe_accounts", "write_sentence"]

Words: TypeAlias = Mapping[str, str]

_KINDS = {
    "own": AccountKind.TAXABLE,
    "spouse": AccountKind.TAXABLE,
    "stranger": AccountKind.TAXABLE,
    "ira": AccountKind.TRADITIONAL,
    "spouse-ira": AccountKind.TRADITIONAL,
    "roth": AccountKind.ROTH,
}


class UnknownSentenceError(ValueError):
    """A sentence that is none of the forms."""


def describe_accounts(record: Record, relief: Relief) -> None:
    """Describe the accounts that sentences name, all selling by one standing order."""
    for name, kind in _KINDS.items():
        record.account(name, kind, relief=relief, taxpayer="stranger" if name == "stranger" else "us")


def write_sentence(record: Record, sentence: str) -> None:
    """Append the event that a sentence tells of."""
    for pattern, write in _FORMS:
        found = pattern.fullmatch(sentence)
        if found:
            words = {name: word for name, word in found.groupdict().items() if word is not None}
            account = words.get("account", "own")
            if account not in _KINDS:
                raise UnknownSentenceError(f"account must be one of {sorted(_KINDS)}, was {account!r}: {sentence!r}")
            write(record, {**words, "account": account})
            return
    raise UnknownSentenceError(f"must be one of the forms of tests.law.plain_words, was {sentence!r}")


def _ratio(words: Words) -> Fraction:
    return Fraction(Decimal(words["new"])) / Fraction(Decimal(words["old"]))


def _buy(record: Record, w: Words) -> None:
    record.buy(w["day"], w["account"], w["symbol"], w["shares"], w["amount"], lot=w["lot"], order=w.get("order"))


def _reinvest(record: Record, w: Words) -> None:
    record.reinvest(w["day"], w["account"], w["symbol"], w["shares"], w["amount"], lot=w["lot"])


def _sell(record: Record, w: Words) -> None:
    """Sell; `of` names lots: "of first", or "of first 60, second 40"."""
    named = [part.split() for part in w.get("lots", "").split(",") if part]
    lots = [(part[0], part[1] if len(part) == 2 else w["shares"]) for part in named]
    record.sell(w["day"], w["account"], w["symbol"], w["shares"], w["amount"], lots=lots, order=w.get("order"))


def _gift(record: Record, w: Words) -> None:
    record.gift_in(
        w["day"],
        w["account"],
        w["symbol"],
        w["shares"],
        lot=w["lot"],
        basis=w["basis"],
        acquired=w["since"],
        fair_value=w["value"],
    )


def _transfer(record: Record, w: Words) -> None:
    record.transfer_in(
        w["day"],
        w["account"],
        w["symbol"],
        w["shares"],
        lot=w["lot"],
        basis=w["basis"],
        acquired=w["since"],
        holding_start=w["since"],
    )


def _inherit(record: Record, w: Words) -> None:
    record.inherit(w["day"], w["account"], w["symbol"], w["shares"], w["value"], lot=w["lot"])


def _donate(record: Record, w: Words) -> None:
    record.donate(w["day"], w["account"], w["symbol"], w["shares"], lot=w["lot"])


def _split(record: Record, w: Words) -> None:
    record.split(w["day"], w["account"], w["symbol"], _ratio(w))


def _stock_dividend(record: Record, w: Words) -> None:
    record.stock_dividend(w["day"], w["account"], w["symbol"], _ratio(w))


def _other_class(record: Record, w: Words) -> None:
    percent = Fraction(Decimal(w["percent"])) / 100
    kind, new = EventKind.STOCK_DIVIDEND_OTHER, w["new_symbol"]
    record.reorganise(kind, w["day"], w["account"], w["symbol"], new_symbol=new, ratio=_ratio(w), fraction=percent)


def _rename(record: Record, w: Words) -> None:
    record.reorganise(EventKind.SYMBOL_CHANGE, w["day"], w["account"], w["symbol"], new_symbol=w["new_symbol"])


def _merge_for_cash(record: Record, w: Words) -> None:
    record.reorganise(EventKind.CASH_MERGER, w["day"], w["account"], w["symbol"], cash=w["cash"])


def _merge_for_stock(record: Record, w: Words) -> None:
    kind, new = EventKind.STOCK_MERGER, w["new_symbol"]
    record.reorganise(kind, w["day"], w["account"], w["symbol"], new_symbol=new, ratio=_ratio(w))


def _merge_for_both(record: Record, w: Words) -> None:
    record.reorganise(
        EventKind.MIXED_MERGER,
        w["day"],
        w["account"],
        w["symbol"],
        new_symbol=w["new_symbol"],
        ratio=_ratio(w),
        cash=w["cash"],
        fair_value=w["value"],
    )


def _spin_off(record: Record, w: Words) -> None:
    percent = Fraction(Decimal(w["percent"])) / 100
    record.spin_off(w["day"], w["account"], w["symbol"], w["new_symbol"], ratio=_ratio(w), fraction=percent)


def _return_capital(record: Record, w: Words) -> None:
    record.return_of_capital(w["day"], w["account"], w["symbol"], w["amount"])


def _cash_in_lieu(record: Record, w: Words) -> None:
    record.cash_in_lieu(w["day"], w["account"], w["symbol"], w["shares"], w["amount"], lot=w.get("lots"))


def _sell_short(record: Record, w: Words) -> None:
    record.sell_short(w["day"], w["account"], w["symbol"], w["shares"], w["amount"])


def _cover(record: Record, w: Words) -> None:
    """Close a short sale by a purchase, or by delivering a lot."""
    record.cover(w["day"], w["account"], w["symbol"], w["shares"], w.get("amount", 0), lot=w.get("lot"))


_WORDS = {
    "SHARES": r"(?P<shares>[\d.]+)",
    "SYMBOL": r"(?P<symbol>[A-Z]+)",
    "AMOUNT": r"(?P<amount>[\d.]+)",
    "LOTS": r"(?: of (?P<lots>[\w ,.-]+?))?",
    "LOT": r"(?P<lot>[\w-]+)",
    "NEW": r"(?P<new_symbol>[A-Z]+)",
    "RATIO": r"(?P<new>[\d.]+) for (?P<old>[\d.]+)",
    "CASH": r"(?P<cash>[\d.]+)",
    "VALUE": r"(?P<value>[\d.]+)",
    "BASIS": r"(?P<basis>[\d.]+)",
    "SINCE": r"(?P<since>\d{4}-\d\d-\d\d)",
    "PERCENT": r"(?P<percent>[\d.]+)%",
}


def _form(text: str) -> re.Pattern[str]:
    """Pattern of a form: words in capitals stand for what a sentence fills in."""
    pattern = re.sub(r"\b[A-Z]+\b", lambda word: _WORDS[word[0]], text)
    return re.compile(rf"(?P<day>\d{{4}}-\d\d-\d\d) {pattern}(?: order (?P<order>\w+))?(?: in (?P<account>[\w-]+))?")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[Record, Words], None]], ...] = (
    (_form("buy SHARES SYMBOL for AMOUNT as LOT"), _buy),
    (_form("reinvest SHARES SYMBOL for AMOUNT as LOT"), _reinvest),
    (_form("sell SHARES SYMBOL for AMOUNT(?:LOTS)"), _sell),
    (_form("are given SHARES SYMBOL as LOT, donor paid BASIS on SINCE, worth VALUE"), _gift),
    (_form("transfer in SHARES SYMBOL as LOT, basis BASIS, held since SINCE"), _transfer),
    (_form("inherit SHARES SYMBOL as LOT, worth VALUE"), _inherit),
    (_form("donate SHARES SYMBOL of LOT"), _donate),
    (_form("split SYMBOL RATIO"), _split),
    (_form("stock dividend on SYMBOL, RATIO"), _stock_dividend),
    (_form("dividend on SYMBOL in shares of NEW, RATIO, PERCENT of basis"), _other_class),
    (_form("rename SYMBOL to NEW"), _rename),
    (_form("merge SYMBOL for CASH a share"), _merge_for_cash),
    (_form("merge SYMBOL into NEW, RATIO"), _merge_for_stock),
    (_form("merge SYMBOL into NEW, RATIO, and CASH a share, new share worth VALUE"), _merge_for_both),
    (_form("spin off NEW from SYMBOL, RATIO, PERCENT of basis"), _spin_off),
    (_form("return capital AMOUNT on SYMBOL"), _return_capital),
    (_form("cash AMOUNT for SHARES SYMBOL(?:LOTS)"), _cash_in_lieu),
    (_form("sell short SHARES SYMBOL for AMOUNT"), _sell_short),
    (_form("cover SHARES SYMBOL for AMOUNT"), _cover),
    (_form("cover SHARES SYMBOL with LOT"), _cover),
)
