"""The search over sell-or-buy choices: cases are split until the best portfolio is proved, or it has gone on enough.

The first solve gives every name with a choice its envelope. Where it leaves no such name on the envelope's flat piece,
its portfolio is the best there is: the envelope is the function itself there. Otherwise the name whose envelope falls
short the most is split: one case in which it sells only, one in which it buys only, the others as before. Each case
is solved warm, and left where its bound shows that it cannot hold anything better than what is known; often the
multipliers of the case before say so without a solve. The bound of the account is the least of the bounds of the
cases left, which together are all portfolios (`problem.Cases`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel
from lotwise.optimizer.choices import branch_least, choose_branch, choose_envelope
from lotwise.optimizer.convex import Aim, Certified, renew_column, solve_warm
from lotwise.optimizer.pieces import least_from, value_at, value_from
from lotwise.optimizer.problem import MOST_SPLITS, Cases, Choice, Columns, State, copy_values

__all__ = ["Limits", "Split", "close_case", "search_choices"]

_SELL_ONLY = int(Choice.SELL_ONLY)
_BUY_ONLY = int(Choice.BUY_ONLY)

# With more names than this on a flat, all are first rounded to the nearer branch at once: a portfolio to measure by.
_FEW = 3


class Limits(NamedTuple):
    """What stays the same throughout a search; gaps are divided by gamma."""

    factors: int
    gap: float  # of a convex solve
    tolerance: float  # between the best portfolio and the bound


class Split(NamedTuple):
    """How a search ended; values divided by gamma."""

    value: float  # objective of the best portfolio, in state.found
    short: float  # what of it lies between the envelopes of the solve that found it and the true functions
    bound: float  # no portfolio is below
    steps: int  # Newton steps after the first solve
    solves: int  # after the first


@inner_kernel
def _is_on_flat(columns: Columns, state: State, column: int) -> bool:
    bridge = columns.table[column].bridge
    return bool(bridge >= 0 and columns.pieces[bridge].left < state.best[column] < columns.pieces[bridge].right)


@inner_kernel
def _rounding(columns: Columns, state: State) -> tuple[float, int, int]:
    """What true functions at state.best cost beyond the envelopes, the name with most of it (-1), how many names."""
    total = 0.0
    most = 0.0
    found = -1
    count = 0
    for k in range(state.loose_count[0]):
        j = state.loose[k]
        if not _is_on_flat(columns, state, j):
            continue
        w = state.best[j]
        start, hinge, stop = columns.table[j].own_start, columns.table[j].hinge, columns.table[j].own_stop
        if w > columns.table[j].held:
            start = hinge
        else:
            stop = hinge
        short = value_at(columns, j, start, stop, w) - value_from(columns, j, columns.table[j].bridge, w)
        total += max(short, 0.0)
        count += 1
        if short > most:
            most = short
            found = j
    return total, found, count


@inner_kernel
def _rise(columns: Columns, state: State, name: int, choice: int) -> float:
    """How much the dual value at state.best_theta rises when a name gives up its envelope for one branch."""
    price = 0.0
    for r in range(state.best_theta.size):
        price += columns.rows[r, name] * state.best_theta[r]
    least = least_from(columns, name, state.piece[name], price)
    return max(branch_least(columns, name, choice, price) - least, 0.0)


@inner_kernel
def close_case(cases: Cases, depth: int, bound: float, theta: NDArray[np.float64]) -> None:
    """Close the case in hand, the first `depth` sayings, with a bound and its multipliers."""
    at = cases.closed[0]
    cases.bound[at] = bound
    cases.depth[at] = depth
    for r in range(theta.size):
        cases.theta[at, r] = theta[r]
    for d in range(depth):
        cases.said[at, d] = cases.open_said[d]
    cases.closed[0] = at + 1


@inner_kernel
def _keep_better(state: State, value: float, best: float) -> float:
    """Keep the portfolio of the last solve if it is better; returns the better value."""
    if value >= best:
        return best
    copy_values(state.best, state.found)
    copy_values(state.best_theta, state.found_theta)
    return value


@inner_kernel
def _say(columns: Columns, state: State, saying: int) -> None:
    """Put the branch of a saying in force."""
    name = saying // 2
    choose_branch(columns, name, _BUY_ONLY if saying % 2 == 1 else _SELL_ONLY)
    renew_column(columns, state, name)


@inner_kernel
def _take_back(columns: Columns, state: State, saying: int) -> None:
    """Put the envelope of a saying's name in force again."""
    choose_envelope(columns, saying // 2)
    renew_column(columns, state, saying // 2)


@inner_kernel
def _solve_case(columns: Columns, state: State, theta: NDArray[np.float64], limits: Limits, aim: Aim) -> Certified:
    """Solve the pieces in force from these multipliers."""
    copy_values(theta, state.theta)
    return solve_warm(columns, state, limits.factors, aim)


@inner_kernel
def _guess(columns: Columns, state: State, marked: NDArray[np.bool_], limits: Limits) -> Certified:
    """Solve with every name on a flat rounded to the nearer branch; the envelopes are in force again afterwards.

    The value is that of the true functions.
    """
    for k in range(state.loose_count[0]):
        j = state.loose[k]
        marked[j] = _is_on_flat(columns, state, j)
        if marked[j]:
            _say(columns, state, 2 * j + (state.best[j] > columns.table[j].held))
    guess = _solve_case(columns, state, state.best_theta, limits, Aim(limits.gap, -np.inf, np.inf))
    short, _, _ = _rounding(columns, state)
    for k in range(state.loose_count[0]):
        j = state.loose[k]
        if marked[j]:
            _take_back(columns, state, 2 * j)
    return Certified(guess.status, guess.primal + short, guess.bound, guess.steps)


@inner_kernel
def _split(columns: Columns, state: State, cases: Cases, depth: int, name: int, bound: float) -> float:
    """Say of a name what raises the bound less, and leave the opposite for later. Returns the bound of what is said."""
    sell, buy = _rise(columns, state, name, _SELL_ONLY), _rise(columns, state, name, _BUY_ONLY)
    copy_values(state.best_theta, cases.open_theta[depth])
    cases.open_said[depth] = 2 * name + (buy < sell)
    cases.open_other[depth] = True
    cases.open_bound[depth] = bound + max(sell, buy)
    _say(columns, state, cases.open_said[depth])
    return bound + min(sell, buy)


@inner_kernel
def _next_case(columns: Columns, state: State, cases: Cases, depth: int, cutoff: float, may_solve: bool) -> int:
    """Go back to the last saying whose opposite must be solved, and say that; returns the depth, 0 = there is none.

    Opposites that a bound already closes, or that may not be solved any more, are closed on the way.
    """
    while depth > 0:
        last = depth - 1
        _take_back(columns, state, cases.open_said[last])
        if cases.open_other[last]:
            cases.open_other[last] = False
            cases.open_said[last] += 1 - 2 * (cases.open_said[last] % 2)
            if may_solve and cases.open_bound[last] < cutoff:
                _say(columns, state, cases.open_said[last])
                return depth
            close_case(cases, depth, cases.open_bound[last], cases.open_theta[last])
        depth = last
    return 0


@inner_kernel
def search_choices(
    columns: Columns, state: State, cases: Cases, marked: NDArray[np.bool_], limits: Limits, first: Certified
) -> Split:
    """Find the best portfolio and prove it, from the solve of the envelopes; cases proved are left in `cases`.

    After MOST_SPLITS solves what is open keeps the bound it has. The best weights are left in state.found.
    """
    cases.closed[0] = 0
    tolerance = limits.tolerance
    copy_values(state.best, state.found)
    copy_values(state.best_theta, state.found_theta)
    short, name, on_flats = _rounding(columns, state)
    best = _keep_better(state, first.primal + short, np.inf)
    short_of_best = short
    bound = first.bound
    depth, steps, solves = 0, 0, 0
    if on_flats > _FEW and bound < best - tolerance:
        copy_values(state.best_theta, cases.open_theta[0])
        guess = _guess(columns, state, marked, limits)
        short_of_best = 0.0 if guess.primal < best else short_of_best
        best = _keep_better(state, guess.primal, best)
        copy_values(cases.open_theta[0], state.best_theta)
        steps, solves = guess.steps, 1
    while True:
        if name >= 0 and bound < best - tolerance and solves < MOST_SPLITS:
            known = _split(columns, state, cases, depth, name, bound)
            depth += 1
        else:
            close_case(cases, depth, bound, state.best_theta)
            depth = _next_case(columns, state, cases, depth, best - tolerance, solves < MOST_SPLITS)
            if depth == 0:
                break
            known = cases.open_bound[depth - 1]
        aim = Aim(limits.gap, known, best - tolerance)
        case = _solve_case(columns, state, cases.open_theta[depth - 1], limits, aim)
        steps += case.steps
        solves += 1
        bound = case.bound
        if bound < known:  # the solve failed: what was known of the case before it still holds
            bound = known
            copy_values(cases.open_theta[depth - 1], state.best_theta)
        short, name, _ = _rounding(columns, state)
        short_of_best = short if case.primal + short < best else short_of_best
        best = _keep_better(state, case.primal + short, best)
    least = best
    for at in range(cases.closed[0]):
        least = min(least, cases.bound[at])
    return Split(best, short_of_best, least, steps, solves)
