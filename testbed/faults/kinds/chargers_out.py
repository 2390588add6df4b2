"""A bank of chargers is out."""

from testbed.faults.kind import FaultKind
from testbed.faults.supply import CARS_STAND, DeadChargers

FAULT = FaultKind(
    "chargers_out", "all chargers of some buses, or of a zone, are dead", f"{CARS_STAND}; loads beside them go on",
    "chargers do as they are told, or as their cars will", {"fleet": DeadChargers}, needs=("district",),
    may=("buses", "zone"))
