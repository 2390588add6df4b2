"""Questions about drivers: compliance, learning, promises, fairness, home charging."""
