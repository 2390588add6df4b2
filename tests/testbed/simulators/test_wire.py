"""Values must survive the way to another process, and shared arrays must not be writable."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from testbed.wiring.packing import freeze, pack, unpack

ARRAYS = hnp.arrays(dtype=st.sampled_from([np.float64, np.int64, np.bool_]), shape=hnp.array_shapes(min_side=0))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(ARRAYS)
def test_every_array_survives_json(array):
    back = unpack(json.loads(json.dumps(pack({"a": [array, 1.5], "b": np.int64(3)}))))
    assert back["a"][0].dtype == array.dtype
    np.testing.assert_array_equal(back["a"][0], array)
    assert back["a"][1] == 1.5
    assert back["b"] == 3


def test_shared_arrays_cannot_be_written_by_a_receiver():
    mine = np.zeros(3)
    theirs = freeze({"x": (mine,)})["x"][0]
    with pytest.raises(ValueError, match="read-only"):
        theirs[0] = 1.0
    mine[0] = 2.0
    assert theirs[0] == 2.0
