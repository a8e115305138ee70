"""Words that say what a row is: cash, a total, a long-term lot, a fund, an IRA."""

from __future__ import annotations

import re

from lotwise.households.accounts import AccountKind
from lotwise.interchange.prospect_file.cells import plain

__all__ = ["account_kind_of", "is_cash", "is_total", "kind_of", "term_of"]

_TOTAL = re.compile(
    r"(?i)^(sub[- ]?totals?|((grand|account|portfolio|overall|group|position|lot)s?[- ]+)?totals?)\b"
    r"(?!\s+(return|stock|bond))"
)
# Five letters that end in XX are money-market funds, by the exchanges' own rule for symbols.
_CASH = re.compile(
    r"(?i)^([a-z]{3}xx|cash|usd|us dollars?|u\.s\. dollars?|free credit balance|"
    r"(fdic )?(insured )?bank (sweep|deposit).*|"
    r"(core )?cash( (&|and) .*| balance.*| sweep.*| position.*| account.*| investments?.*)?|pending activity|"
    r"money markets?( funds?)?|sweep( account)?|core position|settled cash|cash equivalents?)$"
)
_KINDS = (
    ("etf", r"\b(etfs?|exchange[- ]traded)\b"),
    ("bond", r"\b(bonds?|fixed[- ]income|treasur(y|ies)|notes?|muni(cipals?)?|corporates?|cds?|debt)\b"),
    ("fund", r"\b(funds?|mutual|mf|unit trust|uit|cef|closed[- ]end)\b"),
    ("stock", r"\b(stocks?|equit(y|ies)|common|cs|shares?|adrs?|reits?|preferred)\b"),
)
_ACCOUNTS = (
    (AccountKind.ROTH, r"\broth\b"),
    (AccountKind.TAXABLE, r"\b(taxable|brokerage|jtwros|non-?qualified)\b"),
    (AccountKind.TRADITIONAL, r"\b(ira|traditional|401 ?\(?k\)?|403 ?\(?b\)?|rollover|sep|pension|keogh|qualified)\b"),
    (AccountKind.TAXABLE, r"\b(individual|joint|trust|tod|community|personal)\b"),
)


def is_total(text: str) -> bool:
    """Whether a cell begins a row of totals."""
    return bool(_TOTAL.match(plain(text)))


def is_cash(text: str) -> bool:
    """Whether a symbol or a name stands for cash."""
    return bool(_CASH.match(plain(text).strip("*# ")))


def term_of(text: str) -> str:
    """Long or short, as a cell says it; '' where it does not."""
    words = plain(text).casefold().replace("-", " ")
    if re.search(r"\b(short|st|s)\b", words):
        return "short" if not re.search(r"\b(long|lt|l)\b", words) else ""
    return "long" if re.search(r"\b(long|lt|l)\b", words) else ""


def kind_of(text: str) -> str:
    """Kind of a security by the words for it; '' where there are none."""
    words = plain(text).casefold()
    return next((kind for kind, pattern in _KINDS if re.search(pattern, words)), "")


def account_kind_of(text: str) -> AccountKind | None:
    """How an account is taxed, by the words for it; None where there are none."""
    words = plain(text).casefold()
    return next((kind for kind, pattern in _ACCOUNTS if re.search(pattern, words)), None)
