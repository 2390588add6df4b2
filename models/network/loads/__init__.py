"""What is drawn at the buses of a feeder without cars: element by element, over time."""
