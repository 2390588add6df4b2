"""The networks of districts, and what is drawn at their buses."""
