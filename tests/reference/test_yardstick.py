"""Our reference formulation and the kernel's adapter on the yardstick's own accounts (skipped where it is absent)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.reference.two_stage import two_stage

_BENCH = Path(__file__).resolve().parents[2] / "bench"
_HUNDREDTH_OF_A_BP = 1e-6


def _load(name: str) -> ModuleType:
    """Load a file of bench/, which is a folder of scripts and not installed."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", _BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def yardstick(yardstick_dir: Path) -> Any:
    return _load("yardstick").Yardstick(yardstick_dir)


@pytest.fixture(scope="module")
def adapter() -> ModuleType:
    return _load("adapter")


@pytest.mark.parametrize(("names", "seed"), [(100, 0), (100, 1), (500, 2)])
def test_both_formulations_reach_the_same_objective(yardstick: Any, adapter: ModuleType, names: int, seed: int) -> None:
    account = yardstick.account(names, seed)
    ours = two_stage(ReferenceAccount(**adapter.to_problem(account)._asdict()))
    evaluated = yardstick.evaluate(account, ours.buy, ours.sell)
    assert evaluated["J"] == pytest.approx(ours.objective, abs=1e-12)
    assert evaluated["J"] == pytest.approx(yardstick.two_stage(account)[1], abs=1e-9)


@pytest.mark.parametrize("names", [100, 500])
@pytest.mark.parametrize("seed", [5, 6])
def test_the_adapter_is_not_worse_than_two_programs_and_breaks_no_rule(
    yardstick: Any, adapter: ModuleType, names: int, seed: int
) -> None:
    account = yardstick.account(names, seed)
    buy, sell, bound = adapter.solve(account)
    evaluated = yardstick.evaluate(account, buy, sell)
    assert bound <= evaluated["J"] + 1e-12
    assert evaluated["J"] <= yardstick.two_stage(account)[1] + _HUNDREDTH_OF_A_BP
    assert evaluated["viol_nobuy"] == evaluated["wash"] == 0
    assert max(evaluated[rule] for rule in ("viol_cash", "viol_short", "viol_over")) <= 1e-12


def test_sales_come_back_in_the_account_s_own_order_of_lots(yardstick: Any, adapter: ModuleType) -> None:
    account = dict(yardstick.account(100, 3))
    order = np.random.default_rng(0).permutation(len(account["lot_i"]))
    shuffled = dict(account, **{key: account[key][order] for key in ("lot_i", "lot_q", "lot_t")})
    buy, sell, _ = adapter.solve(account)
    buy_shuffled, sell_shuffled, _ = adapter.solve(shuffled)
    assert buy_shuffled == pytest.approx(buy, abs=1e-12)
    assert sell_shuffled == pytest.approx(sell[order], abs=1e-12)
