"""A notebook as a page: its cells, and what came out of them where it has run."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from experiments.site import tutorials
from experiments.site.tutorials import page_of, run_notebooks

PICTURE = b"\x89PNG"
OUTPUTS = [new_output("stream", name="stdout", text="told\n"), new_output("stream", name="stderr", text="not told"),
           new_output("display_data", data={"image/png": base64.b64encode(PICTURE).decode(), "text/plain": "<Figure>"}),
           new_output("execute_result", data={"text/html": "<table>1\n\n2</table>", "text/plain": "1 2"}),
           new_output("execute_result", data={"text/plain": "12"})]


def notebook(folder: Path) -> Path:
    book = new_notebook(cells=[new_markdown_cell("# A day\n\nWords."), new_code_cell("x = 1\nx")])
    path = folder / "day.ipynb"
    nbformat.write(book, path)
    return path


def test_a_notebook_that_has_not_run_says_so(tmp_path: Path) -> None:
    page = page_of(notebook(tmp_path), tmp_path / "kept")
    assert page.text.startswith("# A day\n\n[The notebook](day.ipynb). Pictures and numbers are there once it has run")
    assert "Words.\n\n```python\nx = 1\nx\n```\n" in page.text and page.pictures == {}


def test_outputs_stand_below_their_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def carried_out(path: Path) -> nbformat.NotebookNode:
        book = nbformat.read(path, as_version=4)
        book.cells[1].outputs = OUTPUTS
        return book

    monkeypatch.setattr(tutorials, "_run", carried_out)
    path, kept = notebook(tmp_path), tmp_path / "kept"
    assert list(run_notebooks([path], kept)) == [path]
    page = page_of(path, kept)
    table = "```{raw} html\n<table>1\n\n2</table>\n```"
    assert f"```text\ntold\n```\n\n![](day-1-2.png)\n\n{table}\n\n```text\n12\n```" in page.text
    assert "not told" not in page.text and "once it has run" not in page.text
    assert page.pictures == {"day-1-2.png": PICTURE}


def test_what_came_of_another_notebook_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tutorials, "_run", lambda path: nbformat.read(path, as_version=4))
    path, kept = notebook(tmp_path), tmp_path / "kept"
    list(run_notebooks([path], kept))
    path.write_text(path.read_text().replace("x = 1", "x = 2"))
    assert "once it has run" in page_of(path, kept).text
    list(run_notebooks([path], kept))
    assert "once it has run" not in page_of(path, kept).text and len(list(kept.iterdir())) == 1
