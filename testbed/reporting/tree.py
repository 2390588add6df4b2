"""A feeder's tree on paper: columns and rows of its buses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.records.arrays import Ints


def tree_places(parent: Ints) -> tuple[Ints, Ints]:
    """Columns (lines from the root) and rows of a tree's nodes [B]; parent -1 at the root, parents come first.

    The longest way from the root lies in row 0; each other branch takes the free row nearest to the one it leaves,
    below or above.
    """
    count = parent.size
    column = np.zeros(count, dtype=np.int64)
    for node in range(1, count):
        column[node] = column[parent[node]] + 1
    reach = column.copy()
    for node in range(count - 1, 0, -1):
        reach[parent[node]] = max(reach[parent[node]], reach[node])
    row = np.zeros(count, dtype=np.int64)
    taken: set[tuple[int, int]] = set()
    _place_branch(0, 0, parent, column, reach, row, taken)
    return column, row


def _place_branch(start: int, level: int, parent: Ints, column: Ints, reach: Ints, row: Ints,
                  taken: set[tuple[int, int]]) -> None:
    """The way from `start` to its furthest leaf in one row, then the branches that leave it, furthest column first."""
    way = [start]
    while (children := np.flatnonzero(parent == way[-1])).size:
        way.append(int(children[np.argmax(reach[children])]))
    row[way] = level
    taken |= {(level, int(c)) for c in column[way]}
    for node in reversed(way):
        for child in (int(c) for c in np.flatnonzero(parent == node) if int(c) not in way):
            columns = range(int(column[child]) - 1, int(reach[child]) + 1)
            free = next(y for y in _near(level) if not any((y, c) in taken for c in columns))
            taken.add((free, int(column[node])))  # the corner where the branch turns
            _place_branch(child, free, parent, column, reach, row, taken)


def _near(level: int) -> Sequence[int]:
    """Rows by distance from a level, below first."""
    return [level + sign * distance for distance in range(1, 1000) for sign in (-1, 1)]


def rows_of(numbers_of_parents: Ints, bus_number: Ints) -> Ints:
    """Parent rows [B] from parents' bus numbers; -1 at the root."""
    row_of = {int(number): i for i, number in enumerate(bus_number)}
    return np.array([row_of.get(int(number), -1) for number in numbers_of_parents], dtype=np.int64)
