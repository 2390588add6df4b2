"""Where ports are short cars wait, and nobody waits beside a free one."""

from __future__ import annotations

import numpy as np

from tests.models.mobility.test_mobility import COMMERCIAL, DAY_S, fleet, one_bus_per_zone, run, sessions


def test_scarce_ports_make_queues_and_are_all_used() -> None:
    vehicles, mobility = fleet(60, 0, 0, one_bus_per_zone(slow=10))
    steps = run(mobility, vehicles.soc_wanted)
    assert max(p.queue_length.max() for _, _, p in steps) > 20
    assert max(np.sum(d.bus_index == 0) for _, d, _ in steps) == 10


def test_taxis_queue_at_fast_chargers_and_none_is_forgotten() -> None:
    """Twenty taxis, two ports: whoever waits is served when another leaves."""
    _, mobility = fleet(0, 20, 0, one_bus_per_zone(fast=2))
    steps = run(mobility, np.full(20, 0.25), 2 * DAY_S)
    assert max(int(p.queue_length[COMMERCIAL]) for _, _, p in steps) >= 10
    at_once = [np.sum(d.bus_index == COMMERCIAL) for _, d, _ in steps]
    assert max(at_once) == 2
    queued = np.array([p.queue_length[COMMERCIAL] for _, _, p in steps])
    full = np.array([np.sum(d.bus_index == COMMERCIAL) for _, d, _ in steps[1:]])
    assert np.all(full[queued[:-1] > 0] == 2), "nobody waits beside a free port"
    assert all(sessions(steps, taxi) for taxi in range(20)), "in two days each one had a turn"
