"""A result as NetCDF-4: the same groups, axes, units and names, what was run as attributes, figures beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import h5py
import xarray as xr

from testbed.metrics.of_runs import compute_metrics
from testbed.metrics.registry import METRICS
from testbed.results.reading import Result
from testbed.wiring.whole_files import whole_file

ENGINE: Literal["h5netcdf"] = "h5netcdf"
INTERNAL = ("REFERENCE_LIST", "DIMENSION_LIST", "CLASS", "NAME")


def write_netcdf(result: Result, output: Path) -> None:
    """All groups but `run`, series cut at the last step written, and a group `metrics` with all figures."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(output) as partial:
        _dataset(result, "/").to_netcdf(partial, mode="w", engine=ENGINE)
        for group in _groups(result.path):
            _dataset(result, group).to_netcdf(partial, mode="a", engine=ENGINE, group=group)
        _figures(result).to_netcdf(partial, mode="a", engine=ENGINE, group="metrics")


def _groups(path: Path) -> list[str]:
    """Those with variables in them, whole paths."""
    names: list[str] = []
    with h5py.File(path, "r", locking=False) as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Group) and any(
            isinstance(member, h5py.Dataset) for member in item.values()) else None)
    return [name for name in names if name != "run"]


def _dataset(result: Result, group: str) -> xr.Dataset:
    steps = result.steps_written  # read before: HDF5 opens a file in one way at a time
    with xr.open_dataset(result.path, engine=ENGINE, group=group) as opened:
        made = opened.load()
    made = made.isel(time=slice(steps)) if "time" in made.sizes else made
    parts: list[Any] = [made, *made.variables.values()]
    for part in parts:
        part.encoding = {}  # as the result was laid out is not how NetCDF asks for it
        part.attrs = {name: value for name, value in part.attrs.items() if name not in INTERNAL}
    return made


def _figures(result: Result) -> xr.Dataset:
    values = compute_metrics(result)
    return xr.Dataset({name: ((), values[name], {"units": METRICS[name].unit, "long_name": METRICS[name].definition})
                       for name in METRICS})
