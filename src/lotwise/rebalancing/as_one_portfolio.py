"""A household as one portfolio: every account towards one target, what is bought in one is sold at a loss in none."""

from __future__ import annotations

from lotwise.kernels import Records, kernel
from lotwise.optimizer.problem import SolveStatus
from lotwise.rebalancing.account_by_account import Rows, is_worthwhile
from lotwise.rebalancing.book import Accounts, Book
from lotwise.rebalancing.draft import Draft
from lotwise.rebalancing.joint_formulation import JointSizes, clear_joint, formulate_joint, joint_problem_of
from lotwise.rebalancing.joint_recording import joint_tracking, record_joint_relaxations, record_joint_trades
from lotwise.rebalancing.joint_scratch import JointArrays
from lotwise.rebalancing.joint_solve import HouseholdNight, solve_household_night
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.rebalancing.scratch import Scratch
from lotwise.securities.market import Market

__all__ = ["solve_as_one"]

_SOLVED = int(SolveStatus.SOLVED)
_FAILED, _NOT_SOLVED = int(Status.FAILED), int(Cause.NOT_SOLVED)


@kernel
def _write_results(
    accounts: Accounts,
    sizes: JointSizes,
    night: HouseholdNight,
    keep: bool,
    arrays: JointArrays,
    results: Records,
    first_account: int,
) -> None:
    """Write how the problem went, into the row of each of its accounts."""
    reckoning = night.written if keep else night.hold
    for a in range(sizes.accounts):
        account = arrays.accounts[a].row
        before = accounts.cash[account]
        after = arrays.accounts[a].cash if keep else before
        worth = arrays.problem.value[a] * sizes.value
        result = results[account - first_account]
        if accounts.trades[account]:
            result.steps = night.steps
            result.objective = reckoning.objective
            result.objective_hold = night.hold.objective
            result.lower_bound = reckoning.objective - reckoning.gap
            result.gap_convex = night.gap_convex
        result.cash_before, result.cash_after = before / worth, after / worth


@kernel
def solve_as_one(
    book: Book, market: Market, household: int, value: int, scratch: Scratch, draft: Draft, rows: Rows
) -> tuple[bool, Rows]:
    """Solve a household; returns whether it went well and the next free rows.

    `value` is that of its accounts that are worth anything. Writes its tracking error; where it did not go well, its
    status and cause.
    """
    outcome, tally = draft.outcomes[household - rows.first_household], draft.tally
    arrays, state, securities = scratch.joint, scratch.household, scratch.account.securities
    sizes = formulate_joint(book, market, household, value, state, arrays, securities)
    night = solve_household_night(book, market, household, sizes, state, arrays, scratch.joint_solver)
    trade, relaxed = rows.trade, rows.relaxed
    if night.status != _SOLVED:
        outcome.status, outcome.cause, outcome.figure = _FAILED, _NOT_SOLVED, night.status
        outcome.gap_convex = night.gap_convex
        clear_joint(book, household, sizes.names, arrays, securities)
        return False, rows
    keep = is_worthwhile(book, household, night, night.cash, tally)
    weights = joint_problem_of(arrays, sizes).held
    if keep:
        memory = (state, arrays, scratch.joint_solver.state.base.found_theta)
        trade = record_joint_trades(book, market, household, sizes, memory, trade, draft.trades)
        weights = arrays.written[: sizes.positions]
        tally[0].score += (night.hold.objective - night.written.objective) * value
    total = arrays.total[int(keep), : sizes.names]
    tables = (arrays, securities)
    relaxed = record_joint_relaxations(book, household, sizes, tables, (total, weights), relaxed, draft.relaxations)
    reckoning = night.written if keep else night.hold
    tally[0].gap += reckoning.gap * value
    tally[0].gap_convex += night.gap_convex * value
    tally[0].solved += 1
    _write_results(book.accounts, sizes, night, keep, arrays, draft.accounts, rows.first_account)
    outcome.te_before, outcome.te_after = joint_tracking(sizes, arrays, int(keep))
    clear_joint(book, household, sizes.names, arrays, securities)
    return True, Rows(trade, relaxed, rows.first_household, rows.first_account)
