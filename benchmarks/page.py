"""Runs every benchmark in a fresh process and writes what they print into docs/performance.md, below its first ruler.

    python benchmarks/page.py [NAME ...]        only these; the others keep their last figures
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
RULER = "\n---\n"
NO_SECTION = ("page", "kills", "cost", "whole_family", "big_circuit", "long_and_wide", "many_cases", "learning",
              "memory", "equal_runs", "close_results", "rounding", "picture")
"""Kills have a page of their own; cost needs another checkout, and whole_family is what it counts by; the next five
take hours, or end with 1 where a limit is passed; the next three compare results of runs and say nothing of speed; the
picture shows what `fleet` measured."""
SECTION = re.compile(r"^## (\w+)\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def names() -> list[str]:
    """All benchmarks that have a section of the page."""
    return sorted(file.stem for file in HERE.glob("*.py") if file.stem not in NO_SECTION)


def section(name: str) -> str:
    """One benchmark's heading, date, machine and output; CalledProcessError if it fails."""
    words = [sys.executable, "-W", "ignore", str(HERE / f"{name}.py")]
    ended = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    about = (f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
             f"Python {platform.python_version()}; `python benchmarks/{name}.py`")
    return f"## {name}\n\n{about}\n\n```text\n{ended.stdout.rstrip()}\n```\n\n"


def main() -> None:
    """Replace the sections of the benchmarks that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    chosen = parser.parse_args().names or names()
    if unknown := sorted(set(chosen) - set(names())):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(names())}")
    for name in chosen:
        print(f"== {name}", file=sys.stderr, flush=True)
        made = section(name)
        top, _, below = PAGE.read_text(encoding="utf-8").partition(RULER)
        sections = {match[1]: match[0].rstrip() + "\n\n" for match in SECTION.finditer(below)} | {name: made}
        PAGE.write_text(f"{top}{RULER}\n{''.join(sections[title] for title in sorted(sections))}".rstrip() + "\n",
                        encoding="utf-8")
    if "fleet" in chosen:
        subprocess.run([sys.executable, str(HERE / "picture.py")], check=True)


if __name__ == "__main__":
    main()
