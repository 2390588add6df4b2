"""A line is open: what hangs on it has no supply."""

from testbed.faults.kind import FaultKind
from testbed.faults.supply import CARS_STAND, DeadChargers, DeadLoads

FAULT = FaultKind(
    "line_out", "the line to a bus is open",
    f"the bus and all behind it draw nothing and {CARS_STAND}; the system's load is less by theirs, and the network's "
    "dead part is computed as unloaded",
    "loads and cars are back at once", {"profiles": DeadLoads, "fleet": DeadChargers}, needs=("district", "line_to"),
    needs_network=True)
