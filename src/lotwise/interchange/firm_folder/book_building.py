"""The book from what was read: rows sorted and numbered as `rebalancing.book` says, columns contiguous."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.households.profile import Profile
from lotwise.households.profile_keys import Preference
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.households import Roster
from lotwise.interchange.firm_folder.models import ModelTable
from lotwise.interchange.firm_folder.wishes import Wishes
from lotwise.ledger.events import Table
from lotwise.money import DOLLAR
from lotwise.rebalancing.book import Accounts, LotFlag, Lots, Policies, Preferences, no_limits, no_preferences
from lotwise.rebalancing.lot_order import RawLots, sorted_lots

__all__ = [
    "AccountRows",
    "LotColumns",
    "PolicyTable",
    "account_columns",
    "account_rows",
    "limits_of",
    "load_kernels",
    "lot_columns",
    "mark_kept",
    "policies_of",
    "policy_columns",
    "preferences_of",
]

_SAME_CASH = 1e-9  # fractions of value: a blend's sum of weights is the same cash target but for roundoff

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class AccountRows:
    """Order of the book's accounts: `source` are their positions in the table, `row` the way back (-1 = not in it)."""

    source: NDArray[np.int64]
    row: NDArray[np.int32]
    household_start: NDArray[np.int64]


def account_rows(accounts: AccountTable) -> AccountRows:
    """Sort the accounts of the chosen households: by household, then kind, then as in the file."""
    roster = accounts.roster
    in_book = roster.chosen[accounts.household]
    source = np.flatnonzero(in_book)
    order = np.lexsort((source, accounts.kind[source], accounts.household[source]))
    source = source[order]
    row = np.full(len(accounts.ids), -1, dtype=np.int32)
    row[source] = np.arange(len(source), dtype=np.int32)
    book_household = np.cumsum(roster.chosen) - 1
    counts = np.bincount(book_household[accounts.household[source]], minlength=int(roster.chosen.sum()))
    return AccountRows(source, row, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def account_columns(
    accounts: AccountTable, rows: AccountRows, cash_used: Mapping[int, int], lot_start: NDArray[np.int64]
) -> Accounts:
    """Columns of the book's accounts; pending buys have taken their cash."""
    cash = accounts.cash.copy()
    for account, used in cash_used.items():
        cash[account] -= used
    book_household = (np.cumsum(accounts.roster.chosen) - 1).astype(np.int32)
    return Accounts(
        book_household[accounts.household[rows.source]],
        accounts.kind[rows.source].astype(np.uint8),
        cash[rows.source],
        ~accounts.held_away[rows.source],
        np.zeros(len(rows.source), np.int64),
        lot_start,
    )


def mark_kept(lots: pl.DataFrame, pending_sells: pl.DataFrame, kept: Sequence[tuple[int, str]]) -> pl.DataFrame:
    """Flag the lots that a pending sell reserves or a restriction keeps."""
    marks = (
        (pending_sells, ["account", "security"]),
        (
            pl.DataFrame(kept, {"household": pl.Int64, "lot_id": pl.String}, orient="row"),
            ["household", "lot_id"],
        ),
    )
    for frame, keys in marks:
        if frame.is_empty():
            continue
        lots = lots.join(
            frame.unique().with_columns(kept=pl.lit(int(LotFlag.KEPT), dtype=pl.UInt8)),
            on=keys,
            how="left",
            maintain_order="left",
        )
        lots = lots.with_columns(flags=pl.col("flags") | pl.col("kept").fill_null(0)).drop("kept")
    return lots


@dataclass(frozen=True, slots=True)
class LotColumns:
    """The book's lots, where each account's begin, and their names."""

    lots: Lots
    start: NDArray[np.int64]
    names: pl.Series


def lot_columns(frame: pl.DataFrame, rows: AccountRows, threads: int = 0) -> LotColumns:
    """Sort the lots of the book's accounts by account, security, acquisition and lot id (0 threads = one per core)."""
    account = rows.row[frame["account"].to_numpy()]
    if account.size and account.min() < 0:
        frame, account = frame.filter(pl.Series(account >= 0)), account[account >= 0]
    raw = RawLots(
        _column(account, np.int32),
        _column(frame["security"].to_numpy(), np.int32),
        _column(frame["shares"].to_numpy(), np.int64),
        _column(frame["basis"].to_numpy(), np.int64),
        _column(frame["acquired"].to_numpy(), np.int32),
        _column(frame["holding_start"].to_numpy(), np.int32),
        _column(frame["flags"].to_numpy(), np.uint8),
        _column(np.arange(frame.height), np.int64),
    )
    lots, start, row = sorted_lots(raw, len(rows.source), threads or os.cpu_count() or 1)
    _sort_equals(lots, start, row, frame["lot_id"])
    return LotColumns(lots, start, frame["lot_id"].gather(row))


def load_kernels() -> None:
    """Load what `lot_columns` runs, by sorting no lots: a third of a second that may pass while files are read."""
    numbers = {name: pl.Int64() for name in ("account", "security", "shares", "basis", "acquired", "holding_start")}
    nothing = pl.DataFrame(schema={**numbers, "flags": pl.UInt8(), "lot_id": pl.String()})
    lot_columns(nothing, AccountRows(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(1, np.int64)))


def _sort_equals(lots: Lots, start: NDArray[np.int64], row: NDArray[np.int64], lot_id: pl.Series) -> None:
    """Bring lots of one account, security and day, which stand together by now, into the order of their names."""
    same = np.zeros(len(row), np.bool_)
    same[1:] = (lots.security[1:] == lots.security[:-1]) & (lots.acquired[1:] == lots.acquired[:-1])
    same[start[:-1][np.diff(start) > 0]] = False
    if not same.any():
        return
    tied = same.copy()
    tied[:-1] |= same[1:]
    places = np.flatnonzero(tied)
    group = np.cumsum(~same[places])
    order = pl.DataFrame({"group": group, "lot_id": lot_id.gather(row[places])}).select(
        pl.arg_sort_by("group", "lot_id").cast(pl.Int64)
    )
    moved = places[order.to_series().to_numpy()]
    for column in (*lots, row):
        column[places] = column[moved]


def _column(values: NDArray[np.generic], dtype: type[T]) -> NDArray[T]:
    """Contiguous, and read-only whether its memory is a data frame's or not: kernels compile once for such arrays."""
    column = np.ascontiguousarray(values, dtype=dtype).view()
    column.flags.writeable = False
    return column


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """Distinct policies, the profile each was made of, and which one each chosen household has."""

    policies: Policies
    preferences: Preferences
    profiles: tuple[Profile, ...]
    of_household: NDArray[np.int32]


def policies_of(
    roster: Roster,
    model: NDArray[np.int32],
    table: ModelTable,
    wishes: Wishes,
    as_of: date,
    findings: FindingList,
    asset_classes: Sequence[str],
) -> PolicyTable:
    """Make one policy per profile and cash weight: cash that a model asks for replaces the profile's target.

    `model` are the models of the chosen households. A household whose profile is wrong is blocked; its row is the
    firm's own. `asset_classes` are the market's, in order. A cash target that a profile itself gives and a model
    replaces by another figure is a warning.
    """
    seen: dict[tuple[str, str, float], int] = {}
    reported: dict[tuple[Place, str], tuple[Profile, float]] = {}
    profiles: list[Profile] = []
    own = wishes.overrides
    of_household = np.zeros(int(roster.chosen.sum()), dtype=np.int32)
    chosen = pl.Series(roster.chosen)
    names = roster.frame["profile"].filter(chosen).fill_null("")
    for number, (name, household) in enumerate(zip(names, roster.names.filter(chosen), strict=True)):
        cash = float(table.models.cash[model[number]]) if table.sound[model[number]] else 0.0
        key = (name, household if household in own.profiles else "", cash)
        if key not in seen:
            seen[key] = len(profiles)
            profile = own.profiles.get(household) or wishes.named.get(name) or wishes.firm
            profiles.append(_with_cash_of_model(profile, cash) if cash > 0 else profile)
            place = own.cash_targets.get(household) or wishes.given.get(name) or wishes.given.get("")
            sound = not name or wishes.named.get(name) is not None
            if sound and cash > 0 and place is not None and abs(cash - float(profile.cash_target)) > _SAME_CASH:
                reported.setdefault((place, table.names[model[number]]), (profile, cash))
        of_household[number] = seen[key]
    for (place, followed), (profile, cash) in reported.items():
        _report_two_targets(place, profile, followed, cash, findings)
    preferences, rows = preferences_of(profiles, asset_classes)
    return PolicyTable(policy_columns(profiles, as_of, rows), preferences, tuple(profiles), of_household)


def limits_of(profiles: Sequence[Profile]) -> Table:
    """Hard limits of each profile, (P,) LIMITS."""
    table = no_limits(len(profiles))
    for row, profile in enumerate(profiles):
        if profile.tracking_cap_bps is not None:
            table["tracking"][row] = float(profile.tracking_cap_bps / 10_000)
        if profile.tax_budget is not None:
            table["tax"][row] = profile.tax_budget / DOLLAR
        if profile.tax_budget_pct is not None:
            table["tax_part"][row] = float(profile.tax_budget_pct / 100)
        if profile.gain_budget is not None:
            table["gain"][row] = profile.gain_budget / DOLLAR
        if profile.turnover_cap is not None:
            table["turnover"][row] = float(profile.turnover_cap)
        table["prorated"][row] = profile.budget_proration
    return table


def _with_cash_of_model(profile: Profile, cash: float) -> Profile:
    layers = {**profile.layers, "cash_target": "model"}
    return replace(profile, cash_target=Decimal(repr(cash)), layers=layers)


def preferences_of(profiles: Sequence[Profile], asset_classes: Sequence[str]) -> tuple[Preferences, NDArray[np.int32]]:
    """Tabulate the distinct sets of preferences, and say which of them each profile has.

    A preference for an asset class that the market does not have counts for nothing.
    """
    sets: dict[tuple[Preference, ...], int] = {(): 0}
    rows = np.array([sets.setdefault(profile.location, len(sets)) for profile in profiles], np.int32)
    code = {name: number for number, name in enumerate(asset_classes)}
    cost = np.repeat(no_preferences(len(asset_classes)).cost, len(sets), axis=0)
    for preferred, row in sets.items():
        for each in preferred:
            if each.asset_class in code:
                cost[row, code[each.asset_class], each.kind] = float(each.bps / 10_000)
    return Preferences(cost), rows


def _report_two_targets(place: Place, profile: Profile, model: str, cash: float, findings: FindingList) -> None:
    """Warn that a model's weight of CASH replaces the cash target that a profile gives."""
    own = float(profile.cash_target)
    message = Message(
        Severity.WARNING,
        f"the weight of CASH in the models that follow it, {cash:.6g} in {model}",
        f"the model's {cash:.6g} is used, not {own:.6g}; give one of the two, or both alike",
    )
    findings.add(place, message, f"{own:.6g}")


def policy_columns(profiles: Sequence[Profile], as_of: date, preferences: NDArray[np.int32]) -> Policies:
    """Tabulate policies as they hold on a day, one row per profile; `preferences` are their rows of Preferences."""

    def floats(values: list[Decimal]) -> NDArray[np.float64]:
        return np.array([float(value) for value in values], dtype=np.float64)

    def flags(values: list[bool]) -> NDArray[np.uint8]:
        return np.array(values, dtype=np.uint8)

    return Policies(
        risk_price=floats([profile.risk_price_bps for profile in profiles]),
        deferral_discount=floats([profile.tax_later() for profile in profiles]),
        harvest_depth=floats([profile.harvest_depth(as_of) for profile in profiles]),
        trading_cost_multiplier=floats([profile.trading_cost_multiplier for profile in profiles]),
        short_term_wait_cap=floats([profile.short_term_wait_cap for profile in profiles]),
        buy_opportunity_cost=flags([profile.buy_opportunity_cost for profile in profiles]),
        cash_target=floats([profile.cash_target for profile in profiles]),
        cash_band=floats([profile.cash_band for profile in profiles]),
        minimum_trade=np.array([profile.minimum_trade for profile in profiles], dtype=np.int64),
        fractional_shares=flags([profile.fractional_shares for profile in profiles]),
        joint=flags([profile.as_one_portfolio for profile in profiles]),
        worth_it=floats([profile.worth_it_bps / 10_000 for profile in profiles]),
        cash_reserve=np.array([profile.cash_on_top() for profile in profiles], dtype=np.int64),
        location_years=floats([profile.location_years for profile in profiles]),
        preferences=preferences,
        carried_loss_value=np.array(
            [
                np.nan if profile.loss_usability is not None else float(profile.carried_loss_value)
                for profile in profiles
            ]
        ),
        days_between=floats([profile.days_between_trades for profile in profiles]),
        trading_price=np.zeros(len(profiles)),
    )
