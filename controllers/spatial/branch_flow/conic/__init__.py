"""A conic program as sparse blocks: written, scaled, solved."""
