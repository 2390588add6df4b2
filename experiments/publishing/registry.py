"""All experiments: every file below `experiments/published` declares some as EXPERIMENTS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from experiments.publishing.experiment import Experiment
from experiments.publishing.tables import PublishedError
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


def commands_table(way: Callable[[str], str] = str) -> str:
    """Question, page and command of each, as Markdown; `way` makes the link to a page below docs/."""
    body = [[study.question, f"[{study.name}]({way(study.page)})", f"`{study.command}`", study.minutes]
            for study in experiments().values()]
    return markdown(["question", "page", "command", "minutes, about"], body)
