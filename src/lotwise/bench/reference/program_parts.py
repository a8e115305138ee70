"""Columns and rows of a program, gathered block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from lotwise.bench.reference.account import Floats, Ints, Sparse

__all__ = ["Columns", "Rows"]


@dataclass
class Columns:
    """Columns in the order they were added: cost, curvature, bounds."""

    size: int = 0
    _blocks: list[tuple[Floats, ...]] = field(default_factory=list)

    def add(
        self, size: int, cost: Floats | float, ends: tuple[Floats | float, Floats | float], curved: Floats | float = 0.0
    ) -> Ints:
        """Append so many columns; returns their numbers."""
        block = (cost, curved, *ends)
        self._blocks.append(tuple(np.broadcast_to(np.asarray(each, dtype=np.float64), (size,)) for each in block))
        self.size += size
        return np.arange(self.size - size, self.size)

    def gathered(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Cost, curvature, least and most of every column."""
        cost, curved, least, most = (np.concatenate([block[j] for block in self._blocks]) for j in range(4))
        return cost, curved, least, most


@dataclass
class Rows:
    """Rows of coefficients with a right side, gathered as triplets; those of one place add up."""

    size: int = 0
    _right: list[Floats] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)

    def add(self, right: Floats) -> Ints:
        """Append a row for every entry of `right`; returns their numbers."""
        self._right.append(np.asarray(right, dtype=np.float64))
        self.size += right.size
        return np.arange(self.size - right.size, self.size)

    def put(self, rows: Ints, columns: Ints, value: Floats | float) -> None:
        """Write coefficients, one for each pair of a row and a column."""
        self._entries.append((rows, columns, np.broadcast_to(np.asarray(value, dtype=np.float64), rows.shape)))

    def right(self) -> Floats:
        """Right side of every row."""
        return np.concatenate([np.zeros(0), *self._right])

    def matrix(self, columns: int) -> Sparse:
        """All coefficients, without those that are zero."""
        rows, across, value = (
            np.concatenate([np.zeros(0, kind), *(entry[j] for entry in self._entries)])
            for j, kind in enumerate((np.int64, np.int64, np.float64))
        )
        matrix = sp.csc_matrix((value, (rows, across)), shape=(self.size, columns))
        matrix.eliminate_zeros()
        return matrix
