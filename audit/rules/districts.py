"""The cars of each district: energy that adds up, chargers, tariffs, wear, by group and step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.cars import (
    FAST_ON_THE_WAY_ETA,
    charge_max_kw,
    of_kind,
    per_group,
    ports_per_bus,
    wear_price_usd_per_kwh,
)
from audit.finding import Check, Floats, same, within
from audit.registry import rule
from audit.run import District, Run
from audit.tables import OWN_DATA, columns, numbers


@rule("5.2", "stored_kwh", "charged_kwh", "discharged_kwh", "fast_charged_kwh", "driven_kwh", "lost_kwh",
      "vehicle_stored_start_kwh", "vehicle_stored_end_kwh")
def energy_balance(run: Run) -> Iterator[Check]:
    """Stored energy changes by what is charged, less what is discharged, driven and lost, step by step."""
    for d in run.districts:
        flow = d("charged_kwh") - d("discharged_kwh") + d("fast_charged_kwh") - d("driven_kwh") - d("lost_kwh")
        change = np.diff(d("stored_kwh"))
        size = float(np.abs(d("stored_kwh")).max(initial=0.0))
        yield same(f"{d.name}: change of stored energy", change, flow[1:], "kWh", absolute=1e-6 + 1e-12 * size)
        if run.has_totals:
            yield same(f"{d.name}: stored at first", d("stored_kwh")[0] - flow[0],
                       d("vehicle_stored_start_kwh").sum(), "kWh")
            yield same(f"{d.name}: stored at last", d("stored_kwh")[-1], d("vehicle_stored_end_kwh").sum(), "kWh")


@rule("5.3", "charge_kw", "discharge_kw", "charged_kwh", "discharged_kwh")
def energy_of_groups(run: Run) -> Iterator[Check]:
    """Energy charged and discharged is the groups' power over the step."""
    for d in run.districts:
        for way in ("charge", "discharge"):
            yield same(f"{d.name}: {way}d", d(f"{way}d_kwh"), d(f"{way}_kw").sum(axis=1) * run.step_h, "kWh")


@rule("5.3", "lost_kwh")
def losses_of_chargers(run: Run) -> Iterator[Check]:
    """Chargers lose what their efficiency says, of all cars and of fast charging on the way."""
    for d in run.districts:
        lost = []
        for end in (0, 1):
            into, out = of_kind(run, d.group_kind, "charge", end), of_kind(run, d.group_kind, "discharge", end)
            lost.append((d("charge_kw") @ (1 - into) + d("discharge_kw") @ (1 / out - 1)) * run.step_h)
        on_the_way = d("fast_charged_kwh") * (1 - FAST_ON_THE_WAY_ETA)
        yield within(f"{d.name}: lost", d("lost_kwh") - on_the_way, lost[1], lost[0], "kWh", absolute=1e-6)


@rule("5.2", "fast_charged_usd", "fast_charged_kwh")
def fast_charging_paid(run: Run) -> Iterator[Check]:
    """Fast charging on the way is paid at its price."""
    price = float(run.part("fleet")["fast_charge_usd_per_kwh"])
    for d in run.districts:
        yield same(f"{d.name}: fast charging", d("fast_charged_usd"), d("fast_charged_kwh") * price, "USD")


@rule("2.4", "tariff_usd", "charge_kw", "discharge_kw", "price_charge_usd_per_kwh", "price_discharge_usd_per_kwh")
def tariff_of_groups(run: Run) -> Iterator[Check]:
    """Each group pays the tariff of the step for what it charges and earns that for what it discharges."""
    pays, earns = run("price_charge_usd_per_kwh")[:, None], run("price_discharge_usd_per_kwh")[:, None]
    for d in run.districts:
        right = (d("charge_kw") * pays - d("discharge_kw") * earns) * run.step_h
        yield same(f"{d.name}: tariff of", d("tariff_usd"), right, "USD", names=_groups(d))


@rule("7.3", "wear_usd")
def wear_of_groups(run: Run) -> Iterator[Check]:
    """Wear is booked on energy drawn out of the battery for the grid, at one price, and on nothing else."""
    price = wear_price_usd_per_kwh(run)
    for d in run.districts:
        drawn = [d("discharge_kw") / of_kind(run, d.group_kind, "discharge", end) * run.step_h for end in (0, 1)]
        if price is None:
            yield Check(f"{d.name}: wear without discharging of", np.where(drawn[1] > 0, 0.0, d("wear_usd")), 1e-9,
                        "USD", _groups(d))
        else:
            yield within(f"{d.name}: wear of", d("wear_usd"), price * drawn[1], price * drawn[0], "USD",
                         names=_groups(d))


@rule("5.3", "charge_kw", "discharge_kw", "vehicle_p_discharge_max_kw")
def charger_power(run: Run) -> Iterator[Check]:
    """No group charges or gives back more than all its cars' chargers can; one-way chargers give nothing."""
    for d in run.districts:
        if run.schema < 2 or not run.has_totals:
            continue
        for way, most in (("charge", per_group(d, charge_max_kw(d))),
                          ("discharge", per_group(d, d("vehicle_p_discharge_max_kw")))):
            yield within(f"{d.name}: {way} of", d(f"{way}_kw"), 0.0, most, "kW", names=_groups(d))


@rule("2.2", "p_bus_kw", "discharge_bus_kw", "bus_zone")
def buses_of_zones(run: Run) -> Iterator[Check]:
    """The buses of a zone carry the power of the groups that park there, and no bus gives back more than its cars."""
    for d in run.districts:
        net, back = d("charge_kw") - d("discharge_kw"), d("discharge_kw")
        for name, told in (("p_bus_kw", net), ("discharge_bus_kw", back)):
            yield same(f"{d.name}: {name} of zone", _by_zone(d, d(name)), _groups_by_zone(d, told), "kW",
                       names=d.classes.zones, absolute=1e-6)
            outside = d("bus_zone") < 0
            yield same(f"{d.name}: {name} where nobody parks", d(name)[:, outside], 0.0, "kW")
        yield Check(f"{d.name}: net power below what is given back at", -d("p_bus_kw") - d("discharge_bus_kw"),
                    1e-6, "kW", d.buses)


@rule("8.3", "bus_zone", "bus_name")
def zones(run: Run) -> Iterator[Check]:
    """Buses lie in the zones of the scenario's map: a published one, its lists, or one virtual bus a zone."""
    for d in run.districts:
        right = _zone_of_buses(d)
        if right is not None:
            yield same(f"{d.name}: zone of bus", d("bus_zone"), right, "", axis="bus")


def _zone_of_buses(d: District) -> Floats | None:
    """[B]; None for shares by distance, which the network alone does not give."""
    named = d.scenario["zone_map"]
    if not d.has_network:
        return np.arange(d.zone_count, dtype=np.float64)
    if isinstance(named, str):
        path = OWN_DATA / "ieee33_zones.csv"
        if d.scenario["feeder"] != "ieee33" or named not in columns(path):
            return None
        table = numbers(path, "bus", named)
        by_bus = dict(zip(table[0], table[1], strict=True))
        return np.array([by_bus[float(bus)] for bus in d.axes["bus"]])
    lists = {str(bus): d.classes.zones.index(zone) for zone, buses in named.items() if isinstance(buses, list)
             for bus in buses}
    names = d.arrays.get("bus_name", [""] * len(d.axes["bus"]))
    # a text that is a bus's number means that bus, else it is a name
    known = [str(bus) for bus in d.axes["bus"]]
    right = [lists.get(number, -1 if name in known else lists.get(name, -1))
             for number, name in zip(known, names, strict=True)]
    return np.array(right, dtype=np.float64) if lists else None


def _by_zone(d: District, power: Floats) -> Floats:
    return np.stack([power[:, d("bus_zone") == zone].sum(axis=1) for zone in range(d.zone_count)], axis=1)


def _groups_by_zone(d: District, power: Floats) -> Floats:
    return np.asarray(power.reshape(power.shape[0], d.zone_count, -1).sum(axis=2))


@rule("5.1", "plugged_count")
def plugged_in(run: Run) -> Iterator[Check]:
    """No more cars are plugged in than there are, and no fewer than are told something or charge."""
    for d in run.districts:
        if not run.has_totals:
            continue
        most = per_group(d, np.ones(d("vehicle_class_index").size))
        yield within(f"{d.name}: plugged in of", d("plugged_count"), 0.0, most, "cars", names=_groups(d))
        yield Check(f"{d.name}: judged but not plugged in", d("refusals").sum(axis=1) - d("plugged_count").sum(axis=1),
                    0.0, "cars")
        yield Check(f"{d.name}: waiting beyond all cars", d("queue_count") - d("vehicle_class_index").size, 0.0, "cars")


@rule("5.1", "queue_count")
def queues(run: Run) -> Iterator[Check]:
    """Nobody waits where there is a port for every car."""
    for d in run.districts:
        if all(ports_per_bus(d, kind) is None for kind in set(d.classes.kind_of_class.tolist())):
            yield same(f"{d.name}: cars waiting", d("queue_count"), 0.0, "cars")


@rule("6.4", "refusals", "instructed_count", "complied_count")
def refusals_counted(run: Run) -> Iterator[Check]:
    """Cars told something are those that complied and those that did not, by reason; who has no contract is apart."""
    for d in run.districts:
        by_reason = d("refusals")
        yield same(f"{d.name}: complied", d("complied_count"), by_reason[:, 0], "cars")
        yield same(f"{d.name}: told", d("instructed_count"), by_reason.sum(axis=1) - by_reason[:, 1], "cars")


@rule("6.4", "delivered_up_kwh", "delivered_down_kwh", "instructed_up_kwh", "instructed_down_kwh")
def delivered(run: Run) -> Iterator[Check]:
    """What was delivered was asked for, and was charged or discharged."""
    for d in run.districts:
        for way, energy in (("up", "discharged_kwh"), ("down", "charged_kwh")):
            most = np.minimum(d(f"instructed_{way}_kwh"), d(energy))
            yield within(f"{d.name}: delivered {way}", d(f"delivered_{way}_kwh"), 0.0, most, "kWh", absolute=1e-6)


@rule("5.2", "departures_short", "departures_short_kwh")
def departures(run: Run) -> Iterator[Check]:
    """Energy is missing where a departure is short, and only there."""
    for d in run.districts:
        count, missing = d("departures_short"), d("departures_short_kwh")
        yield Check(f"{d.name}: short without energy missing, or the reverse", (count > 0) != (missing > 0), 0.0, "")


def _groups(d: District) -> tuple[str, ...]:
    return tuple(map(str, d.axes["group"]))
