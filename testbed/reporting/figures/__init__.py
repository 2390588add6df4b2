"""The figures of the report, one file each or a few of one kind, as FIGURES."""
