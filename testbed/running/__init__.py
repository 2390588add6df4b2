"""Runs: everything checked beforehand, one world built and run, several controllers side by side."""
