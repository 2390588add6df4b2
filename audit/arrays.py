"""Every array that a result may hold: where, on which axes, and which values are possible at all.

Written from docs/results.md; a test holds it against the table of what is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["real", "positive", "count", "flag", "whole", "text"]
"""Any number; not below 0; whole and not below 0; 0 or 1; whole; words."""
Place = Literal["system", "district", "network", "plan", "reference", "traces"]


@dataclass(frozen=True)
class Told:
    """One array."""

    name: str
    place: Place
    dims: tuple[str, ...]
    kind: Kind = "real"
    may_be_nan: bool = False
    since: int = 1
    """Schema that has it first."""
    optional: bool = False
    """Absent where a run did not end, or was not asked for it."""


def _all(place: Place, dims: str, kind: Kind, names: str, *, nan: bool = False, since: int = 1,
         optional: bool = False) -> tuple[Told, ...]:
    return tuple(Told(name, place, tuple(dims.split()), kind, nan, since, optional) for name in names.split())


_SYSTEM = (
    *_all("system", "time", "positive", """load_mw wind_available_mw pv_available_mw wind_curtailed_mw pv_curtailed_mw
        shed_mw dump_mw reserve_shortfall_mw reserve_credit_mw startup_cost_usd"""),
    *_all("system", "time", "real", """price_charge_usd_per_kwh price_discharge_usd_per_kwh pev_total_mw
        losses_change_total_mw marginal_price_usd_per_mwh marginal_carbon_t_per_mwh marginal_cost_usd_per_mwh
        fuel_cost_usd carbon_t"""),
    *_all("system", "time", "real", "expected_objective_usd delivery_quantile learned_compliance_mean", nan=True),
    *_all("system", "time", "count", "unit_starts emergency_starts"),
    *_all("system", "time", "flag", "redispatch_failed"),
    *_all("system", "time", "positive", "must_take_mw", optional=True),
    *_all("system", "time", "positive", "load_forecast_mw wind_forecast_mw pv_forecast_mw", nan=True, optional=True),
    *_all("system", "time unit", "positive", "p_mw"),
    *_all("system", "time unit", "positive", "ordered_mw", nan=True, optional=True),
    *_all("system", "time unit", "real", "on_before_h"),
    *_all("system", "time unit", "flag", "committed"),
)
_DISTRICT = (
    *_all("district", "bus", "whole", "bus_zone"),
    *_all("district", "time group", "count", "plugged_count"),
    *_all("district", "time group", "positive", """target_charge_kw target_discharge_kw charge_kw discharge_kw
        wear_usd"""),
    *_all("district", "time group", "real", "tariff_usd"), *_all("district", "time reason", "count", "refusals"),
    *_all("district", "time car_class soc_band", "count", "soc_count", optional=True),
    *_all("district", "time bus", "real", "p_plan_bus_kw q_plan_bus_kvar p_bus_kw q_bus_kvar"),
    *_all("district", "time bus", "positive", "discharge_bus_kw"),
    *_all("district", "time bus", "real", "vm_socp_pu vm_plan_ac_pu nodal_price_usd_per_mwh", nan=True),
    *_all("district", "time", "real", """losses_socp_kw losses_plan_ac_kw relaxation_gap_rel relaxation_vm_error_pu
        relaxation_loss_error_rel""", nan=True),
    *_all("district", "time", "flag", "spatial_solved spatial_fallback spatial_repaired"),
    *_all("district", "time", "count", "queue_count instructed_count complied_count departures_short"),
    *_all("district", "time", "positive", """target_energy_kwh disaggregation_loss_kwh stored_kwh charged_kwh
        discharged_kwh fast_charged_kwh fast_charged_usd driven_kwh infeasible_request_kwh instructed_up_kwh
        delivered_up_kwh instructed_down_kwh delivered_down_kwh departures_short_kwh"""),
    *_all("district", "time", "real", "lost_kwh model_mismatch_kwh"),
    *_all("district", "plan cohort lead", "positive", "plan_pc_kw plan_pd_kw", nan=True),
)
_VEHICLES = (
    *_all("district", "vehicle", "positive", """vehicle_charged_kwh vehicle_discharged_kwh vehicle_stored_kwh
        vehicle_drawn_kwh vehicle_fast_charged_kwh vehicle_fast_charged_usd vehicle_driven_kwh vehicle_wear_usd
        vehicle_departure_short_kwh vehicle_infeasible_request_kwh vehicle_plugged_h vehicle_stored_start_kwh
        vehicle_stored_end_kwh vehicle_capacity_kwh vehicle_age_years""", optional=True),
    *_all("district", "vehicle", "real", "vehicle_lost_kwh vehicle_tariff_usd", optional=True),
    *_all("district", "vehicle", "whole", "vehicle_class_index", optional=True),
    *_all("district", "vehicle", "flag", "vehicle_is_enrolled vehicle_is_bidirectional", optional=True),
    *_all("district", "vehicle", "count", "vehicle_departures_short", since=2, optional=True),
    *_all("district", "vehicle", "positive", "vehicle_p_discharge_max_kw", since=2,
          optional=True),
)
_NETWORK = (
    *_all("network", "bus", "whole", "bus_parent"),
    *_all("network", "bus", "positive", "line_rating_a transformer_rating_kva"),
    *_all("network", "bus", "real", """line_r_pu line_x_pu line_turns_ratio shunt_g_pu shunt_b_pu load_peak_kw
        load_peak_kvar load_follow_kw load_follow_kvar load_fixed_kw load_fixed_kvar""", since=2),
    *_all("network", "bus", "text", "bus_name", since=2, optional=True),
    *_all("network", "tap", "positive", "tap_slack_vm_pu", since=2, optional=True),
    *_all("network", "time", "real", "tap_position", since=2, optional=True),
    *_all("network", "series", "whole", "series_bus", since=2, optional=True),
    *_all("network", "series", "real", "series_kw series_kvar", since=2, optional=True),
    *_all("network", "series", "text", "series_source", since=2, optional=True),
    *_all("network", "series", "flag", "series_is_generation", since=2, optional=True),
    *_all("network", "generation_bus", "real", "generation_fixed_kw", since=2, optional=True),
    *_all("network", "time generation_bus", "positive", "generation_available_kw generation_curtailed_kw", since=2,
          optional=True),
    *_all("network", "time generation_bus", "positive", "generation_limit_kw", nan=True, since=2, optional=True),
    *_all("network", "time bus", "real", "load_bus_kw load_bus_kvar", since=2),
    *_all("network", "time bus", "positive", "vm_pu vm_setpoint_pu line_loading_percent transformer_kva"),
    *_all("network", "time", "real", "losses_change_mw p_slack_kw q_slack_kvar"),
    *_all("network", "time", "positive", "losses_kw losses_setpoint_kw losses_base_kw"),
)
_PHASES = (
    *_all("network", "time node", "real", "v_node_re_v v_node_im_v", since=2, optional=True),
    *_all("network", "time conductor", "positive", "current_a", since=2, optional=True),
    *_all("network", "time line", "positive", "neutral_current_a", since=2, optional=True),
    *_all("network", "time three_phase_bus", "positive", "unbalance_percent", since=2, optional=True),
    *_all("network", "time regulator", "positive", "tap_pu", since=2, optional=True),
    *_all("district", "time connection", "real", "told_connection_kw", since=2, optional=True),
    *_all("district", "time connection", "real", "import_limit_kw export_limit_kw", nan=True, since=2, optional=True),
    *_all("network", "node", "positive", "node_base_v", since=2, optional=True),
    *_all("network", "node", "real", "node_x node_y", nan=True, since=2, optional=True),
    *_all("network", "node", "flag", "node_is_open", since=2, optional=True),
    *_all("network", "conductor", "positive", "conductor_rating_a", since=2, optional=True),
    *_all("network", "conductor", "whole", "conductor_bus conductor_line", since=2, optional=True),
    *_all("network", "conductor", "flag", "conductor_is_fixed", since=2, optional=True),
    *_all("network", "three_phase_bus", "count", "three_phase_node_1 three_phase_node_2 three_phase_node_3", since=2,
          optional=True),
    *_all("network", "admittance", "count", "admittance_row admittance_node", since=2, optional=True),
    *_all("network", "admittance", "real", "admittance_re_s admittance_im_s", since=2, optional=True),
    *_all("network", "current_term", "count", "current_row current_node", since=2, optional=True),
    *_all("network", "current_term", "real", "current_re_s current_im_s", since=2, optional=True),
    *_all("network", "port_node", "whole", "port_bus port_customer", since=2, optional=True),
    *_all("network", "port_node", "count", "port_at", since=2, optional=True),
    *_all("network", "port_node", "positive", "port_share", since=2, optional=True),
)
_PLAN = (
    *_all("plan", "plan", "whole", "time_s"), *_all("plan", "plan", "text", "status"),
    *_all("plan", "plan unit lead", "whole", "committed"), *_all("plan", "plan unit lead", "real", "p_mw", nan=True),
    *_all("plan", "plan lead", "real", """wind_curtailed_mw pv_curtailed_mw reserve_shortfall_mw
        reserve_shortfall_usd marginal_price_usd_per_mwh""", nan=True),
    *_all("plan", "plan", "real", """objective_usd milp_objective_usd bound_usd gap_rel operating_cost_usd
        owners_net_usd curtailment_usd carbon_cost_usd carbon_t""", nan=True),
)
_REFERENCE = (
    *_all("reference", "hour unit", "whole", "committed"),
    *_all("reference", "hour unit", "real", "ordered_mw", optional=True),
)
_TRACES = (
    *_all("traces", "time vehicle", "positive", "soc"), *_all("traces", "time vehicle", "real", "p_vehicle_kw"),
    *_all("traces", "time vehicle", "real", "setpoint_vehicle_kw limited_vehicle_kw", nan=True),
    *_all("traces", "time vehicle", "count", "reason_vehicle"),
    *_all("traces", "time vehicle", "positive", "stay_vehicle_h", nan=True, since=2),
    *_all("traces", "time vehicle", "positive", "arrived_vehicle_h", since=2),
    *_all("traces", "time vehicle", "real", "asked_vehicle_kwh", since=2),
)
ARRAYS: tuple[Told, ...] = (*_SYSTEM, *_DISTRICT, *_VEHICLES, *_NETWORK, *_PHASES, *_PLAN, *_REFERENCE, *_TRACES)


def full_name(told: Told) -> str:
    """As rules name it: `p_mw`, `plan/p_mw`, `reference/committed`, `traces/soc`."""
    return f"{told.place}/{told.name}" if told.place in ("plan", "reference", "traces") else told.name


def at(place: Place) -> tuple[Told, ...]:
    """Arrays of one kind of place."""
    return tuple(told for told in ARRAYS if told.place == place)
