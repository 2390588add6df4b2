"""Commands killed at random instants, and what is left of them (benchmarks/kills.py)."""
