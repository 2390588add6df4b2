"""Figures drawn from published tables alone; each PNG says in its text of which tables it is."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from experiments.publishing.tables import Row, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

T = TypeVar("T")
KEY = "Data"
"""Of the PNG's text: hash of the tables drawn."""
DPI = 160
COLOURS = 256
"""Of a picture's palette: a third of the bytes, and no eye sees the difference."""


@dataclass(frozen=True)
class Figure:
    """One picture of a page."""

    file: str
    """Below docs/."""
    tables: tuple[str, ...]
    """As those of a block."""
    draw: Callable[..., Drawing]
    """From the rows of each table."""
    text: str
    """A sentence: what it shows, for those who do not see it."""


def digest(tables: Sequence[Table]) -> str:
    """Of the files of all tables of a figure."""
    return hashlib.sha256("".join(table.record.sha256 for table in tables).encode()).hexdigest()


def write_figure(figure: Figure, tables: Sequence[Table], path: Path) -> None:
    """Draw the tables into the PNG file; the same tables give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(figure.draw(*(table.rows for table in tables)), digest(tables), path)


def write_png(drawing: Drawing, data: str, path: Path) -> None:
    """In few colours, with the hash of what is drawn."""
    from PIL import Image, PngImagePlugin  # noqa: PLC0415 - comes with matplotlib, for figures only

    drawn, about = io.BytesIO(), PngImagePlugin.PngInfo()
    drawing.savefig(drawn, dpi=DPI, format="png")
    about.add_text(KEY, data)
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, "PNG", optimize=True, pnginfo=about, dpi=(DPI, DPI))


def digest_in(path: Path) -> str:
    """The hash that a PNG carries; empty if it has none."""
    from PIL import Image  # noqa: PLC0415 - comes with matplotlib, for figures only

    with Image.open(path) as image:
        return str(image.info.get(KEY, ""))


def records_of(rows: Sequence[Row], kind: type[T]) -> list[T]:
    """Rows as the frozen records that the experiment wrote them from; columns beyond its fields are left out."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return [kind(**{name: _value(row[name], hints[name]) for name in names}) for row in rows]


def _value(text: str, kind: Any) -> Any:
    if kind is bool:
        return text in ("True", "1", "yes")
    if kind is float:
        return float(text or "nan")
    return int(text) if kind is int else text
