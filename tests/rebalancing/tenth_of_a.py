"""The household of most golden cases: one account of 100,000 dollars whose model is a tenth of A and the rest."""

from __future__ import annotations

from dataclasses import replace

from tests.rebalancing.written_book import (
    REST,
    HeldAccount,
    HeldLot,
    Name,
    Rule,
    WrittenBook,
    lot,
    rest,
    taxable,
)

__all__ = ["GAINING", "LOSING", "ON_TARGET", "TOLERANCE", "as_one", "one", "several"]

TENTH = {"A": 0.1, REST: 0.9}  # the model of most cases
ON_TARGET = (lot("A", 10_000), rest(90_000))
LOSING = (
    lot("A", 10_000, basis=30_000),
    rest(90_000),
)  # worth harvesting whole: 0.476 a dollar, 0.4 risk the last one
GAINING = (lot("A", 10_000, basis=5_000), rest(90_000))
TOLERANCE = 1e-6  # of an account: a bound is kept to the last millionth of a share


def one(*lots: HeldLot, rules: tuple[Rule, ...] = (), cash: float = 0.0, **steering: float | bool) -> WrittenBook:
    """A household of one taxable account with a tenth of A as its target."""
    names = {"A": Name(), "B": Name(), "TWIN": Name(twin="A")}
    return WrittenBook(names, TENTH, (taxable(*lots, cash=cash),), rules=rules).steered(**steering)


def several(*accounts: HeldAccount) -> WrittenBook:
    """The same household with other accounts, each of which goes to the target by itself."""
    return replace(one(joint=False), accounts=accounts)


def as_one(*accounts: HeldAccount, rules: tuple[Rule, ...] = (), **steering: float | bool) -> WrittenBook:
    """The same household with other accounts, which are one portfolio; a spread keeps A where it is for no reason."""
    book = one(rules=rules, **steering)
    return replace(book, accounts=accounts, names=book.names | {"A": Name(spread_bps=1.0)})
