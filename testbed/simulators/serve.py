"""Starts one simulator in a process of its own: python -m testbed.simulators.serve NAME HOST:PORT (by mosaik)."""

from __future__ import annotations

import importlib
import sys

import mosaik_api_v3

from testbed.wiring.attributes import SIMULATORS


def main() -> int:
    """Take the simulator's name from the command line, leave the rest to mosaik."""
    name = sys.argv.pop(1)
    if name not in SIMULATORS:
        raise SystemExit(f"unknown simulator {name!r}; known: {', '.join(SIMULATORS)}")
    class_name = "".join(part.capitalize() for part in name.split("_")) + "Simulator"
    simulator = getattr(importlib.import_module(f"testbed.simulators.{name}"), class_name)
    return mosaik_api_v3.start_simulation(simulator(), configure_logging=False)


if __name__ == "__main__":
    raise SystemExit(main())
