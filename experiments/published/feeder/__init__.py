"""Questions about where cars charge and give back."""
