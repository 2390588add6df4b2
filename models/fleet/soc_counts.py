"""How many cars of a class stand at which state of charge: what is told of a fleet where cars are not recorded one by
one, and what adds up over districts."""

from __future__ import annotations

import numpy as np

from models.records.arrays import Floats, Ints

SOC_BINS = 50
"""Bands of equal width from empty to full."""


def soc_counts(soc: Floats, class_index: Ints, class_count: int) -> Ints:
    """[class, band] cars, of the state of charge [V] and class [V] of each.

    A band holds its lower end; the last one holds full batteries too. Numbers are taken as recorded, in 32 bits.
    """
    place = (soc.astype(np.float32) * np.float32(SOC_BINS)).astype(np.int64)
    cell = class_index * SOC_BINS + np.clip(place, 0, SOC_BINS - 1)
    return np.bincount(cell, minlength=class_count * SOC_BINS).reshape(class_count, SOC_BINS)
