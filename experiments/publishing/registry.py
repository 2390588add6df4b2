"""All experiments: every file below `experiments/published` declares some as EXPERIMENTS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from experiments.publishing.experiment import Experiment
from experiments.publishing.tables import DATA, PublishedError, has_table, read_table
from testbed.cli.doc_rows import markdown

PACKAGE = "experiments.published"
FOLDER = Path(__file__).parents[1] / "published"
COMMANDS = "publishing.commands"
"""The block that lists them."""


@cache
def experiments() -> dict[str, Experiment]:
    """By name."""
    modules = (info.name for info in walk_packages([str(FOLDER)], f"{PACKAGE}.") if not info.ispkg)
    declared = [experiment for module in sorted(modules, key=lambda name: name.rpartition(".")[2])
                for experiment in import_module(module).EXPERIMENTS]
    return {experiment.name: experiment for experiment in declared}


def experiment(name: str) -> Experiment:
    """PublishedError lists those there are."""
    if name not in experiments():
        raise PublishedError(f"no experiment {name!r}; there are {', '.join(experiments())}")
    return experiments()[name]


def showing(name: str) -> list[str]:
    """Names of the experiments with a block or figure that shows a table of this one, itself among them."""
    return [study.name for study in experiments().values() if study.name == name or study.shows(name)]


def commands_table(way: Callable[[str], str] = str, data: Path = DATA) -> str:
    """Question, page, command and minutes of each, as Markdown; `way` makes the link to a page below docs/."""
    body = [[study.question, f"[{study.name}]({way(study.page)})", f"`{study.command}`", measured_minutes(study, data)]
            for study in experiments().values()]
    return markdown(["question", "page", "command", "minutes it took"], body)


def measured_minutes(study: Experiment, data: Path = DATA) -> str:
    """As the records of its tables say, from the least to the most; of which seeds, where it would now run others."""
    names = {table: f"{study.name}.{table}" for table in study.tables}
    records = {table: read_table(name, data).record for table, name in names.items() if has_table(name, data)}
    told = sorted({record.minutes for record in records.values() if record.minutes is not None})
    words = list(dict.fromkeys(f"{minutes:.0f}" if minutes >= 1 else "under 1" for minutes in told))
    others = dict.fromkeys(record.seeds for table, record in records.items()
                           if record.seeds != study.tables[table].seeds)
    seeds = f", seeds {'; '.join(others)}" if any(others) else ""
    return " to ".join(dict.fromkeys((words[0], words[-1]))) + seeds if words else "not measured"
