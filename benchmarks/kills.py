"""Kills runs, simulators, servers and workers at random instants, and looks at what is left (docs/reliability.md).

    python benchmarks/kills.py [--count 200] [--seed 1] [--folder results/kills] [--publish]

Each kill is a function of seed and number: what is run, which process is hit, by which signal, when. A study that was
stopped goes on where it was (one line per kill in FOLDER/kills.jsonl). After each kill is looked at:

- whether the command ended, in how many seconds, and with which exit code;
- whether a process is left 10 s later (each process of a kill carries a mark in its environment);
- whether every file is readable, shown by `testbed show` as what it is, and equal to the undisturbed run's in all steps
  that it says it holds; whether a study goes on to the same table;
- whether the next command leaves nothing behind, and whether anything foreign stands on stderr.

Seconds are those of a machine that has nothing else to do: limits are stretched by how long half a CPU second takes at
the time. Ends with 1 if anything was not as it should be.
"""

from __future__ import annotations

import argparse
import re
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from killing.kill import COMMAND, KINDS, Seen
from killing.study import Study

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"


def summary(kills: Sequence[Seen], seed: int) -> str:
    """Counts by kind, as the page has them."""
    codes = ", ".join(f"{code} ({count})" for code, count in Counter(seen.code for seen in kills).items())
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, {len(kills)} kills, seed {seed}, code {codes}; "
             f"`python benchmarks/kills.py --count {len(kills)} --seed {seed}`", "", "```text",
             f"{'what was run':20}{'kills':>6}{'hit':>6}{'as it should be':>17}   files"]
    for kind in KINDS:
        of_kind = [seen for seen in kills if seen.kind == kind]
        files = Counter(state for seen in of_kind for state in seen.states)
        none = sum(not seen.states for seen in of_kind)
        words = ", ".join(f"{count} {state}" for state, count in sorted(files.items())) + f", {none} times none"
        lines.append(f"{kind:20}{len(of_kind):6}{sum(bool(seen.hit) for seen in of_kind):6}"
                     f"{sum(not seen.wrong for seen in of_kind):17}   {words}")
    ends = [seen.ended_s for seen in kills if seen.hit == COMMAND and seen.signal in ("SIGTERM", "SIGINT")]
    if ends:
        lines += ["", f"seconds from SIGTERM or SIGINT to the end of the command: median {np.median(ends):.1f}, "
                  f"longest {max(ends):.1f}; a CPU second took {np.median([seen.slowness for seen in kills]):.1f} s"]
    lines += [f"kill {seen.number}: {seen}" for seen in kills if seen.wrong]
    return "\n".join([*lines, "```"])


def publish(text: str) -> None:
    """Into the page's section of that name."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(r"(<!-- kills -->\n).*?(<!-- end of kills -->)", re.DOTALL)
    PAGE.write_text(block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page), encoding="utf-8")


def main() -> int:
    """Exit code 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "kills")
    parser.add_argument("--share", default="0/1", metavar="K/N", help="only every Nth round: N commands side by side")
    parser.add_argument("--publish", action="store_true", help=f"write the counts into {PAGE.name}")
    chosen = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a child would inherit that Ctrl-C is ignored
    share, shares = (int(part) for part in chosen.share.split("/"))
    kills = Study(chosen.folder, chosen.seed).run(chosen.count, share, shares)
    text = summary(kills, chosen.seed)
    print(text)
    if chosen.publish:
        publish(text)
    return int(any(seen.wrong for seen in kills))


if __name__ == "__main__":
    raise SystemExit(main())
