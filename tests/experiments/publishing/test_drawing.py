"""What all pictures keep to."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure as Drawing

from experiments.publishing.drawing import COLOURS, headed, legend, line_per_name, sheet
from experiments.publishing.publish import tables_of
from experiments.publishing.registry import experiments
from testbed.setup.controller_loading import variants


def speechless(drawing: Drawing) -> list[Any]:
    """Panels of numbers none of whose axes has words, be it below, beside or on a panel that shares it."""
    said = [panel for panel in drawing.axes if panel.get_xlabel() or panel.get_ylabel() or panel.get_title("left")
            or panel.get_title()]
    return [panel for panel in drawing.axes if panel.axison and panel not in said]


def test_a_controller_has_its_own_colour() -> None:
    assert set(COLOURS) <= set(variants())
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_names_stand_beside_their_lines_and_boxes_have_words() -> None:
    figure = sheet(3, 2)
    axes = figure.subplots()
    line_per_name(axes, ["first", "second"])
    headed(axes, "A message")
    legend(axes, {"dear": "red", "cheap": "white"})
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert axes.get_ylim() == (1.5, -0.5)
    assert axes.get_title("left") == "A message"
    boxes = axes.get_legend()
    assert boxes is not None and [text.get_text() for text in boxes.get_texts()] == ["dear", "cheap"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "figure"), [(n, f) for n, study in experiments().items() for f in study.figures])
def test_figures_can_be_drawn_and_have_words(name: str, figure: str) -> None:
    study = experiments()[name]
    drawing = study.figures[figure].draw(*(table.rows for table in tables_of(study, study.figures[figure])))
    assert drawing.axes and speechless(drawing) == []


def test_a_panel_without_words_is_found() -> None:
    figure = sheet(3, 2)
    bare, told = figure.subplots(1, 2)
    told.set_xlabel("time [h]")
    assert speechless(figure) == [bare]
