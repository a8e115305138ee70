"""Experiment: what moving legacy books into a direct index costs in tax, over embedded gain and concentration."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.lab.cohorts.policies import engine
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments.legacy import IN_WORDS, legacy_books
from lotwise.lab.experiments.moving import Arrived, Moves, arrived, move
from lotwise.lab.experiments.protocol import Experiment, Finding, Picture, Rows, Setting, Table, Verdict
from lotwise.lab.market_panel import Floats
from lotwise.reports.lab_surfaces import Surface, heat_map

__all__ = ["TRANSITION"]


class _Means(NamedTuple):
    """Means over accounts, fractions: tax of selling everything, tax of the move, tracking error after it."""

    liquidation: float
    tax: float
    tracking: float


_PUBLISHED = _Means(0.0721, 0.0029, 0.0154)  # Smartleaf, 8,000 accounts
# Of the published figures: selling everything costs so much at least, the move so much at most, and is so near.
_LEAST_LIQUIDATION, _MOST_TAX, _MOST_TRACKING = 0.5, 2.0, 1.5
# Edges of the surface: unrealised gain as a part of value, and so many equal names.
_GAINS = (-np.inf, 0.10, 0.20, 0.30, 0.40, 0.50, np.inf)
_WORTH = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, np.inf)
_FEWEST = 10  # accounts of a cell that counts
_ACCOUNTS = {"full": 8_000, "quick": 800}
# Other prices of tracking than the default (50), bp of value at 1%.
_PRICES = (6.25, 12.5, 25.0, 100.0)
_TINY = 1e-4  # a tax below it is as good as none, where ratios are compared


class _Cells(NamedTuple):
    """Means of every cell of the surface, (W, G); NaN where it has no account."""

    accounts: NDArray[np.int64]
    liquidation: Floats
    tax: Floats
    before: Floats
    after: Floats
    at_published: Floats  # tax of the move at the published tracking error, between prices of tracking

    def means(self, row: int, column: int) -> _Means:
        """Those that the rule looks at."""
        return _Means(
            float(self.liquidation[row, column]), float(self.tax[row, column]), float(self.after[row, column])
        )


def _cells(there: Arrived, moves: Moves, by_price: dict[float, Moves]) -> _Cells:
    """Means of the moves; at the published tracking error from those at all prices of tracking."""
    worth = np.digitize(there.worth_names, _WORTH[1:-1])
    gain = np.digitize(there.gain, _GAINS[1:-1])
    shape = len(_WORTH) - 1, len(_GAINS) - 1
    place = np.ravel_multi_index((worth, gain), shape)[moves.solved]
    accounts = np.bincount(place, minlength=shape[0] * shape[1])

    def mean(values: Floats) -> Floats:
        total = np.bincount(place, values[moves.solved], accounts.size)
        averaged: Floats = np.divide(total, accounts, out=np.full(accounts.size, np.nan), where=accounts > 0)
        return averaged.reshape(shape)

    dearest_first = [by_price[price] for price in sorted(by_price, reverse=True)]
    tracking, tax = (np.stack([mean(getattr(each, name)) for each in dearest_first]) for name in ("after", "tax"))
    at_published = np.full(shape, np.nan)
    for row, column in np.argwhere(accounts.reshape(shape) > 0):
        # Dearer tracking leaves less of it: ascending. Beyond the ends it is that of the end.
        at_published[row, column] = np.interp(_PUBLISHED.tracking, tracking[:, row, column], tax[:, row, column])
    before, after = mean(moves.before), mean(moves.after)
    return _Cells(accounts.reshape(shape), mean(there.liquidation), mean(moves.tax), before, after, at_published)


def _means(there: Arrived, moves: Moves) -> _Means:
    own = moves.solved
    return _Means(*(float(each[own].mean()) for each in (there.liquidation, moves.tax, moves.after)))


def _is_as_published(means: _Means) -> bool:
    """Whether the rule holds for these means."""
    return (
        means.liquidation >= _LEAST_LIQUIDATION * _PUBLISHED.liquidation
        and means.tax <= _MOST_TAX * _PUBLISHED.tax
        and means.tracking <= _MOST_TRACKING * _PUBLISHED.tracking
    )


def _distance(means: _Means) -> float:
    """How far means are from the published ones: the greatest of the three ratios' logarithms."""
    pairs = zip(means, _PUBLISHED, strict=True)
    return max(abs(float(np.log(max(found, _TINY) / published))) for found, published in pairs)


def _counting(cells: _Cells) -> list[tuple[int, int]]:
    """Cells with enough accounts to count."""
    return [(int(row), int(column)) for row, column in np.argwhere(cells.accounts >= _FEWEST)]


def _nearest(cells: _Cells) -> tuple[int, int] | None:
    """The cell that is nearest to what was published."""
    return min(_counting(cells), key=lambda at: _distance(cells.means(*at)), default=None)


def _judged(whole: _Means, cells: _Cells) -> tuple[Verdict, str]:
    """Apply the rule to the means over all accounts and those of every cell."""
    counting = _counting(cells)
    as_published = [at for at in counting if _is_as_published(cells.means(*at))]
    words = (
        f"Selling everything costs {_percent(whole.liquidation)} of value in tax, the move {_percent(whole.tax)} at a "
        f"tracking error of {_percent(whole.tracking)} (published 7.21%, 0.29%, 1.54%); {len(as_published)} of "
        f"{len(counting)} cells of the surface keep to the rule"
    )
    nearest = _nearest(cells)
    if nearest is not None:
        found = cells.means(*nearest)
        words += (
            f"; nearest are books worth {_worth_words(nearest[0])} with gains of {_gain_words(nearest[1])}: "
            f"{_percent(found.liquidation)}, {_percent(found.tax)}, {_percent(found.tracking)}"
        )
    if _is_as_published(whole):
        return Verdict.REPRODUCED, f"{words}. {_WHY}"
    return (Verdict.IN_PART if as_published else Verdict.NOT), f"{words}. {_WHY}"


_WHY = (
    "Concentration decides: a book of few names stays far from any index until its gains are taken, at whatever price "
    "of tracking; one of many names is nearly there. A firm's mean is a mean over the books that it happens to have."
)


def _percent(value: float) -> str:
    return f"{value:.2%}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else ""


def _gain_words(column: int) -> str:
    low, high = _GAINS[column : column + 2]
    if not np.isfinite(low):
        return f"under {high:.0%}"
    return f"{low:.0%} or more" if not np.isfinite(high) else f"{low:.0%} to {high:.0%}"


def _worth_words(row: int) -> str:
    low, high = _WORTH[row : row + 2]
    if not low:
        return f"under {high:.0f} names"
    return f"{low:.0f} names or more" if not np.isfinite(high) else f"{low:.0f} to {high:.0f} names"


def _surface_table(cells: _Cells) -> Table:
    rows = [
        (
            _worth_words(row),
            _gain_words(column),
            f"{cells.accounts[row, column]:,}",
            *(_percent(float(values[row, column])) for values in cells[1:]),
        )
        for row, column in itertools.product(*(range(size) for size in cells.accounts.shape))
        if cells.accounts[row, column]
    ]
    columns = (
        "books worth", "unrealised gain", "accounts", "sell everything", "the move", "tracking before", "after",
        "the move at 1.54%",
    )  # fmt: skip
    note = (
        "Means over accounts; taxes as parts of value. Below zero: tax is saved. The move at 1.54%: its tax where the "
        "price of tracking is such that the published tracking error is left, between the prices of the other table."
    )
    return Table("The surface: by concentration and embedded gain", columns, tuple(rows), note)


def _prices_table(there: Arrived, by_price: dict[float, Moves], once: Moves) -> Table:
    """What the move is at the default price of tracking and at others, beside selling everything.

    `once` is at the default price and at the rates of the night.
    """
    value = there.value

    def row(name: str, tax: Floats, tracking: Floats, own: NDArray[np.bool_], rest: tuple[str, ...]) -> tuple[str, ...]:
        by_dollars = float((tax * value)[own].sum() / value[own].sum())
        kept = float(np.maximum(tax[own], 0.0).mean())
        figures = (float(tax[own].mean()), by_dollars, kept, float(tracking[own].mean()))
        return (name, *(_percent(each) for each in figures), *rest)

    everyone = np.ones(value.size, np.bool_)
    rows: list[tuple[str, ...]] = [
        ("published: sell everything", "7.21%", *("",) * 5),
        ("published: the move", "0.29%", "", "", "1.54%", "", ""),
    ]
    rows.append(row("sell everything", there.liquidation, np.zeros(value.size), everyone, ("", "")))
    default = _default_price(there)
    named = [(f"tracking at {price:g} bp", moves) for price, moves in sorted(by_price.items()) if price != default]
    named = [("the default price", by_price[default]), ("the default price, rates of the night alone", once), *named]
    for name, moves in named:
        rest = _percent(float(moves.turnover.mean())), _percent(float(moves.cost.mean()))
        rows.append(row(f"the move, {name}", moves.tax, moves.after, moves.solved, rest))
    columns = ("", "tax, of value", "by dollars", "if not refunded", "tracking error", "turnover", "cost")
    note = (
        "Means over accounts; by dollars: all tax over all value. If not refunded: a tax below zero counts as nothing. "
        "Prices of tracking: basis points of value a year at a tracking error of 1%, by default 50. Rates of the night "
        "alone: solved once, without the true tax in the loop."
    )
    return Table("All accounts", columns, tuple(rows), note)


def _default_price(there: Arrived) -> float:
    return float(there.book.policies.risk_price[0])


def _pictures(cells: _Cells) -> tuple[Picture, ...]:
    rows = tuple(_worth_words(row) for row in range(cells.accounts.shape[0]))
    columns = tuple(_gain_words(column) for column in range(cells.accounts.shape[1]))
    nearest, made = _nearest(cells), []
    for values, what in (
        (cells.tax, "Tax of the move, of value"),
        (cells.after, "Tracking error after the move"),
        (cells.at_published, "Tax of a move that leaves a tracking error of 1.54%, of value"),
    ):
        words = [[_percent(float(value)) for value in each] for each in values]
        surface = Surface(rows, columns, np.where(cells.accounts > 0, values, np.nan), words, nearest)
        drawn = heat_map(surface, ("unrealised gain, part of value", "book worth"), what)
        said = "; outlined: the cell nearest to what was published (0.29% at 1.54%)" if nearest else ""
        made.append(Picture(drawn, f"{what}: by concentration of the book and by embedded gain{said}."))
    return tuple(made)


def _speed(there: Arrived, moves: Moves, once: Moves) -> str:
    count = there.value.size

    def said(each: Moves) -> str:
        return (
            f"{each.seconds:.1f} s on every core ({count / each.seconds:,.0f} a second), "
            f"{1e3 * each.processor / count:.1f} ms of processor each"
        )

    return (
        f"{count:,} moves by the true tax in {said(moves)}; solved once, at the rates of the night, in {said(once)}; "
        f"{there.seconds:.1f} s before that to post their lots and make the book"
    )


def _run(setting: Setting) -> Finding:
    target, policy = CapIndex(500), engine("the default profile")
    count = _ACCOUNTS[setting.size.value]
    legacy = legacy_books(setting.panel, count, setting.seed)
    there = arrived(legacy, setting.panel, setting.risk(), target, policy)
    default = _default_price(there)
    told = setting.watch("moves", count * (2 + len(_PRICES)))
    by_price = {default: move(there, on_done=told)}
    by_price |= {price: move(there, price, told) for price in _PRICES}
    moves, once = by_price[default], move(there, on_done=told, by_true_tax=False)
    cells, whole = _cells(there, moves, by_price), _means(there, moves)
    verdict, because = _judged(whole, cells)
    figures = {
        **whole._asdict(),
        "before": float(moves.before[moves.solved].mean()),
        "cost": float(moves.cost.mean()),
        "gain": float(there.gain.mean()),
        "unsolved": float((~moves.solved).sum()),
        **{f"tax at {price:g}": _means(there, each).tax for price, each in by_price.items()},
        **{f"tracking at {price:g}": _means(there, each).tracking for price, each in by_price.items()},
    }
    settings = (
        ("Target", target.in_words()),
        ("Accounts", f"{count:,} on the last day of the market; {IN_WORDS}"),
        (
            "Value",
            f"median ${np.median(there.value):,.0f}, from ${there.value.min():,.0f} to ${there.value.max():,.0f}",
        ),
        (
            "Gains",
            f"unrealised: {there.gain.mean():.0%} of value on average, {(there.gain < 0).mean():.0%} have losses",
        ),
        ("Clients", "24% and 15%, 35.8% and 18.8%, 40.8% and 23.8% (3, 4 and 3 of 10); 5% state; no gains outside"),
        ("Engine", f"one night by the true tax; profile: {policy.in_words()}"),
        ("Not solved", f"{int((~moves.solved).sum())} accounts, left out of every mean"),
        ("Speed", _speed(there, moves, once)),
    )
    frame = pl.DataFrame(
        {
            "value": there.value,
            "gain": there.gain,
            "worth_names": there.worth_names,
            "liquidation": there.liquidation,
            **{name: getattr(moves, name) for name in Moves._fields if name not in ("seconds", "processor")},
        }
    )
    tables = (_prices_table(there, by_price, once), _surface_table(cells))
    return Finding(verdict, because, settings, tables, _pictures(cells), figures, (), (Rows("moves", frame),))


_CLAIM = (
    "Selling 8,000 legacy accounts would cost 7.21% of their value in tax; moving them into a direct index costs 0.29% "
    "at a tracking error of 1.54%."
)
_RULE = (
    "Reproduced if, as means over all accounts, selling everything costs at least 3.6% of value (half the published), "
    "the move at most 0.58% (double) and its tracking error is at most 2.31% (one and a half times). In part if so "
    f"in a cell of the surface with {_FEWEST} accounts or more. Else not."
)
_TAX = (
    "What the household owes for the year with the sales less what it owes without, by the law at its own rates, with "
    "netting and the limit on losses; a part of the account's value. Losses beyond the limit are carried on and count "
    "for nothing here."
)
_SELL = (
    "All lots sold at the close. Every loss counts in full, though what is bought back within 30 days would be a wash "
    "sale; so selling everything is told too cheap."
)
_NAMES_WORTH = (
    "1 / the sum of squared parts of what is invested: ten names in equal parts are worth ten, ten of which one is "
    "half of all are worth fewer than four."
)
_CHANGED = (
    "Books had 5 to 60 names at first, and no cell kept to the rule then, on either market. Those of up to 250, and "
    "the tax at the published tracking error, were added; the rule is as it was."
)

TRANSITION = Experiment(
    name="transition",
    title="Transition of legacy books into a direct index",
    claim=_CLAIM,
    source="Smartleaf",
    rule=_RULE,
    definitions=(
        ("Tax", _TAX),
        ("Sell everything", _SELL),
        ("The move", "What the nightly run proposes on the day the account comes, at the default price of tracking."),
        ("Tracking error", "Predicted, annual, of what is then held against the index, by the market's risk model."),
        ("Worth so many names", _NAMES_WORTH),
        ("Changed after a first look", _CHANGED),
        ("Not in these books", "Funds, retirement accounts, losses carried, gains outside, taxes of later years."),
    ),
    run=_run,
)
