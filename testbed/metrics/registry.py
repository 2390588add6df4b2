"""All published figures by name, in the order in which tables show them."""

from __future__ import annotations

import testbed.metrics.published.cars
import testbed.metrics.published.ledgers
import testbed.metrics.published.plan
import testbed.metrics.published.system
import testbed.metrics.published.transformers  # noqa: F401 - importing publishes the figures
from testbed.metrics.inputs import PUBLISHED, Metric

__all__ = ["METRICS", "Metric"]

METRICS: dict[str, Metric] = PUBLISHED
