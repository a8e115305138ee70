"""Documents as HTML: one self-contained file each, that asks nothing of any server and runs no script."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

import jinja2
from markupsafe import Markup

from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.printed import long_day
from lotwise.reports.documents.theme import Theme
from lotwise.reports.pages import templates

__all__ = ["document_html"]

_MOST = 40_000  # letters of one text
_MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


def document_html(document: Document, theme: Theme) -> str:
    """Write a document as HTML."""
    return _template().render(
        document=document,
        day=long_day(document.as_of),
        theme=theme,
        logo="" if theme.logo is None else _inline(theme.logo.format, theme.logo.content),
    )


def _inline(ending: str, content: bytes) -> str:
    """A picture as an address of its own: whatever script an SVG holds does not run in an image."""
    return f"data:{_MEDIA[ending]};base64,{b64encode(content).decode()}"


@cache
def _template() -> jinja2.Template:
    environment = templates(_MOST)
    environment.filters["drawn"] = Markup  # pictures escape their words
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment.get_template("document.html")
