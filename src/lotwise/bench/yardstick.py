"""A folder with the yardstick's workload.py, qpform.py and solvers.py, loaded from where it lies.

Its account is a dict of arrays, described in bench/adapter.py.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lotwise.optimizer.single_account import AccountProblem

__all__ = ["Yardstick", "lot_order", "to_problem"]

Account = Mapping[str, Any]
Floats = NDArray[np.float64]


def lot_order(account: Account) -> NDArray[np.int64]:
    """Order of the account's lots by name, cheapest first, as the optimizer takes them."""
    return np.lexsort((account["lot_t"], account["lot_i"]))


def to_problem(account: Account) -> AccountProblem:
    """Write the account as the optimizer's problem; trading cost joins the tax of a lot."""
    n = int(account["n"])
    order = lot_order(account)
    name = np.asarray(account["lot_i"])[order]
    variances, axes = np.linalg.eigh(account["Omega"])  # may be singular
    root = axes * np.sqrt(np.maximum(variances, 0.0))
    cost = np.ascontiguousarray(account["kappa"], dtype=np.float64)
    cash = float(account["cash_target"])
    return AccountProblem(
        target=np.ascontiguousarray(account["b"], dtype=np.float64),
        held=np.ascontiguousarray(account["h"], dtype=np.float64),
        loadings=np.ascontiguousarray(np.sqrt(2.0) * account["X"] @ root),
        specific=np.ascontiguousarray(account["d"], dtype=np.float64),
        buy_cost=cost,
        lot_start=np.searchsorted(name, np.arange(n + 1)).astype(np.int64),
        lot_quantity=np.asarray(account["lot_q"], dtype=np.float64)[order],
        lot_price=np.asarray(account["lot_t"], dtype=np.float64)[order] + cost[name],
        may_buy=~np.asarray(account["nobuy"], dtype=np.bool_),
        low=np.zeros(n),
        high=np.ones(n),
        group_start=np.zeros(1, dtype=np.int64),
        group_name=np.zeros(0, dtype=np.int64),
        group_coefficient=np.zeros(0),
        group_low=np.zeros(0),
        group_high=np.zeros(0),
        cash_low=cash,
        cash_high=cash,
        risk_price=float(account["gamma"]),
    )


class Yardstick:
    """The yardstick's accounts, its two quadratic programs and its evaluation."""

    def __init__(self, folder: Path) -> None:
        missing = [name for name in ("workload", "qpform", "solvers") if not (folder / f"{name}.py").exists()]
        if missing:
            raise FileNotFoundError(f"{folder} must hold workload.py, qpform.py and solvers.py, lacks {missing}")
        sys.path.insert(0, str(folder))
        self._workload: Any = importlib.import_module("workload")
        self._programs: Any = importlib.import_module("qpform")
        self._solvers: Any = importlib.import_module("solvers")
        sys.path.remove(str(folder))

    def account(self, names: int, seed: int) -> Account:
        """Make the yardstick's account."""
        made: Account = self._workload.make(names, seed)
        return made

    def evaluate(self, account: Account, buy: Floats, sell: Floats) -> Mapping[str, float]:
        """Evaluate trades the yardstick's way."""
        judged: Mapping[str, float] = self._workload.evaluate(account, buy, sell)
        return judged

    def two_stage(self, account: Account) -> tuple[float, float]:
        """Solve the yardstick's two programs by PIQP: seconds of both solves, and the objective of the trades."""
        relaxed = self._programs.build_relax(account)
        begin = time.perf_counter()
        x = self._solvers.piqp(relaxed)[0]
        first = time.perf_counter() - begin
        signed = self._programs.build_signed(account, self._programs.relax_sign(account, relaxed, x))
        begin = time.perf_counter()
        x = self._solvers.piqp(signed)[0]
        second = time.perf_counter() - begin
        buy, sell = self._programs.split(signed, x)
        return first + second, float(self.evaluate(account, buy, sell)["J"])
