"""What the last campaigns found, of every kind in one table: read from where each is published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from experiments.publishing.tables import DATA, DOCS, ROOT, PublishedError, read_table
from testbed.cli.doc_rows import markdown

BLOCK = "publishing.last_figures"
FUZZ = re.compile(r"^all +([\d,]+) +[\d,]+ +[\d,]+ +([\d,]+) +([\d,]+)$", re.MULTILINE)
KILLS = re.compile(r"<!-- kills -->\n.*?<!-- end of kills -->", re.DOTALL)
KILLED = re.compile(r"^\w[\w ]*? {2,}(\d+) +\d+ +(\d+) {2,}", re.MULTILINE)
"""A row of it: how many, and after how many all was as it should be."""
PLANTED = re.compile(r"<!-- mutation -->\n\n([^\n]+)")
CASES = re.compile(r"^(\d+) cases with known right answers, (\d+) of which", re.MULTILINE)
RIGHT = re.compile(r"^\| testbed \| (\d+) \| (\d+) \|", re.MULTILINE)
RELEASES = "tests/acceptance/releases"
RELEASE = version("v2g-testbed")


def last_figures(docs: Path = DOCS, data: Path = DATA) -> str:
    """Inputs, kills, planted faults, faults of runs and cases, as Markdown; PublishedError for a page without them."""
    page, audit = (docs / f"{name}.md" for name in ("reliability", "audit"))
    release = ROOT / RELEASES / f"{RELEASE}.md"
    inputs, broken, wrong = _of(FUZZ, page)
    kills = KILLED.findall(_of(KILLS, page)[0])
    cases, refused = _of(CASES, release)
    rows = read_table("faults.faults", data).rows
    violations, named = (sum(int(row[name]) for row in rows) for name in ("violations", "named"))
    return markdown(("what was tried", "last figures", "more"), [
        ("mangled inputs", f"{inputs}, {wrong} faults, {broken} rules broken by what was taken",
         "[below](#mangled-inputs)"),
        ("kills", f"{_sum(kills, 0)}, all as it should be after {_sum(kills, 1)}", "[below](#kills)"),
        ("faults planted in the code", _of(PLANTED, audit)[0], "[audit](audit.md#planted-faults)"),
        ("the audit of runs with faults",
         f"{len(rows)} runs, {violations} violations, {named} notes that name the fault",
         "[faults](faults.md#what-a-fault-costs)"),
        ("acceptance suite", f"{cases} cases, {refused} of which must be refused: {_of(RIGHT, release)[0]} right, "
         f"{_of(RIGHT, release)[1]} wrong", f"[this version](../{RELEASES}/{RELEASE}.md)")])


def _sum(rows: Sequence[Sequence[str]], column: int) -> int:
    return sum(int(row[column]) for row in rows)


def _of(pattern: re.Pattern[str], page: Path) -> tuple[str, ...]:
    """What the groups of the pattern hold, or all of it where it has none."""
    match = pattern.search(page.read_text(encoding="utf-8"))
    if match is None:
        raise PublishedError(f"{page}: holds no figures of the form {pattern.pattern!r}")
    return match.groups() or (match[0],)
