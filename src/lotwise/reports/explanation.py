"""A household explained in a terminal: the names that move, those that stay though off target, each lot in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lotwise.dates import NO_DATE
from lotwise.households.rest import rest_words
from lotwise.money import DOLLAR, FULL_RATE, format_money, format_shares
from lotwise.rebalancing.book import RateOrigin
from lotwise.rebalancing.explain import Hindrance
from lotwise.rebalancing.limits import Limit
from lotwise.reports.amounts import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lotwise.money import Money, Rate
    from lotwise.rebalancing.book import BookLabels
    from lotwise.rebalancing.decision_prices import Score
    from lotwise.rebalancing.explain import AccountStory, HouseholdStory, LotLine, NameLine
    from lotwise.rebalancing.tax_story import TaxStory
    from lotwise.securities.market import MarketLabels

__all__ = [
    "account_facts",
    "explanation",
    "lot_words",
    "name_words",
    "names_shown",
    "policy_words",
    "price_words",
    "tax_words",
]

# Parts of a score from a twentieth of a basis point on are shown.
_SHOWN_SCORE = 5e-6

# Names of an account shown when none is asked for: the farthest from target first.
_NAMES = 20


# What a purchase costs beyond all that it saves, dollars per dollar, is rounding up to here; beyond, it must be made.
_ROUNDED = 2e-3


def _dollars(amount: float) -> str:
    return f"{'-' if amount < -0.5 else ''}${abs(amount):,.0f}"


# Prices of cash and bounds beyond a dollar per dollar are those of what must be, not of what pays.
_MUST = 1.0


def _needs_words(needs: float, dollars: float) -> str:
    """Say what cash and bounds on groups add to the worth of selling."""
    if abs(needs * dollars) < 0.5:
        return ""
    if abs(needs) >= _MUST:
        return " and cash or a bound that must be met" if needs > 0 else " and cash or a bound that forbids it"
    return f" and {_dollars(needs * dollars)} for cash and bounds"


def _place_words(dollars: float) -> str:
    """Say what the kind of account adds to the worth of selling."""
    if abs(dollars) < 0.5:
        return ""
    return f" and {_dollars(dollars)} of tax on what it yields here"


def _percent(rate: Rate) -> str:
    return f"{rate / FULL_RATE:.2%}"


def _reach_words(rate: Rate, next_rate: Rate, reach: Money | None) -> str:
    dollars = "dollar" if reach is None else _dollars(reach / DOLLAR)
    if rate != next_rate:
        return f"by what tonight realises; {_percent(next_rate)} for the next {dollars}"
    return "always" if reach is None else f"for the next {dollars} of gain"


def tax_words(tax: TaxStory) -> str:
    """Say at which rates a household's lots are priced, since when and for how long, and what it carries."""
    origin = {
        RateOrigin.INCOME: f"by the law of {tax.year} at its income",
        RateOrigin.OWN: "its own rates",
        RateOrigin.DEFAULT: "the firm's default rates",
    }[tax.origin]
    short = _reach_words(tax.short_rate, tax.next_short_rate, tax.short_reach)
    long = _reach_words(tax.long_rate, tax.next_long_rate, tax.long_reach)
    words = (
        f"taxed at {_percent(tax.short_rate)} short term ({short}) and {_percent(tax.long_rate)} long term ({long}), "
        f"{origin}; a dollar of tonight's losses is worth {_percent(tax.loss_short_rate)} short term and "
        f"{_percent(tax.loss_long_rate)} long term"
    )
    if tax.short_gains or tax.long_gains:
        short, long = (_dollars(gains / DOLLAR) for gains in (tax.short_gains, tax.long_gains))
        words += f"; the year's gains so far: {short} short term, {long} long term"
    if tax.short_carryforward or tax.long_carryforward:
        short, long = (_dollars(loss / DOLLAR) for loss in (tax.short_carryforward, tax.long_carryforward))
        words += f"; losses carried into the year: {short} short term, {long} long term"
    return words


_LIMITS = {
    Limit.TRACKING: "its cap on tracking error",
    Limit.TAX: "its tax budget",
    Limit.GAIN: "its budget of gains",
    Limit.HARVEST: "its request to harvest",
}


def price_words(price: float) -> str:
    """Say a charge on a dollar traded in basis points, to three digits."""
    points = price * 1e4
    return f"{points:,.0f} bp" if points >= 100.0 else f"{points:.3g} bp"


def _limit_words(story: HouseholdStory) -> list[str]:
    """Say which hard limits bind or are missed, and at which price."""
    words = []
    if story.limit and story.limit != story.missed:
        more = f"tracking is priced at {story.limit_price:.3g} times the profile's price"
        words.append(f"{_LIMITS[story.limit]} binds: {more}")
    if story.missed:
        even = (
            f" even with tracking priced at {story.limit_price:.3g} times the profile's price"
            if story.limit_price != 1.0
            else ""
        )
        words.append(f"{_LIMITS[story.missed]} cannot be kept{even}: cash, restrictions and other limits come first")
    if story.trading_price > 0 or story.beyond:
        verb = "cannot be kept, even if" if story.beyond else "binds:"
        words.append(
            f"its cap on turnover {verb} each dollar traded is charged {price_words(story.trading_price)} beside cost,"
            " which nobody is paid; what trading costs below contains it"
        )
    return words


def policy_words(story: HouseholdStory) -> list[str]:
    """Say which hard limits bind and what keeps them, and until when a household trades only what it must."""
    words = _limit_words(story)
    if story.last_trade != NO_DATE:
        words.append(
            f"{rest_words(story.last_trade, Decimal(str(story.days_between)))}; until then it trades only what it must"
        )
    return words


def lot_words(line: LotLine, *, traded: bool = True) -> str:
    """Say of one lot what it would save, what it would cost, and what would change the decision."""
    dollars = line.value / 1e4 * line.counts
    if line.hindrance is not Hindrance.NONE and not line.sold:
        return f"not sold: {line.hindrance.value}"
    if math.isnan(line.tax):
        return "not sold: it has no price"
    tax, cost, risk = (dollars * part for part in (line.tax, line.cost, line.risk))
    costs = f"{_dollars(tax)} of tax" if tax >= 0 else f"{_dollars(-tax)} of tax credit"
    saves = f"{_dollars(risk)} of risk saved a year{_place_words(line.place * dollars)}"
    saves += _needs_words(line.needs, dollars)
    figures = f"{costs} and {_dollars(cost)} of trading against {saves}"
    if line.sold:
        verb = "sold" if line.sold == line.shares else f"{format_shares(line.sold)} shares sold"
        more = f"; no more: {line.hindrance.value}" if line.hindrance is Hindrance.NETTED else ""
        return f"{verb if traded else f'would be {verb}'}: {figures}{more}"
    changes = []
    if 0.0 <= line.sold_above <= 1.0:
        changes.append(f"above a weight of {line.sold_above:.2%}")
    if 0.0 <= line.sold_below < line.gain:
        changes.append(f"below a gain of {line.sold_below:.1%}")
    change = f"; would be sold {' or '.join(changes)}" if changes else ""
    return f"not sold: {figures}{change}"


def _bought_words(line: NameLine) -> str:
    saved = -line.risk * 1e4
    words = f"bought: each dollar saves {saved:.0f} bp of risk a year and costs {line.buy_cost * 1e4:.0f} bp"
    if saved >= line.buy_cost * 1e4:
        return words
    if line.bounds < min(line.cash, 0.0):
        return f"{words}; a bound on its group asks for it"
    if line.buy_cost + line.risk + line.cash + line.bounds + line.place > _ROUNDED:
        return f"{words}; a least weight asks for it"
    return f"{words}; the cash is worth less than the name" if line.cash < 0.0 else words


def name_words(line: NameLine, symbols: Sequence[str], *, traded: bool = True) -> str:
    """Say of one name why it moves or stays; `symbols` are those of the market."""
    away = line.after - line.target
    distance = f"{abs(away):.2%} {'over' if away > 0 else 'under'}weight"
    would = "" if traded else "would be "
    if any(lot.sold for lot in line.lots):
        tax = sum(lot.tax * lot.value / 1e4 * lot.sold / lot.shares for lot in line.lots if lot.sold)
        price = f"{_dollars(tax)} of tax" if tax >= 0 else f"{_dollars(-tax)} of tax credit"
        return f"{would}sold to {line.after:.2%}, left {distance}: {price}"
    if line.bought:
        role = f"stands in for {plain(symbols[line.stands_for])}; " if line.stands_for >= 0 else ""
        return role + would + _bought_words(line)
    if away > 0:
        if any(lot.hindrance is Hindrance.TOO_SMALL for lot in line.lots):
            return f"{distance}, not sold: {Hindrance.TOO_SMALL.value}"
        barred = {lot.hindrance for lot in line.lots}
        if line.lots and len(barred) == 1 and Hindrance.NONE not in barred:
            return f"{distance}, not sold: {barred.pop().value}"
        if not line.lots:
            return f"{distance}, none of it held here"
        price, risk = _dollars(line.overweight_tax), _dollars(line.overweight_risk)
        return f"{distance}, not sold: {price} of tax against {risk} a year of risk"
    if line.hindrance is not Hindrance.NONE:
        return f"{distance}, not bought: {line.hindrance.value}"
    if 0.0 < line.bought_below < line.after:
        return f"{distance}, not bought: it would be below a weight of {line.bought_below:.2%}"
    return distance


def _names_table(story: AccountStory, market: MarketLabels, chosen: list[NameLine]) -> Table:
    """Names with their weights: in the account, or in the household and how much of it this account holds."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("security", no_wrap=True)
    titles = ("target", "before", "after", *(("here before", "here after") if story.as_one else ()))
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why")
    for line in chosen:
        own = (line.own_before, line.own_after) if story.as_one else ()
        weights = (f"{weight:.2%}" for weight in (line.target, line.before, line.after, *own))
        table.add_row(
            plain(market.symbols[line.security]), *weights, name_words(line, market.symbols, traded=story.proposed)
        )
    return table


def _lots_table(story: AccountStory, labels: BookLabels, line: NameLine) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("lot", no_wrap=True)
    for title in ("shares", "value", "gain"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("term", no_wrap=True)
    table.add_column("why")
    for lot in line.lots:
        gain = "unknown" if math.isnan(lot.gain) else f"{lot.gain:.1%}"
        table.add_row(
            plain(str(labels.lots[int(lot.lot)])),
            format_shares(lot.shares),
            format_money(lot.value),
            gain,
            "long" if lot.long_term else "short",
            lot_words(lot, traded=story.proposed),
        )
    return table


def names_shown(names: Sequence[NameLine]) -> list[NameLine]:
    """Choose the names of an account that a reader sees first: those that move, then those that stay."""
    moved = [line for line in names if line.bought or any(lot.sold for lot in line.lots)]
    stayed = [line for line in names if line not in moved]
    return moved[:_NAMES] + stayed[: max(_NAMES - len(moved), 5)]


def _account(story: AccountStory, labels: BookLabels, market: MarketLabels, symbol: str | None) -> list[RenderableType]:
    head = Text(f"{plain(str(labels.accounts[story.account]))}, {format_money(story.value)}", style="bold")
    if story.night is None:
        return [head, Text("  does not trade (held away, or of no value)")]
    if not story.names:
        return [head, Text("  the solver did not reach its gap: nothing is traded", style="red")]
    chosen = [line for line in story.names if symbol is None or market.symbols[line.security] == symbol]
    if not chosen:
        return [head, Text(f"  neither holds nor wants {symbol}")]
    parts: list[RenderableType] = [head] if story.as_one else [head, _facts(story)]
    shown = names_shown(chosen) if symbol is None else chosen
    parts.append(_names_table(story, market, shown))
    if symbol is not None:
        parts += [_lots_table(story, labels, line) for line in chosen if line.lots]
    elif len(shown) < len(chosen):
        parts.append(Text(f"  and {len(chosen) - len(shown)} more; name a security to see its lots", style="dim"))
    return parts


def _score_words(score: Score | None) -> str:
    """Say of what the improvement consists, in basis points: " (12.0 tracking, -3.1 tax, -0.4 trading)"."""
    if score is None:
        return ""
    named = zip(("tracking", "tax", "trading", "location"), score, strict=True)
    parts = [f"{part * 1e4:.1f} {name}" for name, part in named if abs(part) >= _SHOWN_SCORE]
    return f" ({', '.join(parts)})" if len(parts) > 1 else ""


def account_facts(story: AccountStory) -> str:
    """Say what became of a portfolio: its account, or all accounts of the household as one; '' if it was not solved."""
    night = story.night
    if night is None or not story.names:
        return ""
    why = "it traded lately" if story.waits else "not worth trading"
    verdict = "proposed" if story.proposed else f"held: {why}; what follows is what the trades would be"
    score = (night.hold.objective - night.written.objective) * 1e4
    effect = f"improves the objective by {score:.1f} bp"
    if story.proposed and score < 0:
        effect = f"costs {-score:.1f} bp to bring cash or a restriction back in order"
    return (
        f"{verdict}; {effect}{_score_words(story.score)}; tracking {story.te_before:.2%} to "
        f"{story.te_after:.2%}; proved within {max(night.written.gap, 0.0) * 1e4:.3f} bp of the best"
    )


def _facts(story: AccountStory) -> Text:
    return Text(f"  {account_facts(story)}")


def explanation(
    story: HouseholdStory, labels: BookLabels, market: MarketLabels, symbol: str | None = None
) -> RenderableType:
    """Explain a household, or one security of it lot by lot; print it with a rich console.

    Raises ValueError for a symbol that no account of the household holds or wants.
    """
    name = plain(str(labels.households[story.household]))
    if story.blocked:
        return Text(f"{name} is refused: its data has errors, see the findings", style="yellow")
    known = {market.symbols[line.security] for account in story.accounts for line in account.names}
    if symbol is not None and symbol not in known:
        raise ValueError(f"{symbol} must be held by {name} or in its model; it is neither")
    parts: list[RenderableType] = [Text(f"Household {name}", style="bold"), Text(f"  {tax_words(story.tax)}")]
    parts += [Text(f"  {words}") for words in policy_words(story)]
    solved = next((account for account in story.accounts if account.as_one and account.names), None)
    if solved is not None:
        parts += [Text("  its accounts are one portfolio; weights are fractions of all they are worth"), _facts(solved)]
    for account in story.accounts:
        parts += _account(account, labels, market, symbol)
    return Group(*parts)
