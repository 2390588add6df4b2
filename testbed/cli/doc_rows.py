"""Blocks of the docs that are made from the code: tables of each kind, a row per file, and the table of crossings.

A page holds `<!-- begin: NAME -->` and `<!-- end: NAME -->` with a name of `code_blocks`; `make publish` fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from models.drivers.behaviours import BEHAVIOURS
from models.network.source import SOURCES
from models.system.tariff import TARIFFS
from models.wear import WEAR_MODELS
from testbed.faults.kind import FAULTS
from testbed.metrics.registry import METRICS
from testbed.reporting.figure import FIGURES
from testbed.reporting.study.figure import STUDY_FIGURES
from testbed.wiring import printed

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Heads of the columns, and rows."""


def markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """As a page has it; bars within cells are kept apart from those between."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def kind_table(name: str) -> str:
    """The table of a kind as Markdown; KeyError for an unknown one."""
    return markdown(*KIND_TABLES[name]())


def _wear_models() -> Table:
    return (("name", "cell", "year", "tested", "source"),
            [(f"`{name}`", wear.cell, str(wear.year), wear.tested_range, wear.source)
             for name, wear in WEAR_MODELS.items()])


def _tariffs() -> Table:
    return (("`tariff.table`", "what it is", "source"),
            [(f"`{name}`", tariff.description, tariff.source) for name, tariff in TARIFFS.items()])


def _networks() -> Table:
    return (("`districts[].feeder`", "network"), [(f"`{name}`", net.description) for name, net in SOURCES.items()])


def _metrics() -> Table:
    return (("figure", "unit", "definition"),
            [(f"`{name}`", metric.unit, metric.definition) for name, metric in METRICS.items()])


def _figures() -> Table:
    return (("section", "figure", "shows"),
            [(figure.section, f"`{name}`", figure.shows + (", network by network" if figure.draw_network else ""))
             for name, figure in FIGURES.items()])


def _study_figures() -> Table:
    return ("figure", "shows"), [(f"`{name}`", figure.shows) for name, figure in STUDY_FIGURES.items()]


def _behaviours() -> Table:
    return ("behaviour", "what happens", "drawn"), [(f"`{way.name}`", way.what, way.how) for way in BEHAVIOURS]


def _protocols() -> Table:
    return ("here", "OCPP 2.x", "OpenADR"), [(f"`{way.name}`", way.ocpp, way.openadr) for way in BEHAVIOURS]


def _faults() -> Table:
    return (("`kind`", "what happens", "where", "parameters, and their usual values", "meanwhile", "afterwards"),
            [(f"`{name}`", kind.what, kind.place,
              "; ".join(f"`{p.name}` {p.usual}: {p.what}" for p in kind.parameters) or "-", kind.answer, kind.after)
             for name, kind in FAULTS.items()])


def _audit_rules() -> Table:
    from audit.judge import all_rules  # noqa: PLC0415 - only where its page is made

    return (("rule", "section", "holds that", "determines"),
            [(f"`{rule.name}`", rule.section, rule.sentence, ", ".join(f"`{name}`" for name in rule.determines) or "-")
             for rule in all_rules().values()])


def _not_determined() -> Table:
    from audit.registry import NOT_DETERMINED  # noqa: PLC0415

    return ("array", "why no rule determines it"), [(f"`{name}`", why) for name, why in NOT_DETERMINED.items()]


KIND_TABLES: dict[str, Callable[[], Table]] = {
    "wear-models": _wear_models, "tariffs": _tariffs, "networks": _networks, "metrics": _metrics, "figures": _figures,
    "study-figures": _study_figures,
    "behaviours": _behaviours, "faults": _faults, "protocols": _protocols, "audit-rules": _audit_rules,
    "not-determined": _not_determined}


def _keys() -> str:
    from testbed.cli.key_rows import key_tables  # noqa: PLC0415 - lays out the whole schema

    return key_tables(markdown)


CROSSINGS: dict[str, Callable[[], str]] = {
    "diagram": printed.diagram, "crossings": printed.crossings, "axes": printed.axes}


def code_blocks() -> dict[str, Callable[[], str]]:
    """What fills each block, by its whole name: `kinds.NAME` or `wiring.NAME`."""
    kinds = {f"kinds.{name}": partial(kind_table, name) for name in KIND_TABLES}
    return kinds | {"kinds.keys": _keys} | {f"wiring.{name}": text for name, text in CROSSINGS.items()}
