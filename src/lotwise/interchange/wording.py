"""Codes and figures become sentences: why a lot trades, what became of a household, which rule gave way.

Reasons of trades are built as columns (a platform has millions of them); messages of households one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from lotwise.errors import Finding, Severity
from lotwise.money import DOLLAR, IntArray
from lotwise.rebalancing.book import AccountKind, Accounts, Book, BookLabels, LotFlag
from lotwise.rebalancing.proposal import Cause, Outcomes, Proposals, Reason, Status, Trades

__all__ = ["household_messages", "motives", "relaxation_text", "restriction_name", "trade_reasons"]

# Relaxed restrictions named in a household's message; all of them stand in relaxations.csv.
_NAMED = 3

# What a finding names that concerns every household (a policy or a file that all of them need).
_EVERY_HOUSEHOLD = "*"

_CASH_BAND = "the cash band of its policy"

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
}


def motives(trades: Trades) -> pl.Series:
    """One word per trade for what moved it: harvest, rebalance, restriction, cash or exchange."""
    return pl.Series("motive", [_MOTIVES[reason] for reason in Reason]).gather(trades.reason.astype(np.int64))


def trade_reasons(trades: Trades, accounts: Accounts) -> pl.Series:
    """Say in one sentence why each trade is proposed, with its figures: T strings.

    The gain and its tax are the trade's own exact columns; the credit of a harvest and the risk saved a year
    are the trade's figures. Dollars are whole from ten dollars on, cents below. Every figure must be finite.
    """
    frame = pl.DataFrame(
        {
            "reason": trades.reason,
            "buy": trades.side == 0,
            "deferred": accounts.kind[trades.account] != AccountKind.TAXABLE,
            "gain": trades.gain / DOLLAR,
            "tax": trades.tax / DOLLAR,
            "cost": trades.cost / DOLLAR,
            "term": pl.Series(["short-term", "long-term"]).gather(trades.long_term.astype(np.int64)),
            "figure_1": trades.figure_1,
            "figure_2": trades.figure_2,
        }
    )
    risk = (
        pl.when(pl.col("figure_2") >= 0)
        .then(pl.format("saves {} a year of risk", _dollars("figure_2")))
        .otherwise(pl.format("adds {} a year of risk that the other trades save", _dollars("figure_2")))
    )
    cost = pl.format("for {} of trading cost", _dollars("cost"))
    is_reason = {reason: pl.col("reason") == int(reason) for reason in Reason}
    sentence = (
        pl.when(is_reason[Reason.HARVEST])
        .then(
            pl.format(
                "harvests a {} {} loss: {} of tax saved now",
                _dollars("gain"),
                pl.col("term"),
                _dollars("figure_1"),
            )
        )
        .when(is_reason[Reason.REBALANCE_SELL])
        .then(pl.format("sold to track the target: {}, {}", risk, _tax_clause()))
        .when(is_reason[Reason.REBALANCE_BUY])
        .then(pl.format("bought to track the target: {} {}", risk, cost))
        .when(is_reason[Reason.RESTRICTED] & pl.col("buy"))
        .then(pl.format("bought because a restriction asks for it: {} of trading cost", _dollars("cost")))
        .when(is_reason[Reason.RESTRICTED])
        .then(pl.format("sold because a restriction asks for it: {}", _tax_clause()))
        .when(is_reason[Reason.EXCHANGE_SELL])
        .then(pl.format("sold to pay for trades that are worth more: {}", _tax_clause()))
        .when(is_reason[Reason.EXCHANGE_BUY])
        .then(pl.format("bought in place of what is sold {}", cost))
        .when(is_reason[Reason.RAISE_CASH])
        .then(pl.format("sold to bring cash back into its band: {}", _tax_clause()))
        .when(pl.col("buy"))
        .then(pl.format("invests cash above its band {}", cost))
        .otherwise(pl.format("makes room for cash to be invested: {}", _tax_clause()))
    )
    return frame.select(sentence.alias("reason")).to_series()


def _tax_clause() -> pl.Expr:
    """Say the tax of a sale: "$120 of tax on a $800 long-term gain"."""
    gain = pl.format("{} {}", _dollars("gain"), pl.col("term"))
    return (
        pl.when(pl.col("deferred"))
        .then(pl.lit("no tax in this account"))
        .when(pl.col("gain") > 0)
        .then(pl.format("{} of tax on a {} gain", _dollars("tax"), gain))
        .when(pl.col("gain") < 0)
        .then(pl.format("{} of tax saved by a {} loss", _dollars("tax"), gain))
        .otherwise(pl.lit("no gain, no tax"))
    )


def _dollars(column: str) -> pl.Expr:
    """Write a float column of dollars without its sign: $1,234 from ten dollars on, $0.42 below.

    A trillion or more loses its first comma: no trade comes near.
    """
    amount = pl.col(column).abs()
    whole: pl.Expr = amount.round(0).cast(pl.Int64)
    cents = (amount * 100).round(0).cast(pl.Int64)
    return (
        pl.when(cents == 0)
        .then(pl.lit("$0"))
        .when(cents < 1_000)
        .then(pl.format("${}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2)))
        .when(whole < 1_000)
        .then(pl.format("${}", whole))
        .when(whole < 1_000_000)
        .then(pl.format("${},{}", whole // 1_000, _three_digits(whole)))
        .when(whole < 1_000_000_000)
        .then(pl.format("${},{},{}", whole // 1_000_000, _three_digits(whole // 1_000), _three_digits(whole)))
        .otherwise(
            pl.format(
                "${},{},{},{}",
                whole // 1_000_000_000,
                _three_digits(whole // 1_000_000),
                _three_digits(whole // 1_000),
                _three_digits(whole),
            )
        )
    )


def _three_digits(number: pl.Expr) -> pl.Expr:
    return (number % 1_000).cast(pl.String).str.zfill(3)


def relaxation_text(restriction: str, required: float, reached: float) -> str:
    """Name a restriction that could not be kept, with what it asked for and what was reached."""
    bound = "at most" if reached > required else "at least"
    for digits in range(2, 7):
        asked, got = f"{required:.{digits}%}", f"{reached:.{digits}%}"
        if asked != got:
            break
    return f"{restriction}: {bound} {asked} asked for, {got} reached"


def restriction_name(labels: BookLabels, source: int) -> str:
    """Name a restriction as it stands in its file; -1 is the cash band of the policy."""
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
        parts = [_cause_text(proposals.outcomes, row, float(thresholds[row]), own)]
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


def _cause_text(outcomes: Outcomes, row: int, threshold_bps: float, findings: Sequence[Finding]) -> str:
    """Say the cause of one household's status with its figure."""
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
    """Collect the restrictions each household broke, with the account where it has several."""
    rows = proposals.relaxations
    figures = zip(rows.required.tolist(), rows.reached.tolist(), strict=True)
    accounts_of = np.diff(book.households.account_start)
    relaxed: dict[int, list[str]] = defaultdict(list)
    for account, source, (required, reached) in zip(rows.account.tolist(), rows.source.tolist(), figures, strict=True):
        household = int(book.accounts.household[account])
        text = relaxation_text(restriction_name(labels, source), required, reached)
        if accounts_of[household] > 1:
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
