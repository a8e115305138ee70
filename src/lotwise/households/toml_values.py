"""Values of TOML files: a number as it stands, and how a finding repeats a wrong one."""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches

__all__ = ["as_number", "closest", "shown"]

_SHOWN = 80  # characters of a wrong value that a finding repeats


def shown(value: object) -> str:
    """Show a wrong value as a finding repeats it: one line, quoted if it is text, cut if it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    text = text.replace("\n", " ")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def closest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Guess the known word that was meant: 'did you mean x? ', or nothing."""
    found = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {found[0]}? " if found else ""


def as_number(value: object) -> Decimal | None:
    """Read a finite number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, int):
        return Decimal(value)
    return value if value.is_finite() else None
