"""Affine expressions on a grid of rows x periods: what cvxpy makes of the equations, without its compilation.

Both layers' equations are stated once, on whatever unknowns they are given. On cvxpy's they make a problem for any of
its solvers; on these they are a solver's rows at once, for what is solved every hour. Tests hold the two against each
other, equation by equation. A vector is a grid of one period. Grids are flattened column by column, as cvxpy does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from controllers.rows.entries import Cone, Entries, Rows
from models.records.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Part:
    """Entries of an expression: each adds value * x[column] at its flat place."""

    place: Ints
    column: Ints
    value: Floats
    single: bool
    """Whether the places are 0, 1, 2, ...: one entry each, which makes products simple."""


@dataclass(frozen=True, eq=False)
class Grid:  # noqa: PLW1641  == makes rows, as cvxpy's does
    """Sum of parts and a constant [m, n] over the unknowns x of a problem."""

    shape: tuple[int, int]
    parts: tuple[Part, ...]
    constant: Floats
    """[m * n], or one 0 for all."""

    __array_ufunc__ = None  # numpy's and scipy's arrays leave what they meet on their right to the methods below
    ndim = 2

    @classmethod
    def fixed(cls, values: Floats) -> Grid:
        """A constant [m, n], or [m] as one column."""
        table = values[:, None] if values.ndim == 1 else values
        return cls((table.shape[0], table.shape[1]), (), flat(table))

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    def is_constant(self) -> bool:
        """Whether it depends on no unknown."""
        return not self.parts

    @property
    def value(self) -> Floats | None:
        """[m * n] of a constant, as cvxpy has it; None for what depends on unknowns."""
        return np.broadcast_to(self.constant, (self.size,)) if self.is_constant() else None

    # ------------------------------------------------------------ sums and products
    def __add__(self, other: Any) -> Grid:
        if isinstance(other, Grid):
            return Grid(self.shape, self.parts + other.parts, self.constant + other.constant)
        return Grid(self.shape, self.parts, self.constant + self._like(other))

    __radd__ = __add__

    def __neg__(self) -> Grid:
        return self * -1.0

    def __sub__(self, other: Any) -> Grid:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Grid:
        return self.__neg__().__add__(other)

    def __mul__(self, factor: float) -> Grid:
        parts = tuple(Part(part.place, part.column, factor * part.value, part.single) for part in self.parts)
        return Grid(self.shape, parts, factor * self.constant)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Grid:
        return self * (1.0 / divisor)

    def __rmatmul__(self, left: Any) -> Grid:
        """A @ x; a vector on the left gives one row."""
        table: Any = left if sp.issparse(left) else np.atleast_2d(left)
        made: Grid = rows_of(Entries.of(sp.csr_array(table)), self)
        return made

    def weighted(self, weight: Floats) -> Grid:
        """Entry by entry times weight, broadcast to [m, n]."""
        by_place = self._like(weight)
        if by_place.size == 1:
            return self * float(by_place[0])
        parts = tuple(Part(part.place, part.column, part.value * (by_place if part.single else by_place[part.place]),
                           part.single) for part in self.parts)
        return Grid(self.shape, parts, self.constant * by_place)

    def moved(self, source: Ints, place: Ints, value: Floats, shape: tuple[int, int]) -> Grid:
        """A linear map of the flattened grid: out[place] += value * self[source]."""
        is_single = place.size == shape[0] * shape[1] and bool(np.all(place == np.arange(place.size)))
        parts = tuple(_moved(part, self.size, source, place, value, is_single, shape) for part in self.parts)
        # most maps meet unknowns alone; one 0 for all saves an array as long as the grid
        if not self.constant.any():
            return Grid(shape, parts, np.zeros(1))
        every = np.broadcast_to(self.constant, (self.size,))
        constant = np.bincount(place, value * every[source], shape[0] * shape[1])
        return Grid(shape, parts, constant.astype(np.float64))

    def __getitem__(self, rows: Any) -> Grid:
        """Rows, in the order asked for: positions, a slice, or which of them."""
        m, n = self.shape
        picked = np.atleast_1d(np.arange(m)[rows])
        source = (picked[None, :] + m * np.arange(n)[:, None]).ravel()
        return self.at(source, (picked.size, n))

    def at(self, source: Ints, shape: tuple[int, int] | None = None) -> Grid:
        """Flat places, in the order asked for: as one column, or in a shape."""
        return self.moved(source, np.arange(source.size), np.ones(source.size), shape or (source.size, 1))

    # ------------------------------------------------------------ rows
    def __ge__(self, other: Any) -> Stated:
        return Stated("nonneg", (self - other,))

    def __le__(self, other: Any) -> Stated:
        return Stated("nonneg", (-self + other,))

    def __eq__(self, other: object) -> Stated:  # type: ignore[override]
        return Stated("zero", (self - other,))

    # ------------------------------------------------------------ numbers
    def evaluated(self, x: Floats) -> Floats:
        """[m, n] at these unknowns."""
        total = np.broadcast_to(self.constant, (self.size,)).copy()
        for part in self.parts:
            total += np.bincount(part.place, part.value * x[part.column], self.size)
        return total.reshape(self.shape, order="F")

    def coefficients(self, width: int) -> Floats:
        """[width] of a sum: what each unknown adds to it."""
        by_column = np.zeros(width)
        for part in self.parts:
            by_column += np.bincount(part.column, part.value, width)
        return by_column

    def _like(self, values: Any) -> Floats:
        """[m * n] of what may be broadcast to the grid; one value for all stays one."""
        table = np.asarray(values, dtype=np.float64)
        if table.size == 1:
            return table.reshape(1)
        full = np.empty(self.shape, order="F")  # a fifth of broadcast_to's time
        full[...] = table[:, None] if table.ndim == 1 else table
        return full.ravel(order="F")


def _moved(part: Part, size: int, source: Ints, place: Ints, value: Floats, is_single: bool, shape: tuple[int, int]
           ) -> Part:
    if part.single:
        return Part(place, part.column[source], value * part.value[source], is_single)
    if source.size == 0 or np.bincount(source).max() == 1:  # each place goes to one other at most
        to = np.full(size, -1)
        to[source] = np.arange(source.size)
        kept = np.flatnonzero(to[part.place] >= 0)
        way = to[part.place[kept]]
        return Part(place[way], part.column[kept], value[way] * part.value[kept], False)
    width = int(part.column.max(initial=-1)) + 1
    # places with several entries that go to several others: a true product, which scipy has in C
    matrix = sp.csr_array((part.value, (part.place, part.column)), shape=(size, width))
    done = sp.coo_array(sp.csr_array((value, (place, source)), shape=(shape[0] * shape[1], size)) @ matrix)
    return Part(done.row.astype(np.int64), done.col.astype(np.int64), done.data, False)


@dataclass(frozen=True)
class Stated:
    """expression = 0 or >= 0; or cones || others || <= first, entry by entry of the expressions."""

    cone: Cone
    expressions: tuple[Grid, ...]
    label: str = ""

    @property
    def size(self) -> int:
        """Entries of each expression."""
        return self.expressions[0].size

    def set_label(self, label: str) -> Stated:
        """The same under a name, as cvxpy's constraints have it."""
        return replace(self, label=label)

    def rows(self, width: int) -> Rows:
        """matrix @ x + s = rhs; the rows of each cone follow each other."""
        count, size = len(self.expressions), self.size
        parts = [(part, k) for k, grid in enumerate(self.expressions) for part in grid.parts]
        none = np.zeros(0, dtype=np.int64)
        matrix = Entries(np.concatenate([none, *(part.place * count + k for part, k in parts)]),
                         np.concatenate([none, *(part.column for part, _ in parts)]),
                         np.concatenate([np.zeros(0), *(-part.value for part, _ in parts)]), (count * size, width))
        rhs = np.zeros(count * size)
        for k, grid in enumerate(self.expressions):
            rhs[k::count] = grid.constant
        return Rows(self.cone, matrix, rhs, (count,) * size if self.cone == "soc" else ())


class Unknowns:
    """Columns of a program, block by block."""

    def __init__(self) -> None:
        self.size = 0
        self._alive: list[Bools] = []

    def new(self, shape: tuple[int, int], alive: Bools | None = None) -> Grid:
        """Unknowns [m, n]; those not alive are 0."""
        size = shape[0] * shape[1]
        at, self.size = self.size + np.arange(size), self.size + size
        self._alive.append(np.ones(size, dtype=bool) if alive is None else flat(alive))
        return Grid(shape, (Part(np.arange(size), at, np.ones(size), True),), np.zeros(1))

    @property
    def alive(self) -> Bools:
        """[size]"""
        return np.concatenate(self._alive)


def columns(unknowns: Grid) -> Ints:
    """Where a block of unknowns stands, column by column of the grid."""
    return unknowns.parts[0].column


def flat(table: Any) -> Any:
    """[m, n] column by column."""
    return np.asarray(table).ravel(order="F")


# ------------------------------------------------------------------ the language of the equations
def rows_of(matrix: Entries, x: Any) -> Any:
    """matrix [k, m] @ x [m, n]."""
    if not isinstance(x, Grid):
        return matrix.matrix() @ x
    (m, n), k = x.shape, matrix.shape[0]
    t = np.arange(n)[:, None]
    return x.moved((matrix.column + m * t).ravel(), (matrix.row + k * t).ravel(), np.tile(matrix.value, n), (k, n))


def of_flat(matrix: Entries, x: Any) -> Any:
    """matrix [k, m n] @ x [m, n] column by column, as one column [k, 1]."""
    if not isinstance(x, Grid):
        return cp.reshape(matrix.matrix() @ cp.vec(x, order="F"), (matrix.shape[0], 1), order="F")
    return x.moved(matrix.column, matrix.row, matrix.value, (matrix.shape[0], 1))


def periods_of(x: Any, matrix: Entries) -> Any:
    """x [m, n] @ matrix [n, k]."""
    if not isinstance(x, Grid):
        return x @ matrix.matrix()
    m, i = x.shape[0], np.arange(x.shape[0])
    return x.moved((i + m * matrix.row[:, None]).ravel(), (i + m * matrix.column[:, None]).ravel(),
                   np.repeat(matrix.value, m), (m, matrix.shape[1]))


def times(weight: Any, x: Any) -> Any:
    """Entry by entry, of unknowns or numbers; weight may be a column, a row or a number."""
    if isinstance(x, Grid):
        return x.weighted(weight)
    if not isinstance(x, cp.Expression):
        return weight * x
    return cp.multiply(np.broadcast_to(np.asarray(weight, dtype=np.float64), x.shape), x)


def beside(now: Any, later: Any) -> Any:
    """Periods of one grid after those of another."""
    if not isinstance(now, Grid):
        return cp.hstack([now, later])
    size, shape = now.size, (now.shape[0], now.shape[1] + later.shape[1])
    moved = tuple(replace(part, place=part.place + size, single=False) for part in later.parts)
    kept = tuple(replace(part, single=False) for part in now.parts)
    constant = [np.broadcast_to(part.constant, (part.size,)) for part in (now, later)]
    return Grid(shape, kept + moved, np.concatenate(constant))


def entries(x: Any, at: Ints) -> Any:
    """Flat places of a grid."""
    return x.at(at) if isinstance(x, Grid) else cp.vec(x, order="F")[at]


def total(x: Any) -> Any:
    """Sum of all entries."""
    if not isinstance(x, Grid):
        return cp.sum(x)
    parts = tuple(Part(np.zeros_like(part.place), part.column, part.value, False) for part in x.parts)
    return Grid((1, 1), parts, np.array([np.broadcast_to(x.constant, (x.size,)).sum()]))


def cones(top: Any, *others: Any) -> Any:
    """|| others || <= top, entry by entry; top may be numbers."""
    if isinstance(others[0], Grid):
        return Stated("soc", (top if isinstance(top, Grid) else Grid.fixed(np.asarray(top)), *others))
    table = [cp.vec(side, order="F") for side in (top if isinstance(top, cp.Expression) else cp.Constant(top), *others)]
    return cp.SOC(table[0], cp.vstack(table[1:]), axis=0)
