"""Why a household trades what it trades: words for people, rows for programs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from lotwise.interchange.trade_table import exact
from lotwise.library.asking import words_of
from lotwise.money import DOLLAR, SHARE, format_money
from lotwise.rebalancing.book import BookLabels
from lotwise.rebalancing.explain import AccountStory, HouseholdStory, LotLine, NameLine
from lotwise.reports import notebook
from lotwise.reports.explanation import (
    account_facts,
    explanation,
    lot_words,
    name_words,
    names_shown,
    policy_words,
    tax_words,
)
from lotwise.securities.market import MarketLabels

__all__ = ["Explanation"]

_ONE_PORTFOLIO = "Its accounts are one portfolio; weights are fractions of all they are worth."
_REFUSED = "It is refused: its data has errors, see the findings."


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """A household explained, or one security of it lot by lot; `story` holds every figure."""

    story: HouseholdStory
    labels: BookLabels
    market: MarketLabels
    symbol: str | None = None

    @property
    def tax(self) -> str:
        """At which rates its lots are priced, why, and for how many dollars."""
        return tax_words(self.story.tax)

    @property
    def names(self) -> pl.DataFrame:
        """One row per name and account: account_id, symbol, target, before, after (fractions of the portfolio), why."""
        return self._names_frame([(account, self._chosen(account)) for account in self.story.accounts])

    @property
    def lots(self) -> pl.DataFrame:
        """One row per lot: account_id, symbol, lot_id, shares, value (dollars), gain (fraction of it), term, why.

        A gain that is not known is null.
        """
        rows = [
            (account, line, lot)
            for account in self.story.accounts
            for line in self._chosen(account)
            for lot in line.lots
        ]
        return self._lots_frame(rows)

    def _chosen(self, account: AccountStory) -> list[NameLine]:
        return [line for line in account.names if self.symbol in (None, self.market.symbols[line.security])]

    def _names_frame(self, accounts: list[tuple[AccountStory, list[NameLine]]]) -> pl.DataFrame:
        rows = [
            (
                str(self.labels.accounts[account.account]),
                self.market.symbols[line.security],
                line.target,
                line.before,
                line.after,
                name_words(line, self.market.symbols, traded=account.proposed),
            )
            for account, lines in accounts
            for line in lines
        ]
        kinds = {"account_id": pl.String, "symbol": pl.String, "target": pl.Float64, "before": pl.Float64}
        return pl.DataFrame(rows, schema={**kinds, "after": pl.Float64, "why": pl.String}, orient="row")

    def _lots_frame(self, rows: list[tuple[AccountStory, NameLine, LotLine]]) -> pl.DataFrame:
        def text(name: str, cells: list[str]) -> pl.Series:
            return pl.Series(name, cells, dtype=pl.String)

        lots = [lot for _, _, lot in rows]
        gains = [None if math.isnan(lot.gain) else lot.gain for lot in lots]
        return pl.DataFrame(
            [
                text("account_id", [str(self.labels.accounts[account.account]) for account, _, _ in rows]),
                text("symbol", [self.market.symbols[line.security] for _, line, _ in rows]),
                text("lot_id", [str(self.labels.lots[int(lot.lot)]) for lot in lots]),
                exact(np.array([lot.shares for lot in lots], np.int64), SHARE).alias("shares"),
                exact(np.array([lot.value for lot in lots], np.int64), DOLLAR).alias("value"),
                pl.Series("gain", gains, dtype=pl.Float64),
                text("term", ["long" if lot.long_term else "short" for lot in lots]),
                text("why", [lot_words(lot, traded=account.proposed) for account, _, lot in rows]),
            ]
        )

    def __repr__(self) -> str:
        return words_of(explanation(self.story, self.labels, self.market, self.symbol))

    def _repr_html_(self) -> str:
        name = str(self.labels.households[self.story.household])
        parts = [notebook.heading(f"Why: {name}" + (f", {self.symbol}" if self.symbol else ""))]
        if self.story.blocked:
            return notebook.block([*parts, notebook.paragraph(_REFUSED)])
        parts.append(notebook.paragraph(f"It is {self.tax}."))
        parts += [notebook.paragraph(_sentence(words)) for words in policy_words(self.story)]
        as_one = next((account for account in self.story.accounts if account.as_one and account.names), None)
        if as_one is not None:
            parts.append(notebook.paragraph(f"{_ONE_PORTFOLIO} {_sentence(account_facts(as_one))}"))
        for account in self.story.accounts:
            parts += self._account_html(account)
        return notebook.block(parts)

    def _account_html(self, account: AccountStory) -> list[str]:
        head = f"{self.labels.accounts[account.account]}, {format_money(account.value)}"
        parts = [notebook.heading(head)]
        if not account.names:
            solved = account.night is None
            words = (
                "It does not trade (held away, or of no value)." if solved else "It was not solved: nothing is traded."
            )
            return [*parts, notebook.paragraph(words)]
        if not account.as_one:
            parts.append(notebook.paragraph(_sentence(account_facts(account))))
        chosen = self._chosen(account)
        if not chosen:
            return [*parts, notebook.paragraph(f"Neither holds nor wants {self.symbol}.")]
        if self.symbol is None:
            shown = self._names_frame([(account, names_shown(chosen))]).drop("account_id")
            return [
                *parts,
                notebook.table(shown, len(chosen)),
                notebook.paragraph(_left_out(len(chosen) - shown.height)),
            ]
        lots = self._lots_frame([(account, line, lot) for line in chosen for lot in line.lots])
        parts.append(notebook.table(self._names_frame([(account, chosen)]).drop("account_id")))
        return [*parts, notebook.table(lots.drop("account_id"), 40)]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _left_out(number: int) -> str:
    return f"and {number} more; name a security to see its lots" if number > 0 else ""
