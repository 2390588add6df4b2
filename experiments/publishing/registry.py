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
    found = [one for module in sorted(info.name for info in iter_modules([str(FOLDER)]))
             for one in import_module(f"{PACKAGE}.{module}").EXPERIMENTS]
    return {one.name: one for one in found}


def experiment(name: str) -> Experiment:
    """PublishedError lists those there are."""
    if name not in experiments():
        raise PublishedError(f"no experiment {name!r}; there are {', '.join(experiments())}")
    return experiments()[name]


def commands_table(way: Callable[[str], str] = str) -> str:
    """Question, page and command of each, as Markdown; `way` makes the link to a page below docs/."""
    body = [[one.question, f"[{one.name}]({way(one.page)})", f"`{one.command}`", one.minutes]
            for one in experiments().values()]
    return markdown(["question", "page", "command", "minutes, about"], body)
