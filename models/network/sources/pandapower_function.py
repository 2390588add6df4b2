"""The networks that come with pandapower, by the function that makes them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models.network.read_nets import net_source
from models.records.arrays import RecordError


def _net(text: str) -> Any:
    from pandapower import networks  # noqa: PLC0415 - slow to import

    name = text.partition(":")[2]
    maker = getattr(networks, name, None)
    if not callable(maker) or name.startswith("_"):
        raise RecordError(f"feeder {text}: pandapower.networks has no such function")
    try:
        with _same_draws():
            made = maker()
    except TypeError as error:
        raise RecordError(f"feeder {text}: makes no net without arguments: {error}") from error
    net = made[0] if isinstance(made, tuple) else made
    if not hasattr(net, "ext_grid"):
        raise RecordError(f"feeder {text}: makes no net")
    return net


@contextmanager
def _same_draws() -> Iterator[None]:
    """Within, Python's own random numbers begin at one place; afterwards they go on as if nothing had been drawn.

    Kerber's networks draw which of two cables leads to each house: the same run would have another network each time.
    """
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


SOURCE = net_source("pandapower:FUNCTION", "what a function of `pandapower.networks` makes without arguments, as "
                    "`pandapower:create_cigre_network_lv`", r"pandapower:[A-Za-z_]\w*", _net)
