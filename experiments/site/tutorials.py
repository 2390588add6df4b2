"""Notebooks as pages: cells as they stand, and below them what came out where they were run."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from experiments.publishing.tables import ROOT
from testbed.wiring.code_version import code_hash

KEPT = ROOT / ".cache" / "tutorials"
"""Notebooks with output, outside version control; each counts while notebook and code are those it was run with."""
LIMIT_S = 600
"""For one cell, on a machine that has other things to do."""
WITHOUT = "Pictures and numbers are there once it has run: `make docs NOTEBOOKS=run`.\n\n"


@dataclass
class Page:
    """Markdown, and the pictures that it shows by their names beside it."""

    text: str
    pictures: dict[str, bytes] = field(default_factory=dict)


def page_of(notebook: Path, kept: Path = KEPT) -> Page:
    """The notebook as a page, with output where there is some of this notebook and code."""
    run = _kept(notebook, kept)
    book = nbformat.read(run if run.exists() else notebook, as_version=4)
    page = Page("")
    texts = [text for number, cell in enumerate(book.cells)
             for text in _of_cell(cell, f"{notebook.stem}-{number}", page)]
    head, _, rest = "\n\n".join(texts).partition("\n")
    page.text = (f"{head}\n\n[The notebook]({notebook.name}). {'' if run.exists() else WITHOUT.strip()}\n{rest}\n")
    return page


def _of_cell(cell: Mapping[str, Any], name: str, page: Page) -> Iterator[str]:
    if cell["cell_type"] == "markdown":
        yield cell["source"]
        return
    yield f"```python\n{cell['source']}\n```"
    for number, output in enumerate(cell["outputs"]):
        if output["output_type"] == "stream" and output["name"] == "stdout":
            yield f"```text\n{output['text'].rstrip()}\n```"
        elif output["output_type"] in ("execute_result", "display_data"):
            yield from _shown(output["data"], f"{name}-{number}.png", page)


def _shown(data: Mapping[str, str], name: str, page: Page) -> Iterator[str]:
    """The richest form of an output."""
    if "image/png" in data:
        page.pictures[name] = base64.b64decode(data["image/png"])
        yield f"![]({name})"
    elif "text/html" in data:
        yield f"```{{raw}} html\n{data['text/html']}\n```"
    elif data.get("text/plain", "").strip():
        yield f"```text\n{data['text/plain'].rstrip()}\n```"


# ---------------------------------------------------------------- running them
def run_notebooks(notebooks: list[Path], kept: Path = KEPT) -> Iterator[Path]:
    """Run those of which there is no output yet; yields each as it is done. CellExecutionError where a cell fails."""
    kept.mkdir(parents=True, exist_ok=True)
    for notebook in notebooks:
        target = _kept(notebook, kept)
        if not target.exists():
            book = _run(notebook)
            for old in kept.glob(f"{notebook.stem}-*.ipynb"):
                old.unlink()
            nbformat.write(book, target)
        yield notebook


def _kept(notebook: Path, kept: Path) -> Path:
    mark = hashlib.sha256(notebook.read_bytes() + code_hash().encode()).hexdigest()[:16]
    return kept / f"{notebook.stem}-{mark}.ipynb"


def _run(notebook: Path) -> nbformat.NotebookNode:
    """With output; in a folder of its own, by this very Python."""
    from ipykernel.kernelspec import write_kernel_spec  # noqa: PLC0415 - an extra, and slow to import
    from nbclient import NotebookClient  # noqa: PLC0415

    book: nbformat.NotebookNode = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory(prefix="testbed-tutorial-") as folder:
        os.environ |= {"JUPYTER_PATH": f"{folder}/jupyter", "MPLBACKEND": "module://matplotlib_inline.backend_inline",
                       "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        write_kernel_spec(Path(folder) / "jupyter" / "kernels" / "this-python", {"argv": [
            sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]})
        NotebookClient(book, timeout=LIMIT_S, kernel_name="this-python",
                       resources={"metadata": {"path": folder}}).execute()
    return book
