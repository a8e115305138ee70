"""The convex envelope of sell-or-buy without computing any envelope: a second-order cone program.

The convex hull of a union of two convex functions is the perspective form: a two-sided name is a mixture, a
share 1 - p of a name that sells and a share p of a name that buys, each with its own lots, purchases and
specific risk

    d x_sell^2 / (1 - p)  and  d x_buy^2 / p,     x = w - share x target,

which are rotated cones. Nothing of the bitangent, of its bracket or of its glued variable enters, so
agreement of the two values means that both are right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from lotwise.bench.reference.account import Floats, ReferenceAccount, Sparse
from lotwise.bench.reference.general_solvers import NotSolvedError, clarabel, quiet_settings

__all__ = ["envelope_value"]

# Positions in the cones are counted in hundredths, so that their squares are not far below one.
_MAGNIFIED = 100.0


class _Rows:
    """Rows A x + s = b of one cone after the other, gathered as triplets."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.right: list[float] = []

    def add(self, entries: list[tuple[int, float]], right: float) -> None:
        for column, value in entries:
            self.row.append(len(self.right))
            self.column.append(column)
            self.value.append(value)
        self.right.append(right)

    def matrix(self, columns: int) -> Sparse:
        return sp.csc_matrix((self.value, (self.row, self.column)), shape=(len(self.right), columns))


class _Layout:
    """Columns: active weight x, exposures y, purchases, sales; p, x_buy and two epigraphs per mixture."""

    def __init__(self, account: ReferenceAccount) -> None:
        self.mixed = np.flatnonzero(account.two_sided)
        n, k = account.loadings.shape
        self.exposure = n
        self.buy = n + k
        self.sell = self.buy + n
        self.share = self.sell + account.lots
        self.active_buy = self.share + self.mixed.size
        self.epigraph = self.active_buy + self.mixed.size
        self.total = self.epigraph + 2 * self.mixed.size


def envelope_value(account: ReferenceAccount, tolerance: float = 1e-10) -> float:
    """Minimum of the convex envelope of an account without soft bounds, in dollars per dollar of value."""
    if account.soft_rows[1].size:
        raise ValueError("the perspective form is written for accounts without group or name bounds")
    layout = _Layout(account)
    equal, below, cones = _Rows(), _Rows(), _Rows()
    _add_balances(account, layout, equal)
    _add_ranges(account, layout, below)
    curved_mixtures = np.flatnonzero(account.specific[layout.mixed] > 0)
    for j in range(layout.mixed.size):
        if j in curved_mixtures:
            _add_cones(layout, j, cones)
        else:  # costs nothing: an epigraph left free would have no interior point to approach
            equal.add([(layout.epigraph + j, 1.0)], 0.0)
            equal.add([(layout.epigraph + layout.mixed.size + j, 1.0)], 0.0)
    kinds: list[Any] = [clarabel.ZeroConeT(len(equal.right)), clarabel.NonnegativeConeT(len(below.right))]
    kinds += [clarabel.SecondOrderConeT(3) for _ in range(2 * curved_mixtures.size)]
    rows = sp.csc_matrix(sp.vstack([part.matrix(layout.total) for part in (equal, below, cones)]))
    right = np.concatenate([np.array(part.right) for part in (equal, below, cones)])
    curved, linear = _objective(account, layout)
    answer = clarabel.DefaultSolver(
        sp.csc_matrix(sp.diags(curved)), linear, rows, right, kinds, quiet_settings(tolerance)
    ).solve()
    if str(answer.status) not in {"Solved", "AlmostSolved"}:
        raise NotSolvedError(f"Clarabel: {answer.status} after {answer.iterations} steps")
    return float(answer.obj_val)


def _objective(account: ReferenceAccount, layout: _Layout) -> tuple[Floats, Floats]:
    n, k = account.loadings.shape
    curved, linear = np.zeros(layout.total), np.zeros(layout.total)
    curved[:n] = np.where(account.two_sided, 0.0, 2 * account.risk_price * account.specific)
    curved[n : n + k] = account.risk_price
    linear[layout.buy : layout.sell] = account.buy_cost
    linear[layout.sell : layout.share] = account.lot_price
    epigraph = account.risk_price * account.specific[layout.mixed] / _MAGNIFIED**2
    linear[layout.epigraph :] = np.concatenate([epigraph, epigraph])
    return curved, linear


def _add_balances(account: ReferenceAccount, layout: _Layout, equal: _Rows) -> None:
    """Tie weights to trades, to exposures, to the mixture, and to cash if it is fixed.

    x = held - target + purchases - sales;  x_buy = p (held - target) + purchases of a mixture.
    """
    n, k = account.loadings.shape
    start = account.held - account.target
    for i in range(n):
        lots = range(int(account.lot_start[i]), int(account.lot_start[i + 1]))
        sales = [(layout.sell + lot, 1.0) for lot in lots]
        equal.add([(i, 1.0), (layout.buy + i, -1.0), *sales], float(start[i]))
    for f in range(k):
        exposures = [(i, float(account.loadings[i, f])) for i in range(n)]
        equal.add([*exposures, (layout.exposure + f, -1.0)], 0.0)
    for j, i in enumerate(layout.mixed.tolist()):
        bought = [(layout.active_buy + j, 1.0), (layout.buy + i, -1.0)]
        equal.add([*bought, (layout.share + j, -float(start[i]))], 0.0)
    if account.cash_low == account.cash_high:
        equal.add([(i, 1.0) for i in range(n)], 1.0 - account.cash_low - float(account.target.sum()))


def _add_ranges(account: ReferenceAccount, layout: _Layout, below: _Rows) -> None:
    """Bound purchases, sales, shares and a cash band; the trades of a mixture by its shares."""
    position = {int(i): layout.share + j for j, i in enumerate(layout.mixed)}
    for i in range(account.names):
        below.add([(layout.buy + i, -1.0)], 0.0)
        room = float(account.top[i] - account.held[i])
        if i in position:
            below.add([(layout.buy + i, 1.0), (position[i], -room)], 0.0)
            below.add([(position[i], -1.0)], 0.0)
            below.add([(position[i], 1.0)], 1.0)
        else:
            below.add([(layout.buy + i, 1.0)], room)
    for lot, i in enumerate(account.lot_name.tolist()):
        most = float(account.lot_quantity[lot])
        below.add([(layout.sell + lot, -1.0)], 0.0)
        shared = [(position[int(i)], most)] if int(i) in position else []
        below.add([(layout.sell + lot, 1.0), *shared], most)
    if account.cash_low < account.cash_high:
        everything = float(account.target.sum())
        below.add([(i, 1.0) for i in range(account.names)], 1.0 - account.cash_low - everything)
        below.add([(i, -1.0) for i in range(account.names)], account.cash_high - 1.0 + everything)


def _add_cones(layout: _Layout, j: int, cones: _Rows) -> None:
    """Write x^2 <= e x share as |(2x, e - share)| <= e + share, for the buying and for the selling share."""
    share, active, weight = layout.share + j, layout.active_buy + j, int(layout.mixed[j])
    buying, selling = layout.epigraph + j, layout.epigraph + layout.mixed.size + j
    cones.add([(buying, -1.0), (share, -1.0)], 0.0)
    cones.add([(active, -2 * _MAGNIFIED)], 0.0)
    cones.add([(buying, -1.0), (share, 1.0)], 0.0)
    cones.add([(selling, -1.0), (share, 1.0)], 1.0)
    cones.add([(weight, -2 * _MAGNIFIED), (active, 2 * _MAGNIFIED)], 0.0)
    cones.add([(selling, -1.0), (share, -1.0)], -1.0)
