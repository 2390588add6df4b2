"""What every run loads, whatever its controller and whatever is kept of its plans: importing this module loads it.

None of it is ever let go, so the collector of cycles need not look at it again.
"""

from __future__ import annotations

import gc
import importlib

from testbed.running.world import CLASS_NAMES

for _name in (*(f"testbed.simulators.{name}" for name in CLASS_NAMES), "testbed.running.one_run",
              "testbed.metrics.of_runs", "scipy.special"):
    importlib.import_module(_name)
gc.collect()
gc.freeze()
