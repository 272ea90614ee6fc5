"""Formats of the values that recipients read."""
