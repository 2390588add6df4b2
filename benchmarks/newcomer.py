"""A newcomer's path: clone, `make run`, its report; then a controller of her own, as the page has it, in a comparison.

    python benchmarks/newcomer.py                             in an installation and a folder that go again
    python benchmarks/newcomer.py --installed --keep FOLDER   in the present installation; the folder stays

Ends with 1 where a step fails, something that should be there is not, or a file of the project was touched.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/controllers.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
OWN = "EmptiestFirst"
"""The controller that the page writes out from its first line to its last."""


def walk(folder: Path, is_installed: bool) -> None:
    """All steps, each told with its minutes; SystemExit where one does not lead where it should."""
    project, own = folder / "project", folder / "mine"
    step("clone", lambda: run(["git", "clone", "--quiet", str(ROOT), str(project)], folder))
    if is_installed:
        lay_installation(project)
    else:
        step("make setup", lambda: run(["make", "--silent", "setup"], project))
    step("make run", lambda: run(["make", "--silent", "run"], project))
    there(project / "results" / "paper_day" / "report.html")
    own.mkdir()
    programs = PROGRAM.findall((project / PAGE).read_text(encoding="utf-8"))
    text = next(code for code in programs if f"class {OWN}" in code)
    (own / "emptiest.py").write_text(text, encoding="utf-8")
    asked = ["compare", "smoke", "--controllers", f"uncoordinated,smart_charging,emptiest.py:{OWN}"]
    step("testbed compare", lambda: run([str(project / ".venv" / "bin" / "testbed"), *asked], own, project))
    there(own / "results" / "smoke" / "report.html")
    touched = run(["git", "status", "--porcelain"], project)
    if touched:
        sys.exit(f"files of the project were touched:\n{touched}")


def step(name: str, act: Callable[[], object]) -> None:
    """Do it and tell its minutes."""
    begun = time.perf_counter()
    act()
    print(f"{name:<16} {(time.perf_counter() - begun) / 60:6.1f} minutes", flush=True)


def run(words: list[str], folder: Path, project: Path | None = None) -> str:
    """What it prints; SystemExit with its complaint where it fails. The code is the clone's, whoever is installed."""
    path = {"PYTHONPATH": str(project or folder)}
    ended = subprocess.run(words, cwd=folder, env={**os.environ, **path}, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(f"{' '.join(words)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def lay_installation(project: Path) -> None:
    """The present installation in the place of one that `make setup` would make."""
    here, place = Path(sys.prefix), project / ".venv"
    place.mkdir()
    for name in ("bin", "lib"):
        (place / name).symlink_to(here / name)
    shutil.copy(here / "pyvenv.cfg", place)
    (place / ".installed").touch()


def there(file: Path) -> None:
    """SystemExit unless the file is there with something in it."""
    if not file.exists() or file.stat().st_size == 0:
        sys.exit(f"{file} is not there")


def main() -> None:
    """The whole path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--installed", action="store_true", help="take the installation that runs this")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an empty folder, which stays")
    given = parser.parse_args()
    if given.keep is not None:
        walk(given.keep.resolve(), given.installed)
        return
    with tempfile.TemporaryDirectory(prefix="testbed-newcomer-") as folder:
        walk(Path(folder), given.installed)


if __name__ == "__main__":
    main()
