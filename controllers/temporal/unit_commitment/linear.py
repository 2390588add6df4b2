"""Affine expressions as sparse rows: what cvxpy makes of them, without its compilation.

The equations are stated once, on whatever unknowns they are given. On cvxpy's they make a problem for any of its
solvers; on these they are a solver's rows at once, for what is solved every hour. A test holds the two against each
other, equation by equation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from models.records.arrays import Floats

Sense = Literal["zero", "nonneg"]


@dataclass(frozen=True, eq=False)
class Linear:  # noqa: PLW1641  == makes rows, as cvxpy's does
    """matrix [m, n] @ x + constant [m] over all n unknowns x of a problem."""

    matrix: sp.csr_array
    constant: Floats

    __array_ufunc__ = None  # numpy's and scipy's arrays leave what they meet on their right to the methods below
    ndim = 1

    @classmethod
    def fixed(cls, value: Floats, width: int) -> Linear:
        """A constant."""
        flat = np.atleast_1d(np.asarray(value, dtype=np.float64))
        return cls(sp.csr_array((flat.size, width)), flat)

    @property
    def size(self) -> int:
        return int(self.constant.size)

    @property
    def shape(self) -> tuple[int]:
        return (self.size,)

    @property
    def value(self) -> Floats | None:
        """Of a constant; None for what depends on unknowns."""
        return self.constant if self.is_constant() else None

    def is_constant(self) -> bool:
        """Whether it depends on no unknown."""
        return self.matrix.nnz == 0

    # ------------------------------------------------------------ sums and products
    def __add__(self, other: Any) -> Linear:
        if isinstance(other, Linear):
            return Linear(self.matrix + other.matrix, self.constant + other.constant)
        return replace(self, constant=self.constant + np.asarray(other, dtype=np.float64))

    __radd__ = __add__

    def __neg__(self) -> Linear:
        return self * -1.0

    def __sub__(self, other: Any) -> Linear:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Linear:
        return self.__neg__().__add__(other)

    def __mul__(self, factor: float) -> Linear:
        return Linear(self.matrix * factor, self.constant * factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Linear:
        return self * (1.0 / divisor)

    def __rmatmul__(self, left: Any) -> Linear:
        """A @ (M x + c); a vector on the left gives one row."""
        # a dense matrix is rare and small here; a vector on the left makes one row
        dense: Any = left if sp.issparse(left) else np.atleast_2d(np.asarray(left))
        rows = sp.csr_array(dense)
        return Linear(sp.csr_array(rows @ self.matrix), np.asarray(rows @ self.constant))

    def __getitem__(self, index: Any) -> Linear:
        at = np.atleast_1d(np.arange(self.size)[index])
        return Linear(self.matrix[at], self.constant[at])

    # ------------------------------------------------------------ rows
    def __ge__(self, other: Any) -> Rows:
        return Rows(self - other, "nonneg")

    def __le__(self, other: Any) -> Rows:
        return Rows(other - self, "nonneg")

    def __eq__(self, other: object) -> Rows:  # type: ignore[override]
        return Rows(self - other, "zero")


@dataclass(frozen=True)
class Rows:
    """expression = 0, or >= 0."""

    expression: Linear
    sense: Sense
    label: str = ""

    def set_label(self, label: str) -> Rows:
        """The same under a name, as cvxpy's constraints have it."""
        return replace(self, label=label)


def times(values: Floats, expression: Any) -> Any:
    """Entry by entry, of unknowns as cvxpy has them or as columns, or of numbers."""
    if not isinstance(expression, Linear):
        return cp.multiply(values, expression) if isinstance(expression, cp.Expression) else values * expression
    factors = np.broadcast_to(np.asarray(values, dtype=np.float64), expression.shape)
    return Linear(sp.csr_array(sp.diags_array(factors) @ expression.matrix), factors * expression.constant)


def total(expression: Any) -> Any:
    """Sum of the entries."""
    return np.ones(expression.size) @ expression if isinstance(expression, Linear) else cp.sum(expression)
