"""Independent judges of upper plans."""
