"""Questions about battery wear and what owners earn."""
