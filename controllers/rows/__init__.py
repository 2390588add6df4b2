"""Affine expressions and their sparse rows: the language in which both layers state their equations."""
