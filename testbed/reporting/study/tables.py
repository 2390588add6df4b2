"""A study's figures as tables for papers and programs: a row per point, controller and figure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.metrics.numbers import readable
from testbed.metrics.registry import METRICS
from testbed.metrics.titles import title
from testbed.reporting.study.cases import Point, StudyCases, in_words
from testbed.reporting.study.effects import Estimate, difference_at, mean_at
from testbed.wiring.whole_files import whole_file, write_whole

if TYPE_CHECKING:
    import pandas

COLUMNS = ("controller", "metric", "unit", "mean", "ci95", "seeds", "base", "difference_mean", "difference_ci95",
           "note")
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
           **{sign: f"\\{sign}" for sign in "&%$#_{}"}}
MOST_COLUMNS = 4
"""Figures in a table of LaTeX; all are in the others."""


def summary(study: StudyCases, metrics: Sequence[str]) -> pandas.DataFrame:
    """Long: the values on the axes, then COLUMNS; difference and note from `base` on the same seeds."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    return pd.DataFrame(list(_rows(study, metrics)), columns=[*study.axes, *COLUMNS])


def _rows(study: StudyCases, metrics: Sequence[str]) -> Iterator[tuple[object, ...]]:
    for point in study.points:
        for name in study.controllers:
            for metric in metrics:
                own = mean_at(study, metric, name, [point])
                less = difference_at(study, metric, (name, study.base), [point])
                yield (*map(_plain, point), name, metric, METRICS[metric].unit, own.mean, own.ci95, own.seeds,
                       study.base, less.mean, less.ci95, less.note)


def _plain(text: str) -> object:
    """A number, text or flag as it is; what is more than that as JSON."""
    value = json.loads(text)
    return value if isinstance(value, (bool, int, float, str)) else text


def write_tables(study: StudyCases, metrics: Sequence[str], beside: Path) -> list[Path]:
    """`NAME-summary.csv`, `.tex`, and `.parquet` where pyarrow is installed; returns what was written."""
    from importlib.util import find_spec  # noqa: PLC0415

    frame = summary(study, metrics)
    files = [beside.with_name(f"{beside.stem}-summary{suffix}") for suffix in (".csv", ".tex", ".parquet")]
    with whole_file(files[0]) as partial:
        frame.to_csv(partial, index=False)
    write_whole(files[1], latex(study, metrics[:MOST_COLUMNS]).encode())
    if find_spec("pyarrow") is None:
        return files[:2]
    with whole_file(files[2]) as partial:
        _one_type_a_column(frame, study).to_parquet(partial, index=False)
    return files


def _one_type_a_column(frame: pandas.DataFrame, study: StudyCases) -> pandas.DataFrame:
    """Parquet wants one type in a column: an axis that mixes them becomes text."""
    return frame.astype({axis: str for axis in study.axes if len({type(value) for value in frame[axis]}) > 1})


# ---------------------------------------------------------------- LaTeX
def latex(study: StudyCases, metrics: Sequence[str]) -> str:
    """A longtable with the rules of booktabs: means with the half width of their 95 % interval."""
    axes = [axis for axis in range(len(study.axes)) if len(study.values(axis)) > 1]
    head = [*(escaped(study.axes[axis]) for axis in axes), "controller",
            *(f"{escaped(title(name))} [{escaped(METRICS[name].unit)}]" for name in metrics)]
    lines = [" & ".join((*(escaped(in_words(point[axis])) for axis in axes), escaped(name),
                         *(_cell(study, metric, name, point) for metric in metrics))) + r" \\"
             for point in study.points for name in study.controllers]
    columns = "l" * (len(axes) + 1) + "r" * len(metrics)
    return "\n".join([f"% {study.name}: mean over seeds, half width of its 95 % interval; needs longtable, booktabs",
                      rf"\begin{{longtable}}{{{columns}}}", r"\toprule", " & ".join(head) + r" \\", r"\midrule",
                      r"\endhead", *lines, r"\bottomrule", r"\end{longtable}", ""])


def _cell(study: StudyCases, metric: str, controller: str, point: Point) -> str:
    told: Estimate = mean_at(study, metric, controller, [point])
    if not told.seeds:
        return "--"
    half = rf" $\pm$ {_number(told.ci95, 2)}" if told.seeds > 1 else ""
    return _number(told.mean, 6) + half


def _number(value: float, digits: int) -> str:
    """With thin spaces between thousands, and a minus that is none of a hyphen."""
    text = readable(value, digits).replace(",", r"\,")
    return f"$-${text[1:]}" if text.startswith("-") else text


def escaped(text: str) -> str:
    """As LaTeX prints it."""
    return re.sub(r"[\\~^&%$#_{}]", lambda sign: SPECIAL[sign[0]], text)
