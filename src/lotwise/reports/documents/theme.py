"""theme.toml of a firm folder: the firm's name, colours, logo and disclosures on its documents.

Everything in it may be left out. What is wrong is a finding, and the default stands in for it: a misspelt colour must
not keep a thousand clients from their documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from lotwise.errors import Finding, Severity
from lotwise.households.toml_text import TomlText, TomlUnreadable
from lotwise.households.toml_values import closest, shown
from lotwise.reports.amounts import plain

__all__ = ["FILE", "KEYS", "Logo", "Theme", "contrast_to_white", "read_theme", "theme_reference"]

FILE = "theme.toml"

# Key: what it must be, and what it is for.
KEYS: Mapping[str, tuple[str, str]] = {
    "name": ("text", "the firm's name; default: that of `firm.toml`"),
    "contact": ("text", "a line below the disclosures: address, telephone"),
    "accent": (
        "a colour as #rrggbb, dark enough to be read on white",
        "headings, rules and large figures; default `#0b3c5d`",
    ),
    "logo": ("an SVG or PNG file in the firm folder, at most 500 kB", "at the top of every document"),
    "disclosures": ("a list of texts", "at the end of every document, one paragraph each"),
    "paper": ('"letter" or "a4"', "the size of a page; default `letter`"),
}

_ACCENT = "#0b3c5d"
_PAPERS = ("letter", "a4")
_LARGEST_LOGO = 500_000
_MOST_TEXT = 20_000  # letters of all disclosures
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LEAST_CONTRAST = 4.5  # of text on white: WCAG 2.2, success criterion 1.4.3
_PNG = b"\x89PNG\r\n\x1a\n"


class Logo(NamedTuple):
    """A picture file: its format, "svg" or "png", and its bytes."""

    format: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Theme:
    """How a firm's documents look."""

    name: str = ""
    contact: str = ""
    accent: str = _ACCENT
    logo: Logo | None = None
    disclosures: tuple[str, ...] = ()
    paper: str = "letter"


def read_theme(
    folder: Path, firm: str, is_picture: Callable[[Logo], str] = lambda _: ""
) -> tuple[Theme, tuple[Finding, ...]]:
    """Read theme.toml of a firm folder; `firm` is the firm's name where it gives none.

    `is_picture` says why a logo cannot be drawn, "" if it can.
    """
    path = folder / FILE
    if not path.exists():
        return Theme(name=firm), ()
    try:
        source = TomlText.read(FILE, path.read_bytes())
    except TomlUnreadable as error:
        return Theme(name=firm), (_finding(error.line, None, "TOML", str(error)),)
    except OSError as error:
        return Theme(name=firm), (_finding(None, None, "a file that can be read", error.strerror or str(error)),)
    reader = _Reader(folder, source, is_picture)
    theme, findings = Theme(name=firm), list(reader.unknown_keys())
    for key, (must_be, _) in KEYS.items():
        if key in source.values:
            found = reader.read(theme, key, source.values[key])
            if isinstance(found, Theme):
                theme = found
            else:
                findings.append(_finding(source.line_of("", key), key, must_be, found))
    return theme, tuple(findings)


def _finding(line: int | None, key: str | None, must_be: str, was: str) -> Finding:
    to_do = "correct it; until then the default stands in for it"
    return Finding(FILE, line, key, Severity.WARNING, must_be, was, to_do)


class _Reader:
    """Reads one key after the other: its value, or what is wrong with it."""

    def __init__(self, folder: Path, source: TomlText, is_picture: Callable[[Logo], str]) -> None:
        self._folder = folder
        self._source = source
        self._is_picture = is_picture

    def unknown_keys(self) -> Iterator[Finding]:
        """Say which keys nobody reads."""
        for key in self._source.values:
            if key not in KEYS:
                line = self._source.line_of("", key) or self._source.line_of(key)
                to_do = f"{closest(key, tuple(KEYS))}it is not looked at"
                yield Finding(FILE, line, key, Severity.NOTICE, "a key of theme.toml", shown(key), to_do)

    def read(self, theme: Theme, key: str, value: object) -> Theme | str:
        """Give the theme with one key read, or what is wrong with its value."""
        if key == "disclosures":
            return self._disclosures(theme, value)
        if not isinstance(value, str):
            return shown(value)
        if key == "logo":
            return self._logo(theme, value)
        if key == "accent":
            return _wrong_colour(value) or replace(theme, accent=value.lower())
        if key == "paper":
            return replace(theme, paper=value) if value in _PAPERS else shown(value)
        return replace(theme, name=plain(value)) if key == "name" else replace(theme, contact=plain(value))

    @staticmethod
    def _disclosures(theme: Theme, value: object) -> Theme | str:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            return shown(value)
        texts = tuple(plain(text, _MOST_TEXT + 1) for text in value if text.strip())
        letters = sum(len(text) for text in texts)
        if letters > _MOST_TEXT:
            return f"{letters:,} letters, more than {_MOST_TEXT:,}"
        return replace(theme, disclosures=texts)

    def _logo(self, theme: Theme, value: str) -> Theme | str:
        """Read a logo: a file of the folder itself, so that a theme cannot print what lies elsewhere."""
        path = self._folder / value
        ending = path.suffix.lower().removeprefix(".")
        if Path(value).name != value or ending not in ("svg", "png"):
            return shown(value)
        try:
            if path.resolve().parent != self._folder.resolve():
                return f"{shown(value)}, a link to somewhere else"
            size = path.stat().st_size
            if size > _LARGEST_LOGO:
                return f"{shown(value)} of {size:,} bytes"
            content = path.read_bytes()
        except OSError as error:
            return f"{shown(value)}: {error.strerror or type(error).__name__}"
        logo = Logo(ending, content)
        if ending == "png" and not content.startswith(_PNG):
            return f"{shown(value)}, which is no PNG"
        why = self._is_picture(logo)
        return f"{shown(value)}, which cannot be drawn: {why}" if why else replace(theme, logo=logo)


def _wrong_colour(value: str) -> str:
    """Say what is wrong with a colour; "" where nothing is."""
    if not _COLOUR.fullmatch(value):
        return shown(value)
    contrast = contrast_to_white(value)
    if contrast < _LEAST_CONTRAST:
        return f"{value}, of contrast {contrast:.1f} to white; from {_LEAST_CONTRAST} on it can be read"
    return ""


def contrast_to_white(colour: str) -> float:
    """Contrast of a colour (#rrggbb) to white, 1 to 21, by the formula of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def theme_reference() -> str:
    """Every key as a Markdown table."""
    lines = ["| key | must be | what for |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{key}` | {must_be} | {what} |" for key, (must_be, what) in KEYS.items())]) + "\n"
