"""The network of a district, and its power flow."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from controllers.port import PowerFlowCall
from models.network.power_flow import TappedFeeder, ac_engine
from models.network.source import FeederLimits, feeder_from, source_of
from models.network.three_phase.connections import Connections
from models.network.transformers.tap_changer import TapChanger, Taps, tap_changer_of
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


def build_tap_changer(district: district_part.District, feeder: RadialFeeder | None) -> TapChanger | None:
    """What holds the voltage of a bus of the district's network; raises RecordError if it cannot serve."""
    given = district.tap_changer
    if given is None or feeder is None:
        return None
    target_pu = feeder.v_slack_pu if given.target_pu is None else given.target_pu
    bus = 1 if given.bus is None else feeder.bus_row(given.bus)
    return tap_changer_of(_taps(district), feeder.v_slack_pu, bus, target_pu, given.dead_band_pu, given.delay_s)


def _taps(district: district_part.District) -> Taps:
    given, taps = district.tap_changer, source_of(str(district.feeder)).taps
    assert given is not None
    if given.step_percent is None and taps is not None:
        return taps(str(district.feeder))
    position = np.arange(-given.positions, given.positions + 1)
    ratio = np.asarray(1.0 + position * (given.step_percent or 0.0) / 100.0, dtype=np.float64)
    return Taps(position, ratio, given.positions)


def limits_of(district: district_part.District) -> FeederLimits:
    return FeederLimits(
        peak_scale=district.peak_scale, slack_vm_pu=district.slack_vm_pu, v_min_pu=district.v_min_pu,
        v_max_pu=district.v_max_pu, substation_kva=_substation_kva(district), line_rating_a=_line_rating_a(district),
        transformer_margin=_unlimited(district.transformer_margin),
        holds_low_side=district.tap_changer is None or district.tap_changer.step_percent is not None,
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


def tapped_feeder(feeder: RadialFeeder | None, changer: TapChanger | None, scenario: described.Scenario
                  ) -> TappedFeeder | None:
    """The network at each position of its tap changer; None without one."""
    if feeder is None or changer is None:
        return None
    return TappedFeeder(feeder, changer.slack_vm_pu, scenario.spatial.engine)
