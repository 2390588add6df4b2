"""Build the documentation site, readable from its files without a network; a warning is an error.

    python -m experiments.site                        into build/site
    python -m experiments.site --notebooks run        with what comes out of the notebooks, run where that is not kept
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.publishing.tables import ROOT
from experiments.runs import say
from experiments.site.navigation import source_pages
from experiments.site.staged import stage
from experiments.site.tutorials import run_notebooks

BUILD = ROOT / "build"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.site", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=BUILD / "site", metavar="FOLDER")
    parser.add_argument("--notebooks", choices=("kept", "run"), default="kept")
    chosen = parser.parse_args(arguments)
    if chosen.notebooks == "run":
        for notebook in run_notebooks([ROOT / page for page in source_pages() if page.endswith(".ipynb")]):
            say(f"has run: {notebook.name}")
    return build(chosen.output)


def build(output: Path) -> int:
    """The site in a folder of its own, anew; returns Sphinx's exit code."""
    try:
        from sphinx.cmd.build import main as sphinx  # noqa: PLC0415 - an extra
    except ImportError:
        say("the site is built by Sphinx: pip install 'v2g-testbed[docs]'")
        return 2
    pages, cache = output.parent / f"{output.name}-pages", output.parent / f"{output.name}-doctrees"
    shutil.rmtree(output, ignore_errors=True)
    shutil.rmtree(cache, ignore_errors=True)
    stage(pages)
    code = int(sphinx(["-q", "-W", "--keep-going", "-b", "html", "-c", str(Path(__file__).parent), "-d", str(cache),
                       str(pages), str(output)]))
    if code == 0:
        say(f"the site begins at {output / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
