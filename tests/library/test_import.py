"""`import lotwise` is cheap and says what it offers; the stub that type checkers read offers the same."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import lotwise
from lotwise.lab.demo_firm import write_demo_firm

ROOT = Path(__file__).parent.parent.parent
NOTEBOOK = ROOT / "docs" / "tutorial" / "notebook.ipynb"


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy() -> None:
    heavy = {"numpy", "numba", "polars", "pyarrow", "rich", "jinja2", "pydantic", "pandas"}
    assert loaded_by("import lotwise; lotwise.__version__; dir(lotwise)") & heavy == set()
    assert heavy & loaded_by("import lotwise; lotwise.read_firm") >= {"numpy", "polars"}


def test_everything_offered_is_there_documented_and_in_the_stub() -> None:
    stub = ast.parse((ROOT / "src" / "lotwise" / "__init__.pyi").read_text())
    named = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    offered = set(vars(lotwise)["__all__"]) - {"__version__"}
    assert named == offered
    assert offered <= set(dir(lotwise))
    for name in offered:
        assert getattr(lotwise, name).__doc__, name


def test_what_is_not_offered_is_answered_with_what_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'rebalance'; it offers .*read_firm"):
        getattr(lotwise, "rebalance")  # noqa: B009 - mypy knows that it is not there


@pytest.fixture(scope="module")
def notebooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("documentation_notebooks", ROOT / "docs" / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(notebook: dict[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Kinds and words of every output; figures may differ in their last digits from one processor to another."""
    found = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {"text/plain": output.get("text")})
            found.append((tuple(sorted(data)), re.sub(r"[\d.,]+", "#", "".join(data["text/plain"]))))
    return found


def test_the_notebook_shows_what_it_says_it_shows(notebooks: ModuleType) -> None:
    kept = json.loads(NOTEBOOK.read_text())
    found = shown(notebooks.ran(kept))
    assert len(found) >= 6
    assert found == shown(kept)


def test_the_page_of_the_notebook_has_its_blocks_and_pictures(notebooks: ModuleType) -> None:
    page = notebooks.on_page_markdown((ROOT / "docs" / "tutorial" / "notebook.md").read_text())
    assert page.count('<div class="output"><svg') == 1
    assert page.count('<div class="output"><div class="lotwise">') >= 3
    assert "did you mean risk_price_bps?" in page
    assert "<!-- notebook" not in page


@pytest.mark.parametrize("page", ["README.md", "docs/reference/python.md"])
def test_the_ten_lines_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_demo_firm(tmp_path / "demo" / "firm", seed=1, households=3)
    monkeypatch.chdir(tmp_path)
    code = (ROOT / page).read_text().split("```python\n")[1].split("```")[0]
    exec(compile(code, page, "exec"), {})  # noqa: S102 - our own page
    assert (tmp_path / "results" / "run.html").exists()
