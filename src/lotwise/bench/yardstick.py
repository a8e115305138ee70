"""A folder with the yardstick's workload.py, qpform.py and solvers.py, loaded from where it lies."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Yardstick"]

Account = Mapping[str, Any]
Floats = NDArray[np.float64]


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
