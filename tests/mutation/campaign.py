"""Plants each fault by itself into a copy of the code, and sees what notices: its tests, and the audit of a small run.

    python -m tests.mutation.campaign [--hours H] [--only WORDS] [--no-runs] [--page]

The checkout is never touched. What was seen of a fault is kept in results/mutation/seen.jsonl under the fault and the
content of its file, its tests and the audit: a stopped command goes on where it was (without the folder it begins
anew), and `--hours` begins no fault after so many.
`--page` writes the table into docs/audit.md. Exit code 1 if more than two faults are caught by nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
SEEN, PAGE = ROOT / "results" / "mutation" / "seen.jsonl", ROOT / "docs" / "audit.md"
COPIED = ("audit", "controllers", "experiments", "models", "testbed", "tests", "docs", "setup.cfg", "pyproject.toml",
          "README.md")
LONGEST_S = 600
"""Of the tests or of the run of one fault; who takes longer counts as caught."""
TOO_LONG = 124
"""Exit code of what was ended after that."""
MOST_MISSED = 2
FAILED_TEST = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:::(\w+))?(?:\[.*)?(?: - .*)?$", re.MULTILINE)
SMALL = (
    "step_s=1800", "record.vehicles=true", "spatial.look_ahead_h=2", "planning.horizon_h=26", "planning.mip_gap=1e-2",
    "system.unit_scale=0.003", "profiles.load_peak_mw=4.5", "profiles.wind_capacity_mw=1.5",
    "profiles.pv_capacity_mw=0.6", "drivers.compliance_mean=0.8", "districts.0.private=200", "districts.0.taxi=16",
    "districts.0.government=14", "districts.1.private=60", "districts.1.taxi=8", "districts.1.government=6")
"""`smoke` with three thousandths of its units and 300 cars, so many for them that each counts: a day in which cars give
back, some refuse, wind is curtailed, load is shed, quick units start, and cars charge on the way."""
SHORT = ("system.reserve_fraction=0.4", "fleet.slow_charger_curve=constant")
"""And that day with reserve missing in some steps, and chargers of one efficiency."""
RUN = f"""
import sys
from pathlib import Path
from tests.testbed import small_run
small_run.run(Path(sys.argv[1]), *{SMALL!r}, *sys.argv[2:], controller="bilayer", seed=2,
              cache_dir=Path(sys.argv[1]) / "cache")
"""
AUDIT = """
import sys
from pathlib import Path
from testbed.auditing.of_runs import audited
verdict = audited(Path(sys.argv[1]), 4)
print("\\n".join(dict.fromkeys(line.split(":")[0] for line in verdict.violations)))
"""
MARKS = ("<!-- mutation -->\n", "<!-- end of mutation -->")


@dataclass(frozen=True)
class Seen:
    """What noticed a fault."""

    name: str
    file: str
    by_tests: str
    """The first test that fails; empty if none does."""
    by_audit: str
    """Rules that the run breaks, `no run` if it does not come to its end, empty if it passes; - if none was made."""
    seconds: float

    @property
    def is_caught(self) -> bool:
        return bool(self.by_tests) or self.by_audit not in ("", "-")


def key_of(fault: Fault, with_run: bool) -> str:
    """Under which it is kept: the fault, the content of its file and of its tests, and of the audit."""
    digest = hashlib.sha256(repr((fault, with_run, RUN, SHORT, AUDIT)).encode())
    files = [ROOT / fault.file, *(ROOT / test.split("::")[0] for test in fault.tests.split())]
    for file in (*files, *(sorted((ROOT / "audit").rglob("*.py")) if with_run else ())):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class Copy:
    """A copy of the tree in a temporary folder, where faults are planted and taken out again."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.runs = folder / "tree", folder / "runs"
        self.runs.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, self.tree / name)

    def seen(self, fault: Fault, with_run: bool) -> Seen:
        """Plant it, ask tests and audit, take it out."""
        file, begun = self.tree / fault.file, time.monotonic()
        before = file.read_text(encoding="utf-8")
        if before.count(fault.old) != 1:
            raise ValueError(f"{fault.name}: its text does not stand once in {fault.file}")
        file.write_text(before.replace(fault.old, fault.new), encoding="utf-8")
        try:
            by_tests = self._by_tests(fault)
            by_audit = self._by_audit() if with_run and fault.reaches_results else "-"
        finally:
            file.write_text(before, encoding="utf-8")
        return Seen(fault.name, fault.file, by_tests, by_audit, round(time.monotonic() - begun, 1))

    def see_nothing(self, with_run: bool) -> None:
        """Without a fault the audit finds none, or else everything would count as noticed."""
        if with_run and (told := self._by_audit()):
            raise RuntimeError(f"the run without a fault: {told}")

    def _by_tests(self, fault: Fault) -> str:
        words = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow",
                 *fault.tests.split())
        code, said = self._python(*words)
        if code == 0:
            return ""
        if code == TOO_LONG:
            return "too long"
        if not (failed := FAILED_TEST.search(said)):
            raise RuntimeError(f"{fault.name}: pytest ended with {code} and named no test:\n{said[-2000:]}")
        return f"{failed[1]}::{failed[2]}" if failed[2] else failed[1]

    def _by_audit(self) -> str:
        """By the copy's own audit, which has none of the faults that are looked for in runs (test_faults.py).

        The second run is made where nothing was found in the first.
        """
        return self._by_audit_of() or self._by_audit_of(*SHORT)

    def _by_audit_of(self, *overrides: str) -> str:
        folder = Path(tempfile.mkdtemp(dir=self.runs))
        code, _ = self._python("-W", "ignore", "-c", RUN, str(folder), *overrides)
        if code:
            return "no run"
        code, said = self._python("-W", "ignore", "-c", AUDIT, str(folder / "run.h5"))
        shutil.rmtree(folder)
        return ", ".join(said.split()) if code == 0 else "no audit"

    def _python(self, *words: str) -> tuple[int, str]:
        """(exit code, what it said on stdout)"""
        environment = {**os.environ, "PYTHONPATH": str(self.tree), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            ended = subprocess.run([sys.executable, *words], cwd=self.tree, env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, timeout=LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            return TOO_LONG, ""
        return ended.returncode, ended.stdout


# ---------------------------------------------------------------- what was seen
def kept() -> dict[str, Seen]:
    """By fault and code, in the order in which they were seen."""
    if not SEEN.is_file():
        return {}
    rows = (json.loads(line) for line in SEEN.read_text(encoding="utf-8").splitlines() if line.endswith("}"))
    return {row.pop("key"): Seen(**row) for row in rows}


def carried_out(faults: Sequence[Fault], hours: float, with_run: bool) -> Iterator[Seen]:
    """Each fault's, as it comes; those that were seen before are not planted again."""
    known, until = kept(), time.monotonic() + 3600 * hours
    SEEN.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy: Copy | None = None
        for fault in faults:
            key = key_of(fault, with_run)
            if key not in known:
                if time.monotonic() > until:
                    continue
                if copy is None:
                    copy = Copy(Path(folder))
                    copy.see_nothing(with_run)
                known[key] = copy.seen(fault, with_run)
                with SEEN.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, **asdict(known[key])}) + "\n")
            yield known[key]


def table(seen: Sequence[Seen], faults: int) -> str:
    """For the page: how many are caught by what, and a line each."""
    caught = sum(row.is_caught for row in seen)
    by_tests, runs = sum(bool(row.by_tests) for row in seen), [row.by_audit for row in seen if row.by_audit != "-"]
    audited = (f"; of the {len(runs)} of which a run was made (others have a dash), {sum(map(bool, runs))} by the audit"
               " of it." if runs else ". No run was made of any (`--no-runs`): the audit had no say.")
    head = f"{len(seen)} of {faults} faults planted, {caught} caught: {by_tests} by tests{audited}"
    lines = [head, "", "| fault | in | the first test that fails | rules that the audit finds broken |",
             "|---|---|---|---|"]
    for row in seen:
        test = f"`{row.by_tests.removeprefix('tests/')}`" if row.by_tests else "-"
        rules = row.by_audit if row.by_audit in ("", "-", "no run", "no audit") else f"`{row.by_audit}`"
        lines.append(f"| {row.name} | `{row.file}` | {test} | {rules or 'none'} |")
    return "\n".join(lines) + "\n"


def publish(text: str, page: Path = PAGE) -> None:
    """Between the page's marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 if more than MOST_MISSED faults are caught by nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.5, metavar="H")
    parser.add_argument("--only", default="", metavar="WORDS", help="faults with these words in their name or file")
    parser.add_argument("--no-runs", action="store_true", help="tests alone, no run for the audit")
    parser.add_argument("--page", action="store_true", help="write the table into docs/audit.md")
    chosen = parser.parse_args(arguments)
    faults = [fault for fault in FAULTS if chosen.only in fault.name or chosen.only in fault.file]
    seen = []
    for row in carried_out(faults, chosen.hours, not chosen.no_runs):
        seen.append(row)
        print(f"{len(seen)}/{len(faults)} {row.name}: {row.by_tests or 'no test'}; audit: {row.by_audit or 'nothing'} "
              f"({row.seconds:.0f} s)", flush=True)
    if chosen.page:
        publish(table(seen, len(faults)))
    missed = [row.name for row in seen if not row.is_caught]
    told = ", ".join(missed) or "none"
    print(f"{len(seen)} of {len(faults)} planted, {len(seen) - len(missed)} caught; missed: {told}")
    return int(len(missed) > MOST_MISSED)


if __name__ == "__main__":
    raise SystemExit(main())
