"""Pictures of the report and of the live page for the docs, from results that lie in a folder.

    testbed compare study_day --controllers uncoordinated,smart_charging,bilayer -o results/study_day
    python -m experiments.publishing.screenshots results/study_day
    python -m experiments.publishing.screenshots results/study_day --study results/smoke_study      the fifth picture

The live page is that of the last controller's run as it was after three fifths of its steps. Needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py

from experiments.runs import RunsFailed, exit_code, say
from testbed.reporting.live.server import follow
from testbed.reporting.report import write_report
from testbed.reporting.study.report import write_study_report
from testbed.running.preflight import WrongRequest
from testbed.wiring.owner import this_process

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
BINARIES = ("chromium", "chromium-browser", "google-chrome")
COLOURS = 64
SHARE_DONE = 0.6
PATIENCE_S, SETTLE_MS = 300.0, 12_000
FIRST = "uncoordinated"


@dataclass(frozen=True)
class Picture:
    """One part of a page."""

    name: str
    part: str
    """id of the section that is shown; empty: the page as it begins."""
    width_px: int
    height_px: int


REPORT = (Picture("report_verdict", "", 1000, 820), Picture("report_feeder", "feeder", 1000, 560),
          Picture("report_commitment", "commitment", 1000, 900))
LIVE = Picture("live", "", 1000, 1000)
STUDY = Picture("study", "", 1000, 1000)


def only(page: str, part: str) -> str:
    """The page with one section alone; as it is without a part."""
    if not part:
        return page
    hidden = f"<style>section:not(#{part}), nav, h1, #theme {{ display: none }} h2 {{ border: 0 }}</style>"
    return page.replace("</head>", f"{hidden}</head>", 1)


def photographed(binary: str, address: str, picture: Picture) -> None:
    """Write docs/pictures/NAME.png, in few colours: kilobytes."""
    from PIL import Image  # noqa: PLC0415 - comes with matplotlib, for figures only

    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / f"{picture.name}.png"
    done = subprocess.run(
        [binary, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--screenshot={file}",
         f"--window-size={picture.width_px},{picture.height_px}", f"--virtual-time-budget={SETTLE_MS}", address],
        capture_output=True, check=False, text=True, timeout=PATIENCE_S)
    if not file.is_file():
        raise RunsFailed(f"{binary} made no picture of {address}: {done.stderr[-500:]}")
    with Image.open(file) as image:
        image.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    say(f"{file}: {file.stat().st_size / 1000:.0f} kB")


@contextmanager
def running_copy(result: Path, folder: Path) -> Iterator[str]:
    """Address of the live page of the run as it was after SHARE_DONE of its steps."""
    file, came = folder / result.name, list[str]()
    shutil.copy(result, file)
    with h5py.File(file, "r+") as content:
        content.attrs["status"] = "running"
        content.attrs.modify("steps_written", int(SHARE_DONE * content.attrs["steps_total"]))
        for name, value in this_process().to_json().items():
            content["run"].require_group("writer").attrs[name] = value
    thread = threading.Thread(target=follow, args=(file, 0, came.append))
    thread.start()
    try:
        while not came and thread.is_alive():
            time.sleep(0.1)
        yield came[0]
    finally:
        file.unlink()
        thread.join()


def take_all(folder: Path, study: Path | None) -> None:
    """All pictures; WrongRequest where something is missing."""
    results = sorted(folder.glob("*.h5"), key=lambda path: not path.name.startswith(FIRST))
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    mistakes = [] if results else [f"{folder}: holds no result (*.h5)"]
    if mistakes := mistakes + ([] if binary else [f"none of {', '.join(BINARIES)} is installed"]):
        raise WrongRequest(mistakes)
    assert binary is not None
    with tempfile.TemporaryDirectory() as own:
        _of_page(binary, Path(own), REPORT, lambda file: write_report(results, file))
        if study is not None:
            _of_page(binary, Path(own), (STUDY,), lambda file: write_study_report(study, file))
        with running_copy(results[-1], Path(own)) as address:
            photographed(binary, address, LIVE)


def _of_page(binary: str, folder: Path, pictures: Sequence[Picture], write: Callable[[Path], object]) -> None:
    whole = folder / "page.html"
    write(whole)
    for picture in pictures:
        part = folder / f"{picture.name}.html"
        part.write_text(only(whole.read_text(encoding="utf-8"), picture.part), encoding="utf-8")
        photographed(binary, part.as_uri(), picture)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures of a folder's results."""
    parser = argparse.ArgumentParser(prog="python -m experiments.publishing.screenshots", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--study", type=Path)
    chosen = parser.parse_args(arguments)

    def run() -> int:
        take_all(chosen.folder, chosen.study)
        return 0

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
