"""Parts of a large feeder within which cars of later hours act as one.

The hours after the present one are decided again before they come; what they need is how much each part of the feeder
can take, not each bus. A neighbourhood is a connected group of buses. Its cars of one zone and charger kind get one
power, and each bus the share of it that its own chargers have.
"""

from __future__ import annotations

import numpy as np

from models.records.arrays import Floats, Ints


def neighbourhoods(parent: Ints, most: int) -> Ints:
    """[B] the topmost bus of each bus's neighbourhood: up to most + 1 connected groups of ceil(B / most) buses or more.

    Groups are closed from the ends of the tree inwards, and what is left at the substation is the last, of any size;
    every bus is one of its own where `most` is at least B.
    parent [B] as in RadialFeeder: parents precede their children.
    """
    least = -(-parent.size // most)
    size, is_top = np.ones(parent.size, dtype=np.int64), np.zeros(parent.size, dtype=np.bool_)
    # children before parents: a bus knows the size of all that hangs below it when its turn comes
    for bus in range(parent.size - 1, 0, -1):
        is_top[bus] = size[bus] >= least
        if not is_top[bus]:
            size[parent[bus]] += size[bus]
    top = np.arange(parent.size)
    # parents before children now: each bus not on top belongs where its parent does
    for bus in range(1, parent.size):
        if not is_top[bus]:
            top[bus] = top[parent[bus]]
    return top


def shares(power: Floats, group: Ints, count: int) -> Floats:
    """[R, N] part of each row's power in the sum of its group; 0 where a group has none. power [R, N], group [R]."""
    total = np.zeros((count, power.shape[1]))
    np.add.at(total, group, power)
    share: Floats = np.divide(power, total[group], out=np.zeros(power.shape), where=total[group] > 0)
    return share
