"""The page of a run: one self-contained HTML file that operator, adviser and compliance read and print.

It asks nothing of any other file or server (a content policy in the page forbids it), has no script, and
says under each figure what it means. It shows totals, groups and the largest rows; the files beside it have
every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from lotwise.reports import amounts
from lotwise.reports.look import BLUE, GREY, ORANGE, YELLOW
from lotwise.reports.pages import rendered
from lotwise.reports.pictures import Arrow, Axis, Bar, Layer, Share, arrows, bars, histogram, strip
from lotwise.reports.run import Figures, Run, figures, file_wide_errors, largest_trades, total

__all__ = ["MOTIVES", "run_page"]

# Rows of a table on the page; the files have them all.
_ROWS = 15
_PROBLEMS = 25
_FILE_WIDE = 5

# Dots of the picture: more hide each other and make the page heavy (some 150 bytes each).
_DOTS = 2_000

_STATUS_COLOURS = {"proposed": BLUE, "hold": GREY, "refused": ORANGE, "failed": YELLOW}

MOTIVES = {
    ("harvest", "sell"): "Loss harvested",
    ("harvest", "buy"): "Bought for a harvest",
    ("rebalance", "sell"): "Sold for tracking",
    ("rebalance", "buy"): "Bought for tracking",
    ("restriction", "sell"): "Sold for a restriction",
    ("restriction", "buy"): "Bought for a restriction",
    ("cash", "sell"): "Sold to raise cash",
    ("cash", "buy"): "Cash invested",
    ("exchange", "sell"): "Sold to pay for others",
    ("exchange", "buy"): "Bought in place of sold",
    ("location", "sell"): "Sold to be held elsewhere",
    ("location", "buy"): "Bought where taxed less",
    ("substitute", "sell"): "Sold for a substitute",
    ("substitute", "buy"): "Substitute bought",
}


@dataclass(frozen=True, slots=True)
class _Pictures:
    statuses: Markup
    tracking: Markup
    scores: Markup
    taxes: Markup


def run_page(run: Run) -> str:
    """Write the page of a run as HTML; a firm of 5,000 households stays below 3 MB."""
    totals = figures(run)
    return rendered(
        "run_page.html",
        run=run,
        totals=totals,
        pictures=_Pictures(
            statuses=_statuses_picture(totals),
            tracking=_tracking_picture(run, totals),
            scores=_scores_picture(run),
            taxes=_taxes_picture(run),
        ),
        dots=_DOTS,
        largest=_rows(largest_trades(run.trades, _ROWS)),
        motives=_by_motive(run.trades),
        symbols=_by_symbol(run.trades),
        best=_best(run.households),
        troubled=_rows(_troubled(run.households).head(_PROBLEMS)),
        relaxed=_rows(_relaxed(run.relaxations).head(_PROBLEMS)),
        filewide=_rows(file_wide_errors(run.findings).head(_FILE_WIDE)),
        findings=_rows(_grouped(run.findings).head(_PROBLEMS)),
        finding_groups=_grouped(run.findings).height,
    )


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    return list(table.iter_rows(named=True))


def _statuses_picture(totals: Figures) -> Markup:
    shares = [
        Share(f"{status}: {amounts.count(number)}", number, _STATUS_COLOURS[status])
        for status, number in totals.statuses.items()
    ]
    return Markup(strip(shares, "Households by status"))  # noqa: S704 - pictures escape their words


def _tracking_picture(run: Run, totals: Figures) -> Markup:
    """Draw the proposed households; where there are too many, evenly chosen in the order of the file."""
    known = run.households.filter((pl.col("status") == "proposed") & (pl.col("value") > 0)).drop_nulls(
        ["te_before", "te_after"]
    )
    step = -(-known.height // _DOTS)
    shown = known.gather_every(max(step, 1)).sort("value", descending=True, maintain_order=True)
    tax = (pl.col("tax").cast(pl.Float64) / pl.col("value").cast(pl.Float64) * 1e4).alias("tax_bps")
    cases = [
        Arrow(before, 0.0, after, bps, f"{name}: {_change(before, after)}, tax {amounts.basis_points(bps)}")
        for name, before, after, bps in shown.select("household_id", "te_before", "te_after", tax).iter_rows()
    ]
    whole = None
    if totals.te_before is not None and totals.te_after is not None and totals.tax_bps is not None:
        words = f"all households: {_change(totals.te_before, totals.te_after)}"
        whole = Arrow(totals.te_before, 0.0, totals.te_after, totals.tax_bps, words)
    return Markup(  # noqa: S704 - pictures escape their words
        arrows(
            cases,
            whole,
            Axis("tracking error, annual", lambda value: amounts.percent(value, 1)),
            Axis("tax now, bp of value (below zero: saved)", _plain_number),
            "Tax now against tracking error, before and after the trades of each household",
        )
    )


def _change(before: float, after: float) -> str:
    return f"{amounts.percent(before)} \u2192 {amounts.percent(after)}"


def _plain_number(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", "0"} else text.replace("-", "\u2212")


def _scores_picture(run: Run) -> Markup:
    layers = []
    for status in ("proposed", "hold"):
        own = run.households.filter((pl.col("status") == status) & pl.col("score_bps").is_not_null())["score_bps"]
        layers.append(Layer(status, own.to_numpy(), _STATUS_COLOURS[status]))
    return Markup(  # noqa: S704 - pictures escape their words
        histogram(
            layers,
            Axis("score: improvement of the objective, bp of value", _plain_number),
            "household",
            "Distribution of the scores of proposed and held households",
        )
    )


def _taxes_picture(run: Run) -> Markup:
    """Draw the tax of taxable sales by term, losses and gains apart."""
    sells = run.trades.select("side", "account_kind", "term", "gain", "tax").filter(
        (pl.col("side") == "sell") & (pl.col("account_kind") == "taxable")
    )
    rows = []
    for term in ("short", "long"):
        for sign, name in ((pl.col("gain") < 0, "losses"), (pl.col("gain") > 0, "gains")):
            own = sells.filter((pl.col("term") == term) & sign)
            tax, gain = total(own, "tax"), total(own, "gain")
            title = f"{term}-term {name} {amounts.short_dollars(abs(gain))}"
            rows.append(Bar(title, float(tax), amounts.short_dollars(tax)))
    return Markup(bars(rows, "Tax of the sales by term"))  # noqa: S704 - pictures escape their words


def _by_motive(trades: pl.DataFrame) -> list[dict[str, Any]]:
    groups = (
        trades.group_by("motive", "side")
        .agg(
            pl.len().alias("trades"),
            pl.col("gain").filter(pl.col("account_kind") == "taxable").sum(),
            pl.col("value", "tax", "cost").sum(),
        )
        .sort("value", descending=True)
    )
    return [{"name": MOTIVES[row["motive"], row["side"]], **row} for row in _rows(groups)]


def _by_symbol(trades: pl.DataFrame) -> list[dict[str, Any]]:
    """Find the securities traded most, over all households: what a block order would be."""
    side = pl.col("side")
    groups = trades.group_by("symbol").agg(
        pl.col("value").filter(side == "buy").sum().alias("bought"),
        pl.col("value").filter(side == "sell").sum().alias("sold"),
        pl.col("household_id").n_unique().alias("households"),
    )
    net = groups.with_columns((pl.col("bought") - pl.col("sold")).alias("net"))
    order = (pl.col("bought") + pl.col("sold")).alias("both")
    return _rows(net.sort([order, "symbol"], descending=[True, False]).head(10))


def _best(households: pl.DataFrame) -> list[dict[str, Any]]:
    """Find the proposed households whose trades are worth most, in dollars."""
    worth = (pl.col("score_bps") * pl.col("value").cast(pl.Float64) * 1e-4).alias("worth")
    proposed = households.filter(pl.col("status") == "proposed").with_columns(worth)
    return _rows(proposed.sort("worth", descending=True, nulls_last=True, maintain_order=True).head(10))


def _troubled(households: pl.DataFrame) -> pl.DataFrame:
    """Find the households of which nothing is proposed because something is wrong: the failed ones first."""
    return households.filter(pl.col("status").is_in(["failed", "refused"])).sort(
        [pl.col("status") == "refused", "value"], descending=[False, True], maintain_order=True
    )


def _relaxed(relaxations: pl.DataFrame) -> pl.DataFrame:
    missed = (pl.col("reached") - pl.col("required")).abs().alias("missed")
    return relaxations.with_columns(missed).sort("missed", descending=True, maintain_order=True)


def _grouped(findings: pl.DataFrame) -> pl.DataFrame:
    """Put findings of one kind together: how many there are, and the first of them as an example."""
    order = pl.col("severity").replace_strict({"error": 0, "warning": 1, "notice": 2}, return_dtype=pl.Int8)
    return (
        findings.group_by("severity", "file", "column", "must_be", maintain_order=True)
        .agg(pl.len().alias("findings"), pl.col("line", "was", "to_do", "household").first())
        .sort([order, -pl.col("findings").cast(pl.Int64)], maintain_order=True)
    )
