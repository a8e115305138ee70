"""Documents as PDF, set by typst: one compiler for each thread, fonts of the package, nothing fetched.

What a document says reaches the template as data (JSON that it decodes), never as source: a household called
`#panic("x")` is printed as it is called.
"""

from __future__ import annotations

import json
import threading
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lotwise.errors import LotwiseError
from lotwise.reports.amounts import plain
from lotwise.reports.documents.blocks import Document, Table
from lotwise.reports.documents.column_widths import fitted, widths_of
from lotwise.reports.documents.printed import long_day
from lotwise.reports.documents.theme import Logo, Theme

if TYPE_CHECKING:
    from typst import Compiler, Fonts

__all__ = ["Press", "PressError", "require_typst", "why_no_picture"]

_TEMPLATES = "templates"
_MAIN = "document.typ"

# A word of more letters gets places where it may break: nothing else would keep it on the page.
_LONG_WORD = 28
_BREAK = "\u200b"

# Points; as in the template.
_PAPER_WIDTHS = {"letter": 612.0, "a4": 595.28}
_MARGIN = 42.52
_DENSE_SIZE, _DENSE_INSET = 7.0, 3.0

# Rows from which on a document has no tags for screen readers: they make it five times as large and slow. The HTML of
# the same document is accessible whatever its length.
_TAGGED_ROWS = 120


class PressError(LotwiseError):
    """A document cannot be set, or typst is not installed."""


class Press:
    """Sets documents of one theme; may be used from several threads at once."""

    def __init__(self, theme: Theme) -> None:
        """Prepare; raises PressError where typst is not installed."""
        self.theme = theme
        self._fonts = _fonts()
        self._root = _templates()
        self._own = threading.local()
        self._look = json.dumps(_theme_values(theme))
        self._room = _PAPER_WIDTHS[theme.paper] - 2 * _MARGIN

    def pdf(self, document: Document) -> bytes:
        """Set a document; the same document gives the same bytes. Raises PressError where it cannot be set."""
        if not hasattr(self._own, "compiler"):
            self._own.compiler = _compiler(self._root, self._fonts)
        rows = sum(len(table.rows) for table in document.tables())
        try:
            made = self._own.compiler.compile(
                format="pdf",
                sys_inputs={"document": json.dumps(_values(document, self._room)), "theme": self._look},
                timestamp=datetime.combine(document.as_of, time(), UTC),
                pdf_tags=rows <= _TAGGED_ROWS,
            )
        except RuntimeError as error:
            raise PressError(f"{document.household_id}: {document.kind} cannot be set: {error}") from error
        assert isinstance(made, bytes)
        return made


def why_no_picture(logo: Logo) -> str:
    """Say why a logo cannot be drawn; "" where it can."""
    document = Document("logo", "", "", "", date(2000, 1, 1), "", ())
    try:
        Press(Theme(logo=logo)).pdf(document)
    except PressError as error:
        return str(error.__cause__ or error).splitlines()[0]
    return ""


def require_typst() -> None:
    """Raise PressError where typst is not installed."""
    _fonts()


@cache
def _fonts() -> Fonts:
    """Fonts of the package and of the system, looked for once."""
    try:
        from typst import Fonts  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise PressError("PDF needs typst: pip install 'lotwise[documents]' (HTML does not)") from error
    # Fonts of the system stand in only for letters that the bundled ones do not have.
    return Fonts(font_paths=[str(resources.files("lotwise.reports") / "fonts")])


def _templates() -> Path:
    return Path(str(resources.files("lotwise.reports") / _TEMPLATES))


def _compiler(root: Path, fonts: Fonts) -> Compiler:
    from typst import Compiler  # noqa: PLC0415 - an extra

    return Compiler(str(root / _MAIN), root=str(root), font_paths=fonts)


def _theme_values(theme: Theme) -> dict[str, Any]:
    logo = None if theme.logo is None else {"format": theme.logo.format, "bytes": list(theme.logo.content)}
    return {
        "name": theme.name,
        "contact": theme.contact,
        "accent": theme.accent,
        "paper": {"letter": "us-letter"}.get(theme.paper, theme.paper),
        "disclosures": list(theme.disclosures),
        "logo": logo,
    }


def _values(value: Any, room: float) -> Any:  # noqa: ANN401 - whatever a block holds
    """Blocks as plain values, each with the name of its kind; text without control characters, long words breakable."""
    if isinstance(value, Table) and value.dense:
        return _dense_values(value, room)
    if is_dataclass(value):
        named = {field.name: _field(field.name, getattr(value, field.name), room) for field in fields(value)}
        if isinstance(value, Document):
            named["whose"] = _breakable(value.whose)
            named["footer"] = _breakable(value.footer)
            named["day"] = long_day(value.as_of)
        return named | {"block": type(value).__name__}
    if isinstance(value, tuple | list):
        return [_values(each, room) for each in value]
    if isinstance(value, str):
        return _breakable(value)
    return value.isoformat() if isinstance(value, date) else value


def _field(name: str, value: Any, room: float) -> Any:  # noqa: ANN401
    return value if name == "svg" else _values(value, room)


def _dense_values(table: Table, room: float) -> dict[str, Any]:
    """A dense table with the widths of its columns; its cells are plain already and cut to one line."""
    widths = widths_of(table.columns, table.rows, _DENSE_SIZE, _DENSE_INSET, room)
    wide = [(place, widths[place] - 2 * _DENSE_INSET) for place, column in enumerate(table.columns) if column.wide]
    rows = []
    for row in table.rows:
        cells = [plain(cell) for cell in row.cells]
        for place, space in wide:
            cells[place] = fitted(cells[place], space, _DENSE_SIZE)
        rows.append({"cells": cells, "kind": row.kind, "note": row.note})
    return {
        "block": "Table",
        "columns": [_values(column, room) for column in table.columns],
        "rows": rows,
        "title": _breakable(table.title),
        "note": table.note,
        "dense": True,
        "widths": widths,
    }


def _breakable(text: str) -> str:
    """Text on one line, without control characters; a long word may break after every few letters."""
    line = plain(text, 40_000)
    if len(line) <= _LONG_WORD or all(len(word) <= _LONG_WORD for word in line.split(" ")):
        return line
    step = _LONG_WORD // 2
    return " ".join(
        word if len(word) <= _LONG_WORD else _BREAK.join(word[at : at + step] for at in range(0, len(word), step))
        for word in line.split(" ")
    )
