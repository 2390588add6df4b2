"""Notebooks are stored without output and run from the first cell to the last."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import nbformat
import pytest

from tests.test_docs import LINK
from tests.test_references import lost_anchors

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))
GUARD_S = 600
"""A cell that takes longer hangs, on a machine that does other work too."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_stored_without_output(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert [cell.id for cell in cells if cell.outputs or cell.execution_count is not None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_message_comes_first_and_links_lead_somewhere(path: Path) -> None:
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert texts[0].startswith("# ") and "**Message.**" in texts[0]
    links = [link for text in texts for link in LINK.findall(text) if "://" not in link]
    assert [link for link in links if not (path.parent / link.split("#")[0]).exists()] == []
    assert [lost for text in texts for lost in lost_anchors(text, path.parent, path)] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_runs_and_leaves_nothing_behind(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbclient import NotebookClient  # noqa: PLC0415 - slow to import

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook, before = nbformat.read(path, as_version=4), _beside()
    client = NotebookClient(notebook, timeout=GUARD_S, kernel_name=_kernel(tmp_path, monkeypatch),
                            resources={"metadata": {"path": str(tmp_path)}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's own; what a cell warns of is on its stderr, below
        client.execute()
    assert [text for cell in notebook.cells for text in _complaints(cell)] == []
    assert _beside() == before
    assert list((tmp_path / "results").rglob("*.h5"))  # where it ran, not in the project


def _kernel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel of this very Python, whatever kernels the machine has."""
    from ipykernel.kernelspec import write_kernel_spec  # noqa: PLC0415

    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    write_kernel_spec(folder / "jupyter" / "kernels" / "this-python", {"argv": [
        sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]})
    return "this-python"


def _complaints(cell: nbformat.NotebookNode) -> list[str]:
    outputs = cell.get("outputs", [])
    return [out.text for out in outputs if out.output_type == "stream" and out.name == "stderr"]


def _beside() -> dict[Path, int]:
    """Files beside the notebooks and when they were last written."""
    return {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").rglob("*")}
