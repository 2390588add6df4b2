"""The report of a study: its table read, effects with intervals, figures (one file each), the page and its tables."""
