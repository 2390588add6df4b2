"""What a case may ask, one file each: how this testbed answers it."""
