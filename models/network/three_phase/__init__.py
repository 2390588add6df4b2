"""Feeders of three phases, solved by OpenDSS (docs/three_phases.md): `circuit.py` is what others use."""
