"""Format the values that recipients read."""
