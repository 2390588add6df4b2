"""Results in other programs' forms: tables, NetCDF, a network with its loads."""
