"""The one decorator of every compiled kernel, and where their machine code is kept.

A kernel takes arrays (or NamedTuples of arrays) and numbers, returns the same, and does nothing else: no clock, no
log, no I/O, no exception. It holds no lock (`nogil`), so a thread pool runs several at once.

numba's own cache notices edits of a kernel's file but not of a callee in another file; the cache folder is therefore
keyed by a hash over every source file of the package and the versions of what compiles it.

Environment: `LOTWISE_BOUNDSCHECK=1` compiles with bounds checks (slow; for tests), `NUMBA_DISABLE_JIT=1` runs the
kernels as plain Python.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import llvmlite
import numba
import numpy as np
import platformdirs

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["cache_folder", "kernel"]

_BOUNDS_CHECKED = os.environ.get("LOTWISE_BOUNDSCHECK") == "1"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for part in (sys.version, numba.__version__, llvmlite.__version__, np.__version__, str(_BOUNDS_CHECKED)):
        digest.update(part.encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        text = source.read_bytes()
        if b"kernel" in text:
            digest.update(text)
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Folder of the compiled kernels of exactly this version of the sources."""
    root = os.environ.get("LOTWISE_CACHE") or platformdirs.user_cache_dir("lotwise")
    return Path(root) / f"kernels-{_fingerprint()}"


numba.config.CACHE_DIR = str(cache_folder())


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on first use (no Python objects, no lock held, IEEE arithmetic kept as written)."""
    compiled = numba.njit(
        nogil=True, cache=True, fastmath=False, error_model="numpy", boundscheck=_BOUNDS_CHECKED
    )(function)
    return cast("Callable[P, R]", compiled)
