"""Compiling the kernels of a night before it begins: on a fresh machine two processes share the minutes it takes.

What is compiled stays in the cache of kernels (`lotwise.kernels`), so the second process only has to fill that. It is
told the kinds of the arrays (type, dimensions, whether they may be written to), not what is in them.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from lotwise.kernels import cache_folder
from lotwise.rebalancing import as_one_portfolio
from lotwise.rebalancing.as_one_portfolio import rebalance_portfolios
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.draft import draft_for
from lotwise.rebalancing.household_night import Rows
from lotwise.rebalancing.rebalance import compile_kernels, solved_as_portfolios
from lotwise.rebalancing.scratch import scratch_for
from lotwise.securities.market import Market

__all__ = ["compile_night"]


class _Kind(NamedTuple):
    """Kind of an array, as far as compiling asks for it."""

    dtype: np.dtype[Any]
    dimensions: int
    writeable: bool
    edges: bool  # rows of something begin there: one more than there are rows


def _kinds(table: Any) -> Any:  # noqa: ANN401 - a NamedTuple of arrays, of numbers or of such
    """The kinds of the arrays of a table, in the shape of the table; numbers stay."""
    kinds = []
    for name, value in zip(table._fields, table, strict=True):
        if hasattr(value, "_fields"):
            kinds.append(_kinds(value))
        elif isinstance(value, np.ndarray):
            kinds.append(_Kind(value.dtype, value.ndim, value.flags.writeable, name.endswith("start")))
        else:
            kinds.append(value)
    return type(table)._make(kinds)


def _nothing_of(kinds: Any) -> Any:  # noqa: ANN401 - what `_kinds` returned
    """A table of these kinds with one row of zeros, which owns nothing."""
    made = []
    for value in kinds:
        if isinstance(value, _Kind):
            array = np.zeros((2 if value.edges else 1,) * value.dimensions, value.dtype)
            array.flags.writeable = value.writeable
            made.append(array)
        else:
            made.append(_nothing_of(value) if hasattr(value, "_fields") else value)
    return type(kinds)._make(made)


def _is_compiled() -> bool:
    """Whether the cache has the entry for households of several accounts, of these very sources."""
    name = rebalance_portfolios.__name__
    return any(cache_folder(as_one_portfolio.__name__).rglob(f"*.{name}-*.nbi"))


def compile_night(book: Book, market: Market) -> None:
    """Compile everything that `rebalance` runs on a book, or load it from the cache.

    Where nothing is compiled yet and households are of both kinds, a second process compiles for those of several
    accounts meanwhile. Should it fail, this one does its work too.
    """
    as_one = solved_as_portfolios(book, 0, len(book.households.model))
    if as_one.any() and not as_one.all() and not _is_compiled():
        _compile_both(book, market)
    compile_kernels(book, market)


def _compile_both(book: Book, market: Market) -> None:
    """Compile for one account here and for several in another process, which does not outlive this call."""
    command = [sys.executable, "-c", f"from {__name__} import _compile_beside; _compile_beside()"]
    kinds = pickle.dumps((_kinds(book), _kinds(market)))
    apart = np.zeros_like(book.policies.joint)
    apart.flags.writeable = book.policies.joint.flags.writeable  # kernels are compiled for kinds of arrays
    with subprocess.Popen(command, stdin=subprocess.PIPE) as beside:  # noqa: S603 - our own program
        try:
            if beside.stdin is not None:
                with suppress(BrokenPipeError), beside.stdin as pipe:  # it ended early: its work is done here then
                    pipe.write(kinds)
            compile_kernels(book._replace(policies=book.policies._replace(joint=apart)), market)
            beside.wait()
        finally:
            beside.kill()


def _compile_beside() -> None:
    """Compile what households of several accounts are solved by, for the kinds of arrays that standard input tells."""
    book, market = (_nothing_of(kinds) for kinds in pickle.load(sys.stdin.buffer))  # noqa: S301 - from our own process
    memory = scratch_for(book, market, 0, 0), draft_for(book, 0, 0)
    rebalance_portfolios(book, market, np.zeros(0, np.bool_), *memory, Rows(0, 0, 0, 0))
