"""Figures of circuits of three phases, by their definitions (docs/results.md#figures)."""

from __future__ import annotations

from typing import Any

import numpy as np

from audit.run import District, Run

NAN = float("nan")
NAMES = ("unbalance_max_percent", "unbalance_above_2_bus_h", "supply_min_v", "supply_max_v", "supply_outside_customers",
         "supply_outside_customer_h", "en50160_worst_percent", "en50160_failing_customers", "phase_loading_max_percent",
         "neutral_current_max_a", "limits_import_kwh", "limits_export_kwh", "limits_gini", "limits_broken_customer_h")
KEPT_KW = 1e-3


def phase_figures(run: Run) -> dict[str, float]:
    """NaN without such a circuit."""
    told = [_of_district(run, d) for d in run.networks if d.holds("node_base_v")]
    if not told:
        return dict.fromkeys(NAMES, NAN)
    whole = {name: _together(name, [part[name] for part in told]) for name in NAMES if not name.startswith("limits_")}
    return whole | _limits(run)


def _together(name: str, parts: list[float]) -> float:
    there = [part for part in parts if not np.isnan(part)]
    if not there:
        return NAN
    if "min" in name or "worst" in name:
        return float(min(there))
    return float(max(there) if "max" in name else np.sum(there))


def _of_district(run: Run, d: District) -> dict[str, float]:
    volt = np.abs(d("v_node_re_v") + 1j * d("v_node_im_v"))[:, d("port_at")]
    supply = d.scenario["supply"]
    declared = d("node_base_v")[d("port_at")] if supply["declared_v"] is None else float(supply["declared_v"])
    percent = 100 * (volt / declared - 1)
    # the same comparison in volts: a voltage at the limit itself must fall on the same side
    leaves = ((volt < declared * (1 - float(supply["low_percent"]) / 100))
              | (volt > declared * (1 + float(supply["high_percent"]) / 100)))
    leaves = _of_customers(d, leaves)
    skew = d("unbalance_percent") if d.holds("unbalance_percent") else None
    with np.errstate(divide="ignore"):
        loading = 100 * d("current_a") / d("conductor_rating_a")
    return {
        "unbalance_max_percent": NAN if skew is None else float(skew.max()),
        "unbalance_above_2_bus_h": 0.0 if skew is None else float((skew > 2.0).sum()) * run.step_h,
        "supply_min_v": float(volt.min()), "supply_max_v": float(volt.max()),
        "supply_outside_customers": float(leaves.any(axis=0).sum()),
        "supply_outside_customer_h": float(leaves.sum()) * run.step_h,
        "phase_loading_max_percent": float(loading.max()),
        "neutral_current_max_a": float(d("neutral_current_a").max()) if d.holds("neutral_current_a") else NAN,
        **_week(run, d, percent)}


def _of_customers(d: District, is_so: Any) -> Any:
    """[.., customers] whether it is so at some node of theirs."""
    bus = d("port_customer")
    return np.stack([is_so[..., bus == number].any(axis=-1) for number in np.unique(bus)], axis=-1)


def _week(run: Run, d: District, percent: Any) -> dict[str, float]:
    """EN 50160 on ten-minute means of squares."""
    if 600 % run.step_s or run.steps * run.step_s < 7 * 86_400:
        return {"en50160_worst_percent": NAN, "en50160_failing_customers": NAN}
    each = 600 // run.step_s
    count = percent.shape[0] // each
    square = ((1 + percent[: count * each] / 100) ** 2).reshape(count, each, -1).mean(axis=1)
    off = 100 * (np.sqrt(square) - 1)
    within = (np.abs(off) <= 10.0).mean(axis=0)
    fails = (within < 0.95) | (off > 10.0).any(axis=0) | (off < -15.0).any(axis=0)
    return {"en50160_worst_percent": 100 * float(within.min()),
            "en50160_failing_customers": float(_of_customers(d, fails).sum())}


def _limits(run: Run) -> dict[str, float]:
    """What published limits left customers' cars, how evenly, and how long they were not kept."""
    import_kwh = export_kwh = broken_h = 0.0
    shares = []
    for d in run.networks:
        if not d.holds("import_limit_kw") or np.isnan(d("import_limit_kw")).all():
            continue
        rows = [list(d.axes["bus"]).index(number) for number in d.axes["connection"]]
        most, least = d("import_limit_kw"), -d("export_limit_kw")
        house, cars = d("load_bus_kw")[:, rows], d("p_bus_kw")[:, rows]
        to_draw, to_feed = (np.nan_to_num(np.clip(room, 0.0, None)) for room in (most - house, house - least))
        import_kwh += run.step_h * float(to_draw.sum())
        export_kwh += run.step_h * float(to_feed.sum())
        drawn = house + cars
        broken_h += run.step_h * float(((drawn > most + KEPT_KW) | (drawn < least - KEPT_KW)).sum())
        shares.append((to_draw + to_feed).sum(axis=0)[np.any(cars != 0, axis=0)])
    if not shares:
        return dict.fromkeys(("limits_import_kwh", "limits_export_kwh", "limits_gini", "limits_broken_customer_h"), NAN)
    return {"limits_import_kwh": import_kwh, "limits_export_kwh": export_kwh,
            "limits_gini": _gini(np.concatenate(shares)), "limits_broken_customer_h": broken_h}


def _gini(values: Any) -> float:
    """Mean difference between all pairs over twice the mean."""
    if values.sum() <= 0:
        return 0.0
    return float(np.abs(values[:, None] - values[None, :]).mean() / (2.0 * values.mean()))
