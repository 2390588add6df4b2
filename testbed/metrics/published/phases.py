"""Headline figures of circuits of three phases: unbalance, voltages of customers, currents of phases and neutral.

NaN without such a circuit. A customer is a bus with loads; its voltages are those of its loads' and ports' phases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.records.arrays import Bools, Floats
from testbed.metrics.inputs import Subject, networks
from testbed.results.reading import Result

METRICS = Subject(place=60)
metric = METRICS.metric

UNBALANCE_LIMIT_PERCENT = 2.0
"""EN 50160 and IEC 61000-2-2: 95 % of ten-minute means at most."""
TEN_MINUTES_S, WEEK_S = 600, 7 * 86_400
NORMAL_PERCENT, LOWEST_PERCENT, NORMAL_SHARE = 10.0, 15.0, 0.95
"""EN 50160: 95 % of a week's ten-minute means within 10 % of the declared voltage, all within +10 and -15 %."""


def circuits(result: Result) -> tuple[str, ...]:
    """Districts whose network is a circuit of three phases."""
    return tuple(d for d in networks(result) if result.holds(d, "node_base_v") and result.steps_written)


def _supply(result: Result, district: str) -> dict[str, float | None]:
    described = next(d for d in result.scenario["districts"] if d["name"] == district)
    return dict(described["supply"])


def customers_v(result: Result, district: str) -> tuple[Floats, Floats]:
    """(volts to earth [T, P] at the nodes of ports, declared voltage [P])."""
    at = result.district(district, "port_at")
    v = np.hypot(result.district(district, "v_node_re_v")[:, at], result.district(district, "v_node_im_v")[:, at])
    declared = _supply(result, district)["declared_v"]
    base = result.district(district, "node_base_v")[at]
    return v, base if declared is None else np.full(at.size, float(declared))


def outside(result: Result, district: str) -> Bools:
    """[T, customers] whether a phase of the customer leaves the limits of the supply."""
    v, declared = customers_v(result, district)
    supply = _supply(result, district)
    low, high = (1 - float(supply["low_percent"] or 0) / 100, 1 + float(supply["high_percent"] or 0) / 100)
    return _by_customer(result, district, (v < declared * low) | (v > declared * high))


def _by_customer(result: Result, district: str, is_so: Bools) -> Bools:
    """[.., customers] whether it is so at any node of the customer; is_so [.., P]."""
    _, customer = np.unique(result.district(district, "port_customer"), return_inverse=True)
    some = np.zeros((*is_so.shape[:-1], int(customer.max(initial=-1)) + 1), dtype=np.bool_)
    np.logical_or.at(some.T, customer, is_so.T)
    return some


def _largest(result: Result, name: str) -> float:
    return max((float(result.district(d, name).max()) for d in circuits(result) if result.holds(d, name)),
               default=np.nan)


def _total(result: Result, part: Callable[[str], float]) -> float:
    return float(sum(part(d) for d in circuits(result))) if circuits(result) else np.nan


@metric("unbalance_max_percent", "%", "largest voltage unbalance of any bus: negative over positive sequence")
def unbalance_max_percent(result: Result) -> float:
    return _largest(result, "unbalance_percent")


@metric("unbalance_above_2_bus_h", "bus h", "time above an unbalance of 2 %, added up over three-phase buses")
def unbalance_above_2_bus_h(result: Result) -> float:
    return _total(result, lambda d: float((result.district(d, "unbalance_percent") > UNBALANCE_LIMIT_PERCENT).sum())
                  * result.step_h if result.holds(d, "unbalance_percent") else 0.0)


@metric("supply_min_v", "V", "lowest voltage to earth at a phase of any customer")
def supply_min_v(result: Result) -> float:
    return min((float(customers_v(result, d)[0].min()) for d in circuits(result)), default=np.nan)


@metric("supply_max_v", "V", "highest voltage to earth at a phase of any customer")
def supply_max_v(result: Result) -> float:
    return max((float(customers_v(result, d)[0].max()) for d in circuits(result)), default=np.nan)


@metric("supply_outside_customers", "1", "customers whose voltage leaves `supply` in some step")
def supply_outside_customers(result: Result) -> float:
    return _total(result, lambda d: float(outside(result, d).any(axis=0).sum()))


@metric("supply_outside_customer_h", "customer h", "time outside `supply`, added up over customers")
def supply_outside_customer_h(result: Result) -> float:
    return _total(result, lambda d: float(outside(result, d).sum()) * result.step_h)


def ten_minute_deviation_percent(result: Result, district: str) -> Floats | None:
    """[N, P] ten-minute means (of squares) of voltages off the declared one; None where steps or days do not allow."""
    if TEN_MINUTES_S % result.step_s or result.steps_written * result.step_s < WEEK_S:
        return None
    v, declared = customers_v(result, district)
    each = TEN_MINUTES_S // result.step_s
    whole = v[: v.shape[0] // each * each].reshape(-1, each, v.shape[1])
    return np.asarray(100 * (np.sqrt((whole**2).mean(axis=1)) / declared - 1))


@metric("en50160_worst_percent", "%",
        "smallest share, over customers' phases, of a week's ten-minute means within 10 % of the declared voltage; NaN "
        "for steps that do not divide ten minutes, and below a week")
def en50160_worst_percent(result: Result) -> float:
    shares = [100 * (np.abs(off) <= NORMAL_PERCENT).mean(axis=0).min() for d in circuits(result)
              if (off := ten_minute_deviation_percent(result, d)) is not None]
    return float(min(shares, default=np.nan))


@metric("en50160_failing_customers", "1",
        "customers of whom less than 95 % of these are within 10 %, or one is beyond +10 or -15 %")
def en50160_failing_customers(result: Result) -> float:
    fails = []
    for d in circuits(result):
        if (off := ten_minute_deviation_percent(result, d)) is not None:
            rare = (np.abs(off) <= NORMAL_PERCENT).mean(axis=0) < NORMAL_SHARE
            beyond = ((off > NORMAL_PERCENT) | (off < -LOWEST_PERCENT)).any(axis=0)
            fails.append(float(_by_customer(result, d, rare | beyond).sum()))
    return float(sum(fails)) if fails else np.nan


@metric("phase_loading_max_percent", "%", "highest current of a phase of a line or winding over its rating")
def phase_loading_max_percent(result: Result) -> float:
    return max((float((100 * result.district(d, "current_a") / result.district(d, "conductor_rating_a")).max())
                for d in circuits(result)), default=np.nan)


@metric("neutral_current_max_a", "A", "largest sum of the phases of a line, which flows back through neutral and earth")
def neutral_current_max_a(result: Result) -> float:
    return _largest(result, "neutral_current_a")


# ---------------------------------------------------------------- published limits of customers
LIMIT_KEPT_KW = 1e-3


@dataclass(frozen=True)
class Limits:
    """What was published for the connections of a circuit, and what was drawn there; kW [T, D], NaN without limits."""

    import_kw: Floats
    export_kw: Floats
    load_kw: Floats
    cars_kw: Floats

    @property
    def room_kw(self) -> tuple[Floats, Floats]:
        """What the limits left cars to draw, and to feed back, beside the real load."""
        return np.maximum(self.import_kw - self.load_kw, 0.0), np.maximum(self.export_kw + self.load_kw, 0.0)


def limits_of(result: Result, district: str) -> Limits | None:
    """None where no limit was published."""
    if not result.holds(district, "import_limit_kw"):
        return None
    import_kw, export_kw = (result.district(district, f"{way}_limit_kw") for way in ("import", "export"))
    if np.isnan(import_kw).all():
        return None
    place = {int(number): row for row, number in enumerate(result.district(district, "bus"))}
    rows = [place[int(number)] for number in result.district(district, "connection")]
    return Limits(import_kw, export_kw, result.district(district, "load_bus_kw")[:, rows],
                  result.district(district, "p_bus_kw")[:, rows])


def _of_limits(result: Result, part: Callable[[Limits], float]) -> float:
    """Sum over districts that publish limits; NaN where none does."""
    parts = [part(limits) for d in circuits(result) if (limits := limits_of(result, d)) is not None]
    return float(sum(parts)) if parts else np.nan


@metric("limits_import_kwh", "kWh",
        "energy that customers' published limits left their cars to draw beside the real load")
def limits_import_kwh(result: Result) -> float:
    return _of_limits(result, lambda limits: float(np.nansum(limits.room_kw[0])) * result.step_h)


@metric("limits_export_kwh", "kWh", "energy that they left them to feed back")
def limits_export_kwh(result: Result) -> float:
    return _of_limits(result, lambda limits: float(np.nansum(limits.room_kw[1])) * result.step_h)


@metric("limits_gini", "1",
        "Gini of both together over customers at which a car drew or fed back; 0: all were left alike")
def limits_gini(result: Result) -> float:
    """Over all circuits that publish limits."""
    rooms = [np.nansum(sum(limits.room_kw), axis=0)[(limits.cars_kw != 0).any(axis=0)]
             for d in circuits(result) if (limits := limits_of(result, d)) is not None]
    return gini(np.concatenate(rooms)) if rooms else np.nan


def gini(values: Floats) -> float:
    """Of values [n] not below 0; 0 where they are alike or nothing."""
    rising = np.sort(values)
    if rising.sum() <= 0:
        return 0.0
    rank = np.arange(1, rising.size + 1)
    return float((2.0 * rank - rising.size - 1.0) @ rising / (rising.size * rising.sum()))


@metric("limits_broken_customer_h", "customer h", "time in which customers drew or fed back more than was published, "
        "houses by themselves included")
def limits_broken_customer_h(result: Result) -> float:
    return _of_limits(result, lambda limits: float(_broken(limits).sum()) * result.step_h)


def _broken(limits: Limits) -> Bools:
    drawn = limits.load_kw + limits.cars_kw
    return np.asarray((drawn > limits.import_kw + LIMIT_KEPT_KW) | (-drawn > limits.export_kw + LIMIT_KEPT_KW))
