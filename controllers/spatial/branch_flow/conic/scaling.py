"""The same program in each line's own unit of power: lines of a large feeder differ by a factor of a thousand.

With s the power of a line, P/s, Q/s and l/s^2 take the place of P, Q and l. The cone || (2P, 2Q, l - v) || <= l + v
keeps its form, (l/s^2) v >= (P/s)^2 + (Q/s)^2, so its four rows are mixed by a matrix that maps the cone onto itself.
All other rows are divided by their largest coefficient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from controllers.spatial.branch_flow.conic.program import ConicProgram, LineUnits
from models.records.arrays import Floats

CONE = 4


@dataclass(frozen=True)
class Scaled:
    """T A D with the factors that lead back: x = D x', z = T' z'."""

    program: ConicProgram
    columns: Floats
    rows: sp.csr_array

    def back(self, x: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Unknowns and dual values of the program as it was."""
        return self.columns * x, np.asarray(self.rows.T @ z)


def scaled(program: ConicProgram) -> Scaled:
    """The program in its lines' units; without any, rows alone are scaled."""
    columns = np.ones(program.cost.size)
    units = program.units
    if units is not None:
        columns[units.p], columns[units.q], columns[units.l] = units.mva, units.mva, units.mva**2
    matrix = sp.csr_array(program.matrix @ sp.diags_array(columns))
    # rows of cones cannot be scaled one by one: the cone would change its shape
    largest = sp.diags_array(_largest(matrix[: program.zero + program.nonneg]))
    rows = sp.csr_array(sp.block_diag([largest, _cones(program, units)], format="csr"))
    changed = replace(program, p_diagonal=program.p_diagonal * columns**2, cost=program.cost * columns,
                      matrix=sp.csc_array(rows @ matrix), rhs=rows @ program.rhs)
    return Scaled(changed, columns, rows)


def _largest(matrix: sp.csr_array) -> Floats:
    """One over the largest coefficient of each row."""
    largest = np.asarray(abs(matrix).max(axis=1).todense()).ravel() if matrix.shape[0] else np.zeros(0)
    return 1.0 / np.where(largest > 0, largest, 1.0)


def _cones(program: ConicProgram, units: LineUnits | None) -> sp.csr_array:
    """What mixes the rows l + v, 2P, 2Q, l - v of the lines' cones, which come first; the other cones stay."""
    size = sum(program.soc_sizes)
    if units is None:
        return sp.csr_array(sp.eye_array(size))
    first = CONE * np.arange(units.mva.size)
    # takes (l + v, l - v) to (l/s^2 + v, l/s^2 - v)
    same, mixed = 0.5 * (units.mva**-2.0 + 1.0), 0.5 * (units.mva**-2.0 - 1.0)
    rest = np.arange(CONE * units.mva.size, size)
    row = np.concatenate([first, first, first + 1, first + 2, first + 3, first + 3, rest])
    column = np.concatenate([first, first + 3, first + 1, first + 2, first, first + 3, rest])
    value = np.concatenate([same, mixed, 1.0 / units.mva, 1.0 / units.mva, mixed, same, np.ones(rest.size)])
    return sp.csr_array((value, (row, column)), shape=(size, size))
