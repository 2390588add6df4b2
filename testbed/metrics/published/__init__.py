"""The figures by subject, one file each, as METRICS."""
