"""A page on the loopback that follows a run from the file that it writes."""
