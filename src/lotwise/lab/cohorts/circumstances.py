"""What is said of households beside their policies: the lots they begin with, restrictions, substitutes, the tax year.

A client that an experiment makes up has none of it. A household of a firm has, and it stays through its life.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import NO_CODE, Table
from lotwise.money import IntArray
from lotwise.rebalancing.book import Groups, RuleSets, Substitutes

__all__ = [
    "LOSS",
    "OPENING",
    "Circumstances",
    "circumstances_of_part",
    "kept_names",
    "names_of_opening",
    "no_rules",
    "rules_on_night",
    "rules_taken",
    "tables_of",
]

# An account that is not there: no account has this number, so a rule that names it meets nobody.
_NOT_HERE = np.iinfo(np.int32).max


# A lot that an account begins with, beside its cash; columns as those of the ledger's lots.
OPENING = np.dtype(
    [
        ("shares", np.int64),
        ("basis", np.int64),
        ("account", np.int32),
        ("security", np.int32),
        ("acquired", np.int32),
        ("holding_start", np.int32),
        ("purchased", np.bool_),  # it can replace shares sold at a loss
        ("kept", np.bool_),  # it is never sold by the engine
    ],
    align=True,
)

# A sale of the last 30 days at a loss that nothing has replaced yet: its name may not be bought. The loss itself is in
# the tax year so far.
LOSS = np.dtype([("account", np.int32), ("security", np.int32), ("day", np.int32)], align=True)


class Circumstances(NamedTuple):
    """Of the H households of a cohort."""

    lots: Table  # OPENING, by account
    rules: RuleSets  # H sets, one for each household; accounts are those of the cohort
    groups: Groups
    losses: Table  # LOSS, by account
    substitutes: Substitutes
    position: Table  # (H,) POSITION of the year in which they begin, as it was before: income, status, state, carried
    realised: IntArray  # (H, 2) short and long gains of that year that are in it and recur in no other; money


_NOTHING, _CODES, _WEIGHTS = np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0)


def no_rules() -> RuleSets:
    """Make the one set without any rule."""
    return RuleSets(
        _NOTHING, _CODES, _CODES, np.zeros(0, np.uint8), _WEIGHTS, _WEIGHTS, _CODES,
        _NOTHING, _CODES, _CODES, _WEIGHTS, _WEIGHTS, _CODES,
    )  # fmt: skip


def rules_taken(
    rules: RuleSets,
    starts: tuple[IntArray, IntArray],
    rows: tuple[IntArray, IntArray],
    accounts: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> RuleSets:
    """Some rules as sets of their own: of names and of groups, where sets start, which rows, for which accounts."""
    name, group = rows
    return RuleSets(
        starts[0],
        rules.name_security[name],
        accounts[0],
        rules.name_flags[name],
        rules.name_low[name],
        rules.name_high[name],
        rules.name_source[name],
        starts[1],
        rules.group[group],
        accounts[1],
        rules.group_low[group],
        rules.group_high[group],
        rules.group_source[group],
    )


def rules_on_night(rules: RuleSets, accounts: IntArray, count: int) -> RuleSets:
    """Number the accounts of rules as a night shows them: `accounts` of `count`; -1 is every account still."""
    row = np.full(count + 1, _NOT_HERE, np.int32)
    row[accounts] = np.arange(accounts.size, dtype=np.int32)
    row[-1] = -1
    return rules._replace(
        name_account=row[rules.name_account],
        group_account=row[rules.group_account],
    )


def circumstances_of_part(all_of_them: Circumstances, first: int, last: int, accounts: range) -> Circumstances:
    """Circumstances of households first .. last - 1, whose accounts are numbered anew from 0."""
    rules = all_of_them.rules
    names, groups = rules.name_start[first : last + 1], rules.group_start[first : last + 1]
    name, group = np.arange(names[0], names[-1]), np.arange(groups[0], groups[-1])

    def own(column: NDArray[np.int32]) -> NDArray[np.int32]:
        moved: NDArray[np.int32] = np.where(column < 0, column, column - np.int32(accounts.start)).astype(np.int32)
        return moved

    return all_of_them._replace(
        rules=rules_taken(
            rules,
            (names - names[0], groups - groups[0]),
            (name, group),
            (own(rules.name_account[name]), own(rules.group_account[group])),
        ),
        lots=_of_accounts(all_of_them.lots, accounts),
        losses=_of_accounts(all_of_them.losses, accounts),
        position=all_of_them.position[first:last],
        realised=all_of_them.realised[first:last],
    )


def _of_accounts(table: Table, accounts: range) -> Table:
    rows = table[(table["account"] >= accounts.start) & (table["account"] < accounts.stop)].copy()
    rows["account"] -= accounts.start
    return rows


def names_of_opening(rows: IntArray) -> IntArray:
    """Codes of the names of the lots that accounts begin with, by their rows: below those of all that is bought."""
    codes: IntArray = NO_CODE - 1 - rows
    return codes


def kept_names(said: Circumstances | None) -> IntArray:
    """Names of lots that the engine never sells."""
    return np.zeros(0, np.int64) if said is None else names_of_opening(np.flatnonzero(said.lots["kept"]))


def tables_of(said: Circumstances | None) -> list[NDArray[Any]]:
    """Every column of it, for a fingerprint: between the columns of a table memory holds whatever was there before."""
    if said is None:
        return []
    tables = (said.lots, said.losses, said.position)
    columns = [table[name] for table in tables for name in table.dtype.names or ()]
    return [*columns, *said.rules, *said.groups, *said.substitutes, said.realised]
