"""A cohort through the days of a market, in memory: what happens, what is decided, what the ledger makes of it.

Each day what comes from outside is folded first; on that, who looks decides; then both are folded as the day's events
and the day is recorded. Whoever decides is handed the market so far, whose memory ends on the day: nothing later is
there to be seen. The same cohort, market and settings give the same bytes, in whatever parts it is lived, and whether
or not it was interrupted on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lotwise.dates import WASH_DAYS
from lotwise.lab.cohorts.checkpoints import Checkpoints, fingerprint_of
from lotwise.lab.cohorts.clients import Cohort, part_of
from lotwise.lab.cohorts.deciding import Decided, Deciding, Moment
from lotwise.lab.cohorts.ending import ending_of
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.cohorts.outside import Outside
from lotwise.lab.cohorts.recording import DAY, Lived, joined_lives
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.cohorts.standing import CASH_ALONE, Standing, joined_events, world_of
from lotwise.lab.cohorts.targets import Weights
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.lab.market_panel import Floats, MarketPanel
from lotwise.ledger.events import EVENT, EventFlag, EventKind, Table, no_details
from lotwise.ledger.fold import Folded
from lotwise.money import DOLLAR, SHARE
from lotwise.securities.market import SecurityKind, asset_classes_of

__all__ = ["LiveSettings", "live", "rows_to_live"]

_FLOWS = (EventKind.DEPOSIT, EventKind.WITHDRAWAL)


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How a cohort is lived. `part` households at a time: a part is what is lived, kept and taken up again at once."""

    last: int | None = None  # row of the last day; None: the market's
    part: int = 40
    keeps_lines: bool = False  # every event and sale, beside the sums
    checkpoints: Path | None = None  # folder; None: none are kept
    every: int = 126  # trading days between two checkpoints


def rows_to_live(cohort: Cohort, panel: MarketPanel, settings: LiveSettings) -> int:
    """How many steps `live` reports: days of all parts."""
    last = len(panel.days) - 1 if settings.last is None else settings.last
    return sum(last + 1 - int(part_of(cohort, *span).start.min()) for span in _spans(cohort, settings))


def live(
    cohort: Cohort,
    panel: MarketPanel,
    risk: RiskThen,
    settings: LiveSettings | None = None,
    on_day: Callable[[int], None] | None = None,
) -> Lived:
    """Live a cohort to the last day; `on_day` is told of days that are over.

    `risk` serves one market and one set of targets. Raises ValueError where a household begins outside the market.
    """
    settings = settings or LiveSettings()
    last = len(panel.days) - 1 if settings.last is None else settings.last
    if cohort.start.min() < 0 or cohort.start.max() > last or last >= len(panel.days):
        raise ValueError(
            f"households must begin between rows 0 and {last} of a market of {len(panel.days)} days, began between "
            f"{cohort.start.min()} and {cohort.start.max()}"
        )
    first = int(cohort.start.min())
    lives = []
    for span in _spans(cohort, settings):
        part = part_of(cohort, *span)
        kept = Checkpoints(settings.checkpoints, fingerprint_of(part, panel, risk, (first, last, settings.keeps_lines)))
        lives.append(PartOfLife(part, panel, risk, (first, last), settings).whole(kept, on_day or (lambda _: None)))
    return joined_lives(lives)


def _spans(cohort: Cohort, settings: LiveSettings) -> list[tuple[int, int]]:
    count = len(cohort.start)
    return [(begin, min(begin + settings.part, count)) for begin in range(0, count, settings.part)]


class PartOfLife:
    """A part of a cohort on its way from row `span[0]` to row `span[1]` of a market."""

    def __init__(
        self, cohort: Cohort, panel: MarketPanel, risk: RiskThen, span: tuple[int, int], settings: LiveSettings
    ) -> None:
        self.cohort, self.settings = cohort, settings
        self.first, self.last = span
        self.tape = MarketTape(panel)
        self.market = MarketSoFar(panel.universe, self.last + 1)
        year = panel.days[[self.first, self.last]].astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
        self.years = np.arange(year[0], year[1] + 1, dtype=np.int64)
        funds = self.market.kind != SecurityKind.STOCK
        world = world_of(cohort, funds, self.market.identical)
        self.standing = Standing(cohort, world, self.years.size, keeps=settings.keeps_lines)
        self.taxes = Taxes(cohort, int(year[0]), self.years.size)
        classes = asset_classes_of(panel.universe.asset_classes).names
        self.deciding = Deciding(cohort, risk, self.tape.qualified, classes)
        self.outside = Outside(cohort, self.tape.qualified)
        self.daily = np.zeros((self.last + 1 - self.first, len(cohort.start)), DAY)
        self.daily["tracking"] = np.nan
        self.target = np.zeros((self.last + 1 - self.first, len(cohort.targets)))
        self.events: list[Table] = []
        self._before: tuple[list[Weights], Floats] | None = None

    def whole(self, kept: Checkpoints, on_day: Callable[[int], None]) -> Lived:
        """Live to the end, from the last checkpoint if there is one."""
        row = kept.load_into(self)
        begin = int(self.cohort.start.min())
        if row >= begin:
            on_day(row + 1 - begin)
        for now in range(self.last + 1):
            self.market.add(self.tape.at(now))
            if now < self.first or now < row:
                continue
            weights = [target.on(self.market) for target in self.cohort.targets]
            if now > row:
                self._day(now, weights)
            self._before = weights, self.market.adjusted[now].copy()
            if now > row and now >= begin:
                on_day(1)
                if (now - self.first) % self.settings.every == 0:
                    kept.save(self, now)
        kept.save(self, self.last)
        return self._lived()

    def _day(self, row: int, weights: list[Weights]) -> None:
        standing, market = self.standing, self.market
        today = self.tape.at(row)
        self._record_targets(row)
        outside = self.outside.on(today, market, standing)
        self._earn(outside[0])
        first = standing.folded(*outside)
        decided = self.deciding.on(market, weights, self._moment(outside[0], first))
        self._keep(outside, first, decided)
        standing.settle(today.day, int(self.years[0]))
        self._close_years(today.day)
        self._record(row, outside[0], decided)

    def _moment(self, events: Table, first: Folded) -> Moment:
        """How things stand after what came from outside."""
        cash, accounts = self.standing.cash.copy(), self.standing.cash.size
        np.add.at(cash, events["account"], first.cash)
        moves = first.cash != 0
        flows = moves & (events["kind"] != EventKind.DIVIDEND) & (events["kind"] != EventKind.REINVEST)
        year = int(np.datetime64(self.market.day, "D").astype("datetime64[Y]").astype(int)) + 1970

        def tax() -> Table:
            return self.taxes.position(year, self.standing.gains(int(self.years[0]), first.state.realized))

        moved, flowed = (np.bincount(events["account"][each], minlength=accounts) > 0 for each in (moves, flows))
        return Moment(self.standing, first.state, cash, tax, moved, flowed)

    def _keep(self, outside: tuple[Table, Table], first: Folded, decided: Decided) -> None:
        """Fold the whole day. What touches no lot need not be folded again with what was traded."""
        standing, trades = self.standing, (decided.events, no_details(0))
        if decided.events.size and not np.isin(outside[0]["kind"], CASH_ALONE).all():
            events, details = joined_events([outside, trades])
            standing.keep(standing.folded(events, details), events)
        else:
            standing.keep(first, outside[0])
            if decided.events.size:
                standing.keep(standing.folded(*trades), decided.events)
        if self.settings.keeps_lines:
            self.events += [outside[0], decided.events]

    def _earn(self, events: Table) -> None:
        """Count dividends of taxable accounts."""
        paid = events[(events["kind"] == EventKind.DIVIDEND) & self.cohort.taxable[events["account"]]]
        year = int(np.datetime64(self.market.day, "D").astype("datetime64[Y]").astype(int)) + 1970
        word = (paid["facts"] & EventFlag.QUALIFIED != 0).astype(np.int64)
        np.add.at(
            self.taxes.income[year - int(self.years[0])], (self.cohort.household[paid["account"]], word), paid["amount"]
        )

    def _close_years(self, day: int) -> None:
        """Close the years whose last sale no purchase can touch any more."""
        settled = int(np.datetime64(day - WASH_DAYS - 1, "D").astype("datetime64[Y]").astype(int)) + 1970
        if self.taxes.year < settled:
            self.taxes.close(settled, self.standing.gains(int(self.years[0])))

    def _record_targets(self, row: int) -> None:
        """Return of each target since yesterday, at yesterday's weights."""
        if self._before is None:
            return
        now = self.market.adjusted[row]
        weights, before = self._before
        for at, each in enumerate(weights):
            then, since = before[each.security], now[each.security]
            known = np.isfinite(then) & np.isfinite(since)
            grown = np.divide(since, then, out=np.ones_like(then), where=known)
            self.target[row - self.first, at] = float(each.weight @ (grown - 1.0))

    def _record(self, row: int, outside: Table, decided: Decided) -> None:
        cohort, standing, price = self.cohort, self.standing, self.market.price
        count, lots = len(cohort.start), standing.state.lots
        out = self.daily[row - self.first]
        household = cohort.household[lots["account"]]
        worth = lots["shares"] / SHARE * price[lots["security"]]
        cash = np.bincount(cohort.household, standing.cash.astype(np.float64), count)
        out["cash"] = cash / DOLLAR
        out["value"] = (np.bincount(household, worth, count) + cash) / DOLLAR
        gain = np.where(cohort.taxable[lots["account"]], worth - lots["basis"], 0.0)
        out["latent"] = np.bincount(household, gain, count) / DOLLAR
        sign = np.where(outside["kind"] == EventKind.DEPOSIT, 1.0, -1.0)
        flows, fees = np.isin(outside["kind"], _FLOWS), outside["kind"] == EventKind.FEE
        of_outside = cohort.household[outside["account"]]
        brought = np.where(outside["kind"] == EventKind.TRANSFER_IN, outside["shares"] / SHARE, 0.0)
        moved = sign * outside["amount"] * flows + brought * price[np.maximum(outside["security"], 0)]
        out["flow"] = np.bincount(of_outside, moved, count) / DOLLAR
        out["fee"] = np.bincount(of_outside[fees], outside["amount"][fees].astype(np.float64), count) / DOLLAR
        traders = cohort.household[decided.events["account"]]
        out["traded"] = np.bincount(traders, decided.events["amount"].astype(np.float64), count) / DOLLAR
        out["cost"] = np.bincount(traders, decided.cost.astype(np.float64), count) / DOLLAR
        out["lines"] = np.bincount(traders, minlength=count)
        out["tracking"] = decided.tracking

    def _lived(self) -> Lived:
        standing, cohort = self.standing, self.cohort
        gains = standing.gains(int(self.years[0]))
        tax, ending = ending_of(cohort, standing, self.taxes, self.market, gains)
        lines = None
        if standing.lines is not None:
            lines = np.concatenate([*standing.lines, standing.state.realized])
        return Lived(
            self.first,
            self.tape.days[self.first : self.last + 1],
            self.daily,
            self.target,
            self.years,
            gains,
            self.taxes.income,
            tax,
            cohort.start,
            cohort.policy,
            cohort.target,
            ending,
            lines,
            standing.state.lots,
            standing.cash,
            np.concatenate([np.zeros(0, EVENT), *self.events]) if self.settings.keeps_lines else None,
        )
