"""Starts one simulator in a process of its own: python -m testbed.simulators.serve NAME FOLDER PARENT HOST:PORT

The folder is the run's: the process shows there that it lives. It ends with the process of the number PARENT.
"""

from __future__ import annotations

import importlib
import signal
import sys
from pathlib import Path

import mosaik_api_v3

from testbed.wiring.attributes import SIMULATORS
from testbed.wiring.pulse import beat_beside, end_with_parent


def main() -> int:
    """Take the first three words of the command line, leave the rest to mosaik."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the command, which ends its simulators in order
    name, folder, parent = sys.argv.pop(1), Path(sys.argv.pop(1)), int(sys.argv.pop(1))
    end_with_parent(parent)
    if name not in SIMULATORS:
        raise SystemExit(f"unknown simulator {name!r}; known: {', '.join(SIMULATORS)}")
    beat_beside(folder, name)
    class_name = "".join(part.capitalize() for part in name.split("_")) + "Simulator"
    simulator = getattr(importlib.import_module(f"testbed.simulators.{name}"), class_name)
    try:
        return mosaik_api_v3.start_simulation(simulator(), configure_logging=False)
    except mosaik_api_v3.connection.EndOfRequests:
        return 1  # the run ended without a word to this simulator


if __name__ == "__main__":
    raise SystemExit(main())
