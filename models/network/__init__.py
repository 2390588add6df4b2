"""Feeders: where they come from, their AC power flow, their transformers."""
