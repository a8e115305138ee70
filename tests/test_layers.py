"""What the import layers promise at run time, and what they cannot see: no binary float in the exact world."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lotwise

PACKAGE = Path(lotwise.__file__).parent
# Floats that measure nothing exact: how alike two words must be to be taken for a slip.
ALLOWED = {"households/toml_values.py": 1}
EXACT = ("money.py", "dates.py", "ledger", "tax", "households")


def loaded_with(module: str) -> set[str]:
    """Top-level names of everything that a fresh interpreter has loaded after importing a module."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    ["lotwise.money", "lotwise.ledger.wash_sales", "lotwise.households.profile", "lotwise.securities.market"],
)
def test_the_exact_world_loads_no_data_frame(module: str) -> None:
    assert loaded_with(module) & {"polars", "pyarrow", "pandas", "sqlalchemy"} == set()


def test_the_optimizer_loads_nothing_of_the_domain() -> None:
    code = "import sys, lotwise.optimizer.single_account; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    own = {name.split(".")[1] for name in done.stdout.split() if name.startswith("lotwise.")}
    assert own == {"optimizer", "kernels", "inner_compiling"}


def exact_sources() -> list[Path]:
    found: list[Path] = []
    for name in EXACT:
        path = PACKAGE / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def floats_in(tree: ast.AST) -> list[int]:
    """Lines with a binary float: a literal, the type, or a column of it."""
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Attribute) and node.attr in {"float64", "float32"})
    )


@pytest.mark.parametrize("path", exact_sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_binary_float_enters_the_exact_world(path: Path) -> None:
    found = floats_in(ast.parse(path.read_text()))
    assert len(found) <= ALLOWED.get(str(path.relative_to(PACKAGE)), 0), found


def test_the_search_for_floats_finds_them() -> None:
    assert floats_in(ast.parse("a = 0.1\nb = float(a)\nimport numpy as np\nc = np.float64")) == [1, 2, 4]
    assert floats_in(ast.parse("a = Decimal('0.1') / 3")) == []
