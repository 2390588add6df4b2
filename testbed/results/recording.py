"""The result file of a run: opened by the recorder, judged at the end by run.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from models.drivers.behaviours import behaviour_names
from models.records.arrays import Ints
from testbed.results.layout import DistrictLayout, ResultHeader, ResultLayout
from testbed.results.reading import WRITER
from testbed.results.vehicle_traces import VehicleTraceWriter
from testbed.results.writing import ResultWriter
from testbed.scenario.files import brought_texts
from testbed.scenario.record import to_yaml
from testbed.scenario.told_faults import told_faults
from testbed.setup.classes import groups_of_scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.given_controllers import controller_of, label_of
from testbed.setup.knowledge import thermal_units
from testbed.setup.profiles import build_profiles
from testbed.users.parameters import values_of
from testbed.wiring.asked import asked_digest, asked_words
from testbed.wiring.remains import owner_of_run
from testbed.wiring.run_spec import DAY_S, RunSpec


def result_header(spec: RunSpec) -> ResultHeader:
    """What was run. `execution` changes no result and is left at its default in the file."""
    scenario = spec.scenario.model_copy(update={"execution": type(spec.scenario.execution)()})
    controller = controller_of(spec)
    return ResultHeader(
        scenario_yaml=to_yaml(scenario), scenario_name=scenario.name,
        controller=label_of(controller), seed=spec.seed, step_s=spec.step_s,
        parameters=json.dumps(values_of(controller), default=repr), steps_total=spec.steps_counted,
        warmup_controlled_days=scenario.warmup_controlled_days,
        load_peak_mw=build_profiles(spec.scenario).load_peak_mw, inputs=brought_texts(scenario),
        faults=told_faults(scenario))


def result_layout(spec: RunSpec) -> ResultLayout:
    """Axes of the file."""
    districts = tuple(
        DistrictLayout(name=d.name, bus_number=_bus_numbers(d), bus_zone=d.site.bus_zone,
                       has_network=d.feeder is not None, vehicle_count=d.vehicles.count, feeder=d.feeder,
                       loads=d.loads, tap_changer=d.tap_changer, circuit=d.circuit)
        for d in build_districts(spec).values())
    return ResultLayout(
        unit_names=thermal_units(spec.scenario).names, group_names=groups_of_scenario(spec.scenario).names(),
        reason_names=behaviour_names(), class_names=groups_of_scenario(spec.scenario).class_names, districts=districts,
        plan_count=spec.scenario.days * DAY_S // spec.binding_s, horizon_h=spec.horizon_h,
        warmup_plan_count=-spec.control_s // spec.binding_s, added=_added(spec))


def _added(spec: RunSpec) -> dict[str, dict[str, tuple[str, str]]]:
    """What added simulators of others are to say."""
    return {name: {said: (port.unit or "1", f"{port.attribute} of the simulator {name}")
                   for said, port in added.gives.items()}
            for name, added in spec.scenario.simulators.items() if added.place == "added" and added.gives}


def open_writer(spec: RunSpec, folder: Path) -> ResultWriter:
    """The writer of the result file, which it creates; the run's folder says whose run it is."""
    header, words = result_header(spec), asked_words(spec)
    run = {WRITER: {**owner_of_run(folder).to_json(), "run_id": folder.name}, "asked": words,
           "asked_digest": asked_digest(spec, header.controller, words)}
    return ResultWriter(spec.output, header, result_layout(spec), run=run)


def traces_path(output: Path) -> Path:
    """The second file, with a trace per vehicle."""
    return output.with_name(f"{output.stem}-vehicles.h5")


def open_traces(spec: RunSpec) -> VehicleTraceWriter | None:
    """The writer of vehicle traces, if the scenario asks for them; else those of an older run at this place go."""
    path = traces_path(spec.output)
    if not spec.scenario.record.vehicles:
        path.unlink(missing_ok=True)
        return None
    return VehicleTraceWriter(path, result_header(spec), result_layout(spec))


def _bus_numbers(district: District) -> Ints:
    """Bus numbers as users know them; virtual buses count from 1."""
    return district.feeder.bus_number if district.feeder is not None else np.arange(1, district.site.bus_count + 1)
