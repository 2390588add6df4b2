"""One run in Python, and what is known of it afterwards."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.port import Controller
from testbed.running.preflight import run_request
from testbed.running.several_runs import single_job
from testbed.scripting.scenario import Scenario, scenario_of, whole

if TYPE_CHECKING:
    import xarray

    from testbed.results.reading import Result

NO_XARRAY = "to_xarray() needs the packages xarray and h5netcdf: pip install 'v2g-testbed[notebooks]'"


@dataclass(frozen=True)
class Run:
    """One run by its result file; what is asked of it is read when it is asked.

    >>> import testbed as tb
    >>> run = tb.load("results/smoke/uncoordinated-seed3.h5")
    >>> run.controller, run.seed, run.status
    ('uncoordinated', 3, 'completed')
    >>> 0.9 < run.metrics["vm_min_pu"] < 1.0
    True
    """

    path: Path
    """The result file (docs/results.md)."""

    @cached_property
    def result(self) -> Result:
        """The project's own reader: every array by name, plans, the reference."""
        from testbed.results.reading import open_result  # noqa: PLC0415 - h5py takes a moment

        return open_result(self.path)

    @property
    def controller(self) -> str:
        """Its name, with the parameters that are not as its class says."""
        return self.result.controller

    @property
    def seed(self) -> int:
        return self.result.seed

    @property
    def status(self) -> str:
        """completed | failed | interrupted | running | unfinished."""
        return self.result.status

    @property
    def notes(self) -> tuple[str, ...]:
        """What was told of the tables that the scenario's user brought, a sentence each."""
        return self.result.input_notes

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Every figure by name (`testbed list metrics` has units and definitions); NaN where it does not apply."""
        from testbed.metrics.of_runs import compute_metrics  # noqa: PLC0415

        return compute_metrics(self.result)

    def to_xarray(self, district: str | None = None) -> xarray.Dataset:
        """The power system's series [time, ...], or those of a district; in memory, with units.

        They end with the last step written. Raises ImportError without xarray and h5netcdf.
        """
        try:
            import h5netcdf  # noqa: F401, PLC0415 - an extra
            import xarray as xr  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(NO_XARRAY) from error
        group = None if district is None else f"districts/{self._known(district)}"
        steps = self.result.steps_written  # read before: HDF5 opens a file in one way at a time
        with xr.open_dataset(self.path, engine="h5netcdf", group=group) as opened:
            return opened.isel(time=slice(steps)).load()

    def report(self, output: Path | str | None = None) -> Path:
        """Write one HTML page that needs no network; returns its path, beside the result unless given."""
        from testbed.reporting.report import write_report  # noqa: PLC0415 - draws, so it is slow to import

        page = Path(output) if output is not None else self.path.with_suffix(".html")
        write_report([self.path], page)
        return page

    def _known(self, district: str) -> str:
        if district not in self.result.districts:
            raise KeyError(f"no district {district}; there are {', '.join(self.result.districts)}")
        if self.result.kept_figures is not None:
            self.result.has_network(district)  # says that nothing of it is there, and why
        return district

    def __repr__(self) -> str:
        what = f"{self.controller} seed {self.seed} of {self.result.scenario_name}"
        return f"Run({what}: {self.result.ending}; {self.path})"


def run(scenario: str | Path | Scenario, controller: str | Controller = "bilayer", *, seed: int | None = None,
        output: Path | str | None = None, plan: Path | str | None = None, force: bool = False,
        progress: bool = True) -> Run:
    """Run one scenario under one controller, in this process; the same result as `testbed run`, value for value.

    controller: a name, `"mine.py:Price(high=0.1)"`, or an object, which is then the one that runs.
    seed: takes the place of the scenario's. output: the result file; else results/SCENARIO/CONTROLLER-seedN.h5.
    plan: a result whose upper plan is replayed. force: write over the result of another request.
    progress: show how far it is, on a terminal or below the notebook's cell.
    Raises WrongRequest with every mistake before anything is written; RunFailed where the run ends before its time.

    >>> import testbed as tb
    >>> run = tb.run("smoke", "uncoordinated", seed=3)
    >>> run.path.name
    'uncoordinated-seed3.h5'
    >>> run.to_xarray().p_mw.dims
    ('time', 'unit')
    """
    from testbed.running.one_run import run_scenario  # noqa: PLC0415 - loads the simulators
    from testbed.scripting.progress import watch_run  # noqa: PLC0415

    given = scenario_of(scenario)
    request = run_request(given.source, controller, whole(seed), given.overrides, _path(plan), _path(output), force)
    job = single_job(request)
    display: Any = watch_run(job.label, request.scenario.step_s) if progress else nullcontext()
    with display as show:
        return Run(run_scenario(request.scenario, request.controllers[0], seed=job.seed, output=job.output,
                                plan=request.plan, progress=show))


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)
