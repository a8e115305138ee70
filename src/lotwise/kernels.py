"""The decorators of compiled kernels, and where their machine code is kept.

A kernel takes arrays (or NamedTuples of arrays) and numbers, returns the same, and does nothing else: no clock, no
log, no I/O, no exception. It holds no lock (`nogil`), so a thread pool runs several at once.

numba's own cache notices edits of a kernel's file but not of a callee in another file. So the cache folder of a module
is keyed by a hash over its source and that of every module of this package it imports, directly or not, and by the
versions of what compiles it.

Environment: `LOTWISE_CACHE` moves the cache, `LOTWISE_BOUNDSCHECK=1` compiles with bounds checks (slow; for tests),
`NUMBA_DISABLE_JIT=1` runs the kernels as plain Python.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import llvmlite
import numba
import numpy as np
import platformdirs
from numba.core.event import Event, Listener, install_listener
from numba.extending import overload, register_jitable

from lotwise.inner_compiling import InnerCompiler

P = ParamSpec("P")
R = TypeVar("R")

__all__ = [
    "Records",
    "cache_folder",
    "inlined_kernel",
    "inner_kernel",
    "kernel",
    "records",
    "summing_kernel",
    "told_when_compiling",
]

_PACKAGE = Path(__file__).parent
_BOUNDS_CHECKED = os.environ.get("LOTWISE_BOUNDSCHECK") == "1"


@cache
def _source_of(module: str) -> Path | None:
    """File of a module of this package; None for any other name."""
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


# What a line that imports from this package may look like. A regular expression and not a parser: the start of every
# command reads some hundred files. A line of a docstring that looks like an import only adds a file to the key.
_FROM = re.compile(rb"^[ \t]*from[ \t]+(lotwise[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_IMPORT = re.compile(rb"^[ \t]*import[ \t]+(lotwise[^\n]*)", re.MULTILINE)
_NAME = re.compile(rb"[\w.]+")


@cache
def _imports(source: Path) -> tuple[Path, ...]:
    """Source files of this package that a source file imports."""
    text = source.read_bytes()
    names = {name for line in _IMPORT.findall(text) for name in _NAME.findall(line)}
    for module, imported in _FROM.findall(text):
        names |= {module, *(module + b"." + name for name in _NAME.findall(imported))}
    found = {path for name in names if name.startswith(b"lotwise.") and (path := _source_of(name.decode()))}
    return tuple(sorted(found))


def _sources(module: str) -> list[Path]:
    """Every source file of this package that a module's kernels may be made of."""
    start = _source_of(module)
    reached: set[Path] = set()
    waiting = [start] if start else []
    while waiting:
        source = waiting.pop()
        if source not in reached:
            reached.add(source)
            waiting.extend(_imports(source))
    return sorted(reached)


@cache
def cache_folder(module: str) -> Path:
    """Folder of the compiled kernels of exactly this version of a module and of all it imports."""
    digest = hashlib.sha256()
    for part in (sys.version, numba.__version__, llvmlite.__version__, np.__version__, str(_BOUNDS_CHECKED)):
        digest.update(part.encode())
    for source in _sources(module):
        digest.update(source.read_bytes())
    root = os.environ.get("LOTWISE_CACHE") or platformdirs.user_cache_dir("lotwise")
    return Path(root) / "kernels" / digest.hexdigest()[:16]


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "cache": True,
    "fastmath": False,
    "error_model": "numpy",
    "boundscheck": _BOUNDS_CHECKED,
    "no_cfunc_wrapper": True,  # nobody calls kernels from C; a tenth of the compile time
}
_CALLED: Any = {
    "error_model": "numpy",
    "boundscheck": _BOUNDS_CHECKED,
    "no_cfunc_wrapper": True,
    "pipeline_class": InnerCompiler,
}
_INNER: Any = _CALLED | {"_nrt": False}


class Records(Protocol):
    """A table whose rows are records with named fields: a numpy record array.

    Kernels take tables rather than many columns where they can: a compiled function takes time to compile in
    proportion to the arrays it is handed.
    """

    @property
    def size(self) -> int:
        """Number of rows."""

    def __getitem__(self, index: Any) -> Any: ...  # noqa: ANN401 - a record, a column or a part of the table

    def __setitem__(self, index: Any, value: Any) -> None: ...  # noqa: ANN401


def records(rows: int, **fields: type) -> Records:
    """Allocate a table of `rows` records of zeros; fields are name=type (float, int or np.bool_)."""
    kind = np.dtype([(name, np.dtype(field)) for name, field in fields.items()], align=True)
    return cast("Records", np.zeros(rows, kind).view(np.recarray))


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on first use (no Python objects, no lock held, IEEE arithmetic kept as written).

    Called from another kernel, it is compiled into that, like an inner kernel but with references counted.
    """
    vars(numba.config)["CACHE_DIR"] = str(cache_folder(function.__module__))
    compiled = cast("Callable[P, R]", numba.njit(**_OPTIONS)(function))

    @wraps(function)
    def entry(*args: P.args, **kwargs: P.kwargs) -> R:
        return compiled(*args, **kwargs)

    overload(entry, jit_options=_CALLED, strict=False)(lambda *_args, **_kwargs: function)
    return entry


def inner_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` into the kernels that call it; called from Python, it runs as plain Python.

    For everything between an entry and its innermost loop that allocates nothing and returns no array: compiled without
    the counting of references, which costs a kernel some ten nanoseconds for every array handed on or left in a
    branch, and a NamedTuple of arrays counts each of them. What would need the counting does not compile.
    """
    return register_jitable(**_INNER)(function)


def inlined_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile like `inner_kernel`, into the very place of each call.

    For what is called for every lot or name, from few places: a call hands on every array of a NamedTuple by itself, a
    book some hundred words, which costs more than the work where that is a few sums.
    """
    return register_jitable(**_INNER, forceinline=True)(function)


def summing_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile like `inner_kernel` where sums may be taken in any order, several at a time.

    For long sums of products alone: they are three to four times faster, and differ in the last bits from one kind of
    processor to another. Infinities and NaN keep their meaning.
    """
    return register_jitable(**_INNER, fastmath={"reassoc", "contract"})(function)


class _FirstCompilation(Listener):
    """Speaks once, when a kernel of some modules begins to be compiled rather than taken from the cache."""

    def __init__(self, say: Callable[[], None], within: str) -> None:
        self._say = say
        self._within = within
        self._said = False

    def on_start(self, event: Event) -> None:
        """Compare the module of the function with those that are waited for."""
        if not self._said and event.data["dispatcher"].py_func.__module__.startswith(self._within):
            self._said = True
            self._say()

    def on_end(self, event: Event) -> None:
        """Nothing: the next words are the caller's."""


@contextmanager
def told_when_compiling(say: Callable[[], None], within: str = "lotwise") -> Iterator[None]:
    """Call `say` once, before the first kernel of the modules `within` is compiled; never where the cache has them.

    Compiling takes minutes on a fresh machine, during which nothing else would be seen.
    """
    with install_listener("numba:compile", _FirstCompilation(say, within)):
        yield
