"""The grids of SimBench, by their code; read from its package, not copied."""

from __future__ import annotations

from typing import Any

from models.network.loads.own_series import OwnProfiles
from models.network.read_nets import net_source
from models.records.arrays import RecordError
from models.tables import simbench_year


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


def _profiles(net: Any) -> OwnProfiles:
    """By the files of SimBench that they come from; static generators are renewables or power plants."""
    tables = {"LoadProfile": "load", "RESProfile": "renewables", "PowerPlantProfile": "powerplants",
              "StorageProfile": "storage"}
    shares = {f"{file}/{name}": net.profiles[table][name].to_numpy(dtype=float) for file, table in tables.items()
              for name in net.profiles[table].columns if name != "time"}
    files = {"load": ("LoadProfile",), "sgen": ("RESProfile", "PowerPlantProfile"), "storage": ("StorageProfile",)}
    return OwnProfiles(shares, files, simbench_year.STEP_S)


SOURCE = net_source("simbench:CODE", "a SimBench grid by its code, as `simbench:1-MV-urban--0-sw` (needs the extra "
                    "`real-profiles`); prefer the codes that end in `-sw`: others may hold closed rings",
                    r"simbench:[\w.-]+", _net, own_profiles=_profiles)
