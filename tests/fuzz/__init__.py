"""Mangled inputs of every kind: each is taken, or refused with one clear message, and nothing else happens."""
