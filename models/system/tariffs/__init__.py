"""One file each: a tariff, as TARIFF."""
