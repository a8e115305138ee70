"""Reading what a profile would rather hold where: its table `[location]`, an asset class a line.

    [patient.location]
    "US bonds" = {taxable = 20, roth = 5}    # basis points a year that it costs to hold them there
    "US equity" = {traditional = 10, roth = -5}    # negative: preferred there

A cell that a profile does not name is what the profile below it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from lotwise.errors import Finding, Severity
from lotwise.households.accounts import AccountKind
from lotwise.households.profile_keys import LOCATION, Preference
from lotwise.households.toml_text import TomlText
from lotwise.households.toml_values import as_number, closest, shown

__all__ = ["LOCATION_REFERENCE", "classes_preferred", "over", "read_location"]

_MOST_BPS = 10_000  # a year, either way: all there is
_KINDS = {kind.name.lower(): kind for kind in AccountKind}

LOCATION_REFERENCE = (
    "| key | default | unit | from | to | meaning |\n|---|---|---|---|---|---|\n"
    + "\n".join(
        f"| `CLASS.{kind}` | 0 | bp a year | -{_MOST_BPS} | {_MOST_BPS} | "
        f"What it costs to hold securities of the asset class CLASS in a {kind} account; negative: preferred there. |"
        for kind in _KINDS
    )
    + "\n"
)


def read_location(value: object, source: TomlText, place: str) -> tuple[tuple[Preference, ...], tuple[Finding, ...]]:
    """Read the table of preferences of the profile at `place`; whatever is wrong is an error with its line."""
    findings: list[Finding] = []
    read: list[Preference] = []

    def wrong(path: tuple[str, ...], must_be: str, was: object, to_do: str) -> None:
        line = source.line_of_path(place, LOCATION, *path)
        column = ".".join((LOCATION, *path))
        findings.append(Finding(source.file, line, column, Severity.ERROR, must_be, shown(was), to_do))

    if not isinstance(value, Mapping):
        wrong((), "a table of asset classes", value, f"write [{place}.{LOCATION}] and the asset classes below it")
        return (), tuple(findings)
    for asset_class, cells in value.items():
        if not isinstance(cells, Mapping):
            wrong((asset_class,), "a table of kinds of account", cells, "write {taxable = 10}, in basis points a year")
            continue
        for word, cell in cells.items():
            number = as_number(cell)
            if word not in _KINDS:
                hint = closest(word, list(_KINDS))
                wrong((asset_class, word), f"one of {', '.join(_KINDS)}", word, f"{hint}correct the kind or remove it")
            elif number is None or abs(number) > _MOST_BPS:
                must_be = f"a number from -{_MOST_BPS} to {_MOST_BPS} (bp a year)"
                wrong((asset_class, word), must_be, cell, "correct the value or remove the key")
            else:
                read.append(Preference(asset_class, _KINDS[word], number))
    return tuple(read), tuple(findings)


def over(inherited: Iterable[Preference], own: Iterable[Preference]) -> tuple[Preference, ...]:
    """Lay preferences over those inherited, cell by cell; a cell of 0 is none. In the order of names."""
    cells = {(each.asset_class, each.kind): each.bps for each in (*inherited, *own)}
    return tuple(Preference(name, kind, bps) for (name, kind), bps in sorted(cells.items()) if bps != Decimal(0))


def classes_preferred(table: object) -> tuple[str, ...]:
    """Asset classes that a profile's own table names."""
    named = table.get(LOCATION) if isinstance(table, Mapping) else None
    return tuple(named) if isinstance(named, Mapping) else ()
