"""Policies that were learned: what they see in numbers, and set-points made of what they say."""
