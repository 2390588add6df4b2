"""What controllers are handed cannot be written, wherever an array stands in it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from testbed.setup.sealing import sealed


@dataclass
class Holder:
    held: Any


@pytest.mark.parametrize("around", [
    lambda array: array, Holder, lambda array: (1.0, [array]), lambda array: {"a": "text", "b": array},
    lambda array: Holder({"a": (Holder(array),)})])
def test_arrays_are_read_only_wherever_they_stand(around) -> None:
    array = np.zeros(2)
    given = around(array)
    assert sealed(given) is given, "the same object, no copy"
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1.0
