"""One self-contained HTML page about one or several runs of a scenario: for a phone, a desk and for print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from models.records.groups import THREE_CLASSES
from testbed.auditing.of_runs import AuditedRun, summary
from testbed.metrics.comparability import objective_text
from testbed.metrics.inputs import networks
from testbed.metrics.of_runs import check_comparable, compare_table, compute_metrics, definition
from testbed.metrics.published.ledgers import LEDGERS
from testbed.metrics.registry import METRICS
from testbed.reporting.charts import Chart, controller_colour, controller_dash
from testbed.reporting.drawn_runs import Run
from testbed.reporting.faults import faults_section, marked
from testbed.reporting.feeder_view import feeder_views
from testbed.reporting.figure import charts
from testbed.reporting.first_screen import figure_name, first_screen
from testbed.reporting.ledgers import Rows, cell, compared_text, ledgers_section
from testbed.reporting.owners import owners_section
from testbed.reporting.page import bullet_list, details, figure, number, page, swatch, table, warning
from testbed.reporting.tables import violations_by_controller
from testbed.results.layout import ResultError
from testbed.results.reading import Result, open_result
from testbed.results.run_profile import profile_rows
from testbed.wiring.whole_files import write_whole

HEADLINE = (
    *LEDGERS, "steadiness_percent",
    "total_cost_usd_adjusted", "objective_usd_adjusted", "total_cost_usd", "operating_cost_usd", "carbon_t",
    "wear_cost_usd", "owners_net_cost_usd", "imbalance_cost_usd", "curtailed_mwh", "hours_fewer_units",
    "unit_hours", "equivalent_load_peak_mw", "equivalent_load_valley_mw", "equivalent_load_std_mw",
    "carbon_average_t_per_mwh", "carbon_marginal_charging_t_per_mwh",
    "feeder_losses_kwh", "vm_min_pu", "voltage_violation_bus_h", "line_loading_max_percent", "charged_mwh",
    "discharged_mwh", "fast_charged_mwh", "stored_energy_change_mwh", "compliance_realised",
    "departures_short_kwh", "not_delivered_share", "redispatch_failures", "spatial_fallbacks",
)
COLUMNS = (("SOCP", "socp"), ("AC of the SOCP's powers, forecast load", "plan_ac"),
           ("AC of the set-points, actual load", "setpoint"), ("AC of what happened", ""))
OBJECTIVES = (
    ("F1 operating", "planned_operating_cost_usd", "operating_cost_usd"),
    ("F2 owners", "planned_owners_net_cost_usd", "owners_net_cost_usd"),
    ("F3 curtailment", "planned_curtailment_penalty_usd", "curtailment_penalty_usd"),
    ("F4 carbon", "planned_carbon_cost_usd", "carbon_cost_usd"),
)
TRANSFORMERS = (
    ("life used, most [h]", "transformer_life_max_h"), ("life used, all [h]", "transformer_life_sum_h"),
    ("hottest winding [°C]", "transformer_hot_spot_max_celsius"), ("own losses [kWh]", "transformer_losses_kwh"),
)
CAVEATS = (
    "The feeder model is balanced (one phase stands for three).",
    "Differences of cost below twice the gap of the unit commitment are marked as not resolved.",
    "Raw costs flatter a controller that drains batteries: compare adjusted twins, which value stored energy at what "
    "refilling costs in the run's own charging steps at the lowest tariff. They are no substitute for a steady day.",
    "Energy fast-charged on the way is paid by owners and bought outside, served by no thermal unit of this system: it "
    "is in society's ledger at its price, and not in total_cost_usd or objective_usd.",
    "Costs compare only where cars were served alike: see what is missing at departures and fast-charged on the way.",
    "feeder_loss_cost_usd is part of the fuel already and is added to nothing.",
    "Figures show the first seed of each controller; tables take all seeds, differences are paired seed by seed.",
)


def write_report(paths: Sequence[Path], output: Path, audits: Sequence[AuditedRun] = ()) -> None:
    """Write the page about these result files; ResultError if they are not runs of one scenario or have no step.

    audits: what the audit says of them, if it was asked.
    """
    results = [open_result(path) for path in paths]
    if not results:
        raise ResultError("a report needs at least one result")
    check_comparable(results)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, _page(results, audits).encode())


def _page(results: Sequence[Result], audits: Sequence[AuditedRun]) -> str:
    runs = shown_runs(results)
    compared = [r for r in results if r.status == "completed"]
    rows = _compared(compared)
    faults = results[0].faults
    drawn = {section: [marked(chart, faults) for chart in members]
             for section, members in (charts(runs) if runs else {}).items()}
    placed = {f"{section}-{i}": chart for section, members in drawn.items() for i, chart in enumerate(members)}
    sections = [
        ("ledgers", "Who pays", ledgers_section(compared, rows, lambda controller: _swatched(controller, runs))),
        ("headline", "Controllers", _headline(compared, rows, runs, audits)),
        ("load", "Equivalent load", _figures(drawn, "load")),
        ("commitment", "Unit commitment", _figures(drawn, "commitment")),
        ("cars", "Charging and discharging", _figures(drawn, "cars")),
        ("feeder", "The feeder over time", feeder_views(runs)),
        ("voltage", "Voltages", _figures(drawn, "voltage")),
        ("columns", "Optimised, instructed, happened", _four_columns(runs)),
        ("losses", "Feeder losses", _figures(drawn, "losses")),
        ("costs", "Costs", _figures(drawn, "costs") + _planned_and_happened(runs)),
        ("owners", "What owners pay and earn", owners_section(compared)),
        ("refusals", "Refusals", _figures(drawn, "refusals")),
        ("prices", "Prices", _figures(drawn, "prices")),
        ("faults", "What failed", faults_section(faults)),
        ("run", "What was run", _what_was_run(results, runs, audits)),
        ("caveats", "How to read this", bullet_list(CAVEATS)),
    ]
    title = f"{results[0].scenario_name}: {', '.join(dict.fromkeys(r.controller for r in results))}"
    first = first_screen(results, rows, runs) + _of_audit(audits)
    return page(title, first, [s for s in sections if s[2]], placed)


def shown_runs(results: Sequence[Result]) -> list[Run]:
    """One run per controller for the figures: its first completed one, else its first with a step."""
    chosen: dict[str, Result] = {}
    for result in sorted(results, key=lambda r: r.status != "completed"):
        if result.steps_written:
            chosen.setdefault(result.controller, result)
    order = [c for c in dict.fromkeys(r.controller for r in results) if c in chosen]
    return [Run(_name(chosen[c]), controller_colour(i), controller_dash(i), chosen[c]) for i, c in enumerate(order)]


def _name(result: Result) -> str:
    return result.controller if result.status == "completed" else f"{result.controller} ({result.status})"


def _figures(drawn: dict[str, list[Chart]], section: str) -> str:
    return "".join(figure(chart, f"{section}-{i}") for i, chart in enumerate(drawn.get(section, [])))


# ---------------------------------------------------------------- what was run
def _what_was_run(results: Sequence[Result], runs: Sequence[Run], audits: Sequence[AuditedRun]) -> str:
    first = results[0]
    scenario = first.scenario
    text = (f"<p>{escape(str(scenario.get('description', '')))}</p><p>Scenario <b>{escape(first.scenario_name)}</b>, "
            f"{first.steps_total} steps of {first.step_s} s, counted after {_days(first.warmup_controlled_days)} under "
            f"control, {_cars(scenario)}.</p>")
    head = ("controller", "seed", "status", "steps", "wall time [s]", "solvers [s]", "file")
    rows = [(_swatched(r.controller, runs), str(r.seed), escape(r.status), f"{r.steps_written} of {r.steps_total}",
             number(float(r.run.get("wall_s", np.nan)), 3), number(float(r.run.get("solver_s", np.nan)), 3),
             escape(r.path.name)) for r in results]
    text += table(head, rows, text_columns=(2, 6))
    text += "".join(warning(_failure(r)) for r in results if r.status != "completed")
    text += _profile(results)
    if first.input_notes:
        text += details("Notes on the tables that were read", "<br>".join(map(escape, first.input_notes)))
    text += details("Versions", table(("program", "version"), _versions(first), text_columns=(1,)))
    return text + details("The resolved scenario", f"<pre>{escape(first.scenario_yaml)}</pre>")


def _of_audit(audits: Sequence[AuditedRun]) -> str:
    """Violations, and how many runs have none."""
    told = f'<p class="small">{escape(summary(audits).capitalize())}.</p>' if audits else ""
    return "".join(warning(line) for run in audits for line in run.lines) + told


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def _profile(results: Sequence[Result]) -> str:
    """Where the seconds of each run went."""
    rows = {f"{r.controller}, seed {r.seed}": dict(profile_rows(r)) for r in results}
    known = {name: parts for name, parts in rows.items() if parts}
    if not known:
        return ""
    parts = next(iter(known.values()))
    lines = [(escape(part), *(number(profile[part]) for profile in known.values())) for part in parts]
    return details("Seconds of the runs", table(("part", *map(escape, known)), lines))


def cars_of(district: dict[str, Any]) -> int:
    """As the scenario counts them."""
    return int(sum(district[name] for name in THREE_CLASSES.class_names) + sum(district.get("cars", {}).values()))


def _cars(scenario: dict[str, Any]) -> str:
    parts = [f"{cars_of(d):,} cars in {d['name']} ({d['feeder'] or 'no network'})"
             for d in scenario["districts"]]
    return escape("; ".join(parts))


def _swatched(controller: str, runs: Sequence[Run]) -> str:
    colours = {run.result.controller: run.colour for run in runs}
    return swatch(controller, colours.get(controller, "#ffffff"))


def _failure(result: Result) -> str:
    return f"{result.controller}, seed {result.seed}: {result.ending}. It is left out of the comparison."


def _versions(result: Result) -> list[tuple[str, str]]:
    texts = {k: v for k, v in result.run.items() if isinstance(v, str) and k != "input_notes"}
    flat = texts | result.run.get("versions", {})
    return [(escape(name), escape(str(value))) for name, value in flat.items()]


# ---------------------------------------------------------------- tables
def _compared(compared: Sequence[Result]) -> Rows:
    return {(row.metric, row.controller): row for row in compare_table(compared)}


def _headline(compared: Sequence[Result], rows: Rows, runs: Sequence[Run], audits: Sequence[AuditedRun]) -> str:
    if not compared:
        values = table(("figure", *(swatch(r.name, r.colour) for r in runs)),
                       [_plain_row(name, runs) for name in HEADLINE])
        return warning("No run completed: these figures cover what was written and compare nothing.") + values
    controllers = list(dict.fromkeys(controller for _, controller in rows))
    head = ("figure", *(_swatched(c, runs) for c in controllers))

    def lines(names: Sequence[str]) -> list[tuple[str, ...]]:
        return [(figure_name(name), *(cell(rows[name, c]) for c in controllers)) for name in names]

    broken = violations_by_controller(compared, audits)
    audited = [("violations of the audit's rules", *(str(broken.get(c, "-")) for c in controllers))] if broken else []
    first = next(iter(rows.values()))
    seeds = max(row.seeds for row in rows.values())
    told = (f'<p class="small">Mean of {seeds} {"seed" if seeds == 1 else "seeds"}, differences with their 95 % '
            f"interval where there are several. {escape(compared_text(first.base, controllers))} The objective: "
            f"{escape(objective_text(compared[0]))}.</p>")
    defined = [(escape(name), escape(m.unit), f'<span class="text">{escape(definition(m, compared[0]))}</span>')
               for name, m in METRICS.items()]
    return (told + table(head, [*lines(HEADLINE), *audited]) + details("All figures", table(head, lines(list(METRICS))))
            + details("Definitions", table(("figure", "unit", "definition"), defined, text_columns=(1, 2))))


def _plain_row(name: str, runs: Sequence[Run]) -> tuple[str, ...]:
    return (figure_name(name), *(number(METRICS[name].function(run.result)) for run in runs))


def _planned_and_happened(runs: Sequence[Run]) -> str:
    """The four objectives apart, ex ante and ex post."""
    planned = [run for run in runs if run.result.plan_count]
    if not planned:
        return ""
    counted = planned[0].result.scenario["objective"]["tariff_in_objective"]
    head = ("controller", *(f"{name}, {when}" for name, _, _ in OBJECTIVES for when in ("planned", "happened")))
    rows = [(swatch(run.name, run.colour), *(number(values[name]) for _, *pair in OBJECTIVES for name in pair))
            for run, values in ((run, compute_metrics(run.result)) for run in planned)]
    accounting = "count tariff payments" if counted else "take tariff payments as a transfer and do not count them"
    told = ("Unweighted, carried-out hours. Planned figures of owners hold the cars under control alone. Plans and "
            f"objective_usd {accounting} (tariff_in_objective: {str(counted).lower()}).")
    return f"<h3>The four objectives, planned and happened [USD]</h3><p>{told}</p>{table(head, rows)}"


def _four_columns(runs: Sequence[Run]) -> str:
    if not runs or not networks(runs[0].result):
        return ""
    head = ("controller", *(escape(name) for name, _ in COLUMNS))
    figures = [(run, compute_metrics(run.result)) for run in runs]

    def rows(kind: str, unit: str) -> list[tuple[str, ...]]:
        names = [f"{kind}_{key}_{unit}" if key else f"{kind}_{unit}" for _, key in COLUMNS]
        return [(swatch(run.name, run.colour), *(number(values[name]) for name in names)) for run, values in figures]

    return ("<p>From left to right: relaxation error, then forecast and rounding error, then the drivers' behaviour. "
            "A dash: some step has no such value (no optimisation, or its fallback).</p>"
            f"<h3>Losses of all feeders [kWh]</h3>{table(head, rows('feeder_losses', 'kwh'))}"
            f"<h3>Lowest voltage [pu]</h3>{table(head, rows('vm_min', 'pu'))}"
            + _transformers(figures))


def _transformers(figures: Sequence[tuple[Run, Mapping[str, float]]]) -> str:
    """A line per controller on the MV/LV transformers; empty for files that hold nothing of them."""
    if not any(np.isfinite(values[TRANSFORMERS[0][1]]) for _, values in figures):
        return ""
    head = ("controller", *(name for name, _ in TRANSFORMERS))
    rows = [(swatch(run.name, run.colour), *(number(values[key]) for _, key in TRANSFORMERS))
            for run, values in figures]
    return ("<h3>MV/LV transformers</h3><p>Life by IEC 60076-7; a transformer at 98 &deg;C uses an hour an hour. Their "
            f"own losses are in no cost: the system's load already holds normal ones.</p>{table(head, rows)}")
