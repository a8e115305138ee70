"""Which column is what: header words in the many forms that custodians and spreadsheets have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from lotwise.interchange.prospect_file.cells import plain

__all__ = ["Role", "role_of", "roles_of", "words_of"]


class Role(StrEnum):
    """What a column of a prospect's file holds."""

    SYMBOL = "symbol"
    SHARES = "shares"
    BASIS = "basis"  # of the whole lot
    UNIT_BASIS = "basis per share"
    ANY_BASIS = "basis, of the lot or per share"
    ACQUIRED = "acquired"
    TERM = "term"
    PRICE = "price"
    VALUE = "value"
    KIND = "kind"
    ASSET_CLASS = "asset class"
    NAME = "name"
    ACCOUNT = "account"
    ACCOUNT_KIND = "account kind"
    LOT = "lot"


# Of one role the first words are preferred where a file has several such columns.
_WORDS: Mapping[Role, str] = {
    Role.SYMBOL: "symbol|ticker|ticker symbol|security symbol|symbol cusip|symbol ticker|sym|stock symbol|security id|"
    "security|stock|instrument|holding|asset|investment|fund",
    Role.SHARES: "shares|quantity|qty|share|units|share quantity|quantity shares|number of shares|no of shares|"
    "num shares|shares held|shares owned|current quantity|open quantity|remaining quantity|remaining shares|"
    "shares units|units shares|position|no shares|share count|unit",
    Role.BASIS: "total cost basis|total cost|cost basis total|adjusted cost basis|adj cost basis|adjusted basis|"
    "adjusted cost|adj cost|tax cost|tax basis|total basis|total adjusted cost|total adjusted cost basis|cost amount|"
    "basis amount|original cost|original cost basis|purchase cost|book value|book cost|amount paid|total amount paid|"
    "total purchase cost|total tax cost|invested|amount invested|federal tax cost|cost total|basis total",
    Role.UNIT_BASIS: "cost per share|cost basis per share|basis per share|cost share|cost basis share|unit cost|"
    "avg cost|average cost|average cost basis|avg cost basis|average price|avg price|purchase price|buy price|"
    "price paid|cost unit|unit price paid|average cost per share|avg cost per share|adjusted cost per share|"
    "purchase price per share|price per share paid|tax cost per share|unit basis|acquisition price|entry price",
    Role.ANY_BASIS: "cost basis|basis|cost|costbasis",
    Role.ACQUIRED: "acquired|date acquired|acquired date|acquisition date|purchase date|date purchased|trade date|"
    "purchased|date of purchase|date of acquisition|buy date|date bought|bought|open date|date opened|opened|"
    "opened date|lot date|tax lot date|opening date|acq date|purch date|date|holding since|original purchase date",
    Role.TERM: "term|holding period|long short|short long|lt st|st lt|gain term|holding term|long or short term",
    Role.PRICE: "price|last price|current price|market price|last|close|closing price|price per share|share price|"
    "last close|unit price|price share|nav|recent price|quote",
    Role.VALUE: "value|market value|current value|mkt value|total value|current market value|mkt val|market val|"
    "amount|balance|ending value",
    Role.KIND: "kind|security type|type|asset type|product type|instrument type|investment type|sec type",
    Role.ASSET_CLASS: "asset class|asset category|class|category|asset classification|assetclass",
    Role.NAME: "name|description|security name|security description|company|company name|fund name|holding name|"
    "investment name|issuer",
    Role.ACCOUNT: "account|account number|account id|account name|acct|acct number|account no|acct no|portfolio",
    Role.ACCOUNT_KIND: "account type|account kind|acct type|registration|registration type|account registration",
    Role.LOT: "lot|lot id|lot number|tax lot|tax lot id|lot no|taxlot|tax lot number",
}
_ROLES = {words: (role, rank) for role, text in _WORDS.items() for rank, words in enumerate(text.split("|"))}
_BETWEEN = r"[/|,;&]|\bor\b|\band\b"  # words of a header that says two things
_EMPTY_WORDS = frozenset({"usd", "us", "dollars", "approx", "est", "estimated", "the", "your", "in"})


def words_of(text: str) -> str:
    """The words of a header: `CostBasis ($)`, `cost_basis` and `COST BASIS` are `cost basis`."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain(text))
    words = re.sub(r"[^a-z0-9]+", " ", apart.casefold().replace("#", " number ")).split()
    return " ".join(word for word in words if word not in _EMPTY_WORDS)


def role_of(text: str) -> Role | None:
    """What a header says its column holds; None where it is of no use here."""
    found = _ranked(text)
    return found[0] if found else None


def _ranked(text: str) -> tuple[Role, int] | None:
    """Role of a header, and how much it is preferred; `Security ID / Description` says two words for what one cell is.

    `Price/Earnings` and `Cost / Value` do not: of figures only words for the same count.
    """
    found = _ROLES.get(words_of(text))
    if found is not None or not re.search(_BETWEEN, text):
        return found
    parts = [_ROLES.get(words_of(part)) for part in re.split(_BETWEEN, text) if words_of(part)]
    known = [part for part in parts if part is not None]
    roles = {role for role, _ in known}
    if len(known) < len(parts) or not known or not (len(roles) == 1 or roles == {Role.SYMBOL, Role.NAME}):
        return None
    return min(known, key=lambda part: part[0] is not Role.SYMBOL)


def roles_of(cells: Sequence[str]) -> tuple[dict[Role, int], list[int]]:
    """The column of each role, and the columns that another one of the same role makes superfluous."""
    best: dict[Role, tuple[int, int]] = {}
    spare: list[int] = []
    for column, cell in enumerate(cells):
        found = _ranked(cell)
        if found is None:
            continue
        role, rank = found
        if role in best and best[role][0] <= rank:
            spare.append(column)
            continue
        if role in best:
            spare.append(best[role][1])
        best[role] = rank, column
    roles = {role: column for role, (_, column) in best.items()}
    if Role.SYMBOL not in roles and Role.NAME in roles:
        roles[Role.SYMBOL] = roles[Role.NAME]
    if Role.ANY_BASIS in roles and Role.BASIS in roles:
        spare.append(roles.pop(Role.ANY_BASIS))
    return roles, sorted(spare)
