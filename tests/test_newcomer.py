"""A newcomer's path: clone, `make run`, a report that opens with its verdict, then a controller of her own beside
others."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_from_a_clone_to_a_controller_of_ones_own(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists() or sys.prefix == sys.base_prefix:
        pytest.skip("walked from a repository, in an installation of its own")
    program = ROOT / "benchmarks" / "newcomer.py"
    ended = subprocess.run([sys.executable, str(program), "--installed", "--keep", str(tmp_path)], check=False,
                           capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert [line.split("  ")[0] for line in ended.stdout.splitlines()] == ["clone", "make run", "testbed compare"]
    page = (tmp_path / "project" / "results" / "paper_day" / "report.html").read_text(encoding="utf-8")
    seen = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert seen.index("Society pays least under") < seen.index("<table"), "the verdict comes first"
    with (tmp_path / "mine" / "results" / "smoke" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        controllers = {row["controller"] for row in csv.DictReader(file)}
    assert controllers == {"uncoordinated", "smart_charging", "emptiest_first"}
