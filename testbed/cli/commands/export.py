"""`testbed export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.saying import tell
from testbed.results.reading import Result
from testbed.running.preflight import WrongRequest, file_mistakes, folder_mistakes
from testbed.scripting.given import expect
from testbed.scripting.opened import content_read, opened

PACKAGES = {"parquet": ("pyarrow",), "netcdf": ("xarray", "h5netcdf"), "opendss": ("opendssdirect",)}
EXTRA = {"parquet": "export", "netcdf": "notebooks", "opendss": "three-phase"}
FOLDERS = ("csv", "parquet", "opendss")


@reported
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE.h5")],
    csv: Annotated[bool, typer.Option("--csv", help="A folder of CSV tables.")] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="The same tables as Parquet.")] = False,
    netcdf: Annotated[bool, typer.Option("--netcdf", help="One NetCDF-4 file.")] = False,
    pandapower: Annotated[str | None, typer.Option("--pandapower", metavar="DISTRICT",
                          help="The district's network as a pandapower net with its loads over time.")] = None,
    opendss: Annotated[str | None, typer.Option("--opendss", metavar="DISTRICT",
                       help="A folder of OpenDSS: the district's circuit with its loads and cars over time.")] = None,
    output: Annotated[Path | None, typer.Option("-o", metavar="PATH", help="Where to [default: beside it].")] = None,
) -> None:
    """Write a result in another form: tables, NetCDF, or a district's network with its loads."""
    expect("result", str(file))
    form = _form({"csv": csv, "parquet": parquet, "netcdf": netcdf, "pandapower": pandapower is not None,
                  "opendss": opendss is not None})
    result = opened(file)
    district = pandapower or opendss or ""
    target = output or _usual(file, form, district)
    mistakes = _mistakes(form, target)
    if mistakes:
        raise WrongRequest(mistakes)
    with content_read(file):
        _write(form, result, target, district)
    tell(target)


def _form(asked: dict[str, bool]) -> str:
    chosen = [name for name, is_asked in asked.items() if is_asked]
    if len(chosen) != 1:
        raise WrongRequest([f"give one of {', '.join(f'--{name}' for name in asked)}"])
    return chosen[0]


def _usual(file: Path, form: str, district: str) -> Path:
    """Beside the result, under its name."""
    ending = {"csv": "-csv", "parquet": "-parquet", "netcdf": ".nc", "pandapower": f"-{district}.json",
              "opendss": f"-{district}-opendss"}[form]
    return file.with_name(f"{file.stem}{ending}")


def _mistakes(form: str, target: Path) -> list[str]:
    from importlib.util import find_spec  # noqa: PLC0415

    missing = [name for name in PACKAGES.get(form, ()) if find_spec(name) is None]
    wrong = [f"--{form}: needs {' and '.join(missing)}: pip install 'v2g-testbed[{EXTRA[form]}]'"] if missing else []
    if form in FOLDERS:
        return wrong + (folder_mistakes(target, f"-o {target}") or _others(target, form))
    return wrong + file_mistakes(target, "-o", ".nc" if form == "netcdf" else ".json")


def _others(target: Path, form: str) -> list[str]:
    """Tables of something else in the folder; those of an earlier export have a list of their columns with them."""
    tables = [] if form == "opendss" else sorted(file.name for file in target.glob(f"*.{form}"))
    if not tables or f"columns.{form}" in tables:
        return []
    return [f"-o {target}: holds {tables[0]}, which is of no export; choose another folder"]


def _write(form: str, result: Result, target: Path, district: str) -> None:
    from testbed.exporting import tables  # noqa: PLC0415 - pandas is slow to import

    if form == "csv":
        tables.write_csv(result, target)
    elif form == "parquet":
        tables.write_parquet(result, target)
    elif form == "netcdf":
        from testbed.exporting.netcdf import write_netcdf  # noqa: PLC0415 - an extra

        write_netcdf(result, target)
    elif form == "opendss":
        from testbed.exporting.circuit_folder import write_circuit  # noqa: PLC0415 - an extra

        write_circuit(result, district, target)
    else:
        from testbed.exporting.net import write_net  # noqa: PLC0415 - pandapower is slow to import

        write_net(result, district, target)
