"""What charging costs by the hour in Beijing, 2015."""

from models.system.tariff import table_tariff

TARIFF = table_tariff(
    "beijing2015", "Beijing, 2015", "published tariff of Beijing 2015 (S)",
    charge_cny_per_kwh={"valley": 0.2833, "flat": 0.6725, "peak": 1.0853},
    hours=((7, "valley"), (3, "flat"), (5, "peak"), (3, "flat"), (3, "peak"), (2, "flat"), (1, "valley")))
