"""The paper's claims one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.claims import paper_claims as study
from experiments.claims import voltage_tables as voltage
from experiments.claims.voltage import least_support
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from models.network.power_flow import ac_engine
from models.network.sources.ieee33 import ieee33

TABLES = {"verdicts": "verdicts.csv", "grid": "hours_grid.csv", "wear": "hours_wear.csv", "fleets": "hours_fleets.csv",
          "compliance": "hours_compliance.csv", "voltage": "voltage.csv", "reactive": "reactive.csv",
          "objectives": "objectives.csv", "fronts": "fronts.csv"}


def run(work: Run) -> None:
    """All parts; plans and runs are kept as they come."""
    work.command(study.main, "--workers", str(work.workers), "-o", str(work.folder))


def as_it_is(rows: Sequence[Row]) -> str:
    """Every column of the file."""
    return listing(rows, [column(name.strip(), name) for name in rows[0]])


def cheap(_: Path) -> Mapping[str, float]:
    """Active power that lifts the lowest voltage in the hour of greatest need."""
    feeder = ieee33(peak_scale=voltage.PEAK_SCALE)
    shape = voltage.load_shape().max(keepdims=True)[:, None]
    need = least_support(feeder, ac_engine(feeder).power_flow, shape * feeder.p_base_kw, shape * feeder.q_base_kvar,
                         voltage.WANTED_PU, "active")
    return {"active_kva": float(need.kva[0]), "vm_min_before_pu": float(need.vm_min_before_pu[0])}


EXPERIMENTS = (Experiment(
    name="paper_claims", page="experiments/paper_claims.md", question="Which of the paper's claims hold?",
    minutes="20", run=run,
    tables={name: Source(file, "claims_day, paper_day, windy_day, placement_day", "1; 1-2 on the feeder",
                         ("no_pev", "uncoordinated", "smart_charging", "temporal")) for name, file in TABLES.items()},
    blocks={name: Block((name,), as_it_is) for name in TABLES},
    cheap=CheapRow("IEEE 33-bus in its hour of highest load", cheap, relative=1e-3)),)
