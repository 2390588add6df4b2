"""A study in Python: many cases on several processes, resumed where it stopped."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testbed.running.preflight import WrongRequest
from testbed.scripting.run import Run
from testbed.scripting.scenario import Scenario, not_counts, set_in, whole
from testbed.sweeping.case import SchedulerLost
from testbed.sweeping.sweep import FAILED, TABLE, Sweep, run_sweep, sweep_request
from testbed.users.apart import Apart

if TYPE_CHECKING:
    import pandas

LOOK_S = 0.5
GRACE_S = 20.0
"""For a sweep that is stopped to end its workers."""


@dataclass(frozen=True)
class Swept:
    """What a study has in its folder (docs/sweeps.md)."""

    folder: Path

    @property
    def table(self) -> pandas.DataFrame:
        """results.csv: a row per case with its values, status and figures."""
        return _read(self.folder / TABLE)

    @property
    def failed(self) -> pandas.DataFrame:
        """failed.csv: a row per failed case with its cause."""
        return _read(self.folder / FAILED)

    @property
    def runs(self) -> Iterator[Run]:
        """The complete cases in the table's order; one at a time, so that thousands need no memory."""
        for key in self.table.query("status == 'completed'").case:
            yield Run(self.folder / "cases" / f"{key}.h5")

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.table.status.value_counts().items())
        return f"Swept({counts}; {self.folder})"


def sweep(study: str | Path | Mapping[str, Any], *, workers: int | None = None, scheduler: str | None = None,
          output: Path | str | None = None, cases: str | Sequence[str | int] = (), progress: bool = True) -> Swept:
    """Run all cases of a study that are not complete yet, as `testbed sweep` does.

    study: a name, a file, or the keys of a study file as a mapping, where controllers may be objects:
    `{"scenario": "smoke", "controllers": ["uncoordinated", Mine(high=0.1)], "grid": {...}}`; its scenario may be a
    `Scenario`, numbers and lists in it numpy's.
    workers: processes on this machine, one a core unless given; scheduler: a running Dask scheduler instead.
    output: the study's folder, else results/STUDY. cases: keys or places (7, "1-100"), if not all.
    Returns what lies in the folder then, failed cases included. Raises WrongRequest with every mistake, SchedulerLost.

    >>> import testbed as tb
    >>> done = tb.sweep({"name": "two", "scenario": "smoke", "controllers": ["no_pev"], "seeds": [3, 4],
    ...                  "set": {"step_s": 3600}, "metrics": ["charged_mwh"]}, workers=1)
    >>> done.table[["controller", "seed", "status", "charged_mwh"]].to_numpy().tolist()
    [['no_pev', 3, 'completed', 0.0], ['no_pev', 4, 'completed', 0.0]]
    """
    workers, only = whole(workers), (cases,) if isinstance(cases, str) else tuple(map(str, cases))
    if wrong := [] if workers is None else not_counts(workers=workers):
        raise WrongRequest(wrong)
    request = sweep_request(_plain(study), None if output is None else Path(output))
    chosen = request.chosen(only)
    if scheduler is not None and workers is not None:
        raise WrongRequest(["workers: only for workers on this machine, not with scheduler"])
    work = Apart(_swept, request, scheduler, workers, only)
    _carry_out(work, request, [case.key for case in chosen], progress)
    return Swept(request.folder)


def _plain(study: str | Path | Mapping[str, Any]) -> str | Mapping[str, Any]:
    """With the keys that its scenario replaces before those that the study does."""
    if not isinstance(study, Mapping):
        return str(study)
    if not isinstance(given := study.get("scenario"), Scenario):
        return study
    return {**study, "scenario": given.source, "set": {**set_in(given), **study.get("set", {})}}


def _swept(request: Sweep, scheduler: str | None, workers: int | None, cases: Sequence[str]) -> tuple[str, list[str]]:
    """In a process of its own, from which Dask may start workers: what went wrong, as a kind and its lines."""
    try:
        run_sweep(request, scheduler, workers, cases, lambda line: None)
    except WrongRequest as wrong:
        return "wrong", list(wrong.mistakes)
    except SchedulerLost as lost:
        return "lost", [str(lost)]
    return "", []


def _carry_out(work: Apart, request: Sweep, keys: Sequence[str], progress: bool) -> None:
    from testbed.scripting.progress import watch_count  # noqa: PLC0415

    wanted = set(keys)
    display: Any = watch_count("cases") if progress else nullcontext(lambda done, total: None)
    try:
        with display as show:
            while not work.has_ended:
                time.sleep(LOOK_S)
                show(len(wanted & {file.stem for file in (request.folder / "cases").glob("*.json")}), len(keys))
        kind, lines = work.answer()
    except EOFError as error:
        raise RuntimeError(f"the sweep's process ended without a word, exit code {work.process.returncode}; "
                           "what was complete is kept, and the same call goes on") from error
    finally:
        work.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            work.process.wait(GRACE_S)
        work.kill()
    if kind:
        raise WrongRequest(lines) if kind == "wrong" else SchedulerLost(lines[0])


def _read(file: Path) -> pandas.DataFrame:
    import pandas as pd  # noqa: PLC0415 - slow to import

    return pd.read_csv(file, dtype={"case": str})
