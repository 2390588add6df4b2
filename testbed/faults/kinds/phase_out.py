"""A phase of a circuit is lost: what hangs on it has no supply."""

from testbed.faults.kind import FaultKind
from testbed.faults.supply import CARS_STAND, DeadChargers, DeadLoads

FAULT = FaultKind(
    "phase_out", "one phase is lost, behind a line (`line_to`) or everywhere",
    f"every customer and every car connected to it draws nothing, those of all three phases too; {CARS_STAND}; the "
    "system's load is less by theirs", "loads and cars are back at once",
    {"profiles": DeadLoads, "fleet": DeadChargers}, needs=("district", "phase"), may=("line_to",), needs_network=True)
