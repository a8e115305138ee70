"""Who is lived through: households with their accounts, taxes, fees and what they bring in and take out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.cohorts.targets import Target
from lotwise.lab.market_panel import Floats, Int32Array
from lotwise.ledger.events import Table
from lotwise.money import FULL_RATE, IntArray

__all__ = ["FLOW", "Client", "Cohort", "cohort_of", "part_of"]

# What a household brings in (positive) or takes out, before the trades of its day; money.
FLOW = np.dtype([("row", np.int32), ("account", np.int32), ("amount", np.int64)], align=True)


@dataclass(frozen=True, slots=True)
class Client:
    """A household with one taxable account, or with accounts of several kinds.

    Rates are fractions of a dollar; `outside_short` and `outside_long` are the gains that it has beside the accounts in
    every year (dollars), `fee` a fraction of value a year, drawn in cash at the end of each quarter. `flows` are (row
    of the market, dollars) into the first account, or out of it. Clients that follow each other with one `taxpayer`
    are portfolios of one taxpayer: sleeves. Those with a `part` come back to it, as parts of what they are worth
    together, at the end of each quarter, by cash that one hands to the other.
    """

    start: int  # row of the market on whose close it begins
    dollars: float  # in each account
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

    @property
    def taxable(self) -> NDArray[np.bool_]:
        """(A,) whether sales of an account are taxed."""
        taxed: NDArray[np.bool_] = self.kind == AccountKind.TAXABLE
        return taxed


def cohort_of(policies: tuple[Policy, ...], targets: tuple[Target, ...], clients: list[Client]) -> Cohort:
    """Put clients into columns. Raises ValueError where one names a policy or target that is not there."""
    for number, client in enumerate(clients):
        if not 0 <= client.policy < len(policies) or not 0 <= client.target < len(targets):
            raise ValueError(
                f"client {number} must have one of {len(policies)} policies and {len(targets)} targets, had "
                f"{client.policy} and {client.target}"
            )
        if not client.kinds or min(_sizes(client)) <= 0 or len(_sizes(client)) != len(client.kinds):
            had = ", ".join(map(str, _sizes(client)))
            raise ValueError(
                f"client {number} must have accounts worth something, had {had} dollars in {len(client.kinds)}"
            )
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


def part_of(cohort: Cohort, first: int, last: int) -> Cohort:
    """Households first .. last of a cohort, numbered anew; all of a taxpayer's or none."""
    begin, end = int(cohort.account_start[first]), int(cohort.account_start[last])
    flows = cohort.flows[(cohort.flows["account"] >= begin) & (cohort.flows["account"] < end)].copy()
    flows["account"] -= begin
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
    )


_OF_HOUSEHOLD = ("start", "policy", "target", "rates", "outside", "fee", "agreed")
