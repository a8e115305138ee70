"""A household lived on from today: what each way of managing it comes to on simulated prices."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from lotwise.lab.future.living import Futures
from lotwise.lab.future.telling import page_of, write_futures
from lotwise.library.picture import Picture
from lotwise.reports import notebook
from lotwise.reports.future_page import COLUMNS, cells, in_short, picture_of

__all__ = ["LivedOn"]


class LivedOn:
    """A household's futures under several policies, made by `Firm.lived_on`; the ordinary rule comes first."""

    __slots__ = ("_futures", "_page")

    def __init__(self, futures: Futures) -> None:
        """Take what was lived."""
        self._futures = futures
        self._page = page_of(futures)

    @property
    def policies(self) -> pl.DataFrame:
        """One row per policy: medians over the paths, and of `sold` the 10% and 90% quantiles.

        `sold`, `stepped_up` and `before_tax` are fractions of value above the ordinary rule on the same path; `tax`,
        `tax_left` and `carried` dollars; `tracking` and `cost` fractions a year.
        """
        rows = [
            {
                "policy": row.name,
                "sold_low": row.sold.low,
                "sold": row.sold.median,
                "sold_high": row.sold.high,
                "stepped_up": row.stepped_up.median,
                "before_tax": row.before_tax.median,
                "tax": row.tax,
                "tax_left": row.tax_left,
                "tracking": row.tracking,
                "carried": row.carried,
                "cost": row.cost,
            }
            for row in self._page.rows
        ]
        return pl.DataFrame(rows)

    @property
    def paths(self) -> pl.DataFrame:
        """One row per policy and path, the same figures."""
        return self._futures.frame()

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the household could not be carried over, in words."""
        return self._futures.left_out

    def plot(self) -> Picture:
        """Draw what each policy has above the ordinary rule if everything is sold at the end."""
        title, svg = picture_of(self._page)
        return Picture(title, svg)

    def write(self, out: str | Path) -> Path:
        """Write household.html, paths.parquet and result.json into a folder; the page's path."""
        return write_futures(self._futures, Path(out))

    def __repr__(self) -> str:
        return f"<LivedOn {self._page.household}: {in_short(self._page)} See .policies, .paths, .left_out, .plot()>"

    def _repr_html_(self) -> str:
        table = pl.DataFrame(cells(self._page), schema=list(COLUMNS), orient="row")
        parts = [notebook.heading(f"{self._page.name or self._page.household}, lived on")]
        parts += [notebook.paragraph(in_short(self._page)), self.plot().svg, notebook.table(table, len(table))]
        parts.append(notebook.paragraph(f"Left out: {'; '.join(self.left_out)}."))
        return notebook.block(parts)
