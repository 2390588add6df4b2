"""Sparse matrices as their entries, and rows of one cone over all columns of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from models.records.arrays import Bools, Floats, Ints

Cone = Literal["zero", "nonneg", "soc"]
CONES: tuple[Cone, ...] = ("zero", "nonneg", "soc")


@dataclass(frozen=True)
class Entries:
    """A sparse matrix as its entries [n]; scipy's own classes take longer to make than these small blocks to use."""

    row: Ints
    column: Ints
    value: Floats
    shape: tuple[int, int]

    @classmethod
    def of(cls, matrix: sp.csr_array) -> Entries:
        """The entries of a scipy matrix."""
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        return cls(rows, matrix.indices.astype(np.int64), matrix.data.astype(np.float64), matrix.shape)

    def transposed(self) -> Entries:
        """Rows and columns exchanged."""
        return Entries(self.column, self.row, self.value, (self.shape[1], self.shape[0]))

    def rows(self, index: Ints) -> Entries:
        """The rows `index`, in that order."""
        new = np.full(self.shape[0], -1)
        new[index] = np.arange(index.size)
        kept = new[self.row] >= 0
        return Entries(new[self.row[kept]], self.column[kept], self.value[kept], (index.size, self.shape[1]))

    def at(self, row: int, column: int, shape: tuple[int, int]) -> Entries:
        """The same within a larger matrix."""
        return Entries(self.row + row, self.column + column, self.value, shape)

    def matrix(self) -> sp.csr_array:
        """As scipy has it; entries at one place are summed."""
        return sp.csr_array((self.value, (self.row, self.column)), shape=self.shape)


def together(parts: Sequence[Entries], shape: tuple[int, int]) -> Entries:
    """The sum of matrices of one shape."""
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Entries(none, none, np.zeros(0), shape)
    return Entries(np.concatenate([p.row for p in parts]), np.concatenate([p.column for p in parts]),
                   np.concatenate([p.value for p in parts]), shape)


@dataclass(frozen=True)
class Rows:
    """Rows of one cone: matrix @ x + s = rhs over all columns of a program."""

    cone: Cone
    matrix: Entries
    rhs: Floats
    soc_sizes: tuple[int, ...] = ()

    def only(self, keep: Bools) -> Rows:
        """Some of the rows; not of cones, which stay whole."""
        return Rows(self.cone, self.matrix.rows(np.flatnonzero(keep)), self.rhs[keep])


def stacked(cone: Cone, parts: Sequence[Rows], width: int) -> Rows:
    """Rows of one cone below each other."""
    count = [part.rhs.size for part in parts]
    starts, shape = np.cumsum([0, *count]), (sum(count), width)
    matrix = together([part.matrix.at(int(start), 0, shape)
                       for part, start in zip(parts, starts[:-1], strict=True)], shape)
    return Rows(cone, matrix, np.concatenate([np.zeros(0), *(part.rhs for part in parts)]),
                tuple(size for part in parts for size in part.soc_sizes))


# ---------------------------------------------------------------- small matrices
def picks(index: Ints, size: int) -> Entries:
    """[len(index), size] picks elements."""
    return Entries(np.arange(index.size), index, np.ones(index.size), (index.size, size))


def steps_back(periods: int) -> Entries:
    """[periods, periods] on the right of x: x(t) - x(t-1), x(-1) = 0."""
    at = np.arange(periods)
    return Entries(np.r_[at, at[:-1]], np.r_[at, at[1:]], np.r_[np.ones(periods), -np.ones(periods - 1)],
                   (periods, periods))
