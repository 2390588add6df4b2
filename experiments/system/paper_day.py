"""The main job in a dozen lines: what `make run` does, through the Python API.

    python -m experiments.system.paper_day [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from experiments.runs import results_of
from testbed.metrics.of_runs import write_metrics_csv
from testbed.reporting.report import write_report
from testbed.reporting.tables import print_comparison
from testbed.running.preflight import compare_request
from testbed.running.several_runs import jobs

CONTROLLERS = ("no_pev", "uncoordinated", "tariff", "smart_charging", "temporal", "bilayer")


def main(folder: Path) -> None:
    """Run all controllers on the scenario's seed; table to the screen, metrics.csv and report.html into `folder`."""
    request = compare_request("paper_day", CONTROLLERS, folder=folder)
    results = results_of(jobs(request))
    print_comparison(results)
    write_metrics_csv(results, folder / "metrics.csv")
    write_report([result.path for result in results], folder / "report.html")


if __name__ == "__main__":
    main(Path(*(sys.argv[1:2] or ["results/paper_day"])))
