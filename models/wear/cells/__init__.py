"""One file each: a wear model named by cell and year, as WEAR_MODEL."""
