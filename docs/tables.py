"""Reference tables that come from the code: a page says where, the build puts them there.

A line `<!-- table: NAME -->` in a page becomes the table NAME, so that no key or column can be documented otherwise
than it is read. A line `<!-- measured: NAME -->` becomes what `lotwise bench` wrote into measured/NAME.md, letter by
letter. mkdocs calls `on_page_markdown` for every page (mkdocs.yml: hooks).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lotwise.households.location_reading import LOCATION_REFERENCE
from lotwise.households.profile import profile_reference
from lotwise.interchange.firm_folder.files import contract_reference
from lotwise.reports.documents.definitions import definitions_reference
from lotwise.reports.documents.theme import theme_reference
from lotwise.settings import Settings

__all__ = ["TABLES", "on_page_markdown", "with_tables"]


def settings_reference() -> str:
    """Every setting of the machine as a Markdown table."""
    lines = ["| variable | meaning | default |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        lines.append(f"| `LOTWISE_{name.upper()}` | {field.description} | {default} |")
    return "\n".join(lines) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    "profile keys": profile_reference,
    "location keys": lambda: LOCATION_REFERENCE,
    "firm folder": contract_reference,
    "settings": settings_reference,
    "theme keys": theme_reference,
    "definitions": definitions_reference,
}

_MARKER = re.compile(r"^<!-- table: (.+) -->$", re.MULTILINE)
_MEASURED = re.compile(r"^<!-- measured: (.+) -->$", re.MULTILINE)
_FOLDER = Path(__file__).parent / "measured"


def with_tables(markdown: str) -> str:
    """Replace every marker by its table; an unknown name is an error, which stops the build."""
    markdown = _MARKER.sub(lambda found: TABLES[found[1]](), markdown)
    return _MEASURED.sub(lambda found: (_FOLDER / f"{found[1]}.md").read_text(encoding="utf-8"), markdown)


def on_page_markdown(markdown: str, **_unused: Any) -> str:  # noqa: ANN401 - mkdocs passes page, config and files
    """Fill the tables of one page, as mkdocs asks."""
    return with_tables(markdown)
