"""One file each: where networks come from, as SOURCE."""
