"""What pictures of pages share: a sheet, quiet axes, and a colour for each controller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from testbed.reporting.charts import CONTROLLER_COLOURS, REFERENCE_COLOUR

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

NAMES = ("uncoordinated", "smart_charging", "bilayer", "bilayer_aware", "bilayer_coordinated", "temporal",
         "bilayer_envelope", "joint")
"""As in a report of the first three, which are compared most."""
COLOURS = dict(zip(NAMES, CONTROLLER_COLOURS, strict=True)) | {"no_pev": REFERENCE_COLOUR}
DARK, PALE = "0.25", "0.6"
SMALL = 8.5
"""Points, of words beside what they are about."""


def sheet(width_in: float, height_in: float) -> Drawing:
    """An empty page that finds room for all its words."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, slow to import

    return Figure(figsize=(width_in, height_in), layout="constrained")


def headed(axes: Any, title: str) -> None:
    """A title that begins where the axes do, and no lines where nothing is read off."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)


def line_per_name(axes: Any, names: list[str]) -> None:
    """Names down the left side, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def legend(where: Any, faces: dict[str, str], edge: str = DARK, more: Sequence[Any] = (), **place: Any) -> None:
    """A box of each colour with its words, on axes or the whole sheet; `more`: handles of lines before them."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - an extra, slow to import

    boxes = [Patch(facecolor=colour, edgecolor=edge, label=words) for words, colour in faces.items()]
    where.legend(handles=[*more, *boxes], frameon=False, fontsize=SMALL, **place)
