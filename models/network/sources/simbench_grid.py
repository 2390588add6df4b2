"""The grids of SimBench, by their code; read from its package, not copied."""

from __future__ import annotations

from typing import Any

from models.network.read_nets import net_source
from models.records.arrays import RecordError


def _net(text: str) -> Any:
    try:
        import simbench  # noqa: PLC0415 - slow to import, and an extra
    except ImportError as error:
        raise RecordError(f"feeder {text}: needs the extra real-profiles: "
                          "pip install v2g-testbed[real-profiles]") from error
    code = text.partition(":")[2]
    if code not in simbench.collect_all_simbench_codes():
        raise RecordError(f"feeder {text}: SimBench has no such grid, see simbench.collect_all_simbench_codes()")
    return simbench.get_simbench_net(code)


SOURCE = net_source("simbench:CODE", "a SimBench grid by its code, as `simbench:1-MV-urban--0-sw` (needs the extra "
                    "`real-profiles`); prefer the codes that end in `-sw`: others may hold closed rings",
                    r"simbench:[\w.-]+", _net)
