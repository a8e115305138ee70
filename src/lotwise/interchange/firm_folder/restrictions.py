"""restrictions, screens and look-through: what each household may not do, as sets of rules.

How a row is read: `rule` about what `scope` and `value` name, for `household_id` (* = all), or for one `account_id`
only. `weight` is the bound of min_weight and max_weight. A row with * and an account is a rule of that account alone.

- never_buy, never_sell, never_trade, never_own on a sector, industry, asset class or screen hold for every security
  that itself belongs to it; a fund that merely contains such securities is not touched.
- never_own bars buying and allows no weight: what is held is sold where that is allowed and worth it.
- min_weight, max_weight on a group count a fund by the share of it that look-through finds in the group.
- A screen is one of screens.csv or a built-in one, and may have a threshold: `esg < 40` (see `screens`).
- A row that names nothing blocks its household, since a client's wish cannot be kept; with * it is a warning and
  bars nothing. A threshold that cannot be read is a wrong cell: with * it blocks everyone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from lotwise.errors import Severity
from lotwise.households.toml_values import closest, shown
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import (
    EVERY_HOUSEHOLD,
    FindingList,
    Message,
    Place,
    rows_to_report,
)
from lotwise.interchange.firm_folder.groups import GroupBook
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE

__all__ = ["EVERYONE", "Restriction", "RestrictionTable", "read_restrictions"]

EVERYONE = -1  # household of a rule for all
BOUNDS = ("min_weight", "max_weight")


class Restriction(NamedTuple):
    """One sound row: positions of its household (-1 = all) and account (-1 = all of the household)."""

    household: int
    rule: str
    scope: str
    value: str
    weight: float
    account: int
    source: int  # row of the file, from 0


@dataclass(slots=True)
class RestrictionTable:
    """The sound restrictions, each row of the file in words, and the lots that are never sold.

    `named` says of each row of the file what it is about ("screen tobacco", "symbol AAPL"); '' where it makes no rule.
    """

    rules: list[Restriction] = field(default_factory=list)
    words: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    kept_lots: list[tuple[int, str]] = field(default_factory=list)  # household, lot_id


def read_restrictions(
    table: TypedTable, accounts: AccountTable, groups: GroupBook, lots: pl.DataFrame, findings: FindingList
) -> RestrictionTable:
    """Read the restrictions; one that cannot be kept blocks its household, or everyone where it is for all."""
    frame = table.frame
    everyone = (frame["household_id"] == EVERY_HOUSEHOLD).fill_null(value=False)
    own = code_of(frame["household_id"], accounts.roster.ids)
    account = code_of(frame["account_id"], accounts.ids)
    of_account = pl.Series(accounts.household).gather(account)
    frame = frame.with_columns(
        pl.select(pl.when(everyone & of_account.is_not_null()).then(of_account).otherwise(pl.coalesce(own, of_account)))
        .to_series()
        .alias("household"),
        account.alias("account"),
        of_account.alias("of_account"),
        everyone.alias("everyone"),
    )
    _report_cells(table, frame, accounts, findings)
    result = RestrictionTable(words=_in_words(frame))
    reader = _Reader(table.file, accounts, groups, _lot_names(frame, lots), findings, result)
    usable = frame.with_row_index("source").filter(~table.errors())
    columns = (
        "source",
        LINE,
        "household_id",
        "household",
        "everyone",
        "account_id",
        "account",
        "of_account",
        "rule",
        "scope",
        "value",
        "weight",
    )
    for row in usable.select(columns).iter_rows():
        reader.read(_Row(*row))
    groups.screens.report_used(findings)
    about = {rule.source: f"{rule.scope.replace('_', ' ')} {rule.value}" for rule in result.rules}
    result.named = tuple(about.get(row, "") for row in range(frame.height))
    return result


class _Row(NamedTuple):
    source: int
    line: int
    household_id: str | None
    household: int | None
    everyone: bool
    account_id: str | None
    account: int | None
    of_account: int | None
    rule: str
    scope: str
    value: str
    weight: float | None


def _report_cells(table: TypedTable, frame: pl.DataFrame, accounts: AccountTable, findings: FindingList) -> None:
    """Record wrong cells; those of a row for all block everyone."""
    roster = accounts.roster
    in_run = pl.Series(roster.loaded).gather(frame["household"]).fill_null(value=True)
    for_all = frame["everyone"] & frame["of_account"].is_null()
    table.report_cells(findings, roster.owners(frame["household"]), in_run & ~for_all)
    if (table.errors() & for_all).any():
        wrong = table.errors() & for_all
        message = Message(Severity.ERROR, "a sound rule for all", "correct it; until then every household is refused")
        findings.rows(
            Place(table.file, None, "household_id"),
            message,
            rows_to_report(frame[LINE].filter(wrong), "a wrong cell", EVERY_HOUSEHOLD),
        )
    table.report_cells(findings, None, for_all)
    for row in table.broken:
        owner = accounts.owner_of(row.cells)
        if owner is None and EVERY_HOUSEHOLD in (cell.strip() for cell in row.cells):
            owner = EVERY_HOUSEHOLD
        message = Message(
            Severity.ERROR,
            "a row as wide as the header",
            "correct the row; until then the household is refused",
        )
        findings.add(Place(table.file, row.line), message, row.why, owner)


def _in_words(frame: pl.DataFrame) -> tuple[str, ...]:
    """Each row as people read it, without whose it is: equal rules of several households share one set."""
    parts = frame.select(
        pl.concat_str(
            [
                pl.col("rule"),
                pl.col("scope"),
                pl.col("value"),
                pl.col("weight").cast(pl.String),
                pl.col("account_id"),
            ],
            separator=" ",
            ignore_nulls=True,
        )
    )
    return tuple(parts.to_series().to_list())


def _lot_names(frame: pl.DataFrame, lots: pl.DataFrame) -> set[tuple[int, str]]:
    """Households and names of the lots that some row of the file names."""
    named = frame.filter(pl.col("scope") == "lot").select(pl.col("value").alias("lot_id")).unique()
    if named.is_empty():
        return set()
    found = lots.join(named, on="lot_id", how="semi").select("household", "lot_id").unique()
    return set(found.iter_rows())


class _Reader:
    """Reads one row at a time into the table, or records why it cannot be kept."""

    def __init__(
        self,
        file: str,
        accounts: AccountTable,
        groups: GroupBook,
        lots: set[tuple[int, str]],
        findings: FindingList,
        result: RestrictionTable,
    ) -> None:
        self._file = file
        self._accounts = accounts
        self._groups = groups
        self._lots = lots
        self._findings = findings
        self._result = result

    def read(self, row: _Row) -> None:
        """Read one row whose cells are sound."""
        roster = self._accounts.roster
        if row.household is not None and not roster.loaded[row.household]:
            return
        if row.household is None and not row.everyone:
            self._wrong(row, "household_id", "a household of the file, or *", shown(row.household_id or ""), None)
            return
        owner = EVERY_HOUSEHOLD if row.household is None else roster.ids[row.household]
        if row.account_id is not None and (row.account is None or row.of_account != row.household):
            named = None if row.household is None else owner
            self._wrong(row, "account_id", "an account of the household", shown(row.account_id), named)
            return
        if row.rule in BOUNDS and row.weight is None:
            self._wrong(row, "weight", "a fraction, 0 to 1", "empty", owner)
            return
        if row.rule not in BOUNDS and row.weight is not None:
            message = Message(Severity.WARNING, "empty", f"{row.rule} has no weight; it is not looked at")
            self._findings.add(Place(self._file, row.line, "weight"), message, str(row.weight), owner)
        if row.scope == "lot":
            self._read_lot(row, owner)
        elif row.scope == "screen":
            self._read_screen(row, owner)
        elif not self._groups.names(row.scope, row.value):
            self._names_nothing(row, owner, closest(row.value, self._groups.known(row.scope)))
        else:
            self._keep(row)

    def _keep(self, row: _Row) -> None:
        self._result.rules.append(
            Restriction(
                EVERYONE if row.household is None else row.household,
                row.rule,
                row.scope,
                row.value,
                row.weight if row.weight is not None else 0.0,
                -1 if row.account is None else row.account,
                row.source,
            )
        )

    def _read_screen(self, row: _Row, owner: str) -> None:
        asked = self._groups.screens.ask(row.value)
        if asked.unreadable:
            self._wrong(row, "value", asked.must_be, shown(row.value), owner)
        elif not asked.name:
            self._names_nothing(row, owner, asked.hint, asked.must_be)
        else:
            self._keep(row._replace(value=asked.name))

    def _read_lot(self, row: _Row, owner: str) -> None:
        if row.rule not in ("never_sell", "never_trade"):
            self._wrong(row, "scope", "never_sell or never_trade where a lot is meant", row.rule, owner)
            return
        found = (
            [row.household] if row.household is not None else sorted({h for h, lot in self._lots if lot == row.value})
        )
        found = [household for household in found if (household, row.value) in self._lots]
        if not found:
            self._names_nothing(row, owner, "")
        self._result.kept_lots += [(household, row.value) for household in found]

    def _wrong(self, row: _Row, column: str, must_be: str, was: str, owner: str | None) -> None:
        to_do = "correct it; the row is not used" if owner is None else "correct it; until then it is refused"
        message = Message(Severity.ERROR, must_be, to_do)
        self._findings.add(Place(self._file, row.line, column), message, was, owner)

    def _names_nothing(self, row: _Row, owner: str, hint: str, must_be: str = "") -> None:
        must_be = must_be or f"a {row.scope.replace('_', ' ')} that is there"
        place = Place(self._file, row.line, "value")
        if owner == EVERY_HOUSEHOLD:
            message = Message(Severity.WARNING, must_be, f"{hint}correct it; it names nothing and bars nothing")
            self._findings.add(place, message, shown(row.value))
            return
        message = Message(Severity.ERROR, must_be, f"{hint}correct it; until then the household is refused")
        self._findings.add(place, message, shown(row.value), owner)
