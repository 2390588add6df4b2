"""Faults planted one at a time into a copy of the code: what is replaced by what, and the tests expected to fail.

They are of the kinds that such code has had: signs, units, hours, seeds, shifts, efficiencies, terms left out, the
wrong bus, keys that forget something. `make mutate` plants them (tests/mutation/campaign.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One replacement in one file."""

    name: str
    """In words, as the table has it."""
    file: str
    old: str
    """Stands in the file exactly once."""
    new: str
    tests: str
    """Test files or tests, with blanks between."""
    reaches_results: bool = True
    """Whether a run can show it at all."""


SYSTEM = "models/system/power_system.py"
FLEET, BATTERY = "models/fleet/fleet.py", "models/fleet/battery.py"
ROOM, FLEXIBILITY = "models/fleet/reserve_room.py", "models/fleet/flexibility.py"
EQUATIONS = "controllers/temporal/unit_commitment/equations.py"
RESERVE = "controllers/temporal/unit_commitment/reserve.py"
OBJECTIVE = "controllers/temporal/unit_commitment/objective.py"
FLOW_EQUATIONS = "controllers/spatial/branch_flow/equations.py"
FLEET_EQUATIONS = "controllers/spatial/branch_flow/fleet_equations.py"
POWER_FLOW = "models/network/power_flow.py"

T_SYSTEM = "tests/models/system/test_power_system.py"
T_FLEET, T_BATTERY = "tests/models/fleet/test_fleet.py", "tests/models/fleet/test_battery.py"
T_EQUATIONS = "tests/controllers/temporal/test_equations.py"
T_RESERVE = "tests/controllers/temporal/test_reserve.py"
T_FLOW = "tests/laws/test_branch_flow.py"
T_ROWS = "tests/controllers/spatial/test_branch_flow_rows.py"
T_METRICS = "tests/testbed/metrics/test_metrics.py"

OF_UNITS = (
    Fault("curtailed power counts as firm reserve", SYSTEM,
          "net.wind_mw + net.pv_mw - curtailed\n", "net.wind_mw + net.pv_mw\n", T_SYSTEM),
    Fault("feeder losses lower the demand", SYSTEM,
          "- self.pev_discharge_mw + self.loss_change_mw", "- self.pev_discharge_mw - self.loss_change_mw", T_SYSTEM),
    Fault("start-ups priced by half the hours off", SYSTEM,
          "start_cost_usd(-self.on_s / SECONDS_PER_HOUR)", "start_cost_usd(-self.on_s / SECONDS_PER_HOUR / 2)",
          T_SYSTEM),
    Fault("emissions of a quarter counted as an hour's", SYSTEM,
          "emissions_t_per_h(p_mw, on).sum()) * hours", "emissions_t_per_h(p_mw, on).sum())", T_SYSTEM),
    Fault("discharge counts in full as reserve", SYSTEM,
          "firm += net.delivery_quantile * net.pev_discharge_mw", "firm += net.pev_discharge_mw", T_SYSTEM),
    Fault("charging needs no reserve", SYSTEM,
          "net.load_mw - shed + net.pev_charge_mw - firm", "net.load_mw - shed - firm", T_SYSTEM),
    Fault("wind and sun swapped where they are curtailed", SYSTEM,
          "return curtailed * wind / (wind + pv), curtailed * pv / (wind + pv)",
          "return curtailed * pv / (wind + pv), curtailed * wind / (wind + pv)", T_SYSTEM),
    Fault("dearest quick unit starts first", SYSTEM,
          "np.argsort(full_load_cost[ready], kind", "np.argsort(-full_load_cost[ready], kind", T_SYSTEM),
    Fault("marginal carbon without the curve's bend", SYSTEM,
          "(units.emission_beta_t_per_mwh + 2 * units.emission_gamma",
          "(units.emission_beta_t_per_mwh + units.emission_gamma", "tests/models/system/test_marginal_cost.py"),
    Fault("fuel without its constant part", "models/records/thermal_units.py",
          "cost = self.cost_a_usd_per_h + self.cost_b_usd_per_mwh * p_mw", "cost = self.cost_b_usd_per_mwh * p_mw",
          "tests/known_answers/test_ten_units.py " + T_SYSTEM),
    Fault("hot start after the last hour of the rest", "models/records/thermal_units.py",
          "min_down_h + cold_start_h + 1]", "min_down_h + cold_start_h]", T_SYSTEM),
    Fault("missing reserve priced at the first step alone", "models/records/reserve_curve.py",
          "np.clip(missing - begin, 0.0, width)", "np.clip(missing, 0.0, width)",
          "tests/models/records/test_reserve_curve.py"),
)
OF_PROFILES = (
    Fault("the sun an hour late", "models/system/profiles.py",
          "PV_RISE_H, PV_SET_H = 6.0, 18.0", "PV_RISE_H, PV_SET_H = 7.0, 19.0", "tests/models/system/test_profiles.py"),
    Fault("steps of a day that repeats lag by a row", "models/system/profiles.py",
          "since_first_s = time_s - self.first_s", "since_first_s = time_s - self.first_s - self.resolution_s",
          "tests/models/system/test_profiles.py"),
    Fault("tariff of the next hour", "models/system/tariff.py",
          "(time_s // SECONDS_PER_HOUR + np.arange(hours))", "(time_s // SECONDS_PER_HOUR + 1 + np.arange(hours))",
          "tests/models/system/test_tariff.py"),
    Fault("discharging paid at the price of charging", "models/system/tariff.py",
          "return self.discharge_cny_per_kwh[_hours_of_day", "return self.charge_cny_per_kwh[_hours_of_day",
          "tests/models/system/test_tariff.py"),
)
OF_CARS = (
    Fault("discharging gains energy", BATTERY,
          "np.minimum(discharge_kw * hours / cars.eta_discharge, above_kwh)",
          "np.minimum(discharge_kw * hours * cars.eta_discharge, above_kwh)", T_BATTERY),
    Fault("discharging below the floor", BATTERY,
          "above_kwh = np.maximum(energy_kwh - cars.floor_kwh, 0.0)", "above_kwh = np.maximum(energy_kwh, 0.0)",
          T_BATTERY),
    Fault("taper without efficiency", BATTERY,
          "speed_per_h = cars.eta_charge * cars.p_charge_max_kw / span_kwh",
          "speed_per_h = cars.p_charge_max_kw / span_kwh", T_BATTERY),
    Fault("chargers of any set-point's power", BATTERY,
          "np.minimum(np.maximum(power_kw, -cars.p_discharge_max_kw), cars.p_charge_max_kw)", "power_kw + 0.0",
          T_BATTERY),
    Fault("fast charging on the way without losses", FLEET,
          "fast_grid_kwh = fast_kwh / p.fast_charge_eta", "fast_grid_kwh = fast_kwh", T_FLEET),
    Fault("wear of what reaches the bus", FLEET,
          "wear_usd=ledger.drawn_kwh * self._wear_usd_per_kwh",
          "wear_usd=ledger.discharged_kwh * self._wear_usd_per_kwh", T_FLEET),
    Fault("owners pay for what they give", FLEET,
          "tariff_usd=ledger.charged_kwh * price_in - ledger.discharged_kwh * price_out",
          "tariff_usd=ledger.charged_kwh * price_in + ledger.discharged_kwh * price_out", T_FLEET),
    Fault("every car in the first zone", FLEET,
          "self._group_in_zone[self._bus_zone[bus], rows]", "self._group_in_zone[0, rows]", T_FLEET),
    Fault("fast chargers behind the transformer instead of slow ones", FLEET,
          "self._is_behind[rows])", "~self._is_behind[rows])", T_FLEET),
    Fault("cars do not wait for their first instruction", FLEET,
          "rows = rows[is_brief | ~follow]", "rows = rows[is_brief | follow]", T_FLEET),
    Fault("cars without an hour to spare promise to stop", ROOM,
          "np.maximum(p_kw[cars], 0.0)[may_stop].sum()", "np.maximum(p_kw[cars], 0.0).sum()",
          "tests/models/drivers/test_delivery_record.py"),
    Fault("cars without a contract promise reserve", ROOM,
          "declared.is_plugged & (is_dispatched > 0) & vehicles.is_enrolled",
          "declared.is_plugged & (is_dispatched > 0)", "tests/models/drivers/test_delivery_record.py"),
    Fault("cars are dispatched in the step of their plug-in", FLEXIBILITY,
          "start_s=(stays.start_s // step_s + 1) * step_s)", "start_s=(stays.start_s // step_s) * step_s)",
          "tests/models/fleet/test_flexibility.py tests/testbed/setup/test_expectations.py"),
    Fault("cars past their word stay two hours", FLEXIBILITY,
          "known.departure_s, start_s + SECONDS_PER_HOUR)", "known.departure_s, start_s + 2 * SECONDS_PER_HOUR)",
          "tests/models/fleet/test_flexibility.py"),
    Fault("envelopes fall without the efficiency of discharging", FLEXIBILITY,
          "fall_kw = stays.p_discharge_max_kw / stays.eta_discharge", "fall_kw = stays.p_discharge_max_kw",
          "tests/laws/test_envelopes.py tests/models/fleet/test_flexibility.py"),
    Fault("wear by kWh of battery bought, not used", "models/wear/cells/throughput.py",
          "return self.battery_usd_per_kwh / (self.cycle_life * self.depth)",
          "return self.battery_usd_per_kwh / self.cycle_life", "tests/models/wear/test_throughput.py"),
)
OF_DRIVERS = (
    Fault("who leaves early leaves late", "models/mobility/stays.py",
          'depart_s - shift_s * moves("departure", behaviour)', 'depart_s + shift_s * moves("departure", behaviour)',
          "tests/models/mobility/test_stays.py"),
    Fault("the shortest stays are plugged in", "models/mobility/stays.py",
          "(dwell_s >= MIN_PLUGGED_S)", "(dwell_s >= 0)", "tests/models/mobility/test_stays.py"),
    Fault("tolerance of a quarter as of an hour", "models/drivers/compliance.py",
          "tolerance_kwh = hours * np.maximum(", "tolerance_kwh = np.maximum(",
          "tests/models/drivers/test_compliance.py"),
    Fault("what exceeds the instruction counts as delivered", "models/drivers/compliance.py",
          "delivered_up_kwh=float(np.minimum(up_kwh, discharged_kwh).sum())",
          "delivered_up_kwh=float(discharged_kwh.sum())", "tests/models/drivers/test_compliance.py"),
    Fault("who would comply does not", "models/drivers/willingness.py",
          "own < p_complies)", "own > p_complies)",
          "tests/models/drivers/test_drivers.py tests/laws/test_willingness.py"),
    Fault("every day of drivers is the first", "models/drivers/willingness.py",
          'day_stream(self._seed, "stays", class_key(index), day)',
          'day_stream(self._seed, "stays", class_key(index), 0)',
          "tests/models/drivers/test_drivers.py"),
    Fault("free cars count wear at the bus", "models/drivers/willingness.py",
          "- wear / vehicles.eta_discharge)", "- wear)", "tests/models/drivers/test_drivers.py"),
)
OF_NETWORKS = (
    Fault("losses by reactance", POWER_FLOW,
          "(np.abs(current) ** 2 * feeder.r_pu[1:])", "(np.abs(current) ** 2 * feeder.x_pu[1:])",
          "tests/models/network/test_feeder.py tests/known_answers/test_ieee33.py"),
    Fault("powers one bus upstream", POWER_FLOW,
          "modify_load_p(np.ascontiguousarray(p_kw[:, 1:]", "modify_load_p(np.ascontiguousarray(p_kw[:, :-1]",
          "tests/known_answers/test_ieee33.py"),
    Fault("reactive power at the substation with the wrong sign", POWER_FLOW,
          "s_mva.imag * 1e3 + q_kvar[:, 0]", "s_mva.imag * 1e3 - q_kvar[:, 0]", "tests/models/network/test_feeder.py"),
    Fault("transformers age as fast again only every 12 K", "models/network/transformers/ageing.py",
          "doubling_k: float = 6.0", "doubling_k: float = 12.0", "tests/models/network/test_transformer_ageing.py"),
    Fault("currents on another base", "models/network/sources/ieee33.py",
          "BASE_MVA * 1e3 / float(np.sqrt(3.0) * nominal_kv)", "BASE_MVA * 1e3 / float(nominal_kv)",
          "tests/known_answers/test_ieee33.py tests/models/network/test_feeder.py"),
)
OF_THE_UPPER_LAYER = (
    Fault("cars outside control left out of the balance", EQUATIONS,
          "demand = view.load_mw + case.uncontrolled_mw + charging", "demand = view.load_mw + charging", T_RESERVE),
    Fault("cars outside control left out of reserve", RESERVE,
          "case.requirement_mw + case.uncontrolled_step_mw", "case.requirement_mw", T_RESERVE),
    Fault("minimum up times an hour short", EQUATIONS,
          "window(case, np.zeros_like(up), up - 1) @ v.y <= v.u",
          "window(case, np.zeros_like(up), up - 2) @ v.y <= v.u", T_EQUATIONS),
    Fault("cohorts gain by discharging", EQUATIONS,
          "out = rows.pd_max_mw / rows.eta_discharge[rows.cohort] / scale",
          "out = rows.pd_max_mw * rows.eta_discharge[rows.cohort] / scale", T_EQUATIONS),
    Fault("owners pay for what they give, in plans", OBJECTIVE,
          "return case.price_charge[rows.hour], wear - case.price_discharge[rows.hour]",
          "return case.price_charge[rows.hour], wear + case.price_discharge[rows.hour]",
          "tests/controllers/temporal/test_plan_check.py tests/controllers/temporal/test_unit_commitment.py"),
    Fault("energy of one-way cars stands behind reserve", RESERVE,
          "more / eta_d <= two_way @ above_min", "more / eta_d <= hour_sum @ above_min", T_RESERVE),
    Fault("nothing of the plan binds the start of the next", EQUATIONS,
          "v.u - before(case) @ v.u - first_hour(case, case.inherited.on) == v.y - v.z",
          "v.u - before(case) @ v.u == v.y - v.z", T_EQUATIONS),
    Fault("hourly costs without start-ups", "controllers/temporal/hourly_cost.py",
          "yield fuel + _start_usd(knowledge, view, plan.committed)", "yield fuel",
          "tests/controllers/temporal/test_receding.py"),
    Fault("targets of passed hours overwritten", "controllers/temporal/receding.py",
          "grid[:, :, passed:] = 0.0", "grid[:, :, :] = 0.0", "tests/controllers/temporal/test_receding.py"),
    Fault("nothing is learned from stays", "controllers/temporal/learning.py",
          "share = (CONCENTRATION * self.mean + book.followed) / (CONCENTRATION + book.stays)",
          "share = (CONCENTRATION * self.mean + book.stays) / (CONCENTRATION + book.stays)",
          "tests/controllers/temporal/test_learning.py"),
)
OF_THE_LOWER_LAYER = (
    Fault("voltages fall with losses twice", FLOW_EQUATIONS,
          "parent_voltage(net, flow) - drop + times(net.z2, flow.l)",
          "parent_voltage(net, flow) - drop - times(net.z2, flow.l)", T_FLOW),
    Fault("losses left out of the balance", FLOW_EQUATIONS,
          "return rows_of(net.tree, flow.P) - times(net.r, flow.l) == _with_shunts",
          "return rows_of(net.tree, flow.P) == _with_shunts", T_FLOW),
    Fault("pairs gain by discharging", FLEET_EQUATIONS,
          "1.0 / layout.eta_d[layout.rows_d], (layout.eta_d.size, kd)",
          "layout.eta_d[layout.rows_d], (layout.eta_d.size, kd)", T_ROWS),
    Fault("wear of a step as of an hour", FLEET_EQUATIONS,
          "layout.wear_usd_per_mwh[layout.rows_d][:, None] / layout.steps",
          "layout.wear_usd_per_mwh[layout.rows_d][:, None]", T_ROWS),
    Fault("the judge takes low voltages for high ones", "controllers/spatial/judge.py",
          "(feeder.v_min_pu - vm) + margin", "(vm - feeder.v_min_pu) + margin", "tests/laws/test_ac_judge.py"),
    Fault("targets shrink where drivers refuse", "controllers/spatial/pro_rata.py",
          "charge_kwh = view.pc_target_kw[:, hour] / self._compliance",
          "charge_kwh = view.pc_target_kw[:, hour] * self._compliance", "tests/controllers/spatial/test_pro_rata.py"),
    Fault("cars fill beyond their battery", "controllers/disaggregation.py",
          "room_kwh = np.maximum(vehicles.soc_max * vehicles.capacity_kwh - energy_kwh, 0.0)",
          "room_kwh = np.maximum(vehicles.capacity_kwh, 0.0)", "tests/controllers/test_disaggregation.py"),
    Fault("import limits for export", "controllers/joint/limits.py",
          "extreme(net, -discharge, charge, 1.0), extreme(net, -discharge, charge, -1.0)",
          "extreme(net, -discharge, charge, -1.0), extreme(net, -discharge, charge, 1.0)",
          "tests/controllers/joint/test_feeder_answers.py"),
    Fault("a surplus is lost in feeders for nothing", "controllers/joint/equations.py",
          "return [losses[hours] <= most[hours]] if hours.size else []", "return []",
          "tests/controllers/joint/test_surplus.py"),
    Fault("joint plans hang on the relief of feeders", "controllers/joint/relief.py",
          "if alone.shed_mw.max() <= POWER_MW:", "if alone.shed_mw.max() <= 1e6:",
          "tests/controllers/joint/test_relief.py"),
)
OF_THE_TESTBED = (
    Fault("commitment an hour late", "testbed/simulators/temporal.py",
          "hour = (now_s - self.plan.time_s) // 3600", "hour = max((now_s - self.plan.time_s) // 3600 - 1, 0)",
          "tests/testbed/simulators/test_temporal.py"),
    Fault("cars subtracted from the feeder's load", "testbed/simulators/feeder.py",
          "np.stack([drawn_kw + pev.p_kw, drawn_kw", "np.stack([drawn_kw - pev.p_kw, drawn_kw",
          "tests/testbed/simulators/test_feeder.py"),
    Fault("generation beyond its limit is taken", "testbed/simulators/feeder.py",
          "drawn[district.generation_buses] += curtailed_kw(received)",
          "drawn[district.generation_buses] += 0.0 * curtailed_kw(received)",
          "tests/testbed/simulators/test_feeder.py"),
    Fault("losses change with the wrong sign", "testbed/simulators/feeder.py",
          "float(losses[ACTUAL] - losses[BASE]) / 1e3", "float(losses[BASE] - losses[ACTUAL]) / 1e3",
          "tests/testbed/simulators/test_feeder.py"),
    Fault("the system sees charging twice and no discharging", "testbed/simulators/power_system.py",
          "pev_discharge_mw=fsum(p.discharge_mw for p in pev)",
          "pev_discharge_mw=fsum(p.charge_mw for p in pev)", "tests/testbed/simulators/test_power_system.py"),
    Fault("cars in MW by 100 kW", "testbed/simulators/fleet.py",
          "step.charge_group_kw.sum() / 1e3,", "step.charge_group_kw.sum() / 1e2,",
          "tests/testbed/simulators/test_fleet.py"),
    Fault("the run's seed ignored", "testbed/setup/districts.py",
          "_district(scenario, district, district_seed(seed, i), has_vehicles)",
          "_district(scenario, district, district_seed(1, i), has_vehicles)", "tests/testbed/setup/test_districts.py"),
    Fault("all districts draw alike", "testbed/setup/districts.py",
          "district_seed(seed, i), has_vehicles)\n", "district_seed(seed, 0), has_vehicles)\n",
          "tests/testbed/setup/test_districts.py"),
    Fault("plans see the true charge, not the reported one", "testbed/simulators/mobility.py",
          "soc if soc_reported is None else soc_reported", "soc", "tests/testbed/simulators/test_mobility.py"),
    Fault("expected cars an hour late", "testbed/setup/expectations.py",
          "start_s=stays.start_s + shift_s, departure_s=stays.departure_s + shift_s)",
          "start_s=stays.start_s + shift_s + 3600, departure_s=stays.departure_s + shift_s + 3600)",
          "tests/testbed/setup/test_expectations.py"),
    Fault("expected cars a day late in runs of their own days", "testbed/setup/expectations.py",
          "shift_s = now_s // DAY_S * DAY_S if self.repeats else 0", "shift_s = now_s // DAY_S * DAY_S",
          "tests/testbed/setup/test_expectations.py"),
    Fault("hours of a target counted from the wrong plan", "testbed/simulators/delivery.py",
          "(view.time_s + self.spec.step_s) % SECONDS_PER_HOUR == 0", "view.time_s % SECONDS_PER_HOUR == 0",
          "tests/testbed/simulators/test_delivery.py"),
    Fault("plans kept under a key without the code", "testbed/wiring/content_cache.py",
          "    digest.update(code)\n", "", "tests/testbed/wiring/test_content_cache.py", reaches_results=False),
    Fault("plans kept under a key without the tuning", "testbed/setup/plan_cache.py",
          "layer.car_control, layer.tuning, sorted(layer.without))", "layer.car_control, sorted(layer.without))",
          "tests/testbed/setup/test_plan_cache.py", reaches_results=False),
    Fault("own controllers known by their path", "testbed/sweeping/study.py",
          'f"{hashlib.sha256(Path(file).read_bytes()).hexdigest()}:{class_name}" if colon', "spec if colon",
          "tests/testbed/sweeping/test_study.py", reaches_results=False),
    Fault("energies of steps as of hours", "testbed/metrics/inputs.py",
          "return system_sum(result, name) * result.step_h", "return system_sum(result, name)", T_METRICS),
    Fault("owners' ledger with the tariff's sign turned", "testbed/metrics/ledgers.py",
          "return booked.tariff + booked.wear + booked.fast_charging",
          "return -booked.tariff + booked.wear + booked.fast_charging", "tests/testbed/metrics/test_ledgers.py"),
    Fault("an alarm set before is forgotten", "testbed/users/patience.py",
          "        signal.setitimer(signal.ITIMER_REAL, *before)\n", "",
          "tests/testbed/users/test_patience.py", reaches_results=False),
    Fault("ten-minute means of voltages, not of their squares", "testbed/metrics/published/phases.py",
          "np.sqrt((whole**2).mean(axis=1))", "whole.mean(axis=1)",
          "tests/testbed/metrics/test_phase_figures.py", reaches_results=False),
    Fault("owners charged for energy gained", "testbed/owners/statements.py",
          "self.wear_usd + self.shortfall_usd - self.stored_usd",
          "self.wear_usd + self.shortfall_usd + self.stored_usd", "tests/testbed/owners/test_owners.py"),
    Fault("the report's units in thousands of MW", "testbed/reporting/figures/commitment.py",
          'run.result.system("p_mw"), np.nan)', 'run.result.system("p_mw") / 1000, np.nan)',
          "tests/testbed/reporting/test_report.py", reaches_results=False),
    Fault("the report's cars in kW under MW", "testbed/reporting/figures/cars.py",
          'factor = 1000 if unit == "MW" else 1', "factor = 1",
          "tests/testbed/reporting/test_report.py", reaches_results=False),
)
OF_EXPERIMENTS_AND_AUDIT = (
    Fault("published means are sums", "experiments/publishing/metric_rows.py",
          "repr(float(values.mean()))", "repr(float(values.sum()))",
          "tests/experiments/publishing/test_metric_rows.py", reaches_results=False),
    Fault("results of other scenarios taken for one's own", "experiments/runs.py",
          "            and not any(other_keys(result, scenario))\n", "",
          "tests/experiments/test_runs.py", reaches_results=False),
    Fault("the audit passes what is no number", "audit/finding.py",
          "broken = ~(table <= check.allowed)", "broken = table > check.allowed",
          "tests/audit/test_finding.py", reaches_results=False),
    Fault("the audit knows no price where units run as planned", "audit/rules/dispatch.py",
          "    if near.any():  # of any", "    if not near.size:  # of any",
          "tests/audit/rules/test_planned_powers.py", reaches_results=False),
    Fault("the audit knows no upper bounds", "audit/finding.py",
          "np.maximum(least - value, value - most)", "least - value",
          "tests/audit/test_finding.py", reaches_results=False),
)
FAULTS = (*OF_UNITS, *OF_PROFILES, *OF_CARS, *OF_DRIVERS, *OF_NETWORKS, *OF_THE_UPPER_LAYER, *OF_THE_LOWER_LAYER,
          *OF_THE_TESTBED, *OF_EXPERIMENTS_AND_AUDIT)
