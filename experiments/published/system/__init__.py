"""Questions about when: the whole system, its units and its plans."""
