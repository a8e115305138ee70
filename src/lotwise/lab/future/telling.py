"""What became of a household, as rows for people, and as files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from lotwise import __version__
from lotwise.interchange.atomic import replaced_files, write_whole
from lotwise.lab.future.living import FIGURES, Futures
from lotwise.lab.market_panel import Floats
from lotwise.reports.future_page import FuturePage, FutureRow, Spread, future_page

__all__ = ["PAGE", "folder_of", "page_of", "write_futures"]

PAGE = "household.html"
_FILES = (PAGE, "paths.parquet", "result.json")
_ENDS = (0.1, 0.5, 0.9)
_STRANGE = re.compile(r"[^\w.-]")


def folder_of(out: Path, household: str) -> Path:
    """Folder of a household's results; what no file name should have becomes an underscore."""
    return out / f"household-{_STRANGE.sub('_', household)}"


def page_of(futures: Futures) -> FuturePage:
    """Tell it: quantiles over the paths."""
    rows = []
    for place, policy in enumerate(futures.policies):
        of = {name: futures.figures[name][:, place] for name in FIGURES}
        rows.append(
            FutureRow(
                policy.name,
                policy.in_words(),
                _spread(of["sold"]),
                _spread(of["stepped_up"]),
                _spread(of["before_tax"]),
                *(float(np.median(of[name])) for name in ("tax", "tax_left", "tracking", "carried", "cost")),
            )
        )
    asked = futures.future
    return FuturePage(
        futures.household,
        futures.name,
        futures.firm.name,
        futures.firm.as_of,
        futures.value,
        futures.years,
        asked.paths,
        asked.growth,
        asked.seed,
        futures.model.in_words(),
        rows,
        futures.left_out,
        __version__,
    )


def _spread(values: Floats) -> Spread:
    return Spread(*(float(value) for value in np.quantile(values, _ENDS)))


def write_futures(futures: Futures, folder: Path) -> Path:
    """Write the page, the figures of every path and all of it as JSON; the page's path."""
    page = page_of(futures)
    said = page._asdict() | {
        "as_of": page.as_of.isoformat(),
        "rows": [
            {name: value._asdict() if isinstance(value, Spread) else value for name, value in row._asdict().items()}
            for row in page.rows
        ],
    }
    with replaced_files(folder, _FILES) as place:
        write_whole(place / PAGE, future_page(page))
        write_whole(place / "result.json", json.dumps(said, indent=1, ensure_ascii=False) + "\n")
        futures.frame().write_parquet(place / "paths.parquet")
    return folder / PAGE
