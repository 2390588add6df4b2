"""The algebra in which both layers state their equations: worth what numpy says, and rows by comparison."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

from controllers.rows import grid
from controllers.rows.entries import Entries, steps_back
from controllers.rows.grid import Grid, Stated, Unknowns
from models.records.arrays import Floats


def table(*rows: list[float]) -> Floats:
    return np.array(rows, dtype=float)


def two() -> tuple[Grid, Grid, Floats]:
    """Two blocks of unknowns [2, 3], and values for them."""
    made = Unknowns()
    return made.new((2, 3)), made.new((2, 3)), np.arange(1.0, 13.0) ** 2


def vectors() -> tuple[Grid, Grid, Floats]:
    """Two vectors of three unknowns, and values for them."""
    made = Unknowns()
    return made.new((3, 1)), made.new((3, 1)), np.arange(1.0, 7.0) ** 2


def test_grids_are_worth_what_numpy_says() -> None:
    x, y, at = two()
    a, b = (part.reshape((2, 3), order="F") for part in (at[:6], at[6:]))
    weight, column, row = table([1, 2, 3], [4, 5, 6]), table([7], [8]), table([1, 10, 100])
    rows = Entries(np.array([0, 0, 2]), np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0]), (3, 2))
    mixed = 2 * x - grid.times(weight, y) + column
    worth = 2 * a - weight * b + column
    for ours, right in (
            (mixed, worth), (1.0 - mixed, 1.0 - worth), (weight - mixed, weight - worth), (-mixed * 0.5, -worth * 0.5),
            (grid.times(row, mixed), row * worth), (grid.rows_of(rows, mixed), rows.matrix() @ worth),
            (grid.rows_of(rows, grid.rows_of(rows.transposed(), grid.rows_of(rows, mixed))),
             rows.matrix() @ rows.matrix().T @ rows.matrix() @ worth),
            (grid.periods_of(mixed, steps_back(3)), np.diff(worth, axis=1, prepend=0.0)),
            (grid.rows_of(rows, mixed)[np.array([2, 0])], (rows.matrix() @ worth)[[2, 0]]),
            (mixed[np.array([1, 1, 0])], worth[[1, 1, 0]]), (grid.beside(x, y), np.hstack([a, b])),
            (grid.beside(x, mixed)[np.array([1])], np.hstack([a, worth])[[1]]),
            (grid.entries(mixed, np.array([3, 0])), worth.ravel(order="F")[[3, 0]][:, None]),
            (grid.total(mixed), worth.sum().reshape(1, 1))):
        assert ours.evaluated(at) == pytest.approx(right)


def test_comparisons_are_rows() -> None:
    x, y, at = two()
    room = (x <= 5.0).rows(12)
    assert room.cone == "nonneg" and room.rhs - room.matrix.matrix() @ at == pytest.approx(5.0 - at[:6])
    least = (x >= y).rows(12)
    assert least.rhs - least.matrix.matrix() @ at == pytest.approx(at[:6] - at[6:])
    assert (x == y).rows(12).cone == "zero"
    stated = grid.cones(np.full((2, 3), 9.0), x, y)
    assert isinstance(stated, Stated)
    cone = stated.rows(12)
    assert cone.soc_sizes == (3,) * 6
    inside = (cone.rhs - cone.matrix.matrix() @ at).reshape(6, 3)
    assert inside == pytest.approx(np.stack([np.full(6, 9.0), at[:6], at[6:]], axis=1))
    assert (x == 4).set_label("a").label == "a"


def test_vectors_are_worth_what_numpy_says() -> None:
    x, y, at = vectors()
    a, b = at[:3], at[3:]
    dense, weight = table([1, 0, 2], [0, 3, 0]), np.array([1.0, 0.0, -2.0])
    both = 2 * x - y / 4 + np.array([3.0, 4.0, 5.0])
    worth = 2 * a - b / 4 + np.array([3.0, 4.0, 5.0])
    for ours, right in (
            (both, worth), (sp.csr_array(dense) @ both, dense @ worth), (sp.csr_matrix(dense) @ both, dense @ worth),
            (sp.csr_matrix(dense).T @ (dense @ both), dense.T @ dense @ worth),
            (weight @ both, [weight @ worth]), (grid.total(both), [worth.sum()]), (both[1], worth[[1]]),
            (both[:2], worth[:2]), (both[worth > 10], worth[worth > 10]), (grid.times(weight, both), weight * worth),
            (np.float64(3.0) * both, 3 * worth), (1 - both, 1 - worth)):
        assert ours.evaluated(at).ravel() == pytest.approx(right)


def test_what_depends_on_no_unknown_is_a_constant() -> None:
    x, _, _ = vectors()
    fixed = Grid.fixed(np.array([1.0, 2.0, 3.0]))
    assert fixed.is_constant() and (2 * fixed + 1)[1:].value == pytest.approx([5, 7])
    assert not (x + fixed).is_constant() and (x + fixed).value is None


def test_the_language_takes_numbers_and_cvxpys_unknowns_too() -> None:
    assert grid.times(0.5, np.array([2.0, 4.0])) == pytest.approx([1, 2])
    x = cp.Variable(2)
    x.value = np.array([2.0, 4.0])
    assert grid.times(np.array([0.5, 2.0]), x).value == pytest.approx([1, 8])
    assert grid.total(x).value == pytest.approx(6)
