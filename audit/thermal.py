"""MV/LV transformers: hot spot and life used by IEC 60076-7, own losses by Regulation (EU) 548/2014.

Constants: docs/wear.md, hardware. Written apart from the model: temperatures follow their equations exactly between
instants, here by a matrix over all steps at once.
"""

from __future__ import annotations

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import SECONDS_PER_HOUR, District, Run
from audit.tables import OWN_DATA, columns

R, X, Y, K11, K21, K22 = 5.0, 0.8, 1.6, 1.0, 1.0, 2.0
TAU_OIL_S, TAU_WINDING_S = 180.0 * 60, 4.0 * 60
OIL_RISE_K, GRADIENT_K, RATED_C, DOUBLING_K = 55.0, 23.0, 98.0, 6.0
MIDDLE_S = 60.0
"""The rate of ageing is taken at the middle of intervals of this length at most."""


def life_h_and_hot_spot(run: Run, d: District) -> tuple[Floats, Floats] | None:
    """([N] hours of life used, [N] hottest spot) of the rated transformers but the substation's; None without one.

    The time is taken to repeat: it begins as warm as it ends.
    """
    rating = d("transformer_rating_kva")[1:]
    rated = np.isfinite(rating)
    if not rated.any():
        return None
    load = d("transformer_kva")[:, 1:][:, rated] / rating[rated]
    oil = OIL_RISE_K * ((1 + R * load**2) / (1 + R))**X + _ambient(run, d)[:, None]
    winding = GRADIENT_K * load**Y
    parts = (_part(oil, K11 * TAU_OIL_S, run.step_s), _part(K21 * winding, K22 * TAU_WINDING_S, run.step_s),
             _part((K21 - 1) * winding, TAU_OIL_S / K22, run.step_s))
    (oil_in, oil_end), (gradient_in, gradient_end), (back_in, back_end) = parts
    inside, end = oil_in + gradient_in - back_in, oil_end + gradient_end - back_end
    rate = 2.0**((inside - RATED_C) / DOUBLING_K)
    life = rate.mean(axis=0).sum(axis=0) * run.step_s / SECONDS_PER_HOUR
    return life, np.maximum(inside.max(axis=(0, 1)), end.max(axis=0))


def _part(aim: Floats, tau_s: float, step_s: int) -> tuple[Floats, Floats]:
    """([k, T, N] within each step, [T, N] at its end) of a temperature that nears aim [T, N], come round."""
    decay, steps = np.exp(-step_s / tau_s), aim.shape[0]
    lag = (np.arange(steps)[:, None] - np.arange(steps)[None, :]) % steps
    weights = (1 - decay) * decay**lag / (1 - decay**steps)
    end = weights @ aim
    before = np.roll(end, 1, axis=0)
    count = max(int(np.ceil(step_s / MIDDLE_S)), 1)
    left = np.exp(-(np.arange(count) + 0.5) * step_s / count / tau_s)[:, None, None]
    return aim + (before - aim) * left, end


def _ambient(run: Run, d: District) -> Floats:
    """[T] in degrees Celsius, one for the day or by hour."""
    by_hour = np.broadcast_to(np.asarray(d.scenario["ambient_celsius"], dtype=np.float64), 24)
    return np.asarray(by_hour[run.time_s // SECONDS_PER_HOUR % 24])


def own_losses_kwh(run: Run, d: District) -> float:
    """No-load losses and load losses times (S/rating)^2 of all rated transformers but the substation's."""
    table = columns(OWN_DATA / "transformer_losses.csv")
    tier = str(d.scenario["transformer_losses"])
    if f"{tier}_load_w" not in table:
        raise AuditError(f"transformer_losses={tier!r}: not in {OWN_DATA / 'transformer_losses.csv'}")
    sizes, load_w, idle_w = (np.array(table[name], dtype=np.float64)
                             for name in ("rating_kva", f"{tier}_load_w", f"{tier}_no_load_w"))
    rating = d("transformer_rating_kva")[1:]
    rated = np.isfinite(rating)
    inside = np.clip(rating[rated], sizes[0], sizes[-1])
    size = rating[rated] / inside
    share = d("transformer_kva")[:, 1:][:, rated] / rating[rated]
    watt = np.interp(inside, sizes, idle_w) * size + np.interp(inside, sizes, load_w) * size * share**2
    return float(watt.sum()) / 1e3 * run.step_h
