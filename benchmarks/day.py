"""Where the seconds of a day go: each controller in a fresh process, cold and with the cache."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from testbed.results.reading import open_result

SCENARIO = "paper_day"
CONTROLLERS = ("uncoordinated", "bilayer")


def measured(controller: str, cache: Path, output: Path) -> tuple[float, float]:
    """Wall seconds of the whole command and its largest memory in MB (of all commands so far)."""
    command = [sys.executable, "-m", "testbed", "run", SCENARIO, "--controller", controller, "--set",
               f"execution.cache_dir={cache}", "-o", str(output)]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Print whole-process seconds, memory, and the seconds of each simulator."""
    for controller in CONTROLLERS:
        with tempfile.TemporaryDirectory() as folder:
            for state in ("cold", "cached"):
                output = Path(folder) / f"{state}.h5"
                wall_s, memory_mb = measured(controller, Path(folder) / "cache", output)
                run = open_result(output).run
                parts = "  ".join(f"{name} {seconds:.1f}" for name, seconds in run["simulator_s"].items())
                print(f"{controller:14s} {state:7s} {wall_s:6.1f} s  {memory_mb:6.0f} MB  "
                      f"solver {run['solver_s']:.1f}  compile {run['compile_s']:.1f}  | {parts}")


if __name__ == "__main__":
    main()
