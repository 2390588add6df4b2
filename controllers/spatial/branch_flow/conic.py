"""A conic program written as sparse blocks: columns with costs, rows by cone.

min 1/2 x'Px + c'x  with  A x + s = b,  s = 0 | s >= 0 | ||s[1:]|| <= s[0].
Blocks that were compiled elsewhere (the network) and rows that change their number every hour (the cars) meet here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.sparse as sp

from models.records import Bools, Floats, Ints

Cone = Literal["zero", "nonneg", "soc"]
CONES: tuple[Cone, ...] = ("zero", "nonneg", "soc")
Matrix = sp.csr_array


@dataclass(frozen=True)
class Columns:
    """A block of unknowns: where it stands, and which of it exists (the rest is 0)."""

    start: int
    alive: Bools

    @property
    def size(self) -> int:
        return int(self.alive.size)

    @property
    def span(self) -> slice:
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True)
class Rows:
    """Rows of one cone: matrix @ x + s = rhs over all columns of a program."""

    cone: Cone
    matrix: Matrix
    rhs: Floats
    soc_sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class ConicProgram:
    """A whole program, rows in the order zero, nonneg, soc."""

    p_diagonal: Floats
    cost: Floats
    matrix: sp.csc_array
    rhs: Floats
    zero: int
    nonneg: int
    soc_sizes: tuple[int, ...]


class Writer:
    """Collects columns and rows; rows name the columns they touch.

    `without` names equations to leave out (tests only).
    """

    def __init__(self, without: Collection[str] = ()) -> None:
        self.size = 0
        self.without = frozenset(without)
        self._alive: list[Bools] = []
        self._cost: list[Floats] = []
        self._square: list[Floats] = []
        self._rows: list[tuple[Cone, list[tuple[Columns, Matrix]], Floats, int]] = []

    def columns(self, size: int, cost: Floats | float = 0.0, square: Floats | float = 0.0,
                alive: Bools | None = None) -> Columns:
        """Free unknowns with cost c x + 1/2 square x^2; those not alive are 0."""
        block = Columns(self.size, np.ones(size, dtype=bool) if alive is None else alive)
        self.size += size
        self._alive.append(block.alive)
        self._cost.append(np.broadcast_to(np.asarray(cost, dtype=np.float64), (size,)))
        self._square.append(np.broadcast_to(np.asarray(square, dtype=np.float64), (size,)))
        return block

    def nonneg(self, size: int, cost: Floats | float = 0.0, square: Floats | float = 0.0,
               alive: Bools | None = None) -> Columns:
        """As `columns`, and not below 0."""
        block = self.columns(size, cost, square, alive)
        picked = np.flatnonzero(block.alive)
        self._add("nonneg", [(block, -picks(picked, size))], np.zeros(picked.size), 0)
        return block

    def equal(self, label: str, terms: Sequence[tuple[Columns, Matrix]], rhs: Floats) -> None:
        """sum of terms == rhs."""
        if label not in self.without:
            self._add("zero", terms, rhs, 0)

    def at_most(self, label: str, terms: Sequence[tuple[Columns, Matrix]], rhs: Floats) -> None:
        """sum of terms <= rhs."""
        if label not in self.without:
            self._add("nonneg", terms, rhs, 0)

    def cones(self, label: str, terms: Sequence[tuple[Columns, Matrix]], rhs: Floats, size: int) -> None:
        """Second-order cones of `size` consecutive rows each, s = rhs - sum of terms."""
        if label not in self.without:
            self._add("soc", terms, rhs, size)

    def _add(self, cone: Cone, terms: Sequence[tuple[Columns, Matrix]], rhs: Floats, size: int) -> None:
        if rhs.size:
            self._rows.append((cone, list(terms), rhs, size))

    @property
    def alive(self) -> Bools:
        return np.concatenate(self._alive)

    @property
    def cost(self) -> Floats:
        return np.concatenate(self._cost)

    @property
    def square(self) -> Floats:
        return np.concatenate(self._square)

    def rows(self, cone: Cone) -> Rows:
        """All rows of one cone over all columns; rows without any living unknown and nothing to refuse are left out."""
        r: list[Ints] = [np.zeros(0, dtype=np.int64)]
        c, v, rhs = [np.zeros(0, dtype=np.int64)], [np.zeros(0)], [np.zeros(0)]
        sizes: list[int] = []
        count = 0
        for _, terms, right, size in (row for row in self._rows if row[0] == cone):
            for block, matrix in terms:
                entries = sp.coo_array(matrix)
                r.append(entries.row.astype(np.int64) + count)
                c.append(entries.col.astype(np.int64) + block.start)
                v.append(entries.data)
            rhs.append(right)
            count += right.size
            sizes += [size] * (right.size // size if size else 0)
        matrix = Matrix((np.concatenate(v), (np.concatenate(r), np.concatenate(c))), shape=(count, self.size))
        return _without_empty(Rows(cone, matrix, np.concatenate(rhs), tuple(sizes)), self.alive)


def _without_empty(rows: Rows, alive: Bools) -> Rows:
    if rows.cone == "soc" or not rows.rhs.size:
        return rows
    living = (abs(rows.matrix) @ alive.astype(np.float64)) > 0
    keep = living | (rows.rhs < 0) | ((rows.cone == "zero") & (rows.rhs > 0))
    return Rows(rows.cone, rows.matrix[np.flatnonzero(keep)], rows.rhs[keep])


def join(parts: Sequence[Rows], cost: Floats, square: Floats, alive: Bools) -> ConicProgram:
    """One program of blocks over the same columns; unknowns that are not alive are taken out."""
    ordered = [rows for cone in CONES for rows in parts if rows.cone == cone and rows.rhs.size]
    matrix = sp.vstack([rows.matrix for rows in ordered], format="csc")[:, np.flatnonzero(alive)]
    count = {cone: sum(rows.rhs.size for rows in ordered if rows.cone == cone) for cone in CONES}
    return ConicProgram(
        p_diagonal=square[alive], cost=cost[alive], matrix=sp.csc_array(matrix),
        rhs=np.concatenate([rows.rhs for rows in ordered]), zero=count["zero"], nonneg=count["nonneg"],
        soc_sizes=tuple(size for rows in ordered for size in rows.soc_sizes))


# ---------------------------------------------------------------- small matrices
def picks(index: Ints, size: int) -> Matrix:
    """[len(index), size] picks elements."""
    return Matrix((np.ones(index.size), (np.arange(index.size), index)), shape=(index.size, size))


@lru_cache(maxsize=64)
def identity(size: int) -> Matrix:
    """[size, size], shared: not to be changed."""
    return Matrix(sp.eye_array(size))


def diagonal(values: Floats) -> Matrix:
    """Square matrix with these values."""
    return Matrix(sp.diags_array(np.asarray(values, dtype=np.float64).ravel()))


def each(matrix: sp.csr_array, periods: int) -> Matrix:
    """matrix applied in each of `periods` periods to arrays [rows, periods] flattened row by row."""
    return Matrix(sp.kron(matrix, sp.eye_array(periods), format="csr"))


@lru_cache(maxsize=64)
def steps_back(rows: int, periods: int) -> Matrix:
    """x(t) - x(t-1) along the periods of arrays [rows, periods] flattened row by row, x(-1) = 0; shared as well."""
    step = sp.eye_array(periods) - sp.eye_array(periods, k=-1)
    return Matrix(sp.kron(sp.eye_array(rows), step, format="csr"))
