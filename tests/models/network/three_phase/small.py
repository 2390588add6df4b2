"""A street of two buses behind a transformer, and what a test adds to its script."""

from __future__ import annotations

from pathlib import Path

STREET = """clear
set defaultbasefrequency=50
new circuit.street basekv=11 pu=1.0 phases=3 bus1=source mvasc3=200
new transformer.t phases=3 windings=2 buses=(source b1) conns=(delta wye) kvs=(11 0.416) kvas=(400 400) xhl=4
new linecode.c nphases=3 r1=0.3 x1=0.08 r0=0.9 x0=0.3 units=km normamps=200
new line.a bus1=b1 bus2=b2 linecode=c length=0.1 units=km
new line.b bus1=b2 bus2=b3 linecode=c length=0.1 units=km
new load.shop bus1=b3 phases=3 kv=0.416 kw=9 kvar=3
{more}
set voltagebases=[11 0.416]
calcvoltagebases
solve
{then}
"""


def street(folder: Path, more: str = "", then: str = "") -> str:
    """The path of its script; more: lines before it is solved, then: lines after."""
    (folder / "Master.dss").write_text(STREET.format(more=more, then=then))
    return str(folder / "Master.dss")
