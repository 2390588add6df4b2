"""All experiments: every file of `experiments/published` declares some as EXPERIMENTS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

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
    declared = [experiment for module in sorted(info.name for info in iter_modules([str(FOLDER)]))
                for experiment in import_module(f"{PACKAGE}.{module}").EXPERIMENTS]
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
