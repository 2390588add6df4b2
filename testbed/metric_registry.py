"""All published figures by name, in the order in which tables show them."""

from __future__ import annotations

import testbed.metric_definitions
import testbed.metric_definitions_cars
import testbed.metric_definitions_ledgers
import testbed.metric_definitions_plan
import testbed.metric_definitions_transformers  # noqa: F401 - importing publishes the figures
from testbed.metric_inputs import PUBLISHED, Metric

__all__ = ["METRICS", "Metric"]

METRICS: dict[str, Metric] = PUBLISHED
