"""Tables that users bring: one reader for all of them, which guesses nothing that could change a number."""
