"""Reading the files of state law, one per state: `law/states/XX.toml`.

Thresholds in a file are whole dollars, rates and weights fractions of one, read exactly (no binary float); anything
misspelt, missing or out of order stops the reading with a StateLawError that names file and years.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from lotwise.money import DOLLAR, FULL_RATE
from lotwise.tax.state_law import INCOMES, STATUSES, VERIFIED, StateFile, StateLawError, StateSchedule

__all__ = ["read_state", "state_files", "why_unknown"]


class _Table:
    """One table of a file, taken key by key; what is left over at the end is an error."""

    def __init__(self, where: str, content: dict[str, Any]) -> None:
        self.where = where
        self.left = dict(content)

    def wrong(self, must_be: str, was: object) -> StateLawError:
        return StateLawError(f"{self.where}: must be {must_be}; was {was!r}")

    def take(self, key: str, kind: type, *, needed: bool = True) -> Any:  # noqa: ANN401 - a value of a TOML file
        value = self.left.pop(key, None)
        if value is None and not needed:
            return None
        if type(value) is not kind:
            raise self.wrong(f"{key} as {kind.__name__}", value)
        if value in ("", []):
            raise self.wrong(f"{key}, not empty", value)
        return value

    def period(self, key: str, *, needed: bool = True) -> tuple[int, int] | None:
        value = self.take(key, list, needed=needed)
        if value is None:
            return None
        match value:
            case [int(first), int(last)] if first <= last:
                return first, last
        raise self.wrong(f"{key} = [first year, last year]", value)

    def nothing_left(self) -> None:
        if self.left:
            raise self.wrong("without keys it does not know", sorted(self.left))


def _scaled(table: _Table, key: str, value: object, unit: int) -> int:
    """Read an exact non-negative number of units."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise table.wrong(f"{key}: non-negative numbers", value)
    exact = Decimal(value) * unit
    if exact != int(exact):
        raise table.wrong(f"{key}: numbers of whole units, {unit} per one", value)
    return int(exact)


def _share(table: _Table, key: str, value: object) -> int:
    """Read a fraction of one as Rate."""
    rate = _scaled(table, key, value, FULL_RATE)
    if rate > FULL_RATE:
        raise table.wrong(f"{key}: fractions of one", value)
    return rate


def _thresholds(table: _Table, brackets: int) -> tuple[tuple[int, ...], ...]:
    """Thresholds per filing status: `every_status`, or one list or the name of another status for each."""
    same = table.take("every_status", list, needed=False)
    given = {name: same if same is not None else table.left.pop(name, None) for name in STATUSES}
    found: list[tuple[int, ...]] = []
    for name in STATUSES:
        listed = given[name]
        if isinstance(listed, str):
            listed = given.get(listed)
        if not isinstance(listed, list) or len(listed) != brackets:
            raise table.wrong(f"{name}: one threshold for each of the {brackets} rates", listed)
        lower = tuple(_scaled(table, name, value, DOLLAR) for value in listed)
        if lower[0] != 0 or any(above < below for below, above in pairwise(lower)):
            raise table.wrong(f"{name}: thresholds that start at 0 and never fall", listed)
        found.append(lower)
    return tuple(found)


def _weights(where: str, content: dict[str, Any]) -> tuple[int, int, int, int]:
    """Read a base: the share of each kind of income in it, none if not named."""
    base = _Table(where, content)
    ordinary, short, long, qualified = (_share(base, name, base.left.pop(name, 0)) for name in INCOMES)
    base.nothing_left()
    return ordinary, short, long, qualified


def _schedules(where: str, content: dict[str, Any]) -> tuple[StateSchedule, ...]:
    """Read one [[schedule]]: with `above`, it taxes only what lies on top of that base, so its tax is a difference."""
    table = _Table(where, content)
    first, last = table.period("years") or (0, 0)
    table.where = f"{where}, years {first}-{last}"
    verified = table.take("verified", str)
    if verified not in VERIFIED:
        raise table.wrong(f"verified: one of {', '.join(VERIFIED)}", verified)
    above = table.take("above", dict, needed=False)
    rates = tuple(_share(table, "rates", rate) for rate in table.take("rates", list))
    read = StateSchedule(
        first_year=first,
        last_year=last,
        tax=table.take("tax", str),
        citation=table.take("citation", str),
        verified=verified,
        weights=_weights(table.where, table.take("base", dict)),
        sign=1,
        rates=rates,
        lower=_thresholds(table, len(rates)),
    )
    table.nothing_left()
    if above is None:
        return (read,)
    return read, replace(read, weights=_weights(table.where, above), sign=-1)


def read_state(text: str, where: str) -> StateFile:
    """Read the law of one state from the text of its file; `where` names it in messages.

    Every known year must have a schedule of the state's own tax, and no schedule may reach beyond the known years.
    Raises StateLawError: file, year, what must be there, what was.
    """
    try:
        table = _Table(where, tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise StateLawError(f"{where}: must be TOML; {error}") from error
    reasons = [_Table(f"{where}, absent", entry) for entry in table.take("absent", list, needed=False) or []]
    read = StateFile(
        state=table.take("state", str),
        name=table.take("name", str),
        tax=table.take("tax", str),
        gains=table.take("gains", str),
        losses=table.take("losses", str),
        follows_loss_deduction=table.period("follows_loss_deduction", needed=False),
        not_modelled=tuple(table.take("not_modelled", list, needed=False) or ()),
        known=table.period("known", needed=False),
        schedules=tuple(
            part for entry in table.take("schedule", list, needed=False) or [] for part in _schedules(where, entry)
        ),
        absent=tuple((*(entry.period("years") or (0, 0)), entry.take("why", str)) for entry in reasons),
    )
    for part in (table, *reasons):
        part.nothing_left()
    for schedule in read.schedules:
        if schedule.first_year not in read.years() or schedule.last_year not in read.years():
            raise StateLawError(f"{where}, {schedule.first_year}-{schedule.last_year}: must lie in known; {read.known}")
    for year in read.years():
        if all(schedule.tax != read.tax for schedule in read.in_force(year)):
            raise StateLawError(f"{where}, {year}: must have a schedule of the {read.tax}; had none")
    return read


@cache
def state_files() -> tuple[StateFile, ...]:
    """Every state's law as the package holds it, by state code.

    Raises StateLawError where a file is wrong.
    """
    folder = resources.files("lotwise.tax") / "law" / "states"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    found = []
    for name in names:
        read = read_state((folder / name).read_text(encoding="utf-8"), f"law/states/{name}")
        if f"{read.state}.toml" != name:
            raise StateLawError(f"law/states/{name}: must be named after its state; was {read.state!r}")
        found.append(read)
    return tuple(found)


def why_unknown(state: str, year: int) -> str:
    """Say in one sentence why a state's tax in a year is not known, and what to do; empty if it is known."""
    to_do = "give the household's own total rate as state_rate"
    file = next((file for file in state_files() if file.state == state), None)
    if file is None:
        return f"{state!r} is not the two-letter code of a state whose tax law is kept; {to_do}"
    if year in file.years():
        return ""
    for first, last, why in file.absent:
        if first <= year <= last:
            return f"the {file.name} tax of {year} is not kept: {why}; {to_do}"
    kept = f"only {file.known[0]} to {file.known[1]} are" if file.known else "no year is"
    return f"the {file.name} tax of {year} is not kept ({kept}); {to_do}"
