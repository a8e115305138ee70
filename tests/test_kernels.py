"""Compiled kernels: the same numbers as plain Python, nothing out of bounds, and a cache that sees every edit."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

import lotwise
from lotwise.kernels import cache_folder, inner_kernel, kernel, summing_kernel

ROOT = Path(__file__).parent.parent
PACKAGE = Path(lotwise.__file__).parent

Vector = NDArray[np.float64]

# Products, and two small accounts solved to the end; prints what came out (not the steps: roundoff moves them).
RUN = """
import json
import numpy as np
from lotwise.money import mul_div
from lotwise.optimizer.problem import AccountProblem
from lotwise.optimizer.single_account import solve_account
from lotwise.bench.accounts import small

rng = np.random.default_rng(7)
found = []
with np.errstate(over="ignore"):
    for bits in range(1, 63):
        a, b, c = (int(x) for x in rng.integers(-(2**bits), 2**bits, 3))
        found.append(int(mul_div(np.int64(a), np.int64(b), np.int64(abs(c) + 1))))
for seed in (1, 2):
    account = small(seed)
    solved = solve_account(AccountProblem(*(getattr(account, name) for name in AccountProblem._fields)))
    for value in (solved.status, solved.weights, solved.objective, solved.lower_bound):
        found.extend(np.asarray(value, dtype=np.float64).ravel().tolist())
print(json.dumps(found))
"""


def run(code: str, **environment: str) -> str:
    """Run Python code in a process of its own; its standard output."""
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("how", [{"NUMBA_DISABLE_JIT": "1"}, {"LOTWISE_BOUNDSCHECK": "1"}], ids=["plain", "bounds"])
def test_kernels_give_the_same_as_plain_python_and_stay_in_bounds(how: dict[str, str]) -> None:
    """Both other ways raise on an index past the end, where the compiled kernel would read what is not its own."""
    compiled = np.array(json.loads(run(RUN)))
    other = np.array(json.loads(run(RUN, **how)))
    assert np.array_equal(compiled[:62], other[:62])
    np.testing.assert_allclose(other, compiled, rtol=1e-9, atol=1e-9)


def test_the_bounds_checked_build_notices() -> None:
    """Otherwise the run with bounds checks could not fail."""
    code = """
import numpy as np
from pathlib import Path
import importlib.util, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "past_the_end.py"
    path.write_text("from lotwise.kernels import kernel\\n@kernel\\ndef past(x):\\n    return x[x.size]\\n")
    spec = importlib.util.spec_from_file_location("past_the_end", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.past(np.zeros(3))
    except IndexError:
        print("noticed")
"""
    assert run(code, LOTWISE_BOUNDSCHECK="1").strip() == "noticed"


def test_a_compiled_kernel_keeps_ieee_arithmetic() -> None:
    """Sums stay in the order written, and a division by zero is an infinity, not an exception."""

    @kernel
    def sums(x: Vector) -> tuple[float, float]:
        total = 0.0
        for value in x:
            total += value
        return total, 1.0 / (total - total)

    values = np.array([1e16, 1.0, -1e16, 1.0])
    total, infinite = sums(values)
    assert total == 1.0
    assert infinite == np.inf


def test_a_kernel_that_allocates_is_called_by_python_and_by_kernels() -> None:
    @kernel
    def doubled(values: Vector, times: int = 1) -> Vector:
        return np.concatenate((values, values))[: 2 * times]

    @kernel
    def entry(values: Vector) -> float:
        return float(doubled(values, 2).sum() + doubled(values).sum())

    values = np.array([1.0, 2.0, 4.0])
    assert doubled(values, times=3).tolist() == [1.0, 2.0, 4.0, 1.0, 2.0, 4.0]
    for _ in range(1000):  # memory counted wrongly would be freed twice, or read after it was
        assert entry(values) == 1.0 + 2.0 + 4.0 + 1.0 + 1.0 + 2.0


def test_an_inner_kernel_that_would_count_references_does_not_compile() -> None:
    """Compiled without numba's run time, it could only leak or free what is not its own."""

    @inner_kernel
    def doubled(values: Vector) -> float:
        return float(np.concatenate((values, values)).sum())

    @kernel
    def entry(values: Vector) -> float:
        return doubled(values)

    with pytest.raises(numba.core.errors.TypingError, match="doubled"):
        entry(np.ones(2))
    assert doubled(np.ones(2)) == 4.0  # called from Python it is Python


def test_inner_kernels_keep_the_order_of_sums_and_summing_kernels_need_not() -> None:
    def a_sum() -> Callable[[Vector], float]:
        def total_of(values: Vector) -> float:
            total = 0.0
            for value in values:
                total += value
            return total

        return total_of

    in_order, in_any_order = inner_kernel(a_sum()), summing_kernel(a_sum())

    @kernel
    def both(values: Vector) -> tuple[float, float]:
        return in_order(values), in_any_order(values)

    values = np.random.default_rng(5).normal(size=10_000) * 1e6
    expected = 0.0
    for value in values.tolist():
        expected += value
    ordered, any_order = both(values)
    assert ordered == expected
    assert any_order == pytest.approx(math.fsum(values), rel=1e-9)
    assert np.isnan(both(np.array([np.nan, 1.0]))).all()
    assert both(np.array([np.inf, 1.0])) == (np.inf, np.inf)


@pytest.fixture
def copy_of_package(tmp_path: Path) -> Path:
    """A copy of the sources, to edit; returns the folder to import it from."""
    shutil.copytree(PACKAGE, tmp_path / "lotwise", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


# A module whose kernels use constants and callees of several others.
MODULE = "lotwise.rebalancing.wash_windows"


def folder_used(sources: Path) -> str:
    """Name of the cache folder of MODULE when the package is imported from these sources."""
    code = f"import lotwise.kernels as k; print(k.__file__); print(k.cache_folder({MODULE!r}).name)"
    file, folder = run(code, PYTHONPATH=str(sources)).split()
    assert Path(file).is_relative_to(sources)
    return folder


def test_the_cache_folder_is_that_of_the_sources(copy_of_package: Path) -> None:
    assert folder_used(copy_of_package) == cache_folder(MODULE).name
    assert cache_folder(MODULE) != cache_folder("lotwise.money")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("money.py", "SHARE = 1_000_000\n", "SHARE = 1_000_001\n"),
        ("dates.py", "WASH_DAYS = 30\n", "WASH_DAYS = 31\n"),
        ("rebalancing/book.py", "NO_SELL = 2\n", "NO_SELL = 4\n"),
        ("rebalancing/lot_costs.py", "31.0 / 365.0", "32.0 / 365.0"),
    ],
)
def test_an_edit_of_what_a_kernel_uses_moves_the_cache(copy_of_package: Path, file: str, old: str, new: str) -> None:
    """Kernels take constants of other modules into their machine code; numba's own cache does not see those edits."""
    edited = copy_of_package / "lotwise" / file
    text = edited.read_text()
    assert old in text
    edited.write_text(text.replace(old, new))
    assert folder_used(copy_of_package) != cache_folder(MODULE).name


def test_an_edit_elsewhere_does_not_compile_anew(copy_of_package: Path) -> None:
    with (copy_of_package / "lotwise" / "reports" / "look.py").open("a") as file:
        file.write("\n# nothing\n")
    assert folder_used(copy_of_package) == cache_folder(MODULE).name


def test_an_edit_of_a_callee_in_another_file_is_compiled(copy_of_package: Path, tmp_path: Path) -> None:
    callee = copy_of_package / "lotwise" / "callee.py"
    caller = copy_of_package / "lotwise" / "caller.py"
    callee.write_text("from lotwise.kernels import kernel\n\n\n@kernel\ndef part(x):\n    return x + 1\n")
    caller.write_text(
        "from lotwise.callee import part\nfrom lotwise.kernels import kernel\n\n\n"
        "@kernel\ndef whole(x):\n    return 2 * part(x)\n"
    )
    environment = {"PYTHONPATH": str(copy_of_package), "LOTWISE_CACHE": str(tmp_path / "cache")}
    code = "from lotwise.caller import whole; print(whole(20))"
    assert run(code, **environment).strip() == "42"
    callee.write_text(callee.read_text().replace("x + 1", "x + 2"))
    assert run(code, **environment).strip() == "44"


def test_a_kernel_that_only_kernels_call_has_no_machine_code_of_its_own(tmp_path: Path, copy_of_package: Path) -> None:
    """It would be optimised once for itself, and again in every kernel that calls it: at depth, most of the time."""
    (copy_of_package / "lotwise" / "twofold.py").write_text(
        "from lotwise.kernels import kernel\n\n\n@kernel\ndef half(x):\n    return x // 2\n\n\n"
        "@kernel\ndef quarter(x):\n    return half(x) // 2\n"
    )
    environment = {"PYTHONPATH": str(copy_of_package), "LOTWISE_CACHE": str(tmp_path / "cache")}
    for code, kept in (("quarter(20)", {"quarter"}), ("half(20)", {"quarter", "half"})):
        run(f"from lotwise.twofold import half, quarter; {code}", **environment)
        names = {path.name.split("-")[0].split(".")[-1] for path in (tmp_path / "cache").rglob("*.nbi")}
        assert names == kept


def test_what_is_compiled_is_said_once_and_what_is_cached_is_not(tmp_path: Path, copy_of_package: Path) -> None:
    (copy_of_package / "lotwise" / "twofold.py").write_text(
        "from lotwise.kernels import kernel\n\n\n@kernel\ndef half(x):\n    return x // 2\n\n\n"
        "@kernel\ndef quarter(x):\n    return half(x) // 2\n"
    )
    code = """
from lotwise.kernels import told_when_compiling
from lotwise.twofold import half, quarter
with told_when_compiling(lambda: print("compiling"), within="lotwise.twofold"):
    print(quarter(20), half(20), half(2.5))
with told_when_compiling(lambda: print("compiling"), within="lotwise.other"):
    print(quarter(20.0))
"""
    environment = {"PYTHONPATH": str(copy_of_package), "LOTWISE_CACHE": str(tmp_path / "cache")}
    assert run(code, **environment).split("\n")[:-1] == ["compiling", "5 10 1.0", "5.0"]
    assert run(code, **environment).split("\n")[:-1] == ["5 10 1.0", "5.0"]
