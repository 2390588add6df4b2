"""Figures of the study of wear, for a column of a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.wear import one_car as car
from models.records.arrays import Floats
from models.wear.contract import BATTERY_CNY_PER_KWH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAP_AGES = tuple(np.geomspace(0.25, 12.0, 15))
MAP_BATTERIES_CNY = np.linspace(200.0, 1500.0, 27)
PEAK_PAY_CNY = 0.453 * 1.7
"""What the tariff of the scenarios pays at the peak."""
LEVELS = (0.3, 0.4, 0.5, 0.6, 0.77, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Fading:
    """V2G under rising prices of wear in one setting; all [coefficients, seeds]."""

    label: str
    coefficients: Floats
    """$/MWh [coefficients]."""
    hours_fewer: Floats
    discharged_mwh: Floats


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415 - an optional dependency, slow to import

    return Figure(figsize=(width, height), layout="constrained")


# ---------------------------------------------------------------- the dispatch under rising wear
def fading_picture(fadings: Sequence[Fading], model_prices: Mapping[str, float]) -> Figure:
    """Hours with fewer units and energy given back over the price of wear; the models' own prices as marks."""
    figure = _figure(6.4, 5.0)
    top, bottom = figure.subplots(2, 1, sharex=True)
    for place, line in enumerate(fadings):
        for axes, values in ((top, line.hours_fewer), (bottom, line.discharged_mwh)):
            axes.plot(line.coefficients, values.mean(axis=1), marker="os^"[place % 3], markersize=4, color=f"C{place}",
                      label=line.label)
            if values.shape[1] > 1:
                axes.fill_between(line.coefficients, values.min(axis=1), values.max(axis=1), color=f"C{place}",
                                  alpha=0.2, linewidth=0)
    right = max(float(line.coefficients.max()) for line in fadings)
    _mark_prices(top, {name: price for name, price in model_prices.items() if price <= right}, right)
    for price in model_prices.values():
        if price <= right:
            bottom.axvline(price, color="0.6", linewidth=0.8, linestyle=":")
    top.set_ylabel("hours with fewer\nunits than without cars [h]")
    bottom.set_ylabel("given back [MWh]")
    bottom.set_xlabel("price of wear inside the dispatch [$/MWh out of the battery]")
    for axes in (top, bottom):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3, linewidth=0.5)
    bottom.legend(fontsize=8, frameon=False)
    return figure


def _mark_prices(axes: Any, prices: Mapping[str, float], right: float) -> None:
    """Dotted lines with names above the axes; names of prices that lie close share a line."""
    groups: list[tuple[float, list[str]]] = []
    for name, price in sorted(prices.items(), key=lambda item: item[1]):
        axes.axvline(price, color="0.6", linewidth=0.8, linestyle=":")
        if groups and price - groups[-1][0] < 0.04 * right:
            groups[-1][1].append(name)
        else:
            groups.append((price, [name]))
    for price, names in groups:
        axes.annotate("\n".join(names), (price, 1.02), xycoords=("data", "axes fraction"), fontsize=7, ha="center",
                      va="bottom", color="0.3")


# ---------------------------------------------------------------- when V2G pays
def wear_by_age(model: str, days: int = 30) -> Floats:
    """[ages] wear of V2G in CNY per kWh given back, against smart charging, at the default battery price."""
    return np.array([outcome.against_smart_cny for outcome in
                     car.outcomes([car.Case(model, age, 1 / 3, 0.8) for age in MAP_AGES], days)])


def break_even_map(costs: Floats) -> Floats:
    """[ages, batteries] break-even price in CNY per kWh given back at the charger, from wear by age."""
    wear = np.outer(costs, MAP_BATTERIES_CNY / BATTERY_CNY_PER_KWH)
    return np.array([[car.break_even_cny(float(value)) for value in row] for row in wear])


def break_even_picture(wear: Mapping[str, Floats]) -> Figure:
    """A panel per model: break-even price over the battery's price and its age; bold: what the tariff pays.

    wear: by model, as of `wear_by_age`.
    """
    from matplotlib.colors import BoundaryNorm  # noqa: PLC0415

    names = list(wear)
    figure = _figure(7.2, 4.6)
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    norm = BoundaryNorm(LEVELS, 256, extend="both")
    drawn = None
    for axes, name in zip(panels, names, strict=False):
        values = break_even_map(wear[name])
        drawn = axes.contourf(MAP_BATTERIES_CNY, MAP_AGES, values, LEVELS, cmap="viridis_r", norm=norm, extend="both")
        axes.contour(MAP_BATTERIES_CNY, MAP_AGES, values, [PEAK_PAY_CNY], colors="black", linewidths=2)
        axes.set_title(name, fontsize=9)
        axes.set_yscale("log")
        axes.set_yticks([0.25, 0.5, 1, 2, 5, 12], ["0.25", "0.5", "1", "2", "5", "12"])
        axes.minorticks_off()
        axes.tick_params(labelsize=8)
    for axes in panels[len(names):]:
        axes.set_axis_off()
    for axes in panels[[0, 3]]:
        axes.set_ylabel("age of the battery [years]", fontsize=8)
    for axes in panels[2:5]:
        axes.set_xlabel("new battery [CNY/kWh]", fontsize=8)
        axes.tick_params(labelbottom=True)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=panels.tolist(), ticks=LEVELS, aspect=30)
        bar.set_label("break-even price of a kWh given back [CNY/kWh]; bold: 0.77, the tariff's peak", fontsize=8)
        bar.ax.tick_params(labelsize=8)
    return figure


# ---------------------------------------------------------------- compensation out of sample
@dataclass(frozen=True)
class Offered:
    """An offer on the seeds that it was not found on."""

    label: str
    promised_percent: float
    """Worse off at most."""
    mean_percent: float
    """Worse off."""
    half_percent: float
    """Half width of the mean's 95 % interval; NaN where it is not known."""
    worst_percent: float


def offers_picture(shown: Sequence[Offered]) -> Figure:
    """Participants worse off on other seeds: mean with its interval, worst seed, and the promise of each offer."""
    figure = _figure(6.4, 0.9 + 0.28 * len(shown))
    axes = figure.add_subplot()
    for place, offered in enumerate(shown):
        axes.plot(offered.worst_percent, place, "o", color="0.55", markersize=4)
        axes.errorbar(offered.mean_percent, place, xerr=np.nan_to_num(offered.half_percent), fmt="s", color="C0",
                      markersize=4, capsize=3)
        axes.plot([offered.promised_percent] * 2, [place - 0.4, place + 0.4], color="C3", linewidth=1.5)
    axes.set_yticks(range(len(shown)), [offered.label for offered in shown], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(left=-0.1)
    axes.set_xlabel("worse off on other seeds [%]: mean, worst seed (grey), promised (red)", fontsize=8)
    axes.grid(axis="x", alpha=0.3, linewidth=0.5)
    return figure
