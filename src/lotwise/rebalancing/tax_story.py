"""At which rates a household's lots are priced, where they come from, and how many dollars of gain they hold for."""

from __future__ import annotations

from dataclasses import dataclass

from lotwise.ledger.events import MISSING
from lotwise.money import Money, Rate
from lotwise.rebalancing.book import Book, RateOrigin
from lotwise.tax.liability import load_law
from lotwise.tax.marginal import NEVER, Direction, marginals

__all__ = ["TaxStory", "tax_story"]


@dataclass(frozen=True, slots=True)
class TaxStory:
    """Tax of one household before tonight's trades. A reach is money of gain; None = its rate never changes.

    Lots are priced at the rates; where the next dollar's does not reach far enough tonight they are averages.
    """

    origin: RateOrigin
    year: int  # of the law
    short_rate: Rate  # a dollar of tonight's gains
    long_rate: Rate
    next_short_rate: Rate  # the next dollar of gain
    next_long_rate: Rate
    loss_short_rate: Rate  # worth of a dollar of loss, on average of what could be lost tonight
    loss_long_rate: Rate
    short_reach: Money | None
    long_reach: Money | None
    short_gains: Money  # of the year so far
    long_gains: Money
    short_carryforward: Money
    long_carryforward: Money


def tax_story(book: Book, household: int) -> TaxStory:
    """Tell a household's rates; its position must be one that the law covers, else its reaches are None."""
    position, rates = book.tax[household : household + 1].copy(), book.households
    slopes = marginals(position, load_law())[0]

    def reach(direction: Direction) -> Money | None:
        row = slopes[direction]
        return None if row["tax"] == MISSING or row["reach"] >= NEVER else Money(int(row["reach"]))

    def next_rate(direction: Direction, priced: int) -> Rate:
        tax = int(slopes[direction]["tax"])
        return Rate(priced if tax == MISSING else tax)

    own = position[0]
    return TaxStory(
        origin=RateOrigin(int(rates.rate_origin[household])),
        year=int(own["year"]),
        short_rate=Rate(int(rates.short_rate[household])),
        long_rate=Rate(int(rates.long_rate[household])),
        next_short_rate=next_rate(Direction.SHORT_GAIN, int(rates.short_rate[household])),
        next_long_rate=next_rate(Direction.LONG_GAIN, int(rates.long_rate[household])),
        loss_short_rate=Rate(int(rates.loss_short_rate[household])),
        loss_long_rate=Rate(int(rates.loss_long_rate[household])),
        short_reach=reach(Direction.SHORT_GAIN),
        long_reach=reach(Direction.LONG_GAIN),
        short_gains=Money(int(own["short_gains"])),
        long_gains=Money(int(own["long_gains"])),
        short_carryforward=Money(int(own["short_carryforward"])),
        long_carryforward=Money(int(own["long_carryforward"])),
    )
