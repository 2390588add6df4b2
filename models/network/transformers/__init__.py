"""Transformers of a feeder: their ratio, how it moves under load, and how they age."""
