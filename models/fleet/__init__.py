"""Batteries behind chargers, the one owner of every SOC, and what cars can do."""
