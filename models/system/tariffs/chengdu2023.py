"""What charging costs by the hour at a public pile in Chengdu, 2023."""

from models.system.tariff import table_tariff

TARIFF = table_tariff(
    "chengdu2023", "a public pile in Chengdu, 2023", "published prices of the pile (S)",
    charge_cny_per_kwh={"valley": 0.2602, "flat": 0.5464, "peak": 0.7536},
    hours=((7, "valley"), (4, "flat"), (1, "peak"), (2, "flat"), (7, "peak"), (2, "flat"), (1, "valley")))
