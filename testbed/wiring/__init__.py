"""What crosses between simulators, what a run is a pure function of, and answers kept under their content."""
