"""The network of a district, and its power flow."""

from __future__ import annotations

from functools import lru_cache

from controllers.port import PowerFlowCall
from models.network.power_flow import ac_engine
from models.network.source import FeederLimits, feeder_from
from models.network.three_phase.connections import Connections
from models.records.feeder import RadialFeeder
from testbed.scenario import record as described
from testbed.scenario.files import files_digest, network_files
from testbed.scenario.parts import district as district_part
from testbed.setup.blocks import from_blocks


def build_feeder(district: district_part.District) -> RadialFeeder | None:
    """The district's network, None where it has none; raises RecordError if it cannot serve."""
    if district.feeder is None:
        return None
    return _network(district.model_dump_json(), files_digest(network_files(district)))


@lru_cache(maxsize=64)
def _network(district_json: str, content: str) -> RadialFeeder:
    """Networks from elsewhere take seconds to load; `content` is that of their file."""
    district = district_part.District.model_validate_json(district_json)
    return feeder_from(str(district.feeder), limits_of(district))


def limits_of(district: district_part.District) -> FeederLimits:
    return FeederLimits(
        peak_scale=district.peak_scale, slack_vm_pu=district.slack_vm_pu, v_min_pu=district.v_min_pu,
        v_max_pu=district.v_max_pu, substation_kva=_substation_kva(district), line_rating_a=_line_rating_a(district),
        transformer_margin=_unlimited(district.transformer_margin),
        connections=from_blocks(Connections, district.connections))


def _line_rating_a(district: district_part.District) -> float | None:
    """None: as assumed in the feeder's own model."""
    return None if district.line_rating_a == "assumed" else _unlimited(district.line_rating_a)


def _unlimited(limit: float | None) -> float:
    return float("inf") if limit is None else limit


def _substation_kva(district: district_part.District) -> float:
    return float("inf") if district.substation_mva is None else 1e3 * district.substation_mva


def power_flow_of(feeder: RadialFeeder | None, scenario: described.Scenario) -> PowerFlowCall | None:
    if feeder is None:
        return None
    return ac_engine(feeder, scenario.spatial.engine).power_flow
