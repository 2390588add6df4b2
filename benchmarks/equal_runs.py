"""Do two states of the code give the same results? Eleven runs that touch every part, compared value for value.

    python benchmarks/equal_runs.py before               in the one checkout; some minutes
    python benchmarks/equal_runs.py after --against ../other/before     in the other, then compared

Only what is not there yet is run. Nothing kept from earlier runs is used.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVED = "two_districts_one_served"
CASES: dict[str, tuple[str, ...]] = {
    "smoke_bilayer": ("smoke", "--controller", "bilayer"),
    "smoke_joint": ("smoke", "--controller", "joint"),
    "smoke_coordinated": ("smoke", "--controller", "bilayer_coordinated"),
    "smoke_swarm": ("smoke", "--controller", "bilayer_pso"),
    "study_day_bilayer": ("study_day", "--controller", "bilayer"),
    "study_day_learning": ("study_day", "--controller", "bilayer_aware", "--set", "days=2",
                           "--set", "drivers.compliance_mean=0.6", "--set", "record.vehicles=true"),
    "study_day_tariff": ("study_day", "--controller", "tariff"),
    "paper_day_bilayer": ("paper_day", "--controller", "bilayer"),
    "simbench_two_days": ("simbench_week", "--controller", "smart_charging", "--set", "days=2"),
    "workplace_replay": ("workplace_replay", "--controller", "bilayer"),
    SERVED: ("smoke", "--controller", "bilayer"),
}


def main() -> int:
    """0 if all are equal, else 1."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--against", type=Path)
    asked.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    given = asked.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    return sum([_differs(name, given.folder, given.against) for name in given.only]) and 1


def _differs(name: str, folder: Path, against: Path | None) -> bool:
    file = folder / f"{name}.h5"
    if not file.exists():
        _run(name, file)
    if against is None:
        return False
    from testbed.results.equality import equal_results  # noqa: PLC0415 - a checkout that only runs needs none of it

    different = equal_results(file, against / file.name)
    print(f"{name}: {len(different)} differ: {', '.join(different[:5])}" if different else f"{name}: equal", flush=True)
    return bool(different)


def _run(name: str, file: Path) -> None:
    part = file.with_suffix(".part.h5")
    with tempfile.TemporaryDirectory() as cache:
        words, kept = ["run", *CASES[name], "-o", str(part)], os.environ | {"XDG_CACHE_HOME": cache}
        if name == SERVED:
            with _server(kept) as address:
                _command([*words, "--set", f"execution.remote={{rest: '{address}'}}"], kept)
        else:
            _command(words, kept)
    part.rename(file)


def _command(words: list[str], env: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "testbed", *words], check=True, stdout=subprocess.DEVNULL, env=env)


@contextmanager
def _server(env: dict[str, str]) -> Iterator[str]:
    words = [sys.executable, "-m", "testbed", "serve-district", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as server:
        try:
            said = re.fullmatch(r"listening on (127\.0\.0\.1:\d+)\n", server.stdout.readline() if server.stdout else "")
            if said is None:
                raise SystemExit("the district's server does not listen")
            yield said[1]
        finally:
            server.terminate()


if __name__ == "__main__":
    raise SystemExit(main())
