"""All published figures by name, in the order in which tables show them; the files of `testbed/metrics/published/`."""

from __future__ import annotations

from models.registry import Registry
from testbed.metrics.inputs import Metric

__all__ = ["METRICS", "Metric"]

METRICS: Registry[Metric] = Registry("metric", "testbed.metrics.published", "METRICS", Metric, lambda m: m.place)
