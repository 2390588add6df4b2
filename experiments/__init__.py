"""Scenarios, studies, and the scripts that run them."""
