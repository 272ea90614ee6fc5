"""From a sheet and a mapping to an immutable plan."""
