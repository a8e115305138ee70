"""One account as quadratic programs: the convex envelope of sell-or-buy, and with every sign fixed.

    minimise   x'Px / 2 + q'x + constant    subject to  A x = r,  least <= x <= most

Columns: positions x = w - base (n), exposures y = L'(w - target) (k), purchases, sales; for the two-sided names
of the envelope a curved part v and a straight part z; cash (if it has a band), and its shortfall and surplus (if
it may miss the band); for each soft row its value, its shortfall and its excess. A one-sided name's base is its
target and

    x = held - target + purchases - sales,    specific risk = risk_price x specific x x^2.

A two-sided name is cut open at its straight piece and glued together there: its base is the left end and

    x = v + z,    v = purchases - sales,    0 <= z <= length of the piece,

where sales are those beyond the left end, purchases those beyond the right end, at the slopes of the two ends. So
risk_price x specific x v^2 is the curvature of both branches. Columns that cannot move are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Bools, Floats, Ints, ReferenceAccount, Sparse
from lotwise.bench.reference.bitangent import bitangent

__all__ = ["QuadraticProgram", "envelope_program", "signed_program"]


@dataclass(frozen=True)
class QuadraticProgram:
    """The arrays of a program, and how to read weights and trades out of its solution."""

    P: Sparse  # diagonal
    q: Floats
    constant: float
    A: Sparse
    r: Floats
    least: Floats
    most: Floats
    base: Floats  # (n,)
    buy_column: tuple[Ints, slice]  # names bought (as positions), and their columns
    sell_column: tuple[Ints, slice]  # lots sold, and their columns

    def value(self, x: Floats) -> float:
        """Objective at a solution."""
        return float(0.5 * x @ (self.P @ x) + self.q @ x) + self.constant

    def weights(self, x: Floats) -> Floats:
        """Weights at a solution, (n,)."""
        return self.base + x[: self.base.size]

    def trades(self, x: Floats, names: int, lots: int) -> tuple[Floats, Floats]:
        """Purchases (n,) and sales (L,) at a solution of a signed program, tiny negative ones cut."""
        buy, sell = np.zeros(names), np.zeros(lots)
        buy[self.buy_column[0]] = np.maximum(x[self.buy_column[1]], 0.0)
        sell[self.sell_column[0]] = np.maximum(x[self.sell_column[1]], 0.0)
        return buy, sell


@dataclass(frozen=True)
class _Shape:
    """What differs between the two programs, per name (n,) or lot (L,)."""

    base: Floats
    start: Floats
    buy_slope: Floats
    buy_most: Floats
    sell_slope: Floats
    sell_most: Floats
    straight: Floats  # length of the straight piece, 0 where there is none
    straight_slope: Floats
    constant: float


def envelope_program(account: ReferenceAccount, *, soft_cash: bool = False) -> QuadraticProgram:
    """Write the convex envelope of every name: its minimum bounds the true one from below."""
    two, curvature = account.two_sided, 2 * account.risk_price * account.specific
    tangent = bitangent(account)
    lot_two = two[account.lot_name]
    left_gradient = curvature * (tangent.left - account.target)
    right_gradient = curvature * (tangent.right - account.target)
    return _assemble(
        account,
        _Shape(
            base=np.where(two, tangent.left, account.target),
            start=np.where(two, 0.0, account.held - account.target),
            buy_slope=account.buy_cost + np.where(two, right_gradient, 0.0),
            buy_most=account.top - np.where(two, tangent.right, account.held),
            sell_slope=account.lot_price - np.where(two, left_gradient, 0.0)[account.lot_name],
            sell_most=np.where(lot_two, account.lot_quantity - tangent.lot_sold, account.lot_quantity),
            straight=np.where(two, tangent.right - tangent.left, 0.0),
            straight_slope=tangent.slope,
            constant=float(tangent.left_value[two].sum()),
        ),
        int(soft_cash),
    )


def signed_program(account: ReferenceAccount, buys: Bools, *, soft_cash: bool = False) -> QuadraticProgram:
    """Fix every two-sided name to purchases where `buys` (n,), else to sales; one-sided names stay free."""
    barred = account.two_sided & ~buys
    kept = (account.two_sided & buys)[account.lot_name]
    return _assemble(
        account,
        _Shape(
            base=account.target,
            start=account.held - account.target,
            buy_slope=account.buy_cost,
            buy_most=np.where(barred, 0.0, account.top - account.held),
            sell_slope=account.lot_price,
            sell_most=np.where(kept, 0.0, account.lot_quantity),
            straight=np.zeros(account.names),
            straight_slope=np.zeros(account.names),
            constant=0.0,
        ),
        int(soft_cash),
    )


@dataclass(frozen=True)
class _Columns:
    """One block of columns: its cost per unit and its bounds."""

    cost: Floats
    least: Floats
    most: Floats


def _block(size: int, cost: Floats | float, least: Floats | float, most: Floats | float) -> _Columns:
    return _Columns(*(np.broadcast_to(np.asarray(each, dtype=np.float64), (size,)) for each in (cost, least, most)))


def _assemble(account: ReferenceAccount, shape: _Shape, missed: int) -> QuadraticProgram:
    n, k = account.loadings.shape
    buys = np.flatnonzero(shape.buy_most > 0)
    sells = np.flatnonzero(shape.sell_most > 0)
    pieces = np.flatnonzero(shape.straight > 0)
    rows, low, high = account.soft_rows
    band = int(account.cash_high > account.cash_low)
    penalty = account.violation_price
    columns = [
        _block(n, 0.0, -np.inf, np.inf),
        _block(k, 0.0, -np.inf, np.inf),
        _block(buys.size, shape.buy_slope[buys], 0.0, shape.buy_most[buys]),
        _block(sells.size, shape.sell_slope[sells], 0.0, shape.sell_most[sells]),
        _block(pieces.size, 0.0, -np.inf, np.inf),
        _block(pieces.size, shape.straight_slope[pieces], 0.0, shape.straight[pieces]),
        _block(band, 0.0, account.cash_low, account.cash_high),
        _block(missed, CASH_SHORT * penalty, 0.0, max(0.0, account.cash_low + account.most_owed)),
        _block(missed, CASH_SURPLUS * penalty, 0.0, np.inf),
        _block(low.size, 0.0, low, high),
        _block(low.size, penalty, 0.0, np.inf),
        _block(low.size, penalty, 0.0, np.inf),
    ]
    start = np.concatenate([[0], np.cumsum([block.cost.size for block in columns])])
    right = [
        shape.start,
        -account.loadings.T @ (shape.base - account.target),
        np.array([1.0 - (0.0 if band else account.cash_low) - shape.base.sum()]),
        -np.asarray(rows @ shape.base),
        np.zeros(pieces.size),
    ]
    curved = np.zeros(int(start[-1]))
    curved[:n] = 2 * account.risk_price * account.specific
    curved[start[4] : start[5]] = curved[:n][pieces]
    curved[:n][pieces] = 0.0
    curved[n : n + k] = account.risk_price
    return QuadraticProgram(
        P=sp.csc_matrix(sp.diags(curved)),
        q=np.concatenate([block.cost for block in columns]),
        constant=shape.constant,
        A=_rows(account, (buys, sells, pieces), band, missed),
        r=np.concatenate(right),
        least=np.concatenate([block.least for block in columns]),
        most=np.concatenate([block.most for block in columns]),
        base=shape.base,
        buy_column=(buys, slice(int(start[2]), int(start[3]))),
        sell_column=(sells, slice(int(start[3]), int(start[4]))),
    )


def _rows(account: ReferenceAccount, moving: tuple[Ints, Ints, Ints], band: int, missed: int) -> Sparse:
    """Stack balances, exposures, cash, soft rows and glued names; blocks without columns or rows are left out."""
    buys, sells, pieces = moving
    n, k = account.loadings.shape
    rows = account.soft_rows[0]
    m = int(rows.shape[0])
    identity = sp.csc_matrix(sp.identity(n))
    at_pieces = np.isin(np.arange(n), pieces)
    one_sided = sp.csc_matrix(sp.diags(np.where(at_pieces, 0.0, 1.0)))
    one_sided.eliminate_zeros()
    piece = identity[:, pieces]
    each = sp.csc_matrix(sp.identity(pieces.size))
    slack = sp.csc_matrix(sp.identity(m))
    lots = account.lot_matrix[:, sells]
    factors = [sp.csc_matrix(account.loadings.T), -sp.csc_matrix(sp.identity(k))]
    cash = [sp.csc_matrix(np.ones((1, size))) for size in (n, band, missed, missed)]
    blocks: list[list[Sparse | None]] = [
        [one_sided, None, -identity[:, buys], lots, piece, *[None] * 7],
        [*factors, *[None] * 10],
        [cash[0], *[None] * 5, cash[1], -cash[2], cash[3], *[None] * 3],
        [rows, *[None] * 8, -slack, slack, -slack],
        [sp.csc_matrix(piece.T), *[None] * 3, -each, -each, *[None] * 6],
    ]
    columns = [n, k, buys.size, sells.size, pieces.size, pieces.size, band, missed, missed, m, m, m]
    across = [j for j, size in enumerate(columns) if size]
    down = [i for i, size in enumerate([n, k, 1, m, pieces.size]) if size]
    return sp.csc_matrix(sp.bmat([[blocks[i][j] for j in across] for i in down]))
