"""Codes and figures become sentences: what became of a household, which rule gave way; and a word for each trade."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np

from lotwise.errors import Finding, Severity
from lotwise.households.rest import rest_words
from lotwise.money import IntArray
from lotwise.rebalancing.book import Book, BookLabels, LotFlag
from lotwise.rebalancing.proposal import Cause, Outcomes, Proposals, Reason, Status

__all__ = ["household_messages", "model_names", "motives", "policy_versions", "relaxation_text", "restriction_name"]

# Relaxed restrictions named in a household's message; all of them stand in relaxations.csv.
_NAMED = 3

# What a finding names that concerns every household (a policy or a file that all of them need).
_EVERY_HOUSEHOLD = "*"

_CASH_BAND = "the cash that its policy and requests ask for"

# What moved a trade, in one word: to group by.
_MOTIVES = {
    Reason.HARVEST: "harvest",
    Reason.REBALANCE_SELL: "rebalance",
    Reason.REBALANCE_BUY: "rebalance",
    Reason.RESTRICTED: "restriction",
    Reason.RAISE_CASH: "cash",
    Reason.INVEST_CASH: "cash",
    Reason.EXCHANGE_SELL: "exchange",
    Reason.EXCHANGE_BUY: "exchange",
    Reason.LOCATE_SELL: "location",
    Reason.LOCATE_BUY: "location",
    Reason.SUBSTITUTE: "substitute",
}


def motives() -> list[str]:
    """One word per reason for what moved a trade: harvest, rebalance, restriction, cash, exchange or location."""
    return [_MOTIVES[reason] for reason in Reason]


def relaxation_text(restriction: str, required: float, reached: float) -> str:
    """Name a restriction that could not be kept, with what it asked for and what was reached."""
    bound = "at most" if reached > required else "at least"
    for digits in range(2, 7):
        asked, got = f"{required:.{digits}%}", f"{reached:.{digits}%}"
        if asked != got:
            break
    return f"{restriction}: {bound} {asked} asked for, {got} reached"


def restriction_name(labels: BookLabels, source: int) -> str:
    """Name a restriction as it stands in its file; -1 is the cash that policy and requests ask for."""
    return labels.restrictions[source] if source >= 0 else _CASH_BAND


def household_messages(book: Book, labels: BookLabels, proposals: Proposals, findings: Iterable[Finding]) -> list[str]:
    """Say what became of each household and why, in the order of the book: H strings, never empty.

    After the cause come the restrictions that gave way, the lots that are not sold for want of basis or
    date, and the warnings about its data.
    """
    known = _findings_by_household(findings)
    relaxed = _relaxed_by_household(book, labels, proposals)
    unknown_lots = _lots_without_tax(book)
    thresholds = book.policies.worth_it[book.households.policy] * 1e4
    messages = []
    for row, identity in enumerate(labels.households.tolist()):
        own = [*known.get(_EVERY_HOUSEHOLD, ()), *known.get(identity, ())]
        parts = [_cause_text(proposals.outcomes, row, float(thresholds[row]), _rest_of(book, row), own)]
        if proposals.outcomes.status[row] != Status.REFUSED:
            parts += _relaxed_texts(relaxed.get(row, []))
            if unknown_lots[row]:
                parts.append(f"{_count(int(unknown_lots[row]), 'lot')} without basis or date not sold")
            warnings = sum(finding.severity != Severity.NOTICE for finding in own)
            if warnings:
                parts.append(f"{_count(warnings, 'finding')} about its data")
        messages.append("; ".join(parts))
    return messages


def _relaxed_texts(texts: list[str]) -> list[str]:
    named = [f"not kept in full: {text}" for text in texts[:_NAMED]]
    if len(texts) > _NAMED:
        named.append(f"and {len(texts) - _NAMED} more in relaxations.csv")
    return named


def _cause_text(outcomes: Outcomes, row: int, threshold_bps: float, rest: str, findings: Sequence[Finding]) -> str:
    """Say the cause of one household's status with its figure; `rest`: since when and until when it rests."""
    figure = float(outcomes.figure[row])
    gain = f"{float(outcomes.score[row]) * 1e4:.1f} bp of value"
    trades = _count(int(outcomes.trades[row]), "trade")
    match Cause(int(outcomes.cause[row])):
        case Cause.IMPROVES:
            return f"proposed: {trades} worth {gain}"
        case Cause.CASH:
            return f"proposed: cash is outside its band ({figure:.2%} of value), {trades} to mend it"
        case Cause.RESTRICTION:
            return f"proposed: a restriction is breached, {trades} to mend it as far as can be"
        case Cause.NOT_WORTH_IT:
            best, least = _apart(figure, threshold_bps)
            return f"holds: the best trades improve it by {best} bp, less than its threshold of {least} bp"
        case Cause.TRADED_LATELY:
            return f"holds: {rest}; its best trades would improve it by {figure:.1f} bp"
        case Cause.NOTHING_TO_TRADE:
            return "holds: no account of it may trade, or none has any value"
        case Cause.BAD_DATA:
            return _refusal(findings)
        case Cause.NO_VALUE:
            return "refused: an account is worth less than nothing; correct its cash or its lots"
        case Cause.NOT_SOLVED:
            gap = float(outcomes.gap_convex[row]) * 1e4
            return f"failed: the solver stopped {gap:.2g} bp from its bound, more than stated; nothing is traded"
        case Cause.NOT_VERIFIED:
            return (
                "failed: the exact re-verification found a broken rule, nothing is traded; this is a fault of"
                " Lotwise, not of the data: please report it"
            )


def _rest_of(book: Book, household: int) -> str:
    days = Decimal(str(book.policies.days_between[book.households.policy[household]]))
    return rest_words(int(book.households.last_trade[household]), days)


def _apart(figure: float, threshold: float) -> tuple[str, str]:
    """Two figures with as many decimals as it takes to see which is smaller."""
    for digits in range(1, 7):
        low, high = f"{figure:.{digits}f}", f"{threshold:.{digits}f}"
        if low != high:
            break
    return low, f"{threshold:g}" if float(high) == threshold else high


def _refusal(findings: Sequence[Finding]) -> str:
    errors = [finding for finding in findings if finding.severity == Severity.ERROR]
    if not errors:
        return "refused: its data has errors, see findings.csv"
    if len(errors) == 1:
        return f"refused: 1 error in its data: {errors[0]}"
    return f"refused: {len(errors)} errors in its data, first: {errors[0]}"


def _findings_by_household(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    known: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.household is not None:
            known[finding.household].append(finding)
    return known


def _relaxed_by_household(book: Book, labels: BookLabels, proposals: Proposals) -> dict[int, list[str]]:
    """Collect the restrictions each household broke, with the account where it has several and it is of one."""
    rows = proposals.relaxations
    figures = zip(rows.required.tolist(), rows.reached.tolist(), strict=True)
    accounts_of = np.diff(book.households.account_start)
    relaxed: dict[int, list[str]] = defaultdict(list)
    whose = zip(rows.household.tolist(), rows.account.tolist(), rows.source.tolist(), figures, strict=True)
    for household, account, source, (required, reached) in whose:
        text = relaxation_text(restriction_name(labels, source), required, reached)
        if accounts_of[household] > 1 and account >= 0:
            text += f" in {labels.accounts[account]}"
        relaxed[household].append(text)
    return relaxed


def _lots_without_tax(book: Book) -> IntArray:
    """Count the lots per household that cannot be sold for want of basis or date (held away: none could)."""
    unknown = np.concatenate(([0], np.cumsum((book.lots.flags & LotFlag.UNKNOWN_TAX) != 0)))
    by_account = np.diff(unknown[book.accounts.lot_start]) * book.accounts.trades
    total = np.concatenate(([0], np.cumsum(by_account)))
    return np.diff(total[book.households.account_start]).astype(np.int64)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def model_names(labels: BookLabels, book: Book) -> list[str | None]:
    """Model that each household follows; None where its data refuse it, which may name one that is not there."""
    households = book.households
    followed = zip(households.model.tolist(), households.blocked.tolist(), strict=True)
    return [None if blocked else labels.models[row] for row, blocked in followed]


def policy_versions(labels: BookLabels, book: Book) -> list[str | None]:
    """Version of each household's policy; None where it is not known."""
    return [labels.policies[row] if labels.policies else None for row in book.households.policy.tolist()]
