"""The system around the feeders: thermal units, profiles, forecasts, tariffs."""
