"""A client document in a firm's look: a notebook shows it, a file keeps it as PDF or HTML."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lotwise.interchange.atomic import write_whole
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.html import document_html
from lotwise.reports.documents.pdf import Press
from lotwise.reports.documents.theme import Theme

__all__ = ["Paper"]


class Paper:
    """One document; `as_blocks` is what it is made of."""

    __slots__ = ("_theme", "as_blocks")

    def __init__(self, document: Document, theme: Theme) -> None:
        """Take the document and the look."""
        self.as_blocks = document
        self._theme = theme

    @property
    def html(self) -> str:
        """The document as one self-contained page."""
        return document_html(self.as_blocks, self._theme)

    def pdf(self) -> bytes:
        """The document as PDF; raises PressError where typst is not installed (`pip install 'lotwise[documents]'`)."""
        return Press(self._theme).pdf(self.as_blocks)

    def save(self, path: str | Path) -> Path:
        """Write it as .pdf or .html, by the name, and return the path.

        Raises ValueError for another ending, OSError where it cannot be written, PressError for PDF without typst.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in (".pdf", ".html"):
            raise ValueError(f"a document is PDF or HTML: its name must end in .pdf or .html, was {target.name!r}")
        write_whole(target, self.pdf() if ending == ".pdf" else self.html)
        return target

    def _repr_html_(self) -> str:
        look = "width:100%;height:900px;border:1px solid #dde3e8"
        return f'<iframe sandbox="" style="{look}" srcdoc="{escape(self.html, quote=True)}"></iframe>'

    def __repr__(self) -> str:
        return f"<{self.as_blocks.title}: {self.as_blocks.headline} Shown by a notebook, or .save('name.pdf')>"
