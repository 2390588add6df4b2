"""Mangled inputs by the thousand, each kind in processes of its own: python -m tests.fuzz.campaign [--inputs N].

Seeded: the same inputs every time. Prints every fault with what made it, and with --page writes the counts into
docs/reliability.md. A process that crashes or stands still counts as a fault of the input it was at. Stopped, it goes
on where it was, as long as the code is the same.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from testbed.wiring.code_version import code_hash
from testbed.wiring.whole_files import write_whole
from tests.fuzz import files, texts
from tests.fuzz.judge import DONE, FAILED, WRONG, Case, judged
from tests.fuzz.world import lay_out, standing_files

CHUNK = 100
"""Inputs of one process."""
STILL_S = 900
"""A process that says nothing for so long is ended."""
MOST_FAULTS = 40
"""Told of one kind."""
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- fuzz: written by `make fuzz` -->", "<!-- end of fuzz -->"
Strategy = Callable[[Mapping[str, bytes]], st.SearchStrategy[Case]]


@dataclass(frozen=True)
class Kind:
    """A kind of input, its share of all, and how it is made from the standing files."""

    name: str
    share: float
    strategy: Strategy


KINDS = (
    Kind("scenario keys", 0.19, lambda _: texts.scenario_keys()),
    Kind("overrides", 0.12, lambda _: texts.overrides()),
    Kind("YAML text", 0.12, lambda _: texts.yaml_texts()),
    Kind("options", 0.05, lambda _: texts.options()),
    Kind("studies", 0.07, lambda _: texts.studies()),
    Kind("sessions", 0.10, lambda _: files.sessions()),
    Kind("profiles", 0.06, lambda _: files.profiles()),
    Kind("units", 0.06, lambda _: files.units()),
    Kind("cases of units", 0.04, lambda _: files.unit_cases()),
    Kind("prices", 0.05, lambda _: files.prices()),
    Kind("series at buses", 0.03, lambda _: files.bus_series()),
    Kind("networks", 0.04, lambda there: files.networks(there["net.json"])),
    Kind("result files", 0.05, lambda there: files.results(there["old.h5"])),
    Kind("cache entries", 0.02, lambda there: files.cache_entries(
        {name.removeprefix("kept/"): content for name, content in there.items() if name.startswith("kept/")})),
)


@dataclass
class Tally:
    """What became of the inputs of a kind."""

    codes: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.codes + other.codes, self.faults + other.faults, self.seconds + other.seconds)

    @classmethod
    def kept(cls, file: Path) -> Tally:
        """As it was written."""
        said = json.loads(file.read_text(encoding="utf-8"))
        return cls(Counter({int(code): count for code, count in said["codes"].items()}), said["faults"],
                   said["seconds"])

    def line(self, name: str) -> str:
        """One row of the page."""
        total = sum(self.codes.values())
        return (f"{name:<16}{total:>8,}{self.codes[DONE]:>10,}{self.codes[WRONG]:>10,}{self.codes[FAILED]:>14,}"
                f"{len(self.faults):>8,}")


def examples(strategy: st.SearchStrategy[Case], seeded: int, count: int, use: Callable[[Case], None]) -> None:
    """`use` each of the drawn cases."""
    @seed(seeded)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def once(case: Case) -> None:
        use(case)
    once()


def _chunk(kind: Kind, there: Mapping[str, bytes], seeded: int, count: int, log: Path) -> None:
    """One process: a line in the log before each input and one after it."""
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  until the process ends
    with tempfile.TemporaryDirectory() as folder, log.open("w", encoding="utf-8") as out:
        lay_out(Path(folder), there)

        def use(case: Case) -> None:
            print(json.dumps({"at": repr(case)[:3000]}), file=out, flush=True)
            verdict = judged(case, Path(folder))
            print(json.dumps({"code": verdict.exit_code, "fault": verdict.fault}), file=out, flush=True)
        try:
            examples(kind.strategy(there), seeded, count, use)
        except BaseException as error:
            lines = traceback.format_list(traceback.extract_tb(error.__traceback__)[-4:])
            words = f"{type(error).__name__}: {str(error)[:300]}\n{''.join(lines)}"
            print(json.dumps({"at": words}), file=out, flush=True)
            raise


def carried_out(kind: Kind, there: Mapping[str, bytes], count: int, seeded: int, kept: Path | None = None) -> Tally:
    """All inputs of a kind, chunk by chunk; those whose tallies are kept in the folder are not tried again."""
    tally = Tally()
    for i, start in enumerate(range(0, count, CHUNK)):
        inputs = min(CHUNK, count - start)
        file = kept / f"{kind.name}-{seeded + i}-{inputs}.json" if kept else None
        if file and file.is_file():
            tally += Tally.kept(file)
            continue
        tally += (here := _in_a_process(kind, there, inputs, seeded + i))
        if file:
            write_whole(file, json.dumps(vars(here)).encode())
    return tally


def _in_a_process(kind: Kind, there: Mapping[str, bytes], count: int, seeded: int) -> Tally:
    tally, begun = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.touch()
        process = multiprocessing.get_context("fork").Process(target=_chunk, args=(kind, there, seeded, count, log))
        process.start()
        _wait(process, log)
        _count(tally, log, process.exitcode)
    tally.seconds = time.monotonic() - begun
    return tally


def _wait(process: multiprocessing.process.BaseProcess, log: Path) -> None:
    """Until the process ends; one that stands still is killed."""
    size, changed = -1, time.monotonic()
    while process.is_alive():
        process.join(0.2)
        if (now := log.stat().st_size) != size:
            size, changed = now, time.monotonic()
        if time.monotonic() - changed > STILL_S:
            process.kill()


def _count(tally: Tally, log: Path, exit_code: int | None) -> None:
    at = ""
    for line in log.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        if "at" in said:
            at = said["at"]
            continue
        tally.codes[said["code"]] += 1
        if said["fault"]:
            tally.faults.append(f"{said['fault']}\n    {at}")
        at = ""
    if exit_code:
        tally.codes[-1] += 1
        tally.faults.append(f"its process ended with {exit_code}\n    {at}")


def page_text(tallies: Mapping[str, Tally], seeded: int) -> str:
    """The block of the page."""
    rows = [tally.line(name) for name, tally in tallies.items()]
    total = sum(tallies.values(), Tally())
    about = f"{datetime.now(UTC):%Y-%m-%d}, seed {seeded}, {total.seconds / 60:.0f} minutes; `make fuzz`"
    head = f"{'kind':<16}{'inputs':>8}{'taken':>10}{'refused':>10}{'rules broken':>14}{'faults':>8}"
    lines = "\n".join((head, *rows, total.line("all")))
    return f"{BEGIN}\n{about}\n\n```text\n{lines}\n```\n{END}"


def write_page(block: str) -> None:
    """Replace the block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(text[:text.index(BEGIN)] + block + text[text.index(END) + len(END):], encoding="utf-8")


def chosen(names: list[str]) -> Iterator[Kind]:
    """The kinds of these names; all without any."""
    return (kind for kind in KINDS if not names or kind.name in names)


def main() -> int:
    """0 if nothing is wrong with any input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=21_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="append", default=[], choices=[kind.name for kind in KINDS])
    parser.add_argument("--page", action="store_true", help="write the counts into docs/reliability.md")
    asked = parser.parse_args()
    os.environ.setdefault("COLUMNS", "120")
    tallies, say = {}, partial(print, flush=True)
    kept = ROOT / "results" / "fuzz" / f"{asked.seed}-{code_hash()[:12]}"
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        there = standing_files(Path(folder))  # in this process, so that forked ones have all libraries
    for kind in chosen(asked.kind):
        tally = tallies[kind.name] = carried_out(kind, there, round(asked.inputs * kind.share), asked.seed, kept)
        say(tally.line(kind.name))
        for fault in tally.faults[:MOST_FAULTS]:
            say(f"  {fault}")
    block = page_text(tallies, asked.seed)
    say(block)
    if asked.page:
        write_page(block)
    return int(any(tally.faults for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
