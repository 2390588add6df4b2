"""Headline figures: pure functions of a result, their registry, and what must stand beside them."""
