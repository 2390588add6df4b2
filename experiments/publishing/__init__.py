"""Published tables and figures: small CSV files with a record each, rendered into the pages under docs/."""
