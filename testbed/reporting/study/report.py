"""One self-contained HTML page about a study, and its tables beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from testbed.metrics.numbers import readable
from testbed.metrics.registry import METRICS
from testbed.metrics.titles import title
from testbed.metrics.verdict import PAYERS
from testbed.reporting.charts import Chart, controller_colour
from testbed.reporting.page import bullet_list, details, figure, page, swatch, table, warning
from testbed.reporting.study.cases import Point, StudyCases, in_words, study_cases
from testbed.reporting.study.effects import Best, difference_at, mean_at
from testbed.reporting.study.figure import charts_of, whole_charts
from testbed.reporting.study.tables import write_tables
from testbed.reporting.study.verdict import Bests, bests, notes, sentences
from testbed.reporting.study.words import point_text, with_unit
from testbed.wiring.whole_files import write_whole

MOST_METRICS, MOST_ROWS = 12, 200
CAVEATS = (
    "Every difference is between cases of the same seed at the same point; its interval (Student, 95 %) is over seeds "
    "and says nothing of inputs that were not varied.",
    "Differences of cost below twice the gap of the unit commitment are marked as not resolved.",
    "Shares of variance hold for the values that were chosen, taken as equally likely; another range gives others.",
    "Energy left in batteries is valued at what refilling costs. Costs compare only where cars were served alike: see "
    "what is missing at departures.",
)


def write_study_report(folder: Path, output: Path) -> list[Path]:
    """Write the page, and `NAME-summary` as CSV, LaTeX and Parquet beside it; returns all files.

    WrongRequest where the folder is no study with a complete case.
    """
    study = study_cases(folder)
    shown = shown_metrics(study)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, _page(study, shown).encode())
    return [output, *write_tables(study, shown, output)]


def shown_metrics(study: StudyCases) -> list[str]:
    """What society, owners and the operator pay, then figures of the study's table that vary, twelve in all."""
    return list(dict.fromkeys([*PAYERS.values(), *(name for name in study.metrics if _varies(study, name))]))[
        :MOST_METRICS]


def _varies(study: StudyCases, metric: str) -> bool:
    return len({case.figures.get(metric) for case in study.completed} - {None}) > 1


def _page(study: StudyCases, shown: Sequence[str]) -> str:
    best = bests(study)
    drawn = {metric: charts_of(study, metric) for metric in shown} | {"whole": whole_charts(study)}
    placed = {f"{name}-{i}": chart for name, members in drawn.items() for i, chart in enumerate(members)}
    sections = [
        ("points", "Who pays least where", _points(study, best)),
        *((metric, title(metric).capitalize(), _metric(study, metric, drawn[metric])) for metric in shown),
        ("whole", "What can be had at once", _figures("whole", drawn["whole"])),
        ("run", "What was run", _what_was_run(study, shown)),
        ("caveats", "How to read this", bullet_list(CAVEATS)),
    ]
    told = "".join(f'<p class="told">{escape(sentence)}</p>' for sentence in sentences(study, best))
    first = f"<h2>The verdict</h2>{told}{''.join(map(warning, notes(study)))}{_key(study)}"
    return page(f"Study {study.name}", first, [section for section in sections if section[2]], placed)


def _key(study: StudyCases) -> str:
    """What was varied, and the colours."""
    names = " ".join(_swatch(study, name) for name in study.controllers)
    varied = ", ".join(f"{key} ({len(study.values(place))} values)" for place, key in enumerate(study.axes))
    return (f'<p class="small">{escape(study.description)} Varied: {escape(varied or "nothing")}; {len(study.seeds)} '
            f"seeds, {len(study.cases)} cases. {names}</p>")


def _swatch(study: StudyCases, controller: str) -> str:
    return swatch(controller, controller_colour(study.controllers.index(controller)))


def _figures(name: str, charts: Sequence[Chart]) -> str:
    return "".join(figure(chart, f"{name}-{i}") for i, chart in enumerate(charts))


# ---------------------------------------------------------------- tables
def _points(study: StudyCases, best: Bests) -> str:
    by_point = {payer: {told.point: told for told in members} for payer, members in best.items()}
    rows = [(*_values(study, point), *(_best(study, by_point[payer].get(point)) for payer in PAYERS))
            for point in study.points[:MOST_ROWS]]
    left = len(study.points) - MOST_ROWS
    more = f'<p class="small">{left} more points are in the summary table beside this page.</p>' if left > 0 else ""
    first = len(_axes(study))
    return table((*_axes(study), *(f"cheapest for {escape(payer)}" for payer in PAYERS)), rows,
                 text_columns=range(first, first + len(PAYERS))) + more


def _axes(study: StudyCases) -> tuple[str, ...]:
    """Heads of the columns that tell a point; the key's whole name on hover."""
    return tuple(f'<span title="{escape(key)}">{escape(key.rpartition(".")[2])}</span>' for key in study.axes) or ("",)


def _values(study: StudyCases, point: Point) -> tuple[str, ...]:
    return tuple(escape(in_words(value)) for value in point) or (point_text((), ()),)


def _best(study: StudyCases, told: Best | None) -> str:
    if told is None:
        return "no case"
    if not told.next:
        return _swatch(study, told.controller)
    doubt = "" if told.is_resolved else f", {told.saving.note or 'not resolved'}"
    interval = f" ± {readable(told.saving.ci95, 2)}" if told.saving.seeds > 1 else ""
    return (f'{_swatch(study, told.controller)}<span class="diff">{readable(told.saving.mean, 4)}{interval} $ less '
            f"than {escape(told.next)}{escape(doubt)}</span>")


def _metric(study: StudyCases, metric: str, charts: Sequence[Chart]) -> str:
    """Figures, and the table of means behind them; a constant figure is said in a sentence."""
    if not _varies(study, metric):
        return f"<p>{escape(with_unit(metric))} is the same in all cases, or does not apply.</p>"
    head = (*_axes(study), *(_swatch(study, name) for name in study.controllers))
    rows = [(*_values(study, point), *(_cell(study, metric, name, point) for name in study.controllers))
            for point in study.points[:MOST_ROWS]]
    defined = f'<p class="small"><code>{metric}</code>: {escape(METRICS[metric].definition)}</p>'
    return defined + _figures(metric, charts) + details("The numbers", table(head, rows))


def _cell(study: StudyCases, metric: str, controller: str, point: Point) -> str:
    own = mean_at(study, metric, controller, [point])
    if not own.seeds:
        return "no case"
    interval = f" ± {readable(own.ci95, 2)}" if own.seeds > 1 else ""
    less = difference_at(study, metric, (controller, study.base), [point])
    if controller == study.base or not less.seeds:
        return f"{readable(own.mean, 6)}{interval}"
    between = f" ± {readable(less.ci95, 2)}" if less.seeds > 1 else ""
    note = f"<br>{escape(less.note)}" if less.note else ""
    return (f'{readable(own.mean, 6)}{interval}<span class="diff">{readable(less.mean, 4, "+")}{between}{note}</span>')


def _what_was_run(study: StudyCases, shown: Sequence[str]) -> str:
    counts = ", ".join(f"{sum(case.status == status for case in study.cases)} {status}"
                       for status in ("completed", "failed", "open"))
    failed = [(escape(case.key), _swatch(study, case.controller), str(case.seed),
               escape(point_text(study.axes, case.point)), escape(case.cause))
              for case in study.cases if case.status == "failed"]
    left = [name for name in study.metrics if name not in shown and _varies(study, name)]
    text = f"<p>{len(study.cases)} cases: {counts}. Differences are from {escape(study.base)}.</p>"
    if left:
        text += (f"<p>This page shows {len(shown)} figures; {len(left)} more that vary are in results.csv: "
                 f"{escape(', '.join(left[:MOST_METRICS]))}{', ...' if len(left) > MOST_METRICS else ''}.</p>")
    if failed:
        text += "<h3>Cases that failed</h3>" + table(("case", "controller", "seed", "point", "cause"),
                                                     failed[:MOST_ROWS], text_columns=(1, 3, 4))
    return text
