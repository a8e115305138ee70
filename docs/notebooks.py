"""Notebooks without a notebook server: run one in place, and write it as a part of a page.

    python docs/notebooks.py docs/tutorial/notebook.ipynb

runs every code cell in one namespace and puts what the last line of each shows into the file, as a notebook would. A
line `<!-- notebook: NAME -->` in a page becomes the notebook of that name with its outputs (mkdocs.yml: hooks).
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

__all__ = ["as_markdown", "on_page_markdown", "ran"]

_MARKER = re.compile(r"^<!-- notebook: (.+) -->$", re.MULTILINE)
_FOLDER = Path(__file__).parent
_SHOWN = {"text/html": "_repr_html_", "image/svg+xml": "_repr_svg_"}


def ran(notebook: dict[str, Any]) -> dict[str, Any]:
    """Run every code cell, in order; an exception of a cell is the caller's. Returns the notebook with its outputs."""
    space: dict[str, Any] = {"__name__": "__main__"}
    cells = []
    number = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            cells.append(cell)
            continue
        number += 1
        outputs = _outputs("".join(cell["source"]), space, number)
        cells.append({**cell, "execution_count": number, "outputs": outputs})
    return {**notebook, "cells": cells}


def _outputs(code: str, space: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), space)  # noqa: S102 - our own notebook
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)  # noqa: S307
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        for kind, method in _SHOWN.items():
            if hasattr(value, method):
                data[kind] = _lines(getattr(value, method)())
        outputs.append({"output_type": "execute_result", "execution_count": number, "data": data, "metadata": {}})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def as_markdown(notebook: dict[str, Any]) -> str:
    """Write cells and outputs as Markdown: code as code, our own blocks and pictures as they are, all else as text."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        parts += [_shown(output) for output in cell["outputs"]]
    return "\n\n".join(parts)


def _shown(output: dict[str, Any]) -> str:
    data = output.get("data", {"text/plain": output.get("text", [])})
    for kind in ("image/svg+xml", "text/html"):
        text = "".join(data.get(kind, ""))
        if text.startswith(('<svg xmlns="', '<div class="lotwise">')):
            return f'<div class="output">{text}</div>'
    return f"```text\n{''.join(data['text/plain'])}\n```"


def on_page_markdown(markdown: str, **_unused: Any) -> str:  # noqa: ANN401 - mkdocs passes page, config and files
    """Put the notebooks of one page into it, as mkdocs asks."""
    return _MARKER.sub(lambda found: as_markdown(json.loads((_FOLDER / found[1]).read_text("utf-8"))), markdown)


def main() -> None:
    """Run the notebooks that are named and write them back."""
    for name in sys.argv[1:]:
        path = Path(name)
        done = ran(json.loads(path.read_text("utf-8")))
        path.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
