"""Results of an experiment before the audit: with a violation among them, nothing is published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import audit
from experiments.publishing.running import RowCache, Run
from experiments.runs import RunsFailed, say
from testbed.auditing.of_runs import audited_in_passing
from testbed.results.layout import ResultError
from testbed.results.reading import open_result
from testbed.sweeping.case import VIOLATIONS, case_record, checksum

VERDICTS = "audited.jsonl"


@cache
def audit_hash() -> str:
    """Of the audit's own sources."""
    digest = hashlib.sha256()
    for file in sorted(Path(audit.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def audit_results(run: Run) -> int:
    """How many results were held against the audit's rules; RunsFailed has a line for each violation.

    A file is audited once: verdicts are kept beside it, and a sweep's cases bring those of their workers.
    """
    kept, lines, count = RowCache(run.folder / VERDICTS), list[str](), 0
    for path in results_below(run.folder):
        told = case_record(path.parent.parent, path.stem).get(VIOLATIONS) if path.parent.name == "cases" else None
        if told is None:
            told = kept.row(_settings(path), partial(_violations, path))
        lines += [f"audit: {path.relative_to(run.folder)}: {line}" for line in told]
        count += 1
    if lines:
        raise RunsFailed("\n".join([*lines, "nothing is published (--no-audit publishes it all the same)"]))
    say(f"audit: {count} results without a violation")
    return count


def keep_verdict(folder: Path, path: Path, violations: list[str]) -> None:
    """Of a result that was audited already, by all rules."""
    RowCache(folder / VERDICTS).row(_settings(path), lambda: violations)


def _settings(path: Path) -> dict[str, str]:
    return {"file": checksum(path), "audit": audit_hash()}


def results_below(folder: Path) -> Iterator[Path]:
    """Files of completed runs; what is no result or did not end is none."""
    for path in sorted(folder.rglob("*.h5")):
        try:
            if open_result(path).status == "completed":
                yield path
        except ResultError:  # traces, hours of an experiment, remains
            continue


def _violations(path: Path) -> list[str]:
    run, = audited_in_passing([path])
    return list(run.violations)
