"""Wear of vehicle-years: 1,000 of them at 15 minutes, in blocks of days, for each model.

    python benchmarks/wear.py [--vehicles 1000] [--days 365] [--block-days 7] [--model NAME ...]

Prints one line per model with CPU seconds and the peak memory of the process; exit code 1 above the limits.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np

from models.records.arrays import Floats
from models.wear import wear_model, wear_model_names

STEPS_PER_DAY = 96
LIMIT_S, LIMIT_GB = 60.0, 4.0


def day_traces(random: np.random.Generator, vehicles: int, days: int, start: Floats) -> Floats:
    """SOC [V, days * 96 + 1]: two drives, V2G in the evening with stops and starts, charging at night."""
    change = np.zeros((vehicles, days, STEPS_PER_DAY))
    drive = random.uniform(0.02, 0.12, (vehicles, days, 2))
    change[:, :, 32:34] = -drive[:, :, :1] / 2
    change[:, :, 70:72] = -drive[:, :, 1:] / 2
    change[:, :, 76:90] = random.choice([-0.03, 0.0, 0.015], (vehicles, days, 14), p=[0.5, 0.3, 0.2])
    rows = change.reshape(vehicles, -1)
    soc = np.empty((vehicles, rows.shape[1] + 1))
    soc[:, 0] = start
    for step in range(rows.shape[1]):
        at_night = (step % STEPS_PER_DAY) < 28
        charge = np.where(at_night, np.clip(0.85 - soc[:, step], 0.0, 0.03), 0.0)
        soc[:, step + 1] = np.clip(soc[:, step] + rows[:, step] + charge, 0.2, 0.9)
    return soc


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--block-days", type=int, default=7)
    parser.add_argument("--model", action="append", choices=wear_model_names())
    given = parser.parse_args()
    is_good = True
    for name in given.model or wear_model_names():
        seconds, loss = run(name, given.vehicles, given.days, given.block_days)
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        is_good &= seconds <= LIMIT_S and peak_gb <= LIMIT_GB
        print(f"{name:16s} {given.vehicles} vehicles x {given.days} days: {seconds:6.1f} s CPU, "
              f"peak {peak_gb:.2f} GB, mean loss of the time {loss:.4f}")
    return 0 if is_good else 1


def run(name: str, vehicles: int, days: int, block_days: int) -> tuple[float, float]:
    """(CPU seconds of the model alone, mean loss) of that many vehicles and days."""
    random = np.random.default_rng(7)
    model, capacity = wear_model(name), random.uniform(50, 60, vehicles)
    state = first = model.initial_state(capacity, random.uniform(0.5, 8, vehicles), np.full(vehicles, 8.0))
    soc, seconds = np.full((vehicles, 1), 0.6), 0.0
    for begun in range(0, days, block_days):
        soc = day_traces(random, vehicles, min(block_days, days - begun), soc[:, -1])
        began = time.process_time()
        state = model.advance(state, capacity, soc, 900.0)
        seconds += time.process_time() - began
    return seconds, float(np.mean(state.loss - first.loss))


if __name__ == "__main__":
    sys.exit(main())
