"""From published tables to pages and figures, and from a finished run to published tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from experiments.publishing import registry
from experiments.publishing.audited import audit_results
from experiments.publishing.experiment import CHEAP_ROW, Block, Experiment
from experiments.publishing.figures import Figure, write_figure
from experiments.publishing.last_figures import BLOCK as LAST_FIGURES
from experiments.publishing.last_figures import last_figures
from experiments.publishing.pages import block_names, pages, rendered
from experiments.publishing.running import Run
from experiments.publishing.tables import DATA, DOCS, PublishedError, Table, read_table, rows_of_file, write_table
from experiments.publishing.values import parsed
from testbed.cli import doc_rows
from testbed.wiring.code_version import code_hash


# ---------------------------------------------------------------- from tables to pages
def page_text(page: Path, docs: Path = DOCS, data: Path = DATA) -> str:
    """A page as its tables say; PublishedError names page and cause."""
    try:
        return rendered(page.read_text(encoding="utf-8"), lambda name: block_text(name, page, docs, data),
                        lambda words: parsed(words).text(data))
    except PublishedError as wrong:
        raise PublishedError(f"{page.name}: {wrong}") from wrong


def block_text(name: str, page: Path, docs: Path = DOCS, data: Path = DATA) -> str:
    """What stands between the marks of a block: table or figure, then a line on where it came from."""
    if name == registry.COMMANDS:
        return registry.commands_table(lambda file: _way(docs / file, page), data)
    if name == LAST_FIGURES:
        return last_figures(docs, data)
    if _is_of_code(name):
        return _code_text(name)
    experiment, block = _named(name)
    tables = tables_of(experiment, block, data)
    if isinstance(block, Figure):
        shown = f"![{block.text}]({_way(docs / block.file, page)})"
    else:
        shown = _table_text(name, block, tables)
    captions = dict.fromkeys(table.record.caption for table in tables)
    return f"{shown}\n\n*{'; '.join(captions)}*"


def _code_text(name: str) -> str:
    blocks = doc_rows.code_blocks()
    if name not in blocks:
        raise PublishedError(f"no block {name}; there are {', '.join(blocks)}")
    return blocks[name]()


def _is_of_code(name: str) -> bool:
    """A block made from the code itself, e.g. `kinds.metrics`, in which no measurement stands."""
    return name.split(".", maxsplit=1)[0] in {block.split(".")[0] for block in doc_rows.code_blocks()}


def _is_listed(name: str) -> bool:
    """A block that lists what there is, not what was measured."""
    return name in (registry.COMMANDS, LAST_FIGURES) or _is_of_code(name)


def _table_text(name: str, block: Block, tables: list[Table]) -> str:
    try:
        return block.render(*(table.rows for table in tables))
    except KeyError as missing:
        there = "; ".join(f"{table.name} has {', '.join(table.rows[0])}" for table in tables)
        raise PublishedError(f"{name}: no column {missing}; {there}") from missing


def _named(name: str) -> tuple[Experiment, Block | Figure]:
    experiment, _, block = name.partition(".")
    owner = registry.experiment(experiment)
    known: dict[str, Block | Figure] = {**owner.blocks, **owner.figures}
    if block not in known:
        raise PublishedError(f"no block {name}; {experiment} has {', '.join(known)}")
    return owner, known[block]


def _way(file: Path, page: Path) -> str:
    """The link that leads from a page to a file."""
    return Path(os.path.relpath(file, page.parent)).as_posix()


def figures_of(page: Path) -> list[tuple[Experiment, Figure]]:
    """The figures that a page shows."""
    blocks = (_named(name) for name in block_names(page.read_text(encoding="utf-8")) if not _is_listed(name))
    return [(experiment, block) for experiment, block in blocks if isinstance(block, Figure)]


def tables_of(experiment: Experiment, block: Block | Figure, data: Path = DATA) -> list[Table]:
    """What a block shows or a figure draws."""
    return [read_table(name, data) for name in experiment.full_names(block.tables)]


def publish_pages(names: list[str], docs: Path = DOCS, data: Path = DATA) -> list[Path]:
    """Render the pages of these names (none: all) and draw their figures; returns the pages."""
    every = pages(docs)
    chosen = [page for page in every if not names or page.stem in names]
    if unknown := set(names) - {page.stem for page in chosen}:
        raise PublishedError(f"no page {', '.join(sorted(unknown))}; there are {', '.join(p.stem for p in every)}")
    for page in chosen:
        text = page_text(page, docs, data)
        for experiment, figure in figures_of(page):
            write_figure(figure, tables_of(experiment, figure, data), docs / figure.file)
        page.write_text(text, encoding="utf-8")
    return chosen


# ---------------------------------------------------------------- from a run to tables
def publish_run(experiment: Experiment, run: Run, data: Path = DATA, is_audited: bool = True) -> None:
    """Run or resume the experiment, then write its tables, the cheap row among them.

    RunsFailed where the audit finds a violation in a result: nothing is written then.
    """
    with run.timed():
        experiment.run(run)
        cheap = experiment.cheap.compute(run.folder / CHEAP_ROW)
        if is_audited:
            audit_results(run)
    about = {"command": f"{experiment.command} --workers {run.workers}", "code": code_hash(),
             "date": f"{datetime.now(UTC):%Y-%m-%d}", "minutes": round(run.seconds / 60, 1), "note": ""}
    for name, source in experiment.tables.items():
        write_table(f"{experiment.name}.{name}", rows_of_file(run.folder / source.file), {
            **about, "scenario": source.scenario, "seeds": source.seeds, "controllers": source.controllers}, data)
    publish_cheap_row(experiment, cheap, about, data)


def publish_cheap_row(experiment: Experiment, cheap: Mapping[str, float], about: Mapping[str, object],
                      data: Path = DATA) -> None:
    """Its figures, a line each."""
    rows = [{"figure": name, "value": repr(value)} for name, value in cheap.items()]
    write_table(f"{experiment.name}.{CHEAP_ROW}", rows, {
        **about, "scenario": experiment.cheap.about, "seeds": "", "controllers": ()}, data)


def moved(experiment: Experiment, now: Mapping[str, float], data: Path = DATA) -> list[str]:
    """Figures of the cheap row that are beyond its tolerance from what is published, a line each."""
    published = {row["figure"]: float(row["value"]) for row in read_table(f"{experiment.name}.{CHEAP_ROW}", data).rows}
    if set(published) != set(now):
        return [f"{experiment.name}: figures are {', '.join(now)}, published are {', '.join(published)}"]
    allowed = experiment.cheap
    return [f"{experiment.name}, {allowed.about}: {name} is {now[name]:.10g}, published {was:.10g}, allowed "
            f"{allowed.relative:g} of it; `{experiment.command}` publishes anew"
            for name, was in published.items()
            if not abs(now[name] - was) <= allowed.relative * abs(was) + allowed.absolute]
