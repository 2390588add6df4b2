"""Judges of results and known answers."""
