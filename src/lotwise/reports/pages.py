"""Pages of HTML made of templates: everything is escaped, a name that is not there fails."""

from __future__ import annotations

from functools import partial
from typing import Any

import jinja2
from markupsafe import Markup

from lotwise.reports import amounts

__all__ = ["rendered", "templates"]

_MOST = 400  # letters of one text


def rendered(template: str, **values: object) -> str:
    """Write a page; `values` are what its template knows."""
    environment = templates()
    environment.filters |= {
        "dollars": amounts.dollars,
        "short_dollars": amounts.short_dollars,
        "percent": amounts.percent,
        "basis_points": amounts.basis_points,
        "count": amounts.count,
    }
    return environment.get_template(template).render(**values)


def templates(most: int = _MOST) -> jinja2.Environment:
    """Templates of the package; texts are printed without control characters and no longer than `most` letters."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("lotwise.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=partial(_printable, most=most),
    )


def _printable(value: Any, most: int) -> Any:  # noqa: ANN401 - whatever a template prints
    """Take control characters out of what a template prints; what is markup already has none."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else amounts.plain(value, most)
