"""A district of cars in somebody else's mosaik scenario."""
