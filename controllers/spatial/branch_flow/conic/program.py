"""A conic program written as sparse blocks: columns with costs, rows by cone.

min 1/2 x'Px + c'x  with  A x + s = b,  s = 0 | s >= 0 | ||s[1:]|| <= s[0].
Unknowns that do not exist in an hour are columns that are taken out, with the rows that hold nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from controllers.rows.entries import CONES, Rows, together
from models.records.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class LineUnits:
    """Columns of P, Q, l [lines x periods] and the power of each line; their cones are the first ones."""

    p: Ints
    q: Ints
    l: Ints  # noqa: E741  the letter of the literature
    mva: Floats


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
    units: LineUnits | None = None


def living(rows: Rows, alive: Bools) -> Rows:
    """Rows without any living unknown and nothing to refuse are left out; cones stay whole."""
    if rows.cone == "soc" or not rows.rhs.size:
        return rows
    matrix = rows.matrix
    # a row without unknowns that still cannot hold must stay, or an impossible problem would look solved
    keep = (rows.rhs < 0) | ((rows.cone == "zero") & (rows.rhs > 0))
    keep[matrix.row[alive[matrix.column]]] = True
    return rows.only(keep)


def join(parts: Sequence[Rows], cost: Floats, square: Floats, alive: Bools) -> ConicProgram:
    """One program of blocks over the same columns; unknowns that are not alive are taken out."""
    ordered = [living(rows, alive) for cone in CONES for rows in parts if rows.cone == cone]
    count = {cone: sum(rows.rhs.size for rows in ordered if rows.cone == cone) for cone in CONES}
    shape, starts = (sum(count.values()), alive.size), np.cumsum([0] + [rows.rhs.size for rows in ordered])
    whole = together([rows.matrix.at(int(start), 0, shape) for rows, start in zip(ordered, starts[:-1], strict=True)],
                     shape)
    column, kept = np.cumsum(alive) - 1, alive[whole.column]
    matrix = sp.csc_array((whole.value[kept], (whole.row[kept], column[whole.column[kept]])),
                          shape=(shape[0], int(alive.sum())))
    return ConicProgram(
        p_diagonal=square[alive], cost=cost[alive], matrix=matrix,
        rhs=np.concatenate([rows.rhs for rows in ordered]), zero=count["zero"], nonneg=count["nonneg"],
        soc_sizes=tuple(size for rows in ordered for size in rows.soc_sizes))
