"""What an experiment declares: its page, the one command that runs all of it, tables, figures and a cheap row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from experiments.publishing.figures import Figure
from experiments.publishing.running import Run

COMMAND = "python -m experiments.publishing run"
CHEAP_ROW = "cheap_row"
"""The table of each experiment that holds its cheap row as published."""


@dataclass(frozen=True)
class Source:
    """A table as its run leaves it, and what it is about."""

    file: str
    """Below the run's folder."""
    scenario: str = ""
    seeds: str = ""
    controllers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A table of a page."""

    tables: tuple[str, ...]
    """Of the experiment itself, or EXPERIMENT.TABLE of another."""
    render: Callable[..., str]
    """Markdown from the rows of each table."""


@dataclass(frozen=True)
class CheapRow:
    """A row that takes seconds and goes the experiment's own way: is what is published still what comes out?"""

    about: str
    compute: Callable[[Path], Mapping[str, float]]
    """Figures by name; the folder is for what it writes."""
    relative: float
    """Allowed change of each figure as a share of it: twice the plans' gap where there are any."""
    absolute: float = 1e-9


@dataclass(frozen=True)
class Experiment:
    """One experiment; `name` is its folder below docs/data and the first part of its blocks' names."""

    name: str
    page: str
    """Below docs/."""
    question: str
    run: Callable[[Run], None]
    tables: Mapping[str, Source]
    cheap: CheapRow
    blocks: Mapping[str, Block] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def full_names(self, tables: tuple[str, ...]) -> list[str]:
        """EXPERIMENT.TABLE of each; tables of other experiments are named so already."""
        return [table if "." in table else f"{self.name}.{table}" for table in tables]

    def shows(self, experiment: str) -> bool:
        """Whether a block or figure of this one has a table of that one."""
        tables = (*(block.tables for block in self.blocks.values()),
                  *(figure.tables for figure in self.figures.values()))
        return any(name.partition(".")[0] == experiment for shown in tables for name in self.full_names(shown))

    @property
    def command(self) -> str:
        """Runs or resumes everything, then publishes."""
        return f"{COMMAND} {self.name}"
