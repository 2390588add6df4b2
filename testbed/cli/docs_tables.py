"""Tables of pages that are made from records: `python -m testbed.cli.docs_tables` writes them anew.

    <!-- table: NAME -->
    the rows
    <!-- /table -->
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from models.drivers.behaviours import BEHAVIOURS

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARKED = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(<!-- /table -->)", re.DOTALL)


def behaviour_rows() -> list[str]:
    """One row for each behaviour of drivers."""
    return ["| behaviour | what happens | drawn |", "|---|---|---|",
            *(f"| `{one.name}` | {one.what} | {one.how} |" for one in BEHAVIOURS)]


def protocol_rows() -> list[str]:
    """The behaviours in the words of protocols."""
    return ["| here | OCPP 2.x | OpenADR |", "|---|---|---|",
            *(f"| `{one.name}` | {one.ocpp} | {one.openadr} |" for one in BEHAVIOURS)]


TABLES: dict[str, Callable[[], list[str]]] = {"behaviours": behaviour_rows, "protocols": protocol_rows}


def with_tables(text: str) -> str:
    """A page with all of its marked tables made anew; KeyError for a table that nobody makes."""
    return MARKED.sub(lambda found: found[1] + "\n".join(TABLES[found["name"]]()) + "\n" + found[3], text)


def main() -> None:
    """Write the tables of all pages anew."""
    for page in DOCS.rglob("*.md"):
        old = page.read_text(encoding="utf-8")
        if (new := with_tables(old)) != old:
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
