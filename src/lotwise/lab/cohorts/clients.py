"""Who is lived through: households with their accounts, taxes, fees and what they bring in and take out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.circumstances import Circumstances, circumstances_of_part
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.cohorts.targets import Target
from lotwise.lab.market_panel import Floats, Int32Array
from lotwise.ledger.events import Table
from lotwise.money import FULL_RATE, IntArray

__all__ = ["FLOW", "OPENING_LOT", "Client", "Cohort", "OpeningLot", "cohort_of", "part_of"]

# What a household brings in (positive) or takes out, before the trades of its day; money.
FLOW = np.dtype([("row", np.int32), ("account", np.int32), ("amount", np.int64)], align=True)

# A lot that an account begins with; money. `number` counts those of an account.
OPENING_LOT = np.dtype(
    [
        ("account", np.int32),
        ("security", np.int32),
        ("worth", np.int64),  # at the close on which it begins
        ("basis", np.int64),
        ("days", np.int32),  # held before
        ("number", np.int32),
    ],
    align=True,
)


class OpeningLot(NamedTuple):
    """A lot that a client brings along: shares of one security worth so many dollars at the close of the first day."""

    security: int  # of the market
    dollars: float
    basis: float  # dollars
    days: int  # calendar days that it had been held by then


@dataclass(frozen=True, slots=True)
class Client:
    """A household with one taxable account, or with accounts of several kinds.

    Rates are fractions of a dollar; `outside_short` and `outside_long` are the gains that it has beside the accounts in
    every year (dollars), `fee` a fraction of value a year, drawn in cash at the end of each quarter. `flows` are (row
    of the market, dollars) into the first account, or out of it; `lots` are transferred into it on the first day.
    Clients that follow each other with one `taxpayer` are portfolios of one taxpayer: sleeves. Those with a `part` come
    back to it, as parts of what they are worth together, at the end of each quarter: one hands the other cash.
    """

    start: int  # row of the market on whose close it begins
    dollars: float  # cash in each account
    policy: int = 0
    target: int = 0
    kinds: tuple[AccountKind, ...] = (AccountKind.TAXABLE,)
    short_rate: float = 0.408  # 37% and 3.8% of 26 U.S.C. 1411
    long_rate: float = 0.238
    state_rate: float = 0.0
    outside_short: float = 0.0
    outside_long: float = 0.0
    fee: float = 0.0
    flows: tuple[tuple[int, float], ...] = ()
    sizes: tuple[float, ...] = ()  # dollars in each account, in the order of `kinds`, instead of `dollars` in each
    withdrawal_rate: float | None = None  # tax on a dollar out of a traditional account; None: as on other income
    taxpayer: int | None = None  # None: one of its own
    part: float = 0.0  # 0: none is agreed
    lots: tuple[OpeningLot, ...] = ()


class Cohort(NamedTuple):
    """H households with A accounts, columns; accounts come by household and kind."""

    policies: tuple[Policy, ...]
    targets: tuple[Target, ...]
    start: Int32Array  # (H,) row of the market
    policy: Int32Array  # (H,)
    target: Int32Array  # (H,)
    rates: IntArray  # (H, 3) short, long, state; billionths
    outside: IntArray  # (H, 2) short and long gains a year beside the accounts; money
    fee: IntArray  # (H,) billionths of value a year
    account_start: IntArray  # (H + 1,)
    household: Int32Array  # (A,)
    kind: NDArray[np.uint8]  # (A,) AccountKind
    opening: IntArray  # (A,) money that each account begins with
    flows: Table  # FLOW, by row
    taxpayer: Int32Array  # (H,) the first household of its taxpayer
    agreed: Floats  # (H,) part of its taxpayer's money that it comes back to each quarter; 0 = none
    counts: Floats  # (A,) what a dollar counts after the tax on its withdrawal
    lots: Table  # OPENING_LOT, by account
    said: Circumstances | None = None  # what a firm says of its households; None: nothing

    @property
    def taxable(self) -> NDArray[np.bool_]:
        """(A,) whether sales of an account are taxed."""
        taxed: NDArray[np.bool_] = self.kind == AccountKind.TAXABLE
        return taxed


def cohort_of(policies: tuple[Policy, ...], targets: tuple[Target, ...], clients: list[Client]) -> Cohort:
    """Put clients into columns.

    Raises ValueError where one names a policy or target that is not there, or has nothing, or lots that cannot be.
    """
    for number, client in enumerate(clients):
        if not 0 <= client.policy < len(policies) or not 0 <= client.target < len(targets):
            raise ValueError(
                f"client {number} must have one of {len(policies)} policies and {len(targets)} targets, had "
                f"{client.policy} and {client.target}"
            )
        _require_accounts(number, client)
        _require_lots(number, client)
    sizes = [len(client.kinds) for client in clients]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rows = [
        (row, int(starts[number]), round(dollars * 10_000))
        for number, client in enumerate(clients)
        for row, dollars in client.flows
    ]
    flows = np.array(rows, FLOW)

    def column(values: list[int] | list[float], unit: int = 1) -> IntArray:
        return np.array([round(value * unit) for value in values], np.int64)

    rates = [(client.short_rate, client.long_rate, client.state_rate) for client in clients]
    outside = [(client.outside_short, client.outside_long) for client in clients]
    return Cohort(
        policies,
        targets,
        column([client.start for client in clients]).astype(np.int32),
        column([client.policy for client in clients]).astype(np.int32),
        column([client.target for client in clients]).astype(np.int32),
        np.array([column(list(each), FULL_RATE) for each in rates], np.int64).reshape(-1, 3),
        np.array([column(list(each), 10_000) for each in outside], np.int64).reshape(-1, 2),
        column([client.fee for client in clients], FULL_RATE),
        starts,
        np.repeat(np.arange(len(clients), dtype=np.int32), sizes),
        np.array([int(kind) for client in clients for kind, _ in _accounts(client)], np.uint8),
        column([dollars for client in clients for _, dollars in _accounts(client)], 10_000),
        flows[np.argsort(flows["row"], kind="stable")],
        _taxpayers(clients),
        np.array([client.part for client in clients], np.float64),
        np.array([_counts(client, kind) for client in clients for kind, _ in _accounts(client)], np.float64),
        _opening_lots(clients, starts),
    )


def _sizes(client: Client) -> tuple[float, ...]:
    return client.sizes or (client.dollars,) * len(client.kinds)


def _accounts(client: Client) -> list[tuple[AccountKind, float]]:
    """Kind and dollars of each account, by kind."""
    return sorted(zip(client.kinds, _sizes(client), strict=True), key=lambda account: account[0])


def _counts(client: Client, kind: AccountKind) -> float:
    """What a dollar in an account of a kind counts after tax."""
    if kind is not AccountKind.TRADITIONAL:
        return 1.0
    stated = client.withdrawal_rate
    return 1.0 - (client.short_rate + client.state_rate if stated is None else stated)


def _taxpayers(clients: list[Client]) -> Int32Array:
    """First household of each one's taxpayer, (H,). Raises ValueError where others stand between two of one."""
    first: dict[int, int] = {}
    found: list[int] = []
    for number, client in enumerate(clients):
        begins = number if client.taxpayer is None else first.setdefault(client.taxpayer, number)
        if begins != number and found[-1] != begins:
            raise ValueError(f"clients of taxpayer {client.taxpayer} must follow each other, {number} stands apart")
        if begins != number and (client.start, client.policy) != (clients[begins].start, clients[begins].policy):
            raise ValueError(f"clients of taxpayer {client.taxpayer} must have one start and one policy")
        found.append(begins)
    return np.array(found, np.int32)


def _require_accounts(number: int, client: Client) -> None:
    """Ask for accounts that are worth something: dollars, or lots in a household's only one."""
    sizes = _sizes(client)
    least, with_lots = min(sizes, default=0.0), bool(client.lots) and len(client.kinds) == 1
    if not client.kinds or len(sizes) != len(client.kinds) or least < 0 or (least == 0 and not with_lots):
        had = ", ".join(map(str, sizes))
        raise ValueError(
            f"client {number} must have accounts worth something, had {had} dollars in {len(client.kinds)}"
        )


def _require_lots(number: int, client: Client) -> None:
    for lot in client.lots:
        if lot.security < 0 or lot.dollars <= 0 or lot.basis < 0 or lot.days < 0:
            raise ValueError(
                f"client {number} must bring lots of some worth, with a basis and days held that are not negative, "
                f"had {lot}"
            )
    # A lot is named like one that was bought on a day before the first: there must be such days.
    if len(client.lots) > client.start:
        raise ValueError(
            f"client {number} must begin at least {len(client.lots)} days into the market, one for each of its lots, "
            f"was {client.start}"
        )


def _opening_lots(clients: list[Client], starts: IntArray) -> Table:
    rows = [
        (int(starts[number]), lot.security, round(lot.dollars * 10_000), round(lot.basis * 10_000), lot.days, place)
        for number, client in enumerate(clients)
        for place, lot in enumerate(client.lots)
    ]
    return np.array(rows, OPENING_LOT)


def part_of(cohort: Cohort, first: int, last: int) -> Cohort:
    """Households first .. last of a cohort, numbered anew; all of a taxpayer's or none."""
    begin, end = int(cohort.account_start[first]), int(cohort.account_start[last])
    flows, lots = (_of_accounts(table, begin, end) for table in (cohort.flows, cohort.lots))
    of_household = {name: getattr(cohort, name)[first:last] for name in _OF_HOUSEHOLD}
    return cohort._replace(
        **of_household,
        account_start=cohort.account_start[first : last + 1] - begin,
        household=cohort.household[begin:end] - np.int32(first),
        kind=cohort.kind[begin:end],
        opening=cohort.opening[begin:end],
        flows=flows,
        taxpayer=cohort.taxpayer[first:last] - np.int32(first),
        counts=cohort.counts[begin:end],
        lots=lots,
        said=None if cohort.said is None else circumstances_of_part(cohort.said, first, last, range(begin, end)),
    )


def _of_accounts(table: Table, begin: int, end: int) -> Table:
    """Rows of accounts begin .. end, which are numbered anew."""
    rows = table[(table["account"] >= begin) & (table["account"] < end)].copy()
    rows["account"] -= begin
    return rows


_OF_HOUSEHOLD = ("start", "policy", "target", "rates", "outside", "fee", "agreed")
