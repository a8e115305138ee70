"""Hostile bounds on groups and names: tight, doubled, of strange coefficients, in conflict, out of reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lotwise.bench.accounts_edited import Spoiler, with_groups
from lotwise.bench.reference.account import Floats, Ints, ReferenceAccount

__all__ = ["BOUNDED"]

_Made = tuple[list[Ints], Floats]


def _drawn(account: ReferenceAccount, rng: np.random.Generator, rows: int, share: float = 0.3) -> _Made:
    """Draw the members of rows, at least one each, and their weight in the target."""
    members = [np.flatnonzero(rng.random(account.names) < share) for _ in range(rows)]
    members = [each if each.size else np.arange(1) for each in members]
    return members, np.minimum([float(account.target[each].sum()) for each in members], 1.0)


def _sectors(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Bound five overlapping groups near their target weight."""
    members, weight = _drawn(account, rng, 5)
    return with_groups(account, members, (np.maximum(weight - 0.02, 0.0), np.minimum(weight + 0.005, 1.0)))


def _many_groups(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Bound thirty overlapping groups near their target weight."""
    members, weight = _drawn(account, rng, 30, 0.2)
    return with_groups(account, members, (np.maximum(weight - 0.03, 0.0), np.minimum(weight + 0.03, 1.0)))


def _equal_groups(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Pin three groups to their target weight exactly."""
    members, weight = _drawn(account, rng, 3)
    return with_groups(account, members, (weight, weight))


def _doubled_groups(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Say the same row twice, and list its first name three times in a third one."""
    members, weight = _drawn(account, rng, 1)
    thrice = np.concatenate([members[0], members[0][:1], members[0][:1]])
    most = np.array([weight[0], weight[0] + 1e-12, weight[0] + 2 * account.target[members[0][0]]])
    return with_groups(account, [members[0], members[0], thrice], (np.zeros(3), most))


def _long_short(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Bound tilts: coefficients of both signs, near the value of the target."""
    members = [np.arange(account.names)] * 3
    tilts = [np.where(rng.random(account.names) < 0.5, -1.0, 1.0) for _ in members]
    value = np.array([float(tilt @ account.target) for tilt in tilts])
    return with_groups(account, members, (value - 0.01, value + 0.01), tilts)


def _coefficients_far_apart(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Give the names of two rows coefficients from 1e-3 to 1e3."""
    members = [np.arange(account.names)] * 2
    values = [10.0 ** rng.uniform(-3, 3, account.names) for _ in members]
    value = np.array([float(each @ account.target) for each in values])
    return with_groups(account, members, (0.9 * value, 1.1 * value), values)


def _empty_groups(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Bound rows without members: one of which nothing is asked, one pinned to 0, one asking for what is not there."""
    nobody = np.zeros(0, dtype=np.int64)
    return with_groups(account, [nobody] * 3, (np.array([0.0, 0.0, 0.1]), np.array([1.0, 0.0, 0.2])))


def _conflicting_groups(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Ask at least 70% and at most 30% of the same half."""
    half = np.arange(0, account.names, 2)
    return with_groups(account, [half, half], (np.array([0.7, 0.0]), np.array([1.0, 0.3])))


def _unreachable(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Cap every name so low that the account cannot be invested; ask for more of barred names."""
    low = np.where(account.may_buy, 0.0, account.held + 0.01)
    return replace(account, low=low, high=np.maximum(np.full(account.names, 0.5 / account.names), low))


def _name_bounds(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Bound a third of the names, some so that they must be sold or bought."""
    bounded = rng.random(account.names) < 0.33
    middle = account.held * rng.uniform(0.6, 1.3, account.names)
    low = np.where(bounded & account.may_buy, 0.9 * middle, 0.0)
    high = np.where(bounded, np.maximum(1.1 * middle, 0.002), 1.0)
    return replace(account, low=np.minimum(low, high), high=high)


def _pinned(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Pin a third of the names to their target weight, a third to what is held."""
    drawn = rng.random(account.names)
    to_target, to_held = drawn < 0.33, (drawn >= 0.33) & (drawn < 0.66)
    low = np.where(to_target, account.target, np.where(to_held, account.held, account.low))
    high = np.where(to_target, account.target, np.where(to_held, account.held, account.high))
    return replace(account, low=low, high=high)


BOUNDED: dict[str, Spoiler] = {
    "name bounds": _name_bounds,
    "pinned names": _pinned,
    "sectors": _sectors,
    "many groups": _many_groups,
    "equal groups": _equal_groups,
    "doubled groups": _doubled_groups,
    "long-short groups": _long_short,
    "coefficients far apart": _coefficients_far_apart,
    "empty groups": _empty_groups,
    "conflicting groups": _conflicting_groups,
    "unreachable": _unreachable,
}
