"""The figures by subject; importing a file publishes its figures."""
