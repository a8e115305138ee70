"""firm.toml for the ledger: the day, the reading of the wash-sale rule, the standing relief order and default rates.

    [ledger]
    reading = "held_at_end_of_day"    # or one of the other readings (lotwise.ledger.tables.Reading)
    relief = "fifo"                   # standing order of accounts that give none

Read tolerantly: an unknown value is a finding and the default holds, since posting must not wait for a policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NamedTuple

from lotwise.dates import to_day_number
from lotwise.errors import Severity
from lotwise.households.profile_reading import closest, shown
from lotwise.households.toml_text import TomlText, TomlUnreadable
from lotwise.interchange.firm_folder.client_files import RELIEFS
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.ledger.tables import Reading
from lotwise.money import FULL_RATE

__all__ = ["READINGS", "Policy", "read_policy"]

_FIRM = "firm.toml"
READINGS = tuple(reading.name.lower() for reading in Reading)


class Policy(NamedTuple):
    """What the firm says of its ledger."""

    as_of: int | None = None  # day
    reading: Reading = Reading.HELD_AT_END_OF_DAY
    relief: str = "fifo"
    short_rate: int = 0  # billionths, federal + state, of households that give none: for relief by lowest tax
    long_rate: int = 0


def read_policy(folder: Path, findings: FindingList) -> Policy:
    """Read firm.toml; without one, the defaults."""
    path = folder / _FIRM
    if not path.is_file():
        return Policy()
    try:
        source = TomlText.read(_FIRM, path.read_bytes())
    except TomlUnreadable as error:
        message = Message(Severity.ERROR, "TOML", "correct it; until then the defaults hold in the ledger")
        findings.add(Place(_FIRM, error.line), message, str(error))
        return Policy()
    rates = _table(source, "rates")
    state = _rate(rates.get("state_rate"))
    return Policy(
        _day(source.values.get("as_of")),
        Reading[_word(source, "reading", READINGS, findings).upper()],
        _word(source, "relief", RELIEFS, findings),
        _rate(rates.get("federal_short_rate")) + state,
        _rate(rates.get("federal_long_rate")) + state,
    )


def _table(source: TomlText, name: str) -> Mapping[str, object]:
    value = source.values.get(name)
    return value if isinstance(value, Mapping) else {}


def _word(source: TomlText, key: str, words: tuple[str, ...], findings: FindingList) -> str:
    """One of the words that a key may have; the first of them where it has another, or none."""
    value = _table(source, "ledger").get(key, words[0])
    if isinstance(value, str) and value.lower() in words:
        return value.lower()
    hint = closest(value, words) if isinstance(value, str) else ""
    message = Message(Severity.WARNING, f"one of {', '.join(words)}", f"{hint}correct it; until then {words[0]} holds")
    findings.add(Place(_FIRM, source.line_of("ledger", key), key), message, shown(value))
    return words[0]


def _day(value: object) -> int | None:
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    return to_day_number(value) if isinstance(value, date) else None


def _rate(value: object) -> int:
    """Rate in billionths; what is none counts as 0 here and is reported where the folder is read as a whole."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return 0
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= 1:
        return 0
    return int((number * FULL_RATE).to_integral_value(rounding=ROUND_HALF_EVEN))
