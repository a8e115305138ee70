"""firm.toml for the ledger: the day, the reading of the wash-sale rule, the standing relief order and default rates.

    [ledger]
    reading = "held_at_end_of_day"    # or one of the other readings (lotwise.ledger.tables.Reading)
    relief = "fifo"                   # standing order of accounts that give none

Read tolerantly: an unknown value is a finding and the default holds, since posting must not wait for a policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lotwise.dates import to_day_number
from lotwise.errors import Severity
from lotwise.households.toml_text import TomlText, TomlUnreadable
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.client_files import RELIEFS
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.header import day_of, read_default_rates
from lotwise.ledger.tables import Reading

__all__ = ["READINGS", "Policy", "read_policy"]

_FIRM = "firm.toml"
READINGS = tuple(reading.name.lower() for reading in Reading)


class Policy(NamedTuple):
    """What the firm says of its ledger."""

    as_of: int | None = None  # day
    reading: Reading = Reading.HELD_AT_END_OF_DAY
    relief: str = "fifo"
    # Billionths, of households that give none: for relief by lowest tax.
    federal_short_rate: int = 0
    federal_long_rate: int = 0
    state_rate: int = 0


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
    said = FindingList()
    rates = read_default_rates(source, said)
    # Rates decide relief by lowest tax alone: what is wrong with them stops no posting.
    findings.extend(replace(each, severity=Severity.WARNING) for each in said.all_sorted(()))
    return Policy(
        _day(source, findings),
        Reading[_word(source, "reading", READINGS, findings).upper()],
        _word(source, "relief", RELIEFS, findings),
        *(int(rates[name] or 0) for name in ("federal_short_rate", "federal_long_rate", "state_rate")),
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


def _day(source: TomlText, findings: FindingList) -> int | None:
    value = source.values.get("as_of")
    day = day_of(value)
    if day is None and value is not None:
        message = Message(Severity.WARNING, "a date as YYYY-MM-DD", "correct it; until then the last posted day counts")
        findings.add(Place(_FIRM, source.line_of("", "as_of"), "as_of"), message, shown(value))
    return None if day is None else to_day_number(day)
