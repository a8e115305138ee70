"""Pages of HTML made of templates: everything is escaped, a name that is not there fails."""

from __future__ import annotations

from typing import Any

import jinja2
from markupsafe import Markup

from lotwise.reports import amounts

__all__ = ["rendered"]


def rendered(template: str, **values: object) -> str:
    """Write a page; `values` are what its template knows."""
    return _environment().get_template(template).render(**values)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lotwise.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {
        "dollars": amounts.dollars,
        "short_dollars": amounts.short_dollars,
        "percent": amounts.percent,
        "basis_points": amounts.basis_points,
        "count": amounts.count,
    }
    return environment


def _printable(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Take control characters out of what a template prints; what is markup already has none."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else amounts.plain(value)
