"""Frozen, self-checking records that every package may read.

Plain numpy, one unit per name, no behaviour beyond checks and derived views. Letters of shapes: U thermal units,
V vehicle slots, B buses, G cohorts, H hours, K (bus, group, departure) pairs, Z zones.
"""
