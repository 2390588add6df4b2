"""Studies: many cases on several processes, resumed where they stopped."""
