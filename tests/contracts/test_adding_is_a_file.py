"""One new file is all it takes: each kind gets one from a temporary folder, and list, run and docs know it."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from models.registry import RegistryError
from models.wear import WEAR_MODELS
from testbed.cli.doc_rows import kind_table
from testbed.metrics.of_runs import compute_metrics, write_metrics_csv
from testbed.reporting.report import write_report
from testbed.results.reading import Result, open_result
from testbed.scenario.record import scenario_schema
from tests.testbed import small_run
from tests.testbed.cli_runs import call

ROOT = Path(__file__).parents[2]
Add = Callable[[str, str, str], Path]
WEAR = '''
from models.wear.cells.throughput import Throughput

WEAR_MODEL = Throughput(cycle_life=1e6, name="lasting2026", cell="a lasting cell", source="nobody (A)")
'''
TARIFF = '''
from models.system.tariff import table_tariff

TARIFF = table_tariff("two_prices2026", "dear from noon on", "nobody (A)",
                      {"valley": 0.1, "flat": 0.7, "peak": 1.4}, ((12, "valley"), (12, "peak")))
'''
NETWORK = '''
import numpy as np

from models.network.source import NetworkSource
from models.records.feeder import RadialFeeder


def feeder(text, limits):
    load_kw = np.array([0.0, 50.0, 50.0, 50.0, 50.0]) * limits.peak_scale
    some = np.full(5, 0.01) * (np.arange(5) > 0)
    return RadialFeeder(
        name=text, bus_number=np.arange(1, 6), parent=np.arange(-1, 4), r_pu=some, x_pu=some, i_max_pu=np.ones(5),
        transformer_kva=np.full(5, np.inf), p_base_kw=load_kw, q_base_kvar=0.3 * load_kw, nominal_kv=12.66,
        v_slack_pu=limits.slack_vm_pu or 1.0, v_min_pu=limits.v_min_pu, v_max_pu=limits.v_max_pu)


SOURCE = NetworkSource("five_in_a_row", "five buses in a row", "five_in_a_row", feeder, last_bus=5)
'''
METRIC = '''
from testbed.metrics.inputs import Subject, charging_kw

METRICS = Subject(place=999)


@METRICS.metric("charging_peak_kw", "kW", "most that all cars charged in a step")
def charging_peak_kw(result):
    return charging_kw(result).max()
'''
FIGURE = '''
from testbed.metrics.inputs import charging_kw
from testbed.reporting.charts import line_chart
from testbed.reporting.drawn_runs import lines_of
from testbed.reporting.figure import ReportFigure


def draw(runs):
    lines = lines_of(runs, lambda run: charging_kw(run.result))
    return [line_chart("Charging alone", "All cars.", "power [kW]", lines)]


FIGURES = (ReportFigure("charging_alone", "cars", 99, "what all cars charge", draw=draw),)
'''


FAULT = '''
from testbed.faults.kind import FaultKind
from testbed.faults.placed import SYSTEM, Injection, changed


class Doubled(Injection):
    def say(self, now_s, heard, said):
        return changed(said, SYSTEM, load_mw=2 * said[SYSTEM]["load_mw"]) if self.fault.is_on(now_s) else said


FAULT = FaultKind("all_kettles", "everybody boils water", "nothing is done, units follow", "tea is drunk",
                  {"profiles": Doubled})
'''


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """add(package, file name, source): the file in a folder of its own that the package looks into as well."""
    added = []

    def written(package: str, name: str, source: str) -> Path:
        folder = tmp_path / f"more_{package}"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(source)
        module = importlib.import_module(package)
        monkeypatch.setattr(module, "__path__", [*module.__path__, str(folder)])
        importlib.invalidate_caches()
        added.append(f"{package}.{name}")
        return folder / f"{name}.py"

    yield written
    for name in added:
        sys.modules.pop(name, None)
        package, _, last = name.rpartition(".")
        vars(sys.modules[package]).pop(last, None)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Of a run before anything was added."""
    return open_result(small_run.run(tmp_path_factory.mktemp("adding")))


def listed(kind: str) -> dict[str, str]:
    done = call("list", kind)
    assert done.exit_code == 0, done.stderr
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def row_of(kind: str, name: str) -> str:
    """Its line in the docs, as `make publish` would write it; empty if there is none."""
    return next((line for line in kind_table(kind).splitlines() if f"`{name}`" in line), "")


@pytest.mark.slow
def test_a_wear_model(add: Add, tmp_path: Path) -> None:
    add("models.wear.cells", "lasting2026", WEAR)
    assert "a lasting cell" in listed("wear-models")["lasting2026"]
    assert "a lasting cell" in row_of("wear-models", "lasting2026")
    assert "lasting2026" in scenario_schema()["$defs"]["Wear"]["properties"]["model"]["enum"]
    run = open_result(small_run.run(tmp_path, "wear.model=lasting2026", controller="tariff"))
    wear_usd, drawn_kwh = (sum(run.vehicle(district, key).sum() for district in run.districts)
                           for key in ("wear_usd", "drawn_kwh"))
    assert drawn_kwh > 0, "at so little wear it pays to discharge"
    assert wear_usd == pytest.approx(drawn_kwh * 900 / 7 / 0.8e6)


@pytest.mark.slow
def test_a_tariff(add: Add, tmp_path: Path) -> None:
    add("models.system.tariffs", "two_prices2026", TARIFF)
    assert "dear from noon on" in listed("tariffs")["two_prices2026"]
    assert "dear from noon on" in row_of("tariffs", "two_prices2026")
    run = open_result(small_run.run(tmp_path, "tariff.table=two_prices2026"))
    assert run.system("price_charge_usd_per_kwh") == pytest.approx([0.1 / 7] * 12 + [1.4 / 7] * 12)
    levels = open_result(small_run.run(tmp_path, "tariff.table=forecast", "tariff.levels=two_prices2026"))
    assert sorted(levels.system("price_charge_usd_per_kwh") * 7) == pytest.approx([0.1] * 8 + [0.7] * 8 + [1.4] * 8)


@pytest.mark.slow
def test_a_network_source(add: Add, tmp_path: Path) -> None:
    add("models.network.sources", "five_in_a_row", NETWORK)
    assert listed("networks")["five_in_a_row"] == "five buses in a row"
    assert row_of("networks", "five_in_a_row") == "| `five_in_a_row` | five buses in a row |"
    run = open_result(small_run.run(tmp_path, "districts.0.feeder=five_in_a_row"))
    assert run.status == "completed" and run.district("feeder33", "vm_pu").shape == (24, 5)
    done = call("check", "smoke", "--set", "districts.0.feeder=five_in_a_row", "--set",
                "districts.0.zone_map={office: [2], residential: [3], commercial: [6]}")
    assert "names buses outside the feeder five_in_a_row, which has 1 to 5" in done.stderr


def test_a_metric(add: Add, tmp_path: Path, result: Result) -> None:
    add("testbed.metrics.published", "peaks", METRIC)
    assert "[kW] most that all cars charged in a step" in listed("metrics")["charging_peak_kw"]
    assert row_of("metrics", "charging_peak_kw") == "| `charging_peak_kw` | kW | most that all cars charged in a step |"
    highest_kw = np.sum([result.district(d, "charge_kw").sum(axis=1) for d in result.districts], axis=0).max()
    assert highest_kw > 0
    assert compute_metrics(result)["charging_peak_kw"] == pytest.approx(highest_kw)
    assert "charging_peak_kw" in call("show", result.path).stdout
    write_metrics_csv([result], tmp_path / "metrics.csv")
    assert ",charging_peak_kw," in (tmp_path / "metrics.csv").read_text()


def test_a_figure_of_the_report(add: Add, tmp_path: Path, result: Result) -> None:
    write_report([result.path], tmp_path / "before.html")
    add("testbed.reporting.figures", "charging_alone", FIGURE)
    assert row_of("figures", "charging_alone") == "| cars | `charging_alone` | what all cars charge |"
    write_report([result.path], tmp_path / "after.html")
    before, after = ((tmp_path / f"{name}.html").read_text().count("Charging alone") for name in ("before", "after"))
    assert before == 0 and after > 0


def test_a_fault(add: Add, tmp_path: Path, result: Result) -> None:
    add("testbed.faults.kinds", "all_kettles", FAULT)
    assert "everybody boils water" in listed("faults")["all_kettles"]
    assert "tea is drunk" in row_of("faults", "all_kettles")
    run = open_result(small_run.run(tmp_path, "faults=[{kind: all_kettles, from_h: 5, until_h: 7}]"))
    factor = run.system("load_mw") / result.system("load_mw")
    assert factor.tolist() == [2.0 if hour in (5, 6) else 1.0 for hour in range(24)]
    assert [str(fault) for fault in run.faults] == ["all_kettles, day 1, 05:00 to 07:00"]


def test_what_is_added_goes_with_its_file(result: Result) -> None:
    """The tests above leave nothing behind."""
    assert "lasting2026" not in listed("wear-models") and row_of("metrics", "charging_peak_kw") == ""
    assert "charging_peak_kw" not in compute_metrics(result)


def test_an_unknown_one_is_told_with_the_names_allowed(add: Add) -> None:
    add("models.wear.cells", "lasting2026", WEAR)
    done = call("check", "smoke", "--set", "wear.model=paper2026")
    assert done.exit_code == 2
    assert "wear.model = 'paper2026': must be 'blast_nmc622', 'lasting2026', 'naumann'," in done.stderr


def test_a_name_that_two_files_declare_ends_the_command_with_both(add: Add) -> None:
    mine = add("models.wear.cells", "mine", WEAR.replace("lasting2026", "naumann"))
    with pytest.raises(RegistryError):
        list(WEAR_MODELS)
    done = call("list", "wear-models")
    assert done.exit_code == 2
    assert re.search(rf"wear model 'naumann' stands in .*{re.escape(str(mine))} and in .*naumann\.py", done.stderr)


# ---------------------------------------------------------------- the page that tells how
KINDS = [match.groups() for package in ("models", "testbed") for file in sorted((ROOT / package).rglob("*.py"))
         for match in re.finditer(r'= Registry\(\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)"', file.read_text())]
"""(kind, package, what a file declares) of every registry in the code."""


@pytest.mark.parametrize(("kind", "package", "declares"), KINDS, ids=[kind for kind, *_ in KINDS])
def test_contributing_tells_how_to_add_one(kind: str, package: str, declares: str) -> None:
    rows = [line for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if line.startswith("| ")]
    row, = (line for line in rows if f"`{package.replace('.', '/')}/`" in line)
    assert f"`{declares}`" in row and kind in row.split("|")[1]


def test_every_registry_is_seen() -> None:
    assert {kind for kind, *_ in KINDS} >= {"wear model", "tariff", "network source", "metric", "figure"}
    sources = [file.read_text() for package in ("models", "testbed") for file in (ROOT / package).rglob("*.py")]
    assert len(KINDS) == sum(len(re.findall(r"= Registry\(", source)) for source in sources)
