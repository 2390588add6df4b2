"""What each fault costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import Column, bold, code, column, cross, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import faults as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SCENARIO, TRIP = study.SCENARIO, "unit_trip"


def run(work: Run) -> None:
    """Every kind of one scenario alone; complete runs are kept."""
    _run(work, [fault for fault in study.FAULTS if fault not in study.ELSEWHERE])


def run_elsewhere(work: Run) -> None:
    """Kinds that need another scenario."""
    _run(work, list(study.ELSEWHERE))


def _run(work: Run, faults: Sequence[str]) -> None:
    # what the audit says is a column, so exit code 1 is no failure
    work.command(study.main, "--workers", str(work.workers), "--faults", ",".join(faults), "-o", str(work.folder),
                 accepts=(0, 1))


def cost(row: Row) -> str:
    """Of society; bold where it is beyond twice the gap of the plans."""
    usd = float(row[study.LEDGERS[0]])
    text = shown(row[study.LEDGERS[0]], "+,.0f")
    return bold(text) if usd and abs(usd) >= float(row[study.NOISE]) else text


def costs(rows: Sequence[Row]) -> str:
    """Society's ledger."""
    return cross(rows, [code("", "fault")], column("", "controller"), cost)


def others(rows: Sequence[Row]) -> str:
    """Owners, operator and energy missing at departures."""
    def three(row: Row) -> str:
        return ", ".join(shown(row[name], "+,.0f") for name in (*study.LEDGERS[1:], "departures_short_kwh"))

    return cross(rows, [code("", "fault")], column("", "controller"), three)


def audit(rows: Sequence[Row]) -> str:
    """Violations, and notes that name the fault."""
    def told(row: Row) -> str:
        unknown = f" ({row['new NaN in']})" if row["new NaN in"] else ""
        return f"{row['violations']}, {row['named']}{unknown}"

    return cross(rows, [code("", "fault")], column("", "controller"), told)


def picture(rows: Sequence[Row]) -> Drawing:
    """A cell per fault and controller."""
    return study.picture(rows)


def lost_phase(rows: Sequence[Row]) -> str:
    """All ledgers, a line for each controller."""
    return listing(rows, [code("", "controller"), Column("society", cost), *(
        column(head, name, "+,.2f") for head, name in (("owners", study.LEDGERS[1]), ("operator", study.LEDGERS[2]))),
        column("kWh missing at departures", "departures_short_kwh", "+,.1f"),
        column("violations", "violations"), column("notes that name it", "named")])


LOST_PHASE, = study.ELSEWHERE
EXPERIMENTS = (Experiment(
    name="faults", page="faults.md", question="What does each fault cost under each controller?", run=run,
    tables={"faults": Source("faults.csv", SCENARIO, "1", study.CONTROLLERS)},
    blocks={"costs": Block(("faults",), costs), "others": Block(("faults",), others),
            "audit": Block(("faults",), audit)},
    figures={"figure": Figure("faults.png", ("faults",), picture,
                              "What each fault costs society in a day, one cell for each fault and controller.")},
    cheap=CheapRow("study_day, seed 1, uncoordinated, U2 trips from 17:00 to 22:00", one_run(
        SCENARIO, "uncoordinated", ("society_cost_usd_adjusted",), f"faults=[{study.FAULTS[TRIP]}]"), relative=1e-3)),
    Experiment(
    name="lost_phase", page="faults.md", question="What does a lost phase of a street cost?", run=run_elsewhere,
    tables={"faults": Source("faults.csv", study.ELSEWHERE[LOST_PHASE], "1", study.CONTROLLERS)},
    blocks={"costs": Block(("faults",), lost_phase)},
    cheap=CheapRow("street_day, seed 1, uncoordinated, phase 1 lost from 17:00 to 22:00", one_run(
        study.ELSEWHERE[LOST_PHASE], "uncoordinated", ("departures_short_kwh",),
        f"faults=[{study.FAULTS[LOST_PHASE]}]"), relative=1e-3)))
